"""Every negative answer: one exception, one table of code, status, message and EC."""

from base64 import b64encode
from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from emulator.protocol import xml
from emulator.protocol.message import Response


class Row(NamedTuple):
    """What the service says in one situation; `ec` is empty where its number is not known."""

    code: str
    status: int
    message: str
    ec: str = ""


# fmt: off
class Code(Enum):
    """The situations. Several may share one code of the wire and differ in message or EC.

    Messages and ECs are those of the service where they are published (the help page of each EC,
    the troubleshooting pages by status, answers asserted by the SDKs' suites).
    """

    # Who may (0003). R-35; the referer rows' ECs are R-11 … R-13.
    BUCKET_ACL = Row("AccessDenied", 403, "You have no right to access this object because of bucket acl.", "0003-00000001")
    OBJECT_ACL_READ = Row("AccessDenied", 403, "You do not have read permission on this object.", "0003-00000005")
    OBJECT_ACL_WRITE = Row("AccessDenied", 403, "You do not have write permission on this object.", "0003-00000006")
    REFERER_DENIED = Row("AccessDenied", 403, "You are denied by bucket referer policy.")
    FOREIGN_BUCKET = Row("AccessDenied", 403, "The bucket you access does not belong to you.", "0003-00000905")
    ANONYMOUS = Row("AccessDenied", 403, "Anonymous access is forbidden for this operation.", "0003-00001201")

    # Signatures (0002). P-17.
    INVALID_ACCESS_KEY_ID = Row("InvalidAccessKeyId", 403, "The OSS Access Key Id you provided does not exist in our records.", "0002-00000902")
    SIGNATURE_DOES_NOT_MATCH = Row("SignatureDoesNotMatch", 403, "The request signature we calculated does not match the signature you provided. Check your key and signing method.", "0002-00000040")
    REQUEST_TIME_TOO_SKEWED = Row("RequestTimeTooSkewed", 403, "The difference between the request time and the current time is too large.", "0002-00000504")
    REQUEST_EXPIRED = Row("AccessDenied", 403, "Request has expired.", "0002-00000069")
    DATE_REQUIRED = Row("AccessDenied", 403, "OSS authentication requires a valid Date.", "0002-00000503")
    INVALID_EXPIRES = Row("AccessDenied", 403, "Invalid date (should be seconds since epoch).", "0002-00000070")
    INCOMPLETE_URL_SIGNATURE = Row("AccessDenied", 403, "Query-string authentication requires the Signature, Expires and OSSAccessKeyId parameters")
    INVALID_AUTHORIZATION = Row("InvalidArgument", 400, "Authorization header is invalid.", "0002-00000063")
    SIGNED_TWICE = Row("InvalidArgument", 400, "The signature must be in the Authorization header or in the URL, not in both.")
    INVALID_URL_SIGNATURE = Row("InvalidArgument", 400, "A parameter of the signature in the URL is missing or invalid.")
    INVALID_SIGNING_REGION = Row("InvalidArgument", 400, "Invalid signing region in Authorization header.", "0002-00000226")
    INVALID_SIGNING_PRODUCT = Row("InvalidArgument", 400, "Invalid signing product in Authorization header.", "0002-00000227")
    INVALID_CREDENTIAL_REGION = Row("InvalidArgument", 400, "The signing region in credential is invalid.", "0002-00000226")
    URL_NOT_YET_VALID = Row("AccessDenied", 403, "Request is not valid yet.", "0002-00000235")

    # Buckets (0015)
    NO_SUCH_BUCKET = Row("NoSuchBucket", 404, "The specified bucket does not exist.", "0015-00000101")
    INVALID_BUCKET_NAME = Row("InvalidBucketName", 400, "The specified bucket is not valid.", "0015-00000001")
    BUCKET_ALREADY_EXISTS = Row("BucketAlreadyExists", 409, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.", "0015-00000104")
    BUCKET_NOT_EMPTY = Row("BucketNotEmpty", 409, "The bucket has objects. Please delete them first.", "0015-00000301")
    TOO_MANY_BUCKETS = Row("TooManyBuckets", 400, "You have attempted to create more buckets than allowed.")
    INVALID_BUCKET_ACL = Row("InvalidArgument", 400, "no such bucket access control exists", "0015-00000204")
    INVALID_LOCATION = Row("InvalidLocationConstraint", 400, "The specified location-constraint is not valid")

    # Objects (0016, 0026)
    NO_SUCH_KEY = Row("NoSuchKey", 404, "The specified key does not exist.", "0026-00000001")
    NO_SUCH_VERSION = Row("NoSuchVersion", 404, "The specified version does not exist.", "0026-00000001")
    METHOD_NOT_ALLOWED = Row("MethodNotAllowed", 405, "The specified method is not allowed against this resource.", "0017-00000001")
    INVALID_OBJECT_NAME = Row("InvalidObjectName", 400, "The specified object is not valid.", "0016-00000005")
    OBJECT_NAME_TOO_LONG = Row("InvalidObjectName", 400, "The Length of Object name must be less than 1024.", "0016-00000003")
    OBJECT_NAME_NOT_UTF8 = Row("InvalidObjectName", 400, "The specified object is not valid.", "0016-00000004")
    FILE_ALREADY_EXISTS = Row("FileAlreadyExists", 409, "The object you specified already exists and can not be overwritten.", "0026-00000002")
    INVALID_OBJECT_ACL = Row("InvalidArgument", 400, "no such object access control exists", "0017-00000104")
    INVALID_COPY_SOURCE = Row("InvalidArgument", 400, "Copy Source must mention the source bucket and key: /sourcebucket/sourcekey.")
    ENTITY_TOO_LARGE = Row("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size.")

    # Headers, parameters and bodies (0017)
    INVALID_ARGUMENT = Row("InvalidArgument", 400, "The argument is invalid.")
    INVALID_MAX_KEYS = Row("InvalidArgument", 400, "Argument max-keys must be an integer between 1 and 1000.", "0017-00000289")
    INVALID_ENCODING_TYPE = Row("InvalidArgument", 400, "Invalid Encoding Method specified in Request", "0017-00000235")
    INVALID_ENCRYPTION = Row("InvalidEncryptionAlgorithmError", 400, "The Encryption request you specified is not valid. Supported value: AES256/SM4/KMS.")
    RESPONSE_HEADERS_OF_ANONYMOUS = Row("InvalidRequest", 400, "Request specific response headers cannot be used for anonymous GET requests.")
    PRECONDITION_FAILED = Row("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold.", "0017-00001001")
    NOT_MODIFIED = Row("NotModified", 304, "")
    INVALID_RANGE = Row("InvalidRange", 416, "The requested range cannot be satisfied")
    MISSING_CONTENT_LENGTH = Row("MissingContentLength", 411, "You must provide the Content-Length HTTP header.", "0017-00000101")
    INCOMPLETE_BODY = Row("IncompleteBody", 400, "You did not provide the number of bytes specified by the Content-Length HTTP header.", "0017-00000505")
    INVALID_DIGEST = Row("InvalidDigest", 400, "The Content-MD5 you specified was invalid.", "0017-00000503")
    MALFORMED_DIGEST = Row("InvalidDigest", 400, "The Content-MD5 you specified was invalid.", "0017-00000502")
    INVALID_CRC64 = Row("InvalidCRC64", 400, "The x-oss-hash-crc64ecma you specified does not match what we calculated.")
    MALFORMED_XML = Row("MalformedXML", 400, "The XML you provided was not well-formed or did not validate against our published schema.", "0015-00000231")
    ALLOW_EMPTY_REFERER_REQUIRED = Row("MalformedXML", 400, "The XML you provided has no AllowEmptyReferer element.", "0033-00000002")
    BAD_REQUEST = Row("BadRequest", 400, "The request is not well-formed HTTP.")
    REQUEST_HEADERS_TOO_LARGE = Row("RequestHeaderTooLarge", 400, "The request line or the headers are larger than this server takes.")

    # This server's own
    NOT_IMPLEMENTED = Row("NotImplemented", 501, "A header you provided implies functionality that is not implemented.")
    INTERNAL_ERROR = Row("InternalError", 500, "The server could not finish the request; its log says why.")
# fmt: on


class OSSError(Exception):
    """A request that is answered with an error.

    `details` become elements of the answer's XML, in order; `headers` go out with it.
    """

    def __init__(
        self,
        code: Code,
        message: str | None = None,
        *,
        ec: str | None = None,
        headers: Mapping[str, str] | None = None,
        **details: str,
    ) -> None:
        row = code.value
        self.code = row.code
        self.status = row.status
        self.message = row.message if message is None else message
        self.ec = row.ec if ec is None else ec
        self.headers = headers or {}
        self.details = details
        super().__init__(f"{self.code}: {self.message}")


def render(error: OSSError, method: str, request_id: str, host: str) -> Response:
    """The answer to a request that failed: the one place an error becomes XML (P-30)."""
    headers = dict(error.headers)
    if error.status == 304:
        return Response(304, headers)
    fields = [
        ("Code", error.code),
        ("Message", error.message),
        ("RequestId", request_id),
        ("HostId", host),
        # A name of XML that is no name of Python: Content_MD5 stands for Content-MD5.
        *((name.replace("_", "-"), value) for name, value in error.details.items()),
    ]
    if error.ec:
        headers["x-oss-ec"] = error.ec
        fields.append(("EC", error.ec))
        fields.append(("RecommendDoc", f"https://api.aliyun.com/troubleshoot?q={error.ec}"))
    document = xml.format("Error", fields)
    headers["Content-Type"] = "application/xml"
    if method != "HEAD":
        return Response(error.status, headers, document)
    # A HEAD answer has no body: the document travels in a header.
    headers["x-oss-err"] = b64encode(document).decode()
    headers["Content-Length"] = str(len(document))
    return Response(error.status, headers)
