"""The query parameters that a V1 signature covers, beyond those that start with `x-oss-`."""

from typing import Final

# The union of what the SDKs sign (P-12), in their lists or operation by operation. Not `regions`,
# on which they disagree: SDK V2 signs it, oss2 does not.
# fmt: off
SUBRESOURCES: Final = frozenset({
    "accessPoint", "accessPointConfigForObjectProcess", "accessPointForObjectProcess",
    "accessPointPolicy", "accessPointPolicyForObjectProcess", "acl", "append", "asyncFetch",
    "bucketArchiveDirectRead", "bucketInfo", "callback", "callback-var", "cleanRestoredObject",
    "cloudboxes", "cname", "comp", "continuation-token", "cors", "delete", "encryption",
    "endTime", "group", "httpsConfig", "img", "inventory", "inventoryId", "legalHold",
    "lifecycle", "link", "live", "location", "logging", "metadataConfiguration",
    "metadataInventoryTable", "metadataJournalTable", "metaQuery", "objectInfo", "objectMeta",
    "objectWorm", "overwriteConfig", "partNumber", "policy", "policyStatus", "position",
    "processConfiguration", "publicAccessBlock", "qos", "qosInfo", "qosRequester", "quota",
    "redundancyTransition", "referer", "regionList", "replication", "replicationLocation",
    "replicationProgress", "requesterQosInfo", "requestPayment", "resourceGroup",
    "resourcePool", "resourcePoolBuckets", "resourcePoolInfo", "response-cache-control",
    "response-content-disposition", "response-content-encoding", "response-content-language",
    "response-content-type", "response-expires", "responseHeader", "restore", "retention",
    "rtc", "seal", "security-token", "sequential", "startTime", "stat", "status", "style",
    "styleName", "symlink", "tagging", "transferAcceleration", "udf", "udfApplication",
    "udfApplicationLog", "udfId", "udfImage", "udfImageDesc", "udfName", "uploadId", "uploads",
    "userDefinedLogFieldsConfig", "versionId", "versioning", "versions", "vip", "vod", "vpcip",
    "website", "withHashContext", "worm", "wormExtend", "wormId",
})
# fmt: on
