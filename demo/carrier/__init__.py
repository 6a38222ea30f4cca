"""A simulated service that tells carriers' scans, in AfterShip's dialect: a stand-in for other people's servers."""
