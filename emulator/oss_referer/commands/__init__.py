"""The commands about rules, one a file."""
