"""Limits of bandwidth and requests for buckets and requesters, stored but not applied.

PutBucketQosInfo, PutBucketRequesterQosInfo.
"""

from typing import Final

from oss_emulator.documents.document import parse_schema
from oss_emulator.protocol import headers, xml

ROOT: Final = "QoSConfiguration"
NO_LIMIT: Final = -1

_SCHEMA: Final = parse_schema("""
QoSConfiguration
  TotalUploadBandwidth? -1.. =-1
  IntranetUploadBandwidth? -1.. =-1
  ExtranetUploadBandwidth? -1.. =-1
  TotalDownloadBandwidth? -1.. =-1
  IntranetDownloadBandwidth? -1.. =-1
  ExtranetDownloadBandwidth? -1.. =-1
  TotalQps? -1.. =-1
  IntranetQps? -1.. =-1
  ExtranetQps? -1.. =-1
""")

_ACCOUNT: Final = {"Upload": 10, "Download": 10}
"""The default bandwidth of an account in a region, in Gbit/s; requests are not limited."""


def account_limits() -> xml.Children:
    totals = {f"Total{way}Bandwidth": limit for way, limit in _ACCOUNT.items()}
    return [(child.name, totals.get(child.name, NO_LIMIT)) for child in _SCHEMA.children]


def limits(document: bytes) -> xml.Value:
    """Return the limits of a bucket or a requester from the stored document."""
    return xml.parse(document, ROOT).content


def format(document: bytes) -> bytes:
    """Format the limits of a requester as a document to store; raises `DocumentError`."""
    return xml.format(ROOT, _SCHEMA.parse(document).content)


def format_bucket(document: bytes) -> bytes:
    """Format the limits of a bucket as a document to store.

    Raises `DocumentError`, and `InvalidArgument` for limits above those of the account.
    """
    node = _SCHEMA.parse(document)
    found = {child.name: int(child.value) for child in node}
    for way, most in _ACCOUNT.items():
        _check(found, f"{way}Bandwidth", most)
    _check(found, "Qps", NO_LIMIT)
    return xml.format(ROOT, node.content)


def _check(found: dict[str, int], unit: str, most: int) -> None:
    """Check the total against the account's limit, and its parts against the total."""
    total = found[f"Total{unit}"]
    parts = [f"{network}{unit}" for network in ("Intranet", "Extranet")]
    for name, bound in [(f"Total{unit}", most), *((part, total) for part in parts)]:
        bound = most if bound == NO_LIMIT else bound
        if bound != NO_LIMIT and found[name] > bound:
            message = f"The {name} must not be larger than {bound}."
            raise headers.invalid_argument(name, str(found[name]), message)
