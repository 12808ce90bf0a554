"""The names a query may hold: sub-resources, which ask for an operation, and plain parameters."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from emulator.protocol.errors import Code
from emulator.protocol.headers import invalid_argument

# The sub-resources of the API reference and of the SDKs (P-12, P-40), emulated or not.
SUBRESOURCES: Final = frozenset(
    """
    accessPoint accessPointConfigForObjectProcess accessPointForObjectProcess accessPointPolicy
    accessPointPolicyForObjectProcess accessmonitor acl append asyncFetch
    bucketArchiveDirectRead bucketInfo cleanRestoredObject cloudboxes cname comp cors
    dataPipeline delete dir encryption httpsConfig img inventory lifecycle link live location
    logging metaQuery objectInfo objectMeta policy policyStatus processConfiguration
    publicAccessBlock qos qosInfo qosRequester redundancyTransition referer regionList regions
    rename replication replicationLocation replicationProgress requestPayment requesterQosInfo
    resourceGroup resourcePool resourcePoolBuckets resourcePoolInfo responseHeader restore rtc
    seal select stat style symlink tagging transferAcceleration truncate udf udfApplication
    udfApplicationLog udfImage uploadId uploads userDefinedLogFieldsConfig versioning versions
    vod vpcip website worm wormExtend wormId x-oss-async-process x-oss-process
    """.split()
)

# What refines an operation. Those of signatures and `response-*` are known by their prefix.
PARAMETERS: Final = frozenset(
    """
    OSSAccessKeyId Expires Signature callback callback-var continuation-token delimiter
    encoding-type endTime fetch-owner inventoryId key-marker list-type marker max-keys max-parts
    max-uploads partNumber part-number-marker position prefix security-token sequential
    startTime start-after status styleName tag-key tag-value tagging udfId udfName upload-id-
    marker versionId version-id-marker vip withHashContext
    """.split()
)
PREFIXES: Final = ("x-oss-", "response-")


def is_parameter(name: str) -> bool:
    return name in PARAMETERS or name.startswith(PREFIXES)


def max_keys(query: Mapping[str, str], *, least: int = 1) -> int:
    """The limit of a listing, 100 by default; raises `InvalidArgument`."""
    text = query.get("max-keys")
    if not text:
        return 100
    # ASCII digits only: int() would also take "+5", "1_000" and digits of other scripts.
    if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= 1000):
        message = f"Argument max-keys must be an integer between {least} and 1000."
        raise invalid_argument("max-keys", text, message, Code.INVALID_MAX_KEYS)
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
