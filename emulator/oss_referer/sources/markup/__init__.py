"""XML that people write: read by expat, edited in place, and written."""
