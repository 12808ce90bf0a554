"""The storage of buckets, objects and their bytes. It does not know the rules of OSS."""
