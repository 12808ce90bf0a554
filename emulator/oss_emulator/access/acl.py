"""The canned ACLs of buckets and objects (PutBucketAcl, PutObjectACL)."""

from enum import StrEnum


class BucketAcl(StrEnum):
    """Who besides the owner may read or write the objects of a bucket."""

    PRIVATE = "private"
    PUBLIC_READ = "public-read"
    PUBLIC_READ_WRITE = "public-read-write"

    @property
    def public(self) -> bool:
        """Whether the ACL grants something to everybody."""
        return self is not BucketAcl.PRIVATE


class ObjectAcl(StrEnum):
    """Who besides the owner may read or write an object; `default` means the ACL of the bucket."""

    DEFAULT = "default"
    PRIVATE = "private"
    PUBLIC_READ = "public-read"
    PUBLIC_READ_WRITE = "public-read-write"

    @property
    def public(self) -> bool:
        """Whether the ACL grants something to everybody."""
        return self in (ObjectAcl.PUBLIC_READ, ObjectAcl.PUBLIC_READ_WRITE)
