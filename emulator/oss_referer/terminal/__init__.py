"""What the commands share: flags, the rules that they are given, and what they print."""
