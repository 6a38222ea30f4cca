"""Mail that comes in: read from its source, whoever wrote it and whatever stands in it."""
