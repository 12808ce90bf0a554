"""The conditions of policy statements, and the context of a request that they test."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from types import MappingProxyType
from typing import NamedTuple

from oss_referer.engine.pattern import wildcard


class Context(NamedTuple):
    """The circumstances of a request. None means that a key has no value (A-22)."""

    time: float = 0.0
    """The time of arrival in seconds since the epoch."""
    secure: bool = False
    source_ip: str | None = None
    source_vpc: str = ""
    """"" for a request from outside a VPC (A-23)."""
    user_agent: str | None = None
    access_key_id: str | None = None
    prefix: str | None = None
    """The prefix of a listing, "" if it has none (A-24); None for other requests."""
    delimiter: str | None = None
    acl: str | None = None
    """The ACL that the request sets on a bucket (A-25)."""
    object_acl: str | None = None
    """The ACL that the request sets on an object (A-25)."""
    bucket_tags: Mapping[str, str] = MappingProxyType({})
    object_tags: Mapping[str, str] = MappingProxyType({})
    """The tags of the existing object."""
    request_tags: Mapping[str, str] = MappingProxyType({})
    """The tags that the request sets on an object."""
    access_point_arn: str | None = None
    """The access point that the request names; None for a request that names the bucket (P-84)."""
    access_point_account: str | None = None
    access_point_origin: str | None = None

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
}

_TAGS: Mapping[str, Callable[[Context], Mapping[str, str]]] = {
    "oss:buckettag": lambda context: context.bucket_tags,
    "oss:existingobjecttag": lambda context: context.object_tags,
    "oss:requestobjecttag": lambda context: context.request_tags,
}


Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class PolicyCondition:
    """A condition: it holds if one of its values matches or, if negated, if none does (A-20)."""

    operator: str
    key: str
    values: tuple[str, ...]
    negated: bool
    tests: tuple[Test, ...] = field(compare=False, repr=False)

    @classmethod
    def compile(cls, name: str, key: str, values: Iterable[str]) -> "PolicyCondition":
        """Compile a condition.

        Raises KeyError for an unknown operator and ValueError for a bad value.
        """
        found = OPERATORS[name]
        values = tuple(values)
        tests = tuple(found.compile(value) for value in values)
        return cls(name, key, values, found.negated, tests)

    def holds(self, context: Context) -> bool:
        """Return whether the condition holds; if the key has no value, `negated` decides (A-22)."""
        value = context.value(self.key)
        if value is None:
            return self.negated
        return any(fits(value) for fits in self.tests) is not self.negated

    @property
    def narrows(self) -> bool:
        """Whether the condition prevents its statement from being public (A-33)."""
        key = self.key.lower()
        if self.negated:
            return False
        if key in ("acs:sourceip", "acs:sourcevpcip"):
            return all(_is_narrow(value) for value in self.values)
        fixed = key in ("acs:sourcevpc", "acs:sourcevpcid", "acs:accessid")
        return fixed and not any("*" in value for value in self.values)


class Operator(NamedTuple):
    """How a condition compares values; `compile` raises ValueError."""

    compile: Callable[[str], Test]
    negated: bool = False


def _equals(value: str) -> Test:
    return lambda found: found == value


def _equals_ignoring_case(value: str) -> Test:
    folded = value.casefold()
    return lambda found: found.casefold() == folded


def _like(value: str) -> Test:
    pattern = wildcard(value)
    return lambda found: pattern.fullmatch(found) is not None


def _bool(value: str) -> Test:
    if value.lower() not in ("true", "false"):
        raise ValueError(f"{value!r} is neither true nor false")
    return lambda found: found.lower() == value.lower()


def _compared(
    parse: Callable[[str], float], compare: Callable[[float, float], bool]
) -> Callable[[str], Test]:
    """Return an operator that compares numbers, or dates as numbers."""

    def compile_value(value: str) -> Test:
        limit = parse(value)

        def fits(found: str) -> bool:
            try:
                return compare(parse(found), limit)
            except ValueError:
                return False

        return fits

    return compile_value


def _number(text: str) -> float:
    if not re.fullmatch(r"[+-]?\d+(\.\d+)?", text, re.ASCII):
        raise ValueError(f"{text!r} is not a number")
    return float(text)


def _date(text: str) -> float:
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not an ISO 8601 date such as 2019-08-12T17:00:00Z") from None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


_Address = IPv4Address | IPv6Address


def _address(value: str) -> Test:
    """Compile an address, a CIDR block, or an IPv4 address with `*` for some of its numbers."""
    if "*" in value:
        if not re.fullmatch(r"\*|(\d{1,3}|\*)(\.(\d{1,3}|\*)){3}", value, re.ASCII):
            raise ValueError(f"{value!r} is not an IP address, a CIDR block or an address with *")
        pattern = wildcard(value)

        def holds(address: _Address) -> bool:
            return pattern.fullmatch(str(address)) is not None
    else:
        try:
            network = ip_network(value, strict=False)
        except ValueError:
            raise ValueError(f"{value!r} is not an IP address or a CIDR block") from None

        def holds(address: _Address) -> bool:
            return address in network

    def fits(found: str) -> bool:
        try:
            address = ip_address(found)
        except ValueError:
            return False
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return holds(mapped or address)  # an IPv4 address may come in an IPv6 address

    return fits


def _is_narrow(value: str) -> bool:
    try:
        network = ip_network(value, strict=False)
    except ValueError:  # an address with `*`, or a text that another operator compares
        return False
    return network.prefixlen >= (8 if network.version == 4 else 32)


def _family(name: str, parse: Callable[[str], float]) -> dict[str, Operator]:
    return {
        f"{name}Equals": Operator(_compared(parse, operator.eq)),
        f"{name}NotEquals": Operator(_compared(parse, operator.eq), negated=True),
        f"{name}LessThan": Operator(_compared(parse, operator.lt)),
        f"{name}LessThanEquals": Operator(_compared(parse, operator.le)),
        f"{name}GreaterThan": Operator(_compared(parse, operator.gt)),
        f"{name}GreaterThanEquals": Operator(_compared(parse, operator.ge)),
    }


OPERATORS: Mapping[str, Operator] = {
    "StringEquals": Operator(_equals),
    "StringNotEquals": Operator(_equals, negated=True),
    "StringEqualsIgnoreCase": Operator(_equals_ignoring_case),
    "StringNotEqualsIgnoreCase": Operator(_equals_ignoring_case, negated=True),
    "StringLike": Operator(_like),
    "StringNotLike": Operator(_like, negated=True),
    **_family("Numeric", _number),
    **_family("Date", _date),
    "Bool": Operator(_bool),
    "IpAddress": Operator(_address),
    "NotIpAddress": Operator(_address, negated=True),
    "IpAddressIncludeBorder": Operator(_address),
}
"""The operators that the OSS documents list (A-20)."""
