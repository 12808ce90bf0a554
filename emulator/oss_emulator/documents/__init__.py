"""The configurations of buckets: what they are, what they may say, and what they mean."""
