"""Who pays for requests to a bucket (PutBucketRequestPayment)."""

from typing import Final

from oss_emulator.documents.document import Document, Documents, parse_schema

DOCUMENT: Final = Document(
    "BucketRequestPayment",
    "requestPayment",
    parse_schema("""
RequestPaymentConfiguration ?0035-00000001
  Payer BucketOwner|Requester !0035-00000002
"""),
    absent=(("Payer", "BucketOwner"),),
    deletable=False,
    enforced=True,
)


def is_by_requester(documents: Documents) -> bool:
    """Return whether the requester pays instead of the owner of the bucket."""
    return DOCUMENT.text(documents, "Payer") == "Requester"
