"""The plan of a bucket: which of its configurations the steps of a request must look at."""

from typing import Final, NamedTuple

from oss_emulator.pipeline import images, website
from oss_emulator.pipeline.bucket import ADDS_HEADERS
from oss_emulator.storage import Bucket


class BucketPlan(NamedTuple):
    """What a bucket's record alone says about requests to it. Used as `bucket.once(plan)`."""

    has_website: bool = False
    has_image_access: bool = False
    """Whether it has separators for styles, or protects originals."""
    adds_headers: bool = False
    """Whether CORS rules or the payer add headers to its answers."""


NO_BUCKET: Final = BucketPlan()


def plan(bucket: Bucket) -> BucketPlan:
    """Make the plan of a bucket."""
    documents = bucket.documents
    return BucketPlan(
        website.WEBSITE in documents,
        images.CONFIGURATION in documents,
        not ADDS_HEADERS.isdisjoint(documents),
    )
