"""The canned ACLs of buckets and objects (PutBucketAcl, PutObjectACL)."""

from enum import StrEnum


class BucketAcl(StrEnum):
    """Who besides the owner may read or write the objects of a bucket."""

    PRIVATE = "private"
    PUBLIC_READ = "public-read"
    PUBLIC_READ_WRITE = "public-read-write"


class ObjectAcl(StrEnum):
    """Who besides the owner may read or write one object; `default` leaves it to the bucket."""

    DEFAULT = "default"
    PRIVATE = "private"
    PUBLIC_READ = "public-read"
    PUBLIC_READ_WRITE = "public-read-write"
