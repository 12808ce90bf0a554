"""Errors: one exception, and one table of code, status, message and EC."""

from base64 import b64encode
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final, NamedTuple

from oss_emulator.protocol import xml
from oss_emulator.protocol.message import AccessRecord, Response


class ErrorSpec(NamedTuple):
    """The error for one situation; `ec` is empty if it is unknown."""

    code: str
    status: int
    message: str
    ec: str = ""


# fmt: off
class ErrorCase(Enum):
    """The situations that end in an error. Several may share a code and differ in message or EC.

    Messages and ECs are those of the service if they are published: on the help page of an EC, on
    the troubleshooting pages, or in assertions of the SDKs' test suites.
    `tests/recorded/test_recorded.py` has the source of each EC.
    """

    # Permissions (0003): R-35. The ECs of REFERER_DENIED are R-11 … R-13.
    BUCKET_ACL = ErrorSpec("AccessDenied", 403, "You have no right to access this object because of bucket acl.", "0003-00000001")
    OBJECT_ACL_READ = ErrorSpec("AccessDenied", 403, "You do not have read permission on this object.", "0003-00000005")
    OBJECT_ACL_WRITE = ErrorSpec("AccessDenied", 403, "You do not have write permission on this object.", "0003-00000006")
    REFERER_DENIED = ErrorSpec("AccessDenied", 403, "You are denied by bucket referer policy.")
    FOREIGN_BUCKET = ErrorSpec("AccessDenied", 403, "The bucket you access does not belong to you.", "0003-00000905")
    OTHER_REGION = ErrorSpec("AccessDenied", 403, "Target object does not reside in the same data center as source object.", "0016-00000306")
    OTHER_ENDPOINT = ErrorSpec("AccessDenied", 403, "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.", "0003-00001403")
    PATH_STYLE = ErrorSpec("SecondLevelDomainForbidden", 403, "Please use virtual hosted style to access.", "0003-00001401")
    ACCELERATION_DISABLED = ErrorSpec("TransferAccelerationDisabled", 403, "Transfer acceleration is disabled.")
    CLOUD_BOXES = ErrorSpec("AccessDenied", 403, "You are forbidden to oss-cloudbox:ListCloudBoxes")  # the code is assumed
    LIST_BUCKETS = ErrorSpec("AccessDenied", 403, "You are forbidden to list buckets.", "0003-00000905")
    CREATE_BUCKET = ErrorSpec("AccessDenied", 403, "You are forbidden to create buckets.", "0003-00000202")
    BUCKET_POLICY = ErrorSpec("AccessDenied", 403, "Access denied by bucket policy.", "0003-00000101")
    RAM_POLICY = ErrorSpec("AccessDenied", 403, "Access denied by bucket policy.", "0003-00000201")
    BOTH_POLICIES = ErrorSpec("AccessDenied", 403, "Access denied by bucket policy.", "0003-00000203")
    BATCH_DENIED = ErrorSpec("AccessDenied", 403, "Access denied by bucket policy.", "0003-00000204")
    SESSION_POLICY = ErrorSpec("AccessDenied", 403, "Access denied by authorizer's policy.", "0003-00000301")
    REQUESTER_PAYS_ANONYMOUS = ErrorSpec("AccessDenied", 403, "Access denied for requester pay bucket", "0003-00000701")
    REQUESTER_PAYS_URL = ErrorSpec("AccessDenied", 403, "Access denied for requester pay bucket", "0003-00000702")
    REQUESTER_PAYS = ErrorSpec("AccessDenied", 403, "Access denied for requester pay bucket", "0003-00000703")
    PUBLIC_ENDPOINT = ErrorSpec("PublicEndpointForbidden", 400, "New accounts cannot make data calls at the public endpoints of mainland China; use a domain that is bound to the bucket.", "0048-00000401")
    APP_DOWNLOAD = ErrorSpec("ApkDownloadForbidden", 400, "The APK file is not allowed to be distributed in a public network using the OSS endpoint, please use CNAME instead.", "0048-00000200")
    EXTERNAL_REDIRECT = ErrorSpec("ExternalRedirectForbidden", 400, "The external redirection is forbidden at the public endpoint; use a domain that is bound to the bucket.", "0048-00000300")
    PUBLIC_BUCKET_ACL = ErrorSpec("AccessDenied", 403, "Put public bucket acl is not allowed")
    PUBLIC_OBJECT_ACL = ErrorSpec("AccessDenied", 403, "Put public object acl is not allowed", "0016-00000901")
    PUBLIC_POLICY = ErrorSpec("AccessDenied", 403, "Put public bucket policy is not allowed")
    ANONYMOUS = ErrorSpec("AccessDenied", 403, "Anonymous access is forbidden for this operation.", "0003-00001201")

    USER_DISABLE = ErrorSpec("UserDisable", 403, "UserDisable", "0003-00000801")  # only as a fault: S-28

    # Signatures (0002): P-17
    KEY_IS_NOT_TEMPORARY = ErrorSpec("InvalidAccessKeyId", 403, "The OSS Access Key Id you provided does not exist in our records.", "0002-00000002")
    TOKEN_NOT_IN_URL = ErrorSpec("InvalidRequest", 400, "Security-token must be provided by query string parameter.", "0002-00000005")
    INVALID_SECURITY_TOKEN = ErrorSpec("InvalidSecurityToken", 403, "The security token you provided is invalid.", "0002-00000006")
    SECURITY_TOKEN_EXPIRED = ErrorSpec("SecurityTokenExpired", 403, "The security token you provided has expired.", "0002-00000007")
    TOKEN_TWICE = ErrorSpec("InvalidArgument", 400, "The security token must be in the header or in the URL, not in both.", "0002-00000010")
    INVALID_ACCESS_KEY_ID = ErrorSpec("InvalidAccessKeyId", 403, "The OSS Access Key Id you provided does not exist in our records.", "0002-00000902")
    MALFORMED_ACCESS_KEY_ID = ErrorSpec("InvalidAccessKeyId", 403, "The OSS Access Key Id you provided is invalid.")
    SIGNATURE_DOES_NOT_MATCH = ErrorSpec("SignatureDoesNotMatch", 403, "The request signature we calculated does not match the signature you provided. Check your key and signing method.", "0002-00000040")
    REQUEST_TIME_TOO_SKEWED = ErrorSpec("RequestTimeTooSkewed", 403, "The difference between the request time and the current time is too large.", "0002-00000504")
    REQUEST_EXPIRED = ErrorSpec("AccessDenied", 403, "Request has expired.", "0002-00000069")
    DATE_REQUIRED = ErrorSpec("AccessDenied", 403, "OSS authentication requires a valid Date.", "0002-00000503")
    INVALID_EXPIRES = ErrorSpec("AccessDenied", 403, "Invalid date (should be seconds since epoch).", "0002-00000070")
    INVALID_CONTENT_HASH = ErrorSpec("InvalidArgument", 400, "The value of x-oss-content-sha256 must be UNSIGNED-PAYLOAD.", "0002-00000214")
    INCOMPLETE_URL_SIGNATURE = ErrorSpec("AccessDenied", 403, "Query-string authentication requires the Signature, Expires and OSSAccessKeyId parameters")
    INVALID_AUTHORIZATION = ErrorSpec("InvalidArgument", 400, "Authorization header is invalid.", "0002-00000063")
    SIGNED_TWICE = ErrorSpec("InvalidArgument", 400, "The signature must be in the Authorization header or in the URL, not in both.")
    GIVEN_TWICE = ErrorSpec("InvalidArgument", 400, "A name that the signature covers must be given only once.")
    V1_CLOSED = ErrorSpec("AccessDenied", 403, "Signature version 1 is closed to new accounts and new buckets; sign with version 4.", "0002-00000080")
    SIGNED_HEADER_MISSING = ErrorSpec("InvalidArgument", 400, "The request lacks a header that its signature names.")
    INVALID_URL_SIGNATURE = ErrorSpec("InvalidArgument", 400, "A parameter of the signature in the URL is missing or invalid.")
    INVALID_SIGNING_REGION = ErrorSpec("InvalidArgument", 400, "Invalid signing region in Authorization header.", "0002-00000226")
    INVALID_SIGNING_PRODUCT = ErrorSpec("InvalidArgument", 400, "Invalid signing product in Authorization header.", "0002-00000227")
    INVALID_CREDENTIAL_REGION = ErrorSpec("InvalidArgument", 400, "The signing region in credential is invalid.", "0002-00000226")
    HEADERS_NOT_SIGNED = ErrorSpec("AccessDenied", 403, "There were headers present in the request which were not signed")
    URL_NOT_YET_VALID = ErrorSpec("AccessDenied", 403, "Request is not valid yet.", "0002-00000235")

    # Buckets (0015)
    NO_SUCH_BUCKET = ErrorSpec("NoSuchBucket", 404, "The specified bucket does not exist.", "0015-00000101")
    INVALID_BUCKET_NAME = ErrorSpec("InvalidBucketName", 400, "The specified bucket is not valid.", "0015-00000001")
    BUCKET_ALREADY_EXISTS = ErrorSpec("BucketAlreadyExists", 409, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.", "0015-00000104")
    BUCKET_NOT_EMPTY = ErrorSpec("BucketNotEmpty", 409, "The bucket has objects. Please delete them first.", "0015-00000301")
    STORAGE_CAPACITY = ErrorSpec("QuotaExceeded", 403, "Bucket storage exceed max storage capacity.")
    BUCKET_HAS_LIVE_CHANNELS = ErrorSpec("BucketNotEmpty", 409, "The bucket has live channels. Please delete them first.", "0015-00000303")
    TOO_MANY_BUCKETS = ErrorSpec("TooManyBuckets", 400, "You have attempted to create more buckets than allowed.")
    INVALID_BUCKET_ACL = ErrorSpec("InvalidArgument", 400, "no such bucket access control exists", "0015-00000204")
    INVALID_STORAGE_CLASS = ErrorSpec("InvalidArgument", 400, "No such bucket storage class exists.", "0013-00000101")
    DEEP_COLD_ARCHIVE = ErrorSpec("InvalidArgument", 400, "AppendObject does not take the storage class DeepColdArchive.", "0013-00000109")
    INVALID_LOCATION = ErrorSpec("InvalidLocationConstraint", 400, "The specified location-constraint is not valid")

    # Configurations of buckets (0014, 0018, 0030, 0034, 0036, 0039)
    NO_SUCH_CORS = ErrorSpec("NoSuchCORSConfiguration", 404, "The CORS Configuration does not exist.", "0034-00000001")
    TOO_MANY_CORS_RULES = ErrorSpec("CORSRuleBeyondLimit", 400, "The CORS Rules num is beyond limit.")
    NO_SUCH_LIFECYCLE = ErrorSpec("NoSuchLifecycle", 404, "No Row found in Lifecycle Table.")
    ACCESS_MONITOR_IN_USE = ErrorSpec("AccessMonitorDisableNotAllowed", 400, "Access tracking cannot be disabled while a lifecycle rule depends on the last access time; delete the rule first.", "0036-00000005")
    LIFECYCLE_CONFLICT = ErrorSpec("InvalidArgument", 400, "Two rules with overlapping prefixes contradict each other.", "0014-00000082")
    LIFECYCLE_OVERLAP = ErrorSpec("InvalidArgument", 400, "Overlap for same action type", "0014-00000084")
    LIFECYCLE_SAME_MOVE = ErrorSpec("InvalidArgument", 400, "Overlap for same action type", "0014-00000079")
    LIFECYCLE_SAME_PREFIX = ErrorSpec("InvalidArgument", 400, "Two rules have the same prefix.", "0014-00000085")
    MIXED_LIFECYCLE_TIMES = ErrorSpec("InvalidRequest", 400, "Found mixed CreatedBeforeDate and Days based Expiration and Transition actions", "0014-00000080")
    INVALID_LOGGING_TARGET = ErrorSpec("InvalidTargetBucketForLogging", 400, "The target bucket for logging does not exist.")
    FOREIGN_LOGGING_TARGET = ErrorSpec("InvalidTargetBucketForLogging", 403, "put bucket log requester is not target bucket owner.")
    NO_SUCH_LOG_FIELDS = ErrorSpec("NoSuchUserDefinedLogFieldsConfig", 404, "The user-defined log fields configuration does not exist.")
    NO_SUCH_WEBSITE = ErrorSpec("NoSuchWebsiteConfiguration", 404, "The specified bucket does not have a website configuration.")
    NO_SUCH_ENCRYPTION = ErrorSpec("NoSuchServerSideEncryptionRule", 404, "The server side encryption configuration was not found.")
    KEY_WITHOUT_KMS = ErrorSpec("InvalidArgument", 400, "KMSMasterKeyID is not applicable if the default sse algorithm is not KMS.", "0005-00000204")
    INVALID_DATA_ENCRYPTION = ErrorSpec("InvalidDataEncryptionAlgorithmError", 400, "The KMS Data Encryption request you specified is not valid. Supported value:SM4")
    TOO_MANY_TAGS = ErrorSpec("TooManyTags", 400, "The bucket tags num is beyond limit.")
    NO_SUCH_POLICY = ErrorSpec("NoSuchBucketPolicy", 404, "The specified bucket policy does not exist.", "0030-00000006")
    INVALID_POLICY = ErrorSpec("InvalidPolicyDocument", 400, "The policy is not valid.", "0030-00000005")
    NO_SUCH_ACCELERATION = ErrorSpec("NoSuchTransferAccelerationConfiguration", 404, "The bucket you specified does not have transfer acceleration configuration.", "0028-00000004")
    NO_SUCH_INVENTORY = ErrorSpec("NoSuchInventory", 404, "No Row found in Inventory Table.")
    INVENTORY_ALREADY_EXISTS = ErrorSpec("InventoryAlreadyExist", 409, "The Inventory Configuration already exists.", "0020-00000042")
    TOO_MANY_INVENTORIES = ErrorSpec("InventoryExceedLimit", 400, "The inventory configurations num is beyond limit.")
    INVENTORY_ID_MISSING = ErrorSpec("MissingArgument", 400, "Missing Some Required Arguments.", "0020-00000002")
    NO_SUCH_WORM = ErrorSpec("NoSuchWORMConfiguration", 404, "The WORM Configuration does not exist.")
    NO_SUCH_WORM_ID = ErrorSpec("NoSuchWORMConfiguration", 404, "The specified WORM ID does not exist.")
    WORM_ALREADY_EXISTS = ErrorSpec("WORMConfigurationAlreadyExists", 409, "The WORM Configuration already exists.")
    WORM_LOCKED = ErrorSpec("WORMConfigurationLocked", 403, "The WORM Configuration is locked.")
    NO_SUCH_OBJECT_WORM = ErrorSpec("NoSuchObjectWormConfiguration", 404, "The object worm configuration does not exist.")
    OBJECT_WORM_NEEDS_VERSIONING = ErrorSpec("InvalidRequest", 400, "Object retention needs a bucket with versioning enabled.")
    OBJECT_WORM_EXCLUDED = ErrorSpec("InvalidRequest", 400, "The bucket has a retention policy, which excludes object retention.")
    OBJECT_WORM_EXCLUDES = ErrorSpec("InvalidRequest", 400, "The bucket has object retention, which excludes a retention policy.")
    OBJECT_WORM_EXCLUDES_APPENDING = ErrorSpec("InvalidRequest", 400, "AppendObject cannot be used in a bucket with object retention.")
    OBJECT_WORM_NOT_ENABLED = ErrorSpec("InvalidRequest", 400, "Object retention is not enabled for the bucket; call PutBucketObjectWormConfiguration first.")
    APPENDABLE_CANNOT_BE_RETAINED = ErrorSpec("InvalidRequest", 400, "An appendable object cannot be retained.")
    NO_SUCH_OBJECT_RETENTION = ErrorSpec("NoSuchObjectRetentionConfiguration", 404, "The specified object does not have an object retention configuration.")
    NO_SUCH_OBJECT_LEGAL_HOLD = ErrorSpec("NoSuchObjectLegalHoldConfiguration", 404, "The specified object does not have an object legal hold configuration.")
    RETENTION_CANNOT_BE_SHORTENED = ErrorSpec("AccessDenied", 403, "The retention period of the object can only be extended.")
    INVALID_WORM = ErrorSpec("InvalidWORMConfiguration", 400, "Invalid WORM Configuration.")
    INVALID_RESOURCE_GROUP = ErrorSpec("ResourceGroupIdPreCheckError", 400, "The resource group id precheck error", "0039-00000003")
    NO_SUCH_STYLE = ErrorSpec("NoSuchStyle", 404, "No Such Image Style.")
    INVALID_STYLE_CONTENT = ErrorSpec("InvalidArgument", 400, "Style content is invalid.")
    NO_SUCH_HTTPS = ErrorSpec("NoSuchHttpsConfig", 404, "The HTTPS configuration does not exist.")
    NO_SUCH_CALLBACK_POLICY = ErrorSpec("BucketCallbackPolicyNotExist", 404, "The bucket callback policy does not exist.")
    NO_SUCH_QOS = ErrorSpec("NoSuchBucketQosInfo", 404, "The bucket has no limits of its own.")
    NO_SUCH_REQUESTER_QOS = ErrorSpec("NoSuchRequesterQosInfo", 404, "The bucket has no limits for the requester.", "0004-00000003")
    NO_SUCH_RESOURCE_POOL = ErrorSpec("NoSuchResourcePool", 404, "The specified resource pool does not exist.")
    UNVERIFIED_DOMAIN = ErrorSpec("NeedVerifyDomainOwnership", 403, "Verification of the domain's ownership is needed.", "0018-00000115")
    FOREIGN_CNAME = ErrorSpec("CnameDenied", 403, "The cname belongs to another user.")
    ACCESS_POINT_EXISTS = ErrorSpec("AccessPointAlreadyExists", 409, "The account has an access point of this name in the region.")
    TOO_MANY_ACCESS_POINTS = ErrorSpec("TooManyAccessPoints", 400, "The bucket has 100 access points, or the account has 1000.")
    NO_SUCH_ACCESS_POINT_POLICY = ErrorSpec("NoSuchAccessPointPolicy", 404, "The access point has no policy.")
    ACCESS_POINT_OPERATION = ErrorSpec("AccessDenied", 403, "This operation cannot be called through an access point.")
    ACCESS_POINT_ORIGIN = ErrorSpec("AccessDenied", 403, "The access point is open to requests from its VPC only.")
    ACCESS_POINT_POLICY = ErrorSpec("AccessDenied", 403, "You have no right to access this object because of access point policy.")
    NO_SUCH_ACCESS_POINT = ErrorSpec("NoSuchAccessPoint", 404, "Accesspoint not found")
    NO_SUCH_CNAME_TOKEN = ErrorSpec("CnameTokenNotFound", 404, "Cname token not found.", "0018-00000301")
    NO_SUCH_REGION = ErrorSpec("NoSuchRegion", 404, "NoSuchRegion")
    NO_SUCH_REPLICATION = ErrorSpec("NoSuchReplicationConfiguration", 404, "The bucket you specified does not have replication configuration.")
    NO_SUCH_REPLICATION_RULE = ErrorSpec("NoSuchReplicationRule", 404, "The BucketReplicationRule you specified does not exist.")
    INVALID_TARGET_LOCATION = ErrorSpec("InvalidTargetLocation", 400, "The target bucket you specified does not locate in the target location.")
    REPLICATION_ALREADY_EXISTS = ErrorSpec("BucketReplicationAlreadyExist", 400, "The bucket is already replicated to that bucket.", "0031-00000044")
    REPLICATION_SUSPENDED = ErrorSpec("InvalidRequest", 400, "The versioning of the bucket is suspended; enable it before you add a replication rule.", "0031-00000054")
    REPLICATION_VERSIONING_DIFFERS = ErrorSpec("InvalidRequest", 400, "Versioning must be enabled for both buckets, or for neither.", "0031-00000053")
    META_QUERY_ACTION = ErrorSpec("OperationNotSupported", 400, "The operation is not supported for this resource", "0037-00000001")
    NO_SUCH_DATA_PIPELINE = ErrorSpec("NoSuchDataPipeline", 404, "The specified resource dataPipeline is not found.")
    NO_SUCH_META_QUERY = ErrorSpec("MetaQueryNotExist", 404, "The metadata query of the bucket is not open.", "0037-00000003")
    INVALID_META_QUERY = ErrorSpec("InvalidArgument", 400, "The parameter of the metadata query is invalid.", "0037-00000005")
    META_QUERY_ALREADY_EXISTS = ErrorSpec("MetaQueryAlreadyExist", 400, "The metadata query of the bucket is already open.")
    NO_SUCH_FETCH_TASK = ErrorSpec("NoSuchAsyncFetchTask", 404, "The asynchronous fetch task does not exist.")
    FETCHED_OBJECT_EXISTS = ErrorSpec("ObjectAlreadyExists", 400, "The object exists already, and IgnoreSameKey is true.")
    NO_SUCH_TRANSITION = ErrorSpec("BucketDataRedundancyTransitionTaskNotExist", 404, "The data redundancy transition does not exist.")
    TRANSITION_EXISTS = ErrorSpec("BucketDataRedundancyTransitionTaskAlreadyExist", 409, "The bucket has a data redundancy transition.")
    TRANSITION_DISABLED = ErrorSpec("AccessDenied", 403, "Bucket data redundancy transition is disabled.", "0052-00000101")
    TRANSITION_RUNS = ErrorSpec("AccessDenied", 403, "A data redundancy transition that is processing cannot be deleted.")
    BUCKET_IN_TRANSITION = ErrorSpec("AccessDenied", 403, "The bucket has a data redundancy transition that is processing.", "0015-00000304")

    # Objects (0016, 0026)
    NO_SUCH_KEY = ErrorSpec("NoSuchKey", 404, "The specified key does not exist.", "0026-00000001")
    NO_SUCH_VERSION = ErrorSpec("NoSuchVersion", 404, "The specified version does not exist.", "0012-00000203")
    INVALID_VERSION_ID = ErrorSpec("InvalidArgument", 400, "Invalid version id specified", "0012-00000202")
    VERSION_ID_EMPTY = ErrorSpec("InvalidArgument", 400, "Version id can not be the empty string.", "0012-00000201")
    METHOD_NOT_ALLOWED = ErrorSpec("MethodNotAllowed", 405, "The specified method is not allowed against this resource.", "0017-00000001")
    CONDITION_ON_DELETE_MARKER = ErrorSpec("MethodNotAllowed", 405, METHOD_NOT_ALLOWED.message, "0003-00000016")
    INVALID_OBJECT_NAME = ErrorSpec("InvalidObjectName", 400, "The specified object is not valid.", "0016-00000005")
    OBJECT_NAME_EMPTY = ErrorSpec("InvalidObjectName", 400, "The Object name can not be empty.", "0016-00000001")
    OBJECT_NAME_TOO_LONG = ErrorSpec("InvalidObjectName", 400, "The Length of Object name must be less than 1024.", "0016-00000003")
    OBJECT_NAME_NOT_UTF8 = ErrorSpec("InvalidArgument", 400, "The characters encoding must be utf-8.", "0016-00000004")
    FILE_IMMUTABLE = ErrorSpec("FileImmutable", 409, "The object you specified is immutable.")
    FILE_ALREADY_EXISTS = ErrorSpec("FileAlreadyExists", 409, "The object you specified already exists and can not be overwritten.", "0026-00000002")
    OBJECT_ACL_MISSING = ErrorSpec("MissingArgument", 400, "Missing Some Required Arguments.", "0017-00000105")
    INVALID_OBJECT_ACL = ErrorSpec("InvalidArgument", 400, "no such object access control exists", "0017-00000104")
    INVALID_COPY_SOURCE = ErrorSpec("InvalidArgument", 400, "Copy Source must mention the source bucket and key: /sourcebucket/sourcekey.")
    COPY_SOURCE_PARAMETER = ErrorSpec("InvalidArgument", 400, "The copy source has a parameter other than versionId.", "0016-00000304")
    PART_SOURCE_WITHOUT_SLASH = ErrorSpec("InvalidArgument", 400, INVALID_COPY_SOURCE.message, "0042-00000301")
    PART_SOURCE_EMPTY = ErrorSpec("InvalidArgument", 400, INVALID_COPY_SOURCE.message, "0042-00000302")
    COPY_SOURCE_VERSION_EMPTY = ErrorSpec("InvalidArgument", 400, VERSION_ID_EMPTY.message, "0016-00000305")
    SOURCE_IS_DELETE_MARKER = ErrorSpec("NoSuchKey", 404, NO_SUCH_KEY.message, "0016-00000307")
    ENTITY_TOO_LARGE = ErrorSpec("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size.")
    COPY_SOURCE_TOO_LARGE = ErrorSpec("EntityTooLarge", 400, "Source object Length exceeds the maximum allowed size.")
    INVALID_OBJECT_STATE = ErrorSpec("InvalidObjectState", 403, "The operation is not valid for the object's state.")
    OPERATION_NOT_SUPPORTED = ErrorSpec("OperationNotSupported", 400, "The operation is not supported for this resource", "0016-00000702")
    SEAL_NOT_SUPPORTED = ErrorSpec("OperationNotSupported", 400, "SealAppendable is not supported.", "0016-00000513")  # only as a fault: S-32
    RESTORE_ALREADY_IN_PROGRESS = ErrorSpec("RestoreAlreadyInProgress", 409, "The restore operation is in progress.", "0016-00000701")
    RESTORE_CANNOT_BE_SLOWER = ErrorSpec("RestoreAlreadyInProgress", 409, RESTORE_ALREADY_IN_PROGRESS.message, "0016-00000715")
    INVALID_RESTORE_TIER = ErrorSpec("InvalidArgument", 400, "The Tier must be Expedited, Standard or Bulk.", "0016-00000703")
    ARCHIVE_RESTORE_FILE_STALE = ErrorSpec("ArchiveRestoreFileStale", 409, "The archive file or restore info stale", "0016-00000718")
    ARCHIVE_RESTORE_NOT_FINISHED = ErrorSpec("ArchiveRestoreNotFinished", 409, "The archive file's restore is not finished.", "0016-00000719")
    SYMLINK_TARGET_NOT_EXIST = ErrorSpec("SymlinkTargetNotExist", 404, "The symlink target object does not exist", "0026-00000012")
    INVALID_TARGET_TYPE = ErrorSpec("InvalidTargetType", 400, "The symbolic's target file type is invalid", "0026-00000011")
    NOT_SYMLINK = ErrorSpec("NotSymlink", 400, "The object is not symlink.", "0043-00000101")
    OBJECT_NOT_APPENDABLE = ErrorSpec("ObjectNotAppendable", 409, "The object is not appendable", "0026-00000017")
    POSITION_NOT_EQUAL_TO_LENGTH = ErrorSpec("PositionNotEqualToLength", 409, "Position is not equal to file length", "0026-00000016")
    POSITION_MISSING = ErrorSpec("MissingArgument", 400, "Missing Some Required Arguments.", "0016-00000501")
    POSITION_INVALID = ErrorSpec("MissingArgument", 400, "Missing Some Required Arguments.", "0016-00000502")
    INVALID_TAG_KEY = ErrorSpec("InvalidTag", 400, "The TagKey you have provided is invalid.")
    INVALID_TAG_VALUE = ErrorSpec("InvalidTag", 400, "The TagValue you have provided is invalid.")
    REPEATED_TAGS = ErrorSpec("RepeatedTags", 400, "Tag keys must be unique.", "0010-00000210")
    REPEATED_OBJECT_TAGS = ErrorSpec("InvalidTag", 400, "Cannot provide multiple Tags with the same key", "0010-00000210")
    TOO_MANY_OBJECT_TAGS = ErrorSpec("BadRequest", 400, "Object tags cannot be greater than 10")
    INVALID_TAGGING_HEADER = ErrorSpec("InvalidArgument", 400, "The header 'x-oss-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")

    # Multipart uploads (0042): P-39
    NO_SUCH_UPLOAD = ErrorSpec("NoSuchUpload", 404, "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.", "0042-00000002")
    UPLOAD_ID_EMPTY = ErrorSpec("NoSuchUpload", 404, NO_SUCH_UPLOAD.message, "0017-00000244")
    NO_SUCH_UPLOAD_OF_PART = ErrorSpec("NoSuchUpload", 404, NO_SUCH_UPLOAD.message, "0042-00000104")
    NO_SUCH_UPLOAD_OF_COMPLETION = ErrorSpec("NoSuchUpload", 404, NO_SUCH_UPLOAD.message, "0042-00000203")
    NO_SUCH_UPLOAD_OF_COPY = ErrorSpec("NoSuchUpload", 404, NO_SUCH_UPLOAD.message, "0042-00000311")
    INVALID_PART_NUMBER = ErrorSpec("InvalidArgument", 400, "Part number must be an integer between 1 and 10000, inclusive.", "0017-00000220")
    INVALID_PART_NUMBER_LISTED = ErrorSpec("InvalidPartOrder", 400, "Part number must be an integer between 1 and 10000, inclusive.")
    INVALID_PART_ORDER = ErrorSpec("InvalidPartOrder", 400, "The list of parts was not in ascending order. Parts list must specified in order by part number.", "0042-00000209")
    INVALID_PART = ErrorSpec("InvalidPart", 400, "One or more of the specified parts could not be found or the specified entity tag might not have matched the part's entity tag.", "0042-00000212")
    ENCRYPTION_INCOMPLETE = ErrorSpec("InvalidEncryptionRequest", 400, "Miss some necessary client encryption meta parameters.")
    ENCRYPTION_CHANGED = ErrorSpec("InvalidEncryptionRequest", 400, "The client encryption meta must be the same as init_multipart setted.")
    ENCRYPTION_SET_TWICE = ErrorSpec("InvalidEncryptionRequest", 400, "The parameters of client encryption are allowed to be set once.")
    ENCRYPTION_SIZE_INVALID = ErrorSpec("InvalidEncryptionRequest", 400, "The client encryption meta data_size or part_size is invalid.")
    ENCRYPTED_PARTS_TOO_MANY = ErrorSpec("InvalidEncryptionRequest", 400, "The parts count calculated by client encryption meta is too large.", "0005-00000410")
    ENCRYPTED_PART_NUMBER = ErrorSpec("InvalidEncryptionRequest", 400, "The partId must less or equal to expectedPartNumber.")
    ENCRYPTED_PART_SIZE = ErrorSpec("InvalidEncryptionRequest", 400, "The partSize must same with init_multipart setted except last part.", "0005-00000419")
    ENCRYPTED_LAST_PART_SIZE = ErrorSpec("InvalidEncryptionRequest", 400, "The last partSize must same with init_multipart setted.", "0005-00000420")
    ENCRYPTED_PART_LIST = ErrorSpec("InvalidEncryptionRequest", 400, "The client encryption part list is unexpected with init_multipart setted.")
    PART_NOT_SEQUENTIAL = ErrorSpec("PartNotSequential", 400, "For sequential multipart upload, you must upload or complete parts with sequential part number.")
    PART_ALREADY_EXISTS = ErrorSpec("PartAlreadyExist", 409, "For sequential multipart upload, you can't overwrite uploaded parts.", "0042-00000108")
    COPIED_PART_EXISTS = ErrorSpec("PartAlreadyExist", 409, PART_ALREADY_EXISTS.message, "0042-00000313")
    ENTITY_TOO_SMALL = ErrorSpec("EntityTooSmall", 400, "Your proposed upload smaller than the minimum allowed size.", "0042-00000213")
    STORAGE_CLASS_OF_UPLOAD = ErrorSpec("InvalidArgument", 400, "The storage class of an upload is set by InitiateMultipartUpload; leave this header out.")
    PART_SOURCE_ENCRYPTED = ErrorSpec("InvalidArgument", 400, "The source has client-side encryption and cannot be copied by parts.", "0042-00000309")
    COMPLETE_ALL_WITH_BODY = ErrorSpec("InvalidArgument", 400, "Should not speficy both complete all header and http body.", "0042-00000216")

    # Image processing (0040): docs/images.md
    IMAGE_ARGUMENT = ErrorSpec("InvalidArgument", 400, "A parameter of the processing is invalid.")
    PROCESS_EMPTY = ErrorSpec("InvalidRequest", 400, "The process request is empty.")
    IMAGE_ARGUMENT_MISSING = ErrorSpec("MissingArgument", 400, "A parameter of the processing is missing.")
    NO_PROJECT = ErrorSpec("Imm Client", 404, "ResourceNotFound, The specified resource Attachment is not found.")
    IMAGE_REQUEST = ErrorSpec("BadRequest", 400, "The processing is invalid.")
    IMAGE_MISSING = ErrorSpec("NoSuchKey", 404, "The specified key does not exist.", "0040-00000024")
    IMAGE_FORMAT = ErrorSpec("BadRequest", 400, "This image format is not supported.", "0040-00000005")
    IMAGE_DAMAGED = ErrorSpec("BadRequest", 400, "The image file may be damaged.")
    IMAGE_DAMAGED_HEIC = ErrorSpec("BadRequest", 400, "The heic image file may be damaged.", "0040-00000020")
    IMAGE_DAMAGED_AVIF = ErrorSpec("BadRequest", 400, "The avif image file may be damaged.", "0040-00000021")
    IMAGE_DAMAGED_WEBP = ErrorSpec("BadWebPImage", 400, "The webp image file may be damaged.", "0040-00000010")
    IMAGE_FILE_TOO_LARGE = ErrorSpec("ImageTooLarge", 400, "The image file is larger than 20 MB.", "0040-00000001")
    IMAGE_TOO_LARGE = ErrorSpec("ImageTooLarge", 400, "MemLimitExceeded", "0040-00000012")
    RESULT_TOO_LARGE = ErrorSpec("ImageTooLarge", 400, "The resulting image is too large.", "0040-00000007")
    ROTATION_RANGE = ErrorSpec("BadRequest", 400, "Picture exceed the maximum allowable rotation range", "0040-00000006")
    IMAGE_BUSY = ErrorSpec("CpuLimitExceeded", 503, "Please reduce your request rate", "0004-00000801")
    CUT_OUT_OF_IMAGE = ErrorSpec("BadRequest", 400, "Advance cut's position is out of image.")
    WATERMARK = ErrorSpec("WatermarkError", 400, "The watermark is invalid.")
    STYLE_ONLY = ErrorSpec("AccessDenied", 403, "The channel can be only accessed using style", "0040-00000031")

    # Live channels (0044): P-63. Most ECs are in documents/live_channel.py.
    NO_SUCH_LIVE_CHANNEL = ErrorSpec("NoSuchLiveChannel", 404, "The specified live channel does not exist.", "0026-00000021")
    NO_TS_FILE = ErrorSpec("InvalidArgument", 400, "No ts file found in specified time span.", "0044-00000308")
    PLAYLIST_NAME = ErrorSpec("InvalidRequest", 400, 'Playlist name must ends with ".m3u8".', "0044-00000403")

    # SelectObject (0016-000008). The code that raises an error adds a message.
    SELECT_REQUESTER_PAYS = ErrorSpec("AccessDenied", 403, "Select API does not support requester pay now.")
    SQL_EMPTY = ErrorSpec("InvalidSqlParameter", 400, "The SQL statement is empty.", "0016-00000823")
    SQL_NOT_BASE64 = ErrorSpec("InvalidSqlParameter", 400, "The SQL statement is not encoded in base64.")
    SQL_TOO_LONG = ErrorSpec("InvalidSqlParameter", 400, "The SQL statement is too long.", "0016-00000825")
    SELECT_COMPRESSION = ErrorSpec("UnsupportedCompressionFormat", 400, "Invalid CompressionType parameter", "0016-00000826")
    SELECT_HEADER_INFO = ErrorSpec("InvalidArgument", 400, "Invalid FileHeaderInfo parameter", "0016-00000827")
    SELECT_INPUT_FIELD = ErrorSpec("InvalidInputFieldDelimiter", 400, "Invalid FieldDelimiter parameter", "0016-00000828")
    SELECT_OUTPUT_FIELD = ErrorSpec("InvalidOutputFieldDelimiter", 400, "Invalid FieldDelimiter parameter", "0016-00000828")
    SELECT_INPUT_RECORD = ErrorSpec("InvalidInputRecordDelimiter", 400, "Invalid RecordDelimiter parameter", "0016-00000829")
    SELECT_OUTPUT_RECORD = ErrorSpec("InvalidOutputRecordDelimiter", 400, "Invalid RecordDelimiter parameter", "0016-00000829")
    SELECT_INPUT_QUOTE = ErrorSpec("InvalidInputQuote", 400, "Invalid QuoteCharacter parameter")
    SELECT_COMMENT = ErrorSpec("InvalidCommentCharacter", 400, "Invalid CommentCharacter parameter", "0016-00000831")
    SELECT_JSON_TYPE = ErrorSpec("InvalidArgument", 400, "Invalid Type parameter")
    SELECT_PARAMETERS = ErrorSpec("InvalidOSSSelectParameters", 400, "EnablePayloadCrc and OutputRawData cannot both be true.")
    SELECT_MAX_SKIPPED = ErrorSpec("InvalidMaxSkippedRecordsAllowed", 400, "Invalid MaxSkippedRecordsAllowed parameter", "0016-00000834")
    SELECT_RANGE = ErrorSpec("InvalidRange", 400, "Invalid Range parameter", "0016-00000832")
    SELECT_RANGE_OF_DOCUMENT = ErrorSpec("InvalidRange", 400, "A JSON object of the type DOCUMENT has no ranges.", "0016-00000839")
    SELECT_RANGE_OUTSIDE = ErrorSpec("InvalidRange", 400, "The range is outside of the object.", "0016-00000817")
    SELECT_RANGE_HEADER = ErrorSpec("InvalidRange", 400, "The header Range needs a CSV object and AllowQuotedRecordDelimiter false.", "0016-00000815")
    SELECT_RANGE_TWICE = ErrorSpec("InvalidRange", 400, "The range must be in the header or in the body, not in both.", "0016-00000816")
    SELECT_RANGE_WITHOUT_RECORD = ErrorSpec("InvalidRange", 400, "No row begins in the range.", "0016-00000837")
    SELECT_META_MISSING = ErrorSpec("SelectCsvMetaUnavailable", 400, "The select meta is not available. Please call API to create meta first.", "0016-00000820")
    SELECT_META_STALE = ErrorSpec("SelectCsvMetaUnavailable", 400, "The select meta does not belong to the bytes of the object. Please call API to create meta again.", "0016-00000835")
    SELECT_META_MISMATCH = ErrorSpec("SelectCsvMetaUnavailable", 400, "The select meta was created with other delimiters.", "0016-00000836")
    SELECT_GZIP = ErrorSpec("DecompressFailure", 400, "The object cannot be decompressed.", "0016-00000801")
    SELECT_ENCODING = ErrorSpec("InvalidTextEncoding", 400, "The object is not UTF-8.", "0016-00000801")
    CSV_LINE = ErrorSpec("InvalidCsvLine", 400, "The line is invalid.", "0016-00000801")
    JSON_DATA = ErrorSpec("InvalidJsonData", 400, "The JSON object is invalid.", "0016-00000801")
    JSON_NODE_SIZE = ErrorSpec("JsonNodeExceedsMaxSize", 400, "A JSON node is larger than 524288 bytes.", "0016-00000801")
    JSON_NODE_DEPTH = ErrorSpec("JsonNodeExceedsMaxDepth", 400, "A JSON node has more than 10 levels.", "0016-00000801")
    JSON_ARRAY_SIZE = ErrorSpec("ExceedsMaxJsonArraySize", 400, "An array of a JSON node has more than 5000 elements.", "0016-00000801")
    SQL_SYNTAX_ERROR = ErrorSpec("SqlSyntaxError", 400, "The SQL statement is invalid.", "0016-00000803")
    SQL_EXCEEDS_MAX_IN_COUNT = ErrorSpec("SqlExceedsMaxInCount", 400, "IN has more than 1024 values.", "0016-00000803")
    SQL_EXCEEDS_MAX_COLUMN_NAME_LENGTH = ErrorSpec("SqlExceedsMaxColumnNameLength", 400, "A name is longer than 1024 bytes.", "0016-00000803")
    SQL_INVALID_COLUMN_INDEX = ErrorSpec("SqlInvalidColumnIndex", 400, "The SQL statement is invalid.", "0016-00000803")
    SQL_AGGREGATION_ON_NON_NUMERIC_TYPE = ErrorSpec("SqlAggregationOnNonNumericType", 400, "The SQL statement is invalid.", "0016-00000803")
    SQL_INVALID_AGGREGATION_ON_TIMESTAMP = ErrorSpec("SqlInvalidAggregationOnTimestamp", 400, "The SQL statement is invalid.", "0016-00000803")
    SQL_VALUE_TYPE_OF_IN_MUST_BE_SAME = ErrorSpec("SqlValueTypeOfInMustBeSame", 400, "IN has values of different types.", "0016-00000803")
    SQL_INVALID_ESCAPE_CHAR = ErrorSpec("SqlInvalidEscapeChar", 400, "ESCAPE does not take %, * and ?.", "0016-00000803")
    SQL_ONLY_ONE_ESCAPE_CHAR_IS_ALLOWED = ErrorSpec("SqlOnlyOneEscapeCharIsAllowed", 400, "ESCAPE takes one character.", "0016-00000803")
    SQL_NO_CHAR_AFTER_ESCAPE_CHAR = ErrorSpec("SqlNoCharAfterEscapeChar", 400, "A pattern of LIKE ends with the escape character.", "0016-00000803")
    SQL_INVALID_LIMIT_VALUE = ErrorSpec("SqlInvalidLimitValue", 400, "The SQL statement is invalid.", "0016-00000803")
    SQL_EXCEEDS_MAX_WILD_CARD_COUNT = ErrorSpec("SqlExceedsMaxWildCardCount", 400, "LIKE has more than 5 wildcards.", "0016-00000803")
    SQL_EXCEEDS_MAX_CONDITION_COUNT = ErrorSpec("SqlExceedsMaxConditionCount", 400, "WHERE has more than 20 conditions.", "0016-00000803")
    SQL_EXCEEDS_MAX_CONDITION_DEPTH = ErrorSpec("SqlExceedsMaxConditionDepth", 400, "The conditions of WHERE have more than 10 levels.", "0016-00000803")
    SQL_ONE_COLUMN_CAST_TO_DIFFERENT_TYPES = ErrorSpec("SqlOneColumnCastToDifferentTypes", 400, "One column is cast to different types.", "0016-00000803")
    SQL_OPERATION_APPLIED_TO_DIFFERENT_TYPES = ErrorSpec("SqlOperationAppliedToDifferentTypes", 400, "The SQL statement is invalid.", "0016-00000803")
    SQL_INVALID_COLUMN_NAME = ErrorSpec("SqlInvalidColumnName", 400, "The SQL statement is invalid.", "0016-00000803")
    SQL_NOT_SUPPORTED_TIMESTAMP_FORMAT = ErrorSpec("SqlNotSupportedTimestampFormat", 400, "The SQL statement is invalid.", "0016-00000803")
    SQL_NOT_MATCH_TIMESTAMP_FORMAT = ErrorSpec("SqlNotMatchTimestampFormat", 400, "The SQL statement is invalid.", "0016-00000803")
    SQL_INVALID_TIMESTAMP_VALUE = ErrorSpec("SqlInvalidTimestampValue", 400, "The SQL statement is invalid.", "0016-00000803")
    SQL_INVALID_LIKE_OPERAND = ErrorSpec("SqlInvalidLikeOperand", 400, "LIKE takes a column of strings and a pattern in quotes.", "0016-00000803")
    SQL_INVALID_MIX_OF_AGGREGATION_AND_COLUMN = ErrorSpec("SqlInvalidMixOfAggregationAndColumn", 400, "SELECT has aggregate functions and columns.", "0016-00000803")
    SQL_EXCEEDS_MAX_AGGREGATION_COUNT = ErrorSpec("SqlExceedsMaxAggregationCount", 400, "SELECT has more than 100 aggregate functions.", "0016-00000803")
    SQL_INVALID_MIX_OF_STAR_AND_COLUMN = ErrorSpec("SqlInvalidMixOfStarAndColumn", 400, "SELECT has * and columns.", "0016-00000803")
    SQL_INVALID_KEEP_ALL_COLUMNS_WITH_AGGREGATION = ErrorSpec("SqlInvalidKeepAllColumnsWithAggregation", 400, "KeepAllColumns excludes aggregate functions.", "0016-00000803")
    SQL_INVALID_KEEP_ALL_COLUMNS_WITH_DUPLICATE_COLUMN = ErrorSpec("SqlInvalidKeepAllColumnsWithDuplicateColumn", 400, "KeepAllColumns excludes a column that is selected twice.", "0016-00000803")
    INVALID_ARITHMETIC_OPERAND = ErrorSpec("InvalidArithmeticOperand", 400, "The SQL statement is invalid.", "0016-00000803")
    SQL_INVALID_AND_OPERAND = ErrorSpec("SqlInvalidAndOperand", 400, "AND takes conditions.", "0016-00000803")
    SQL_INVALID_OR_OPERAND = ErrorSpec("SqlInvalidOrOperand", 400, "OR takes conditions.", "0016-00000803")
    SQL_INVALID_NOT_OPERAND = ErrorSpec("SqlInvalidNotOperand", 400, "NOT takes conditions.", "0016-00000803")
    SQL_INVALID_IS_NULL_OPERAND = ErrorSpec("SqlInvalidIsNullOperand", 400, "IS NULL takes a column.", "0016-00000803")
    SQL_COMPARER_OPERAND_TYPE_MISMATCH = ErrorSpec("SqlComparerOperandTypeMismatch", 400, "The SQL statement is invalid.", "0016-00000803")
    SQL_INVALID_CONCAT_OPERAND = ErrorSpec("SqlInvalidConcatOperand", 400, "The operator || takes strings and columns.", "0016-00000803")
    SQL_UNSUPPORTED_SQL = ErrorSpec("SqlUnsupportedSql", 400, "The SQL statement is invalid.", "0016-00000803")
    HEADER_INFO_EXCEEDS_MAX_SIZE = ErrorSpec("HeaderInfoExceedsMaxSize", 400, "The SQL statement is invalid.", "0016-00000803")
    OUTPUT_EXCEEDS_MAX_SIZE = ErrorSpec("OutputExceedsMaxSize", 400, "The SQL statement is invalid.", "0016-00000803")
    NEGATIVE_ROW_INDEX = ErrorSpec("NegativeRowIndex", 400, "An index of an array is negative.", "0016-00000803")
    EXCEEDS_MAX_NESTED_COLUMN_DEPTH = ErrorSpec("ExceedsMaxNestedColumnDepth", 400, "A path of the SQL statement has more than 10 levels.", "0016-00000803")
    NESTED_COLUMN_NOT_SUPPORT_IN_CSV = ErrorSpec("NestedColumnNotSupportInCsv", 400, "A column of a CSV object has no path.", "0016-00000803")
    TABLE_ROOT_NODE_ONLY_SUPPORT_IN_JSON = ErrorSpec("TableRootNodeOnlySupportInJson", 400, "A CSV object has no nodes.", "0016-00000803")
    WILD_CARD_NOT_ALLOWED = ErrorSpec("WildCardNotAllowed", 400, "The wildcard [*] is allowed only after FROM.", "0016-00000803")

    # Headers, parameters and bodies (0017)
    INVALID_ARGUMENT = ErrorSpec("InvalidArgument", 400, "The argument is invalid.")
    INVALID_MAX_KEYS = ErrorSpec("InvalidArgument", 400, "Argument max-keys must be an integer between 1 and 1000.", "0017-00000289")
    INVALID_MAX_KEYS_OF_OBJECTS = ErrorSpec("InvalidArgument", 400, INVALID_MAX_KEYS.message, "0015-00000402")
    INVALID_MAX_KEYS_OF_VERSIONS = ErrorSpec("InvalidArgument", 400, INVALID_MAX_KEYS.message, "0012-00000102")
    INVALID_ENCODING_TYPE = ErrorSpec("InvalidArgument", 400, "Invalid Encoding Method specified in Request", "0017-00000235")
    INVALID_ENCRYPTION = ErrorSpec("InvalidEncryptionAlgorithmError", 400, "The Encryption request you specified is not valid. Supported value: AES256/SM4/KMS.")
    ENCRYPTION_NOT_SUPPORTED = ErrorSpec("InvalidArgument", 400, "This operation does not encrypt; leave the header x-oss-server-side-encryption out.", "0005-00000002")
    KEY_ID_EMPTY = ErrorSpec("InvalidArgument", 400, "The id of the KMS key is empty.", "0005-00000205")
    CONTEXT_WITHOUT_KEY = ErrorSpec("InvalidArgument", 400, "An encryption context needs the id of a KMS key.", "0005-00000228")
    INVALID_CONTEXT = ErrorSpec("InvalidArgument", 400, "The encryption context is not valid JSON.", "0005-00000230")
    INVALID_FORBID_OVERWRITE = ErrorSpec("InvalidArgument", 400, "The header x-oss-forbid-overwrite must be true or false.", "0017-00000279")
    STORAGE_CLASS_EMPTY = ErrorSpec("InvalidArgument", 400, "The header x-oss-storage-class is empty.", "0017-00000131")
    PART_NUMBER_MISSING = ErrorSpec("InvalidArgument", 400, "Unexpected query string parameter", "0017-00000219")
    INVALID_KMS_KEY = ErrorSpec("InvalidArgument", 400, "The KMS key does not exist; name a key of KMS, or leave its id out.", "0005-00000208")
    RESPONSE_HEADERS_OF_ANONYMOUS = ErrorSpec("InvalidRequest", 400, "Request specific response headers cannot be used for anonymous GET requests.")
    PRECONDITION_FAILED = ErrorSpec("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold.", "0017-00001001")
    NOT_MODIFIED = ErrorSpec("NotModified", 304, "")
    CONDITION_OF_PUT = ErrorSpec("NotImplemented", 400, "A header you provided implies functionality that is not implemented.", "0017-00000245")
    TOO_MANY_RANGES = ErrorSpec("MultiRangeFailed", 400, "Exceed multi range max interval count.", "0016-00000110")
    INVALID_RANGE = ErrorSpec("InvalidRange", 416, "The requested range cannot be satisfied")
    MISSING_CONTENT_LENGTH = ErrorSpec("MissingContentLength", 411, "You must provide the Content-Length HTTP header.", "0017-00000101")
    REQUEST_TIMEOUT = ErrorSpec("RequestTimeout", 400, "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.", "0017-00000704")
    SERVICE_UNAVAILABLE = ErrorSpec("ServiceUnavailable", 503, "Thread pool is almost full, please retry later.")
    INCOMPLETE_BODY = ErrorSpec("IncompleteBody", 400, "You did not provide the number of bytes specified by the Content-Length HTTP header.", "0017-00000505")
    INVALID_DIGEST = ErrorSpec("InvalidDigest", 400, "The Content-MD5 you specified was invalid.", "0017-00000503")
    MD5_MISSING = ErrorSpec("MissingArgument", 400, "Missing Some Required Arguments.", "0016-00000606")
    MALFORMED_DIGEST = ErrorSpec("InvalidDigest", 400, "The Content-MD5 you specified was invalid.", "0017-00000502")
    INVALID_CRC64 = ErrorSpec("InvalidCRC64", 400, "The x-oss-hash-crc64ecma you specified does not match what we calculated.")
    MALFORMED_XML = ErrorSpec("MalformedXML", 400, "The XML you provided was not well-formed or did not validate against our published schema.", "0015-00000231")
    MALFORMED_REFERER = ErrorSpec("MalformedXML", 400, "The XML you provided was not well-formed or did not validate against our published schema.", "0033-00000001")
    ALLOW_EMPTY_REFERER_REQUIRED = ErrorSpec("MalformedXML", 400, "The XML you provided has no AllowEmptyReferer element.", "0033-00000002")
    ALLOW_EMPTY_REFERER_INVALID = ErrorSpec("MalformedXML", 400, "The XML you provided has an AllowEmptyReferer element that is not a Boolean.", "0033-00000003")
    REFERER_LISTS_TOO_LARGE = ErrorSpec("InlineDataTooLarge", 400, "The Referer lists are larger than the maximum allowed size.")
    REFERER_LIST_REQUIRED = ErrorSpec("MalformedXML", 400, "The XML you provided has no RefererList element.", "0033-00000005")
    TRUNCATE_PATH_CONTRADICTED = ErrorSpec("InvalidArgument", 400, "TruncatePath needs AllowTruncateQueryString.")
    BAD_REQUEST = ErrorSpec("BadRequest", 400, "The request is not well-formed HTTP.")
    REQUEST_HEADERS_TOO_LARGE = ErrorSpec("RequestHeaderTooLarge", 400, "The request line and the headers are larger than this server accepts.")

    # Bodies over the S3 protocol (0017): P-74
    CHUNKS_NOT_SUPPORTED = ErrorSpec("InvalidArgument", 400, "aws-chunked encoding is not supported with the specified x-amz-content-sha256 value.", "0017-00000804")
    MALFORMED_CHUNKS = ErrorSpec("InvalidRequest", 400, "The body is not well-formed aws-chunked.")
    CONTENT_HASH_MISMATCH = ErrorSpec("XAmzContentSHA256Mismatch", 400, "The provided 'x-amz-content-sha256' header does not match what was computed.")
    BAD_DIGEST = ErrorSpec("BadDigest", 400, "The checksum you specified did not match the calculated checksum.")

    # Forms (0006)
    NOT_MULTIPART = ErrorSpec("RequestIsNotMultiPartContent", 400, "Bucket POST must be of the enclosure-type multipart/form-data.")
    MALFORMED_POST = ErrorSpec("MalformedPOSTRequest", 400, "The body of your POST request is not well-formed multipart/form-data.", "0006-00000104")
    ONE_FILE_REQUIRED = ErrorSpec("IncorrectNumberOfFilesInPOSTRequest", 400, "POST requires exactly one file upload per request.", "0006-00000107")
    FIELD_TOO_LONG = ErrorSpec("FieldItemTooLong", 400, "Your name of form field is too long.", "0006-00000110")
    FIELDS_TOO_LARGE = ErrorSpec("MaxPOSTPreDataLengthExceededError", 400, "Your POST request fields preceding the upload file were too large.", "0006-00000112")
    INVALID_FORM_POLICY = ErrorSpec("InvalidPolicyDocument", 400, "Invalid Policy.")
    FORM_POLICY_DENIED = ErrorSpec("AccessDenied", 403, "Invalid according to Policy.")

    # Callbacks (0007). The object is stored even if its callback fails.
    INVALID_CALLBACK = ErrorSpec("InvalidArgument", 400, "The callback configuration is not json format.")
    CALLBACK_FAILED = ErrorSpec("CallbackFailed", 203, "Error status : -1. OSS can not connect to your callbackUrl, please check it.")
    CALLBACK_STATUS = ErrorSpec("CallbackFailed", 203, "Error status : 400.", "0007-00000203")
    CALLBACK_TOO_SLOW = ErrorSpec("CallbackFailed", 203, "Cost too long time.", "0007-00000202")
    CALLBACK_NOT_JSON = ErrorSpec("CallbackFailed", 203, "Response body is not valid json format.", "0007-00000205")

    # Cross-origin requests (0003)
    ORIGIN_REQUIRED = ErrorSpec("BadRequest", 400, "Insufficient information. Origin request header needed.")
    ORIGIN_METHOD_REQUIRED = ErrorSpec("BadRequest", 400, "Insufficient information. Request Access-Control-Request-Method header needed.")
    CORS_NOT_ENABLED = ErrorSpec("AccessForbidden", 403, "CORSResponse: CORS is not enabled for this bucket.", "0003-00000601")
    CORS_FORBIDDEN = ErrorSpec("AccessForbidden", 403, "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Requet-Headers are not whitelisted by the resource's CORS spec.", "0003-00000602")

    # Bandwidth (0004)
    INVALID_TRAFFIC_LIMIT = ErrorSpec("InvalidArgument", 400, "x-oss-traffic-limit is invalid, should be specified between 819200(100KB/s) and 838860800(100MB/s).", "0004-00000502")
    TRAFFIC_LIMIT_TWICE = ErrorSpec("InvalidArgument", 400, "x-oss-traffic-limit should be specified either in query string or header, not both.", "0004-00000501")

    # Errors that only this server has
    NOT_FORWARDED = ErrorSpec("ProxyForbidden", 403, "This proxy answers only for the hosts of OSS and for those of --domain and --cname; it forwards nothing. Put other hosts in NO_PROXY.")
    CROSS_ORIGIN = ErrorSpec("CrossOriginForbidden", 403, "A web page of another origin sent this request without a preflight, and it would change the bucket. The emulator refuses that, unlike the service. Allow the page's origin and POST in the bucket's CORS rules, or upload with a form (PostObject).")
    NO_CERTIFICATES = ErrorSpec("ProxyForbidden", 403, "This proxy has no certificate for that host. Start the server with --tls-dir or --ca-file.")
    NOT_IMPLEMENTED = ErrorSpec("NotImplemented", 501, "A header you provided implies functionality that is not implemented.")
    INTERNAL_ERROR = ErrorSpec("InternalError", 500, "The server failed; its log has the reason.")
# fmt: on


class OSSError(Exception):
    """The error that answers a request.

    `details` become elements of the error document, in order; `headers` are sent with it. `message`
    and `ec` replace those of the table. `access` is the decision on permissions that refused the
    request, for the journal.
    """

    def __init__(
        self,
        code: ErrorCase | ErrorSpec,
        message: str | None = None,
        *,
        ec: str | None = None,
        headers: Mapping[str, str] | None = None,
        access: AccessRecord | None = None,
        **details: xml.Value,
    ) -> None:
        row = code.value if isinstance(code, ErrorCase) else code
        self.code = row.code
        self.status = row.status
        self.message = row.message if message is None else message
        self.ec = row.ec if ec is None else ec
        self.headers = headers or {}
        self.access = access
        self.details = details
        super().__init__(f"{self.code}: {self.message}")

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the error as its row of the table and its other attributes."""
        spec = ErrorSpec(self.code, self.status, self.message, self.ec)
        return OSSError, (spec,), self.__dict__


MAX_REPEATED: Final = 8 * 1024
"""Characters of a text of the request that an error repeats."""


def shorten(text: str, length: int) -> str:
    """Return at most `length` characters of a text; of a longer one, also how long it was."""
    return text if len(text) <= length else f"{text[:length]}… ({len(text):,} characters)"


def listed(words: Iterable[str], conjunction: str = "or") -> str:
    """Join alternatives for the text of an error: `a, b or c`."""
    *others, last = words
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def render(
    error: OSSError, method: str, request_id: str, host: str, *, mainland: bool = True
) -> Response:
    """Make the answer to a failed request. Only this function turns an error into XML (P-30).

    `mainland`: whether the endpoint is in mainland China. It decides the site of the link (S-10).
    """
    headers = dict(error.headers)
    if error.status == 304:
        return Response(304, headers)
    fields: list[tuple[str, xml.Value]] = [
        ("Code", error.code),
        # An error repeats text of the request. Unlike a listing (P-35), it must be valid XML.
        ("Message", xml.plain(error.message)),
        ("RequestId", request_id),
        ("HostId", xml.plain(host)),
        # Python names have no hyphen: Content_MD5 stands for Content-MD5.
        *(
            (name.replace("_", "-"), xml.plain(value) if isinstance(value, str) else value)
            for name, value in error.details.items()
        ),
    ]
    if error.ec:
        headers["x-oss-ec"] = error.ec
        fields.append(("EC", error.ec))
        site = "api.aliyun.com" if mainland else "api.alibabacloud.com"
        fields.append(("RecommendDoc", f"https://{site}/troubleshoot?q={error.ec}"))
    document = xml.format("Error", fields)
    headers["Content-Type"] = "application/xml"
    timed = error.code != ErrorCase.NO_SUCH_BUCKET.value.code
    if method != "HEAD":
        return Response(error.status, headers, document, timed=timed)
    # An answer to HEAD has no body, so the document is sent in a header.
    headers["x-oss-err"] = b64encode(document).decode()
    headers["Content-Length"] = str(len(document))
    return Response(error.status, headers, timed=timed)
