"""The query parameters: which exist, which are sub-resources, and which V1 signs."""

from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import quote

from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Request


class QueryParameter(NamedTuple):
    """A query parameter of OSS, whether emulated or not."""

    subresource: bool
    """Whether it selects an operation (P-40); other parameters refine one."""
    signed: bool
    """Whether a V1 signature covers it (P-12)."""


def _parameters(names: str, *, subresource: bool, signed: bool) -> dict[str, QueryParameter]:
    return dict.fromkeys(names.split(), QueryParameter(subresource, signed))


# The names of the API reference and of the SDKs. A name is signed if any SDK signs it (P-12), in
# its list or operation by operation. `regions` is not: SDK V2 signs it, oss2 does not.
KNOWN: Final[Mapping[str, QueryParameter]] = {
    **_parameters(
        """
        accessPoint accessPointConfigForObjectProcess accessPointForObjectProcess accessPointPolicy
        accessPointPolicyForObjectProcess acl append asyncFetch bucketArchiveDirectRead bucketInfo
        cleanRestoredObject cloudboxes cname comp cors delete encryption group httpsConfig img
        inventory legalHold lifecycle link live location logging metaQuery metadataConfiguration
        metadataInventoryTable metadataJournalTable objectInfo objectMeta objectWorm overwriteConfig
        policy policyStatus processConfiguration publicAccessBlock qos qosInfo qosRequester quota
        redundancyTransition referer regionList replication replicationLocation replicationProgress
        requestPayment requesterQosInfo resourceGroup resourcePool resourcePoolBuckets
        resourcePoolInfo responseHeader restore retention rtc seal stat style symlink tagging
        transferAcceleration udf udfApplication udfApplicationLog udfImage udfImageDesc uploadId
        uploads userDefinedLogFieldsConfig versioning versions vod vpcip website worm wormExtend
        wormId x-oss-access-point-name x-oss-async-process x-oss-process
        x-oss-write-get-object-response
        """,
        subresource=True,
        signed=True,
    ),
    **_parameters(
        """
        accessmonitor agenticBucket dataAccelerator dataPipeline dir regions rename select truncate
        """,
        subresource=True,
        signed=False,
    ),
    **_parameters(
        """
        callback callback-var continuation-token endTime inventoryId partNumber position
        response-cache-control response-content-disposition response-content-encoding
        response-content-language response-content-type response-expires security-token sequential
        startTime status styleName udfId udfName versionId vip withHashContext
        """,
        subresource=False,
        signed=True,
    ),
    **_parameters(
        """
        Expires OSSAccessKeyId Signature category delimiter encoding-type fetch-owner key-marker
        list-type marker max-keys max-parts max-uploads mode part-number-marker prefix rule-id
        start-after tag-key tag-value upload-id-marker version-id-marker
        """,
        subresource=False,
        signed=False,
    ),
}

SUBRESOURCES: Final = frozenset(name for name, row in KNOWN.items() if row.subresource)
PARAMETERS: Final = KNOWN.keys() - SUBRESOURCES

_SIGNED: Final = frozenset(name for name, row in KNOWN.items() if row.signed)
_PREFIX: Final = "x-oss-"
_PREFIXES: Final = (_PREFIX, "response-")
"""Prefixes of further known parameters."""


def is_parameter(name: str) -> bool:
    """Return whether a name is a known parameter that refines an operation."""
    return name in PARAMETERS or name.startswith(_PREFIXES)


def is_signed(name: str) -> bool:
    """Return whether a V1 signature covers a parameter (P-12)."""
    return name in _SIGNED or name.startswith(_PREFIX)


PROCESS: Final = "x-oss-process"
ASYNC_PROCESS: Final = "x-oss-async-process"
TRAFFIC_LIMIT: Final = "x-oss-traffic-limit"


def max_keys(
    query: Mapping[str, str], *, least: int = 1, code: ErrorCase = ErrorCase.INVALID_MAX_KEYS
) -> int:
    """Parse the limit of a listing, 100 by default; raises `InvalidArgument`."""
    return number(query, "max-keys", least, 1000, default=100, code=code)


def number(
    query: Mapping[str, str],
    name: str,
    least: int,
    most: int,
    *,
    default: int,
    code: ErrorCase = ErrorCase.INVALID_ARGUMENT,
) -> int:
    """Parse a number of a query, or return `default`; raises `InvalidArgument` out of range."""
    text = query.get(name)
    if not text:
        return default
    if not is_number(text, least, most):
        message = f"Argument {name} must be an integer between {least} and {most}."
        raise invalid_argument(name, text, message, code)
    return int(text)


def is_number(text: str, least: int = 0, most: int = 10**19) -> bool:
    """Return whether a text is an integer between two bounds, in less than 20 ASCII digits.

    int() also accepts "+5", "1_000" and digits of other scripts, and fails for many digits.
    """
    return text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most


def traffic_limit(
    in_header: str | None, in_query: str | None, *, lenient: bool = False
) -> int | None:
    """Parse the `x-oss-traffic-limit` in bit/s, None if it is missing; raises `InvalidArgument`.

    `lenient` accepts limits below the documented minimum (P-92).
    """
    text = in_query if in_header is None else in_header
    if text is None:
        return None
    if in_header is not None and in_query is not None:
        raise invalid_argument(TRAFFIC_LIMIT, text, code=ErrorCase.TRAFFIC_LIMIT_TWICE)
    if not is_number(text, 1 if lenient else 819200, 838860800):
        raise invalid_argument(TRAFFIC_LIMIT, text, code=ErrorCase.INVALID_TRAFFIC_LIMIT)
    return int(text)


def encoding_type(request: Request) -> str | None:
    """Parse the encoding of names in a listing, None or "url" (P-33); raises `InvalidArgument`.

    It is a parameter or a header (help page of 0017-00000235).
    """
    text = request.query.get("encoding-type") or request.headers.get("encoding-type")
    if not text:
        return None
    if text.lower() != "url":
        raise invalid_argument("encoding-type", text, None, ErrorCase.INVALID_ENCODING_TYPE)
    return "url"


def encode(name: str) -> str:
    """Encode a name for `encoding-type=url`."""
    return quote(name, safe="")
