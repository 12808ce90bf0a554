"""Custom domains of a bucket: create tokens, bind and release domains."""

from oss_emulator.documents import cname
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response


@answers("POST /bucket?cname&comp=token", "CreateCnameToken")
def create_cname_token(call: Call) -> Response:
    """Create the token for a DNS record of the domain.

    Raises `InvalidArgument` for a domain of the service or one bound to the bucket.
    """
    domain = cname.domain_of(cname.parse(call.body.read()))
    if domain.endswith(".aliyuncs.com"):
        message = "The domain is reserved."
        raise headers.invalid_argument("Domain", domain, message, ec="0018-00000401")
    if cname.DOMAINS + domain in call.documents:
        message = "The domain is already bound to the bucket."
        raise headers.invalid_argument("Domain", domain, message, ec="0018-00000302")
    token = cname.format_token(call.bucket.name, domain, call.request.received)
    call.keep(cname.TOKENS + domain, token)
    return xml.reply(token)


@answers("GET /bucket?cname&comp=token", "GetCnameToken")
def get_cname_token(call: Call) -> Response:
    """Return the token of a domain; raises `CnameTokenNotFound`."""
    domain = call.request.query["cname"]
    missing = OSSError(ErrorCase.NO_SUCH_CNAME_TOKEN, Bucket=call.bucket.name, Cname=domain)
    return xml.reply(call.document(cname.TOKENS + domain.lower(), missing))


@answers("POST /bucket?cname&comp=add", "PutCname")
def put_cname(call: Call) -> Response:
    """Bind a domain or change its certificate.

    Raises `NeedVerifyDomainOwnership`, and `CnameDenied` for a domain of another bucket.
    """
    wanted = cname.parse(call.body.read())
    domain = cname.domain_of(wanted)
    if cname.needs_proof(domain):
        raise OSSError(ErrorCase.UNVERIFIED_DOMAIN, Cname=domain)
    if cname.bucket_of(domain, call.storage) not in (None, call.bucket.name):
        raise OSSError(ErrorCase.FOREIGN_CNAME, Cname=domain)
    name = cname.DOMAINS + domain
    present = call.documents.get(name)
    call.keep(name, cname.format_binding(wanted, present, call.request.received))
    return Response()


@answers("GET /bucket?cname", "ListCname")
def list_cname(call: Call) -> Response:
    """List the domains bound to a bucket."""
    cnames = call.documents_below(cname.DOMAINS).values()
    return xml.respond(
        "ListCnameResult",
        ("Bucket", call.bucket.name),
        ("Owner", call.bucket.owner),
        *(("Cname", xml.parse(document, "Cname").content) for document in cnames),
    )


@answers("POST /bucket?cname&comp=delete", "DeleteCname")
def delete_cname(call: Call) -> Response:
    """Release a domain; also succeeds if the domain is not bound."""
    call.keep(cname.DOMAINS + cname.domain_of(cname.parse(call.body.read())), None)
    return Response()
