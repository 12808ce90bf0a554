"""The rule lab: reads, tests, lints, compares and translates hotlink protection rules."""
