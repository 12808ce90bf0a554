"""The names a query may hold: sub-resources, which ask for an operation, and plain parameters."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from oss_emulator.protocol.errors import Code
from oss_emulator.protocol.headers import invalid_argument

# The sub-resources of the API reference and of the SDKs (P-12, P-40), emulated or not.
SUBRESOURCES: Final = frozenset(
    """
    accessPoint accessPointConfigForObjectProcess accessPointForObjectProcess accessPointPolicy
    accessPointPolicyForObjectProcess accessmonitor acl append asyncFetch
    bucketArchiveDirectRead bucketInfo cleanRestoredObject cloudboxes cname comp cors
    dataPipeline delete dir encryption httpsConfig img inventory lifecycle link live location
    logging metaQuery metadataConfiguration metadataInventoryTable metadataJournalTable objectInfo
    objectMeta objectWorm overwriteConfig policy policyStatus processConfiguration
    publicAccessBlock qos qosInfo qosRequester quota redundancyTransition referer regionList regions
    rename replication replicationLocation replicationProgress requestPayment requesterQosInfo
    resourceGroup resourcePool resourcePoolBuckets resourcePoolInfo responseHeader restore rtc
    seal select stat style symlink tagging transferAcceleration truncate udf udfApplication
    udfApplicationLog udfImage uploadId uploads userDefinedLogFieldsConfig versioning versions
    vod vpcip website worm wormExtend wormId x-oss-access-point-name x-oss-async-process
    x-oss-process
    """.split()
)

# What refines an operation. Those of signatures and `response-*` are known by their prefix.
PARAMETERS: Final = frozenset(
    """
    OSSAccessKeyId Expires Signature callback callback-var continuation-token delimiter
    encoding-type endTime fetch-owner inventoryId key-marker list-type marker max-keys max-parts
    max-uploads partNumber part-number-marker position prefix security-token sequential
    startTime start-after status styleName tag-key tag-value tagging udfId udfName
    upload-id-marker versionId version-id-marker vip withHashContext
    """.split()
)
PREFIXES: Final = ("x-oss-", "response-")

TRAFFIC_LIMIT: Final = "x-oss-traffic-limit"


def is_parameter(name: str) -> bool:
    return name in PARAMETERS or name.startswith(PREFIXES)


def max_keys(query: Mapping[str, str], *, least: int = 1) -> int:
    """The limit of a listing, 100 by default; raises `InvalidArgument`."""
    return number(query, "max-keys", least, 1000, default=100, code=Code.INVALID_MAX_KEYS)


def number(
    query: Mapping[str, str],
    name: str,
    least: int,
    most: int,
    *,
    default: int,
    code: Code = Code.INVALID_ARGUMENT,
) -> int:
    """A number a query holds, the default for none; raises `InvalidArgument` out of bounds."""
    text = query.get(name)
    if not text:
        return default
    # ASCII digits only: int() would also take "+5", "1_000" and digits of other scripts.
    if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
        message = f"Argument {name} must be an integer between {least} and {most}."
        raise invalid_argument(name, text, message, code)
    return int(text)


def traffic_limit(in_header: str | None, in_query: str | None) -> int | None:
    """The `x-oss-traffic-limit` in bit/s, None without one; raises `InvalidArgument`."""
    text = in_query if in_header is None else in_header
    if text is None:
        return None
    if in_header is not None and in_query is not None:
        raise invalid_argument(TRAFFIC_LIMIT, text, code=Code.TRAFFIC_LIMIT_TWICE)
    digits = text.isascii() and text.isdigit() and len(text) < 16
    if not (digits and 819200 <= int(text) <= 838860800):
        raise invalid_argument(TRAFFIC_LIMIT, text, code=Code.INVALID_TRAFFIC_LIMIT)
    return int(text)


def encoding_type(query: Mapping[str, str]) -> str | None:
    """How a listing writes names: None or "url" (P-33); raises `InvalidArgument`."""
    text = query.get("encoding-type")
    if not text:
        return None
    if text.lower() != "url":
        raise invalid_argument("encoding-type", text, None, Code.INVALID_ENCODING_TYPE)
    return "url"


def encode(name: str) -> str:
    """A name under `encoding-type=url`."""
    return quote(name, safe="")
