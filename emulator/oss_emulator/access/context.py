"""The context of a request: the values of condition keys."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of a request. None means that a key has no value (A-22)."""

    time: float = 0.0
    """The time of arrival in seconds since the epoch."""
    secure: bool = False
    """Whether the request came by HTTPS."""
    source_ip: str | None = None
    source_vpc: str = ""
    """"" for a request from outside a VPC (A-23)."""
    user_agent: str | None = None
    access_key_id: str | None = None
    prefix: str | None = None
    """The prefix of a listing, "" if it has none (A-24); None for other requests."""
    delimiter: str | None = None
    acl: str | None = None
    """The ACL that the request gives to a bucket (A-25)."""
    object_acl: str | None = None
    """The ACL that the request gives to an object (A-25)."""
    bucket_tags: Mapping[str, str] = field(default_factory=dict)
    object_tags: Mapping[str, str] = field(default_factory=dict)
    """The tags of the existing object."""
    request_tags: Mapping[str, str] = field(default_factory=dict)
    """The tags that the request gives to an object."""
    access_point_arn: str | None = None
    """The access point that the request names; None for a request that names the bucket (P-84)."""
    access_point_account: str | None = None
    access_point_origin: str | None = None
    oidc_issuer: str | None = None
    """The claims of the token that a role is assumed with; None for other requests (A-43)."""
    oidc_audience: str | None = None
    oidc_subject: str | None = None

    def value(self, key: str) -> str | None:
        """Return the value of a condition key; None if the request has none (A-21)."""
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
    "oss:dataaccesspointarn": lambda context: context.access_point_arn,
    "oss:dataaccesspointaccount": lambda context: context.access_point_account,
    "oss:accesspointnetworkorigin": lambda context: context.access_point_origin,
    "oidc:iss": lambda context: context.oidc_issuer,
    "oidc:aud": lambda context: context.oidc_audience,
    "oidc:sub": lambda context: context.oidc_subject,
}

_TAGS: Mapping[str, Callable[[Context], Mapping[str, str]]] = {
    "oss:buckettag": lambda context: context.bucket_tags,
    "oss:existingobjecttag": lambda context: context.object_tags,
    "oss:requestobjecttag": lambda context: context.request_tags,
}
