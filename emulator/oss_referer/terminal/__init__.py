"""The code that commands share: flags, reading rules, and output."""
