"""Names of buckets, access keys, and the default access key of the emulator."""

import re
from typing import Final, NamedTuple

DEFAULT_ACCESS_KEY_ID: Final = "oss-emulator"
DEFAULT_ACCESS_KEY_SECRET: Final = "oss-emulator-secret"  # noqa: S105 - documented, protects nothing

BUCKET_NAME_RULE: Final = "3 to 63 lower-case letters, digits and inner hyphens"
"""The rule for the name of a bucket, for error texts."""

_BUCKET_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")


def is_bucket_name(name: str) -> bool:
    """Return whether a name follows `BUCKET_NAME_RULE` (PutBucket)."""
    return _BUCKET_NAME.fullmatch(name) is not None


class GivenKey(NamedTuple):
    id: str
    secret: str
    token: str | None
    """The security token of a temporary key; None for a lasting one."""
