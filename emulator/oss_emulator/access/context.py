"""What the conditions of a policy are asked about: the request, as values of condition keys."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of one request. What is None has no value: A-22 says what follows."""

    time: float = 0.0
    """When it arrived, in seconds since the epoch."""
    secure: bool = False
    """Whether it came by HTTPS."""
    source_ip: str | None = None
    source_vpc: str = ""
    """"" for a request that comes from no VPC (A-23)."""
    user_agent: str | None = None
    access_key_id: str | None = None
    prefix: str | None = None
    """Of a listing; "" for one that names none (A-24). None for what lists nothing."""
    delimiter: str | None = None
    acl: str | None = None
    """The ACL that a bucket is to have; see A-25."""
    object_acl: str | None = None
    """The ACL that an object is to have; see A-25."""
    bucket_tags: Mapping[str, str] = field(default_factory=dict)
    object_tags: Mapping[str, str] = field(default_factory=dict)
    """Of the object that is there."""
    request_tags: Mapping[str, str] = field(default_factory=dict)
    """Of the object as the request would have it."""

    def value(self, key: str) -> str | None:
        """The value of a condition key, None where the request has none (A-21)."""
        name, slash, tag = key.partition("/")
        name = name.lower()
        if slash and name in _TAGS:
            return _TAGS[name](self).get(tag)
        return _VALUES[name](self) if not slash and name in _VALUES else None


NOTHING_KNOWN = Context()

_VALUES: Mapping[str, Callable[[Context], str | None]] = {
    "acs:currenttime": lambda context: datetime.fromtimestamp(context.time, UTC).isoformat(),
    "acs:securetransport": lambda context: "true" if context.secure else "false",
    "acs:mfapresent": lambda context: "false",
    "acs:sourceip": lambda context: context.source_ip,
    "acs:sourcevpc": lambda context: context.source_vpc,
    "acs:useragent": lambda context: context.user_agent,
    "acs:accessid": lambda context: context.access_key_id,
    "oss:prefix": lambda context: context.prefix,
    "oss:delimiter": lambda context: context.delimiter,
    "oss:x-oss-acl": lambda context: context.acl,
    "oss:x-oss-object-acl": lambda context: context.object_acl,
}

_TAGS: Mapping[str, Callable[[Context], Mapping[str, str]]] = {
    "oss:buckettag": lambda context: context.bucket_tags,
    "oss:existingobjecttag": lambda context: context.object_tags,
    "oss:requestobjecttag": lambda context: context.request_tags,
}
