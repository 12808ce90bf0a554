"""The configurations of accounts, buckets and object versions, one file each.

A file has everything about its document: name, schema, checks, default answer and meaning.
"""

from typing import Final

from oss_emulator.documents import (
    access_monitor,
    archive_direct_read,
    callback_policy,
    capacity,
    cors,
    encryption,
    https,
    image_access,
    legal_hold,
    lifecycle,
    log_fields,
    logging,
    object_worm,
    overwrite,
    public_access_block,
    quota,
    request_payment,
    resource_group,
    retention,
    tagging,
    transfer_acceleration,
    website,
)
from oss_emulator.documents.document import Document

DOCUMENTS: Final[tuple[Document, ...]] = (
    cors.DOCUMENT,
    lifecycle.DOCUMENT,
    logging.DOCUMENT,
    log_fields.DOCUMENT,
    website.DOCUMENT,
    encryption.DOCUMENT,
    tagging.DOCUMENT,
    request_payment.DOCUMENT,
    transfer_acceleration.DOCUMENT,
    access_monitor.DOCUMENT,
    resource_group.DOCUMENT,
    https.DOCUMENT,
    image_access.DOCUMENT,
    archive_direct_read.DOCUMENT,
    public_access_block.OF_ACCOUNT,
    public_access_block.OF_BUCKET,
    callback_policy.DOCUMENT,
    overwrite.DOCUMENT,
    quota.DOCUMENT,
    capacity.DOCUMENT,
    object_worm.DOCUMENT,
    legal_hold.DOCUMENT,
    retention.DOCUMENT,
)
"""The configurations that are put, read and deleted as one XML document each."""
