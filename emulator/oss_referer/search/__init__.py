"""The language of an entry: which Referers it matches, and a Referer that shows it."""
