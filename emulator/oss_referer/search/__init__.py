"""The language of an entry: the Referers that it matches, with proofs and examples."""
