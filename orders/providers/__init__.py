"""Ways to pay: one module each behind one small interface (``base``), all of them in one table (``registry``)."""
