"""What the commands and the pages say, in each language."""
