"""The steps of a request, in their order: find what it asks for, check it, perform it.

Each step is a function that asks its room and writes the result into the admission. A step that
fails raises an `OSSError`, which ends the request. The lists `FIND`, `CHECK` and `PERFORM` are the
order; `docs/architecture.md` shows it, and a test compares the page with them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

from oss_emulator.access import Permission
from oss_emulator.changes import CUSTOM_DOMAIN, V1_OF_ACCOUNTS, V1_OF_BUCKETS
from oss_emulator.documents.access_point import find_alias, is_alias
from oss_emulator.operations import permissions
from oss_emulator.operations import website as pages
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.call import Body, Call
from oss_emulator.operations.operation import NO_OPERATION, Operation, Takes
from oss_emulator.pipeline import (
    addressing,
    authentication,
    browser,
    bucket,
    default_domain,
    images,
    referer,
    s3,
    website,
)
from oss_emulator.pipeline.deployment import Deployment
from oss_emulator.pipeline.plan import NO_BUCKET, BucketPlan, plan
from oss_emulator.protocol import checksums, copy_source, origin
from oss_emulator.protocol.address import Target, check_key
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.message import Response

READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing."""

# --- Find: which bucket, key and operation


def mark_dialect(admission: Admission, service: Deployment) -> None:
    """Mark a request of S3, by its signature, its headers or its host (P-70)."""
    admission.request = s3.mark(admission.request, service.addresses)


def find_address(admission: Admission, service: Deployment) -> None:
    """Find the bucket and the key: path style, virtual host, custom domain or proxy.

    Where the destination is known, the operation is found at once.
    """
    request = admission.request
    target, operation = service.destinations.find(request)
    strict = service.settings.strict_addressing and not admission.trusted
    if target is None or strict or request.proxied:
        target = addressing.locate(service.addresses, request, strict=strict)
    admission.target = target
    if operation is not None and request.original is None:
        admission.operation = operation


def translate_s3(admission: Admission, service: Deployment) -> None:
    """Turn a request of S3 into one of OSS, which keeps the original."""
    if admission.request.original is not None:
        admission.request = s3.translate(admission.request, admission.target)


def resolve_alias(admission: Admission, service: Deployment) -> None:
    """Replace the alias of an access point by its bucket (P-84)."""
    if not is_alias(admission.target.bucket):
        return
    admission.access_point = point = find_alias(service.storage, admission.target.bucket)
    if point is not None:
        admission.target = admission.target._replace(bucket=point.bucket)


def find_operation(admission: Admission, service: Deployment) -> None:
    """Find the operation; 501 if there is none (P-40)."""
    if admission.operation is NO_OPERATION:
        admission.operation = service.dispatcher.find(admission.request, admission.target)
        s3.check_operation(admission.request, admission.operation)


def find_record(admission: Admission, service: Deployment) -> None:
    """Find the bucket's record, and the region that the request is for; 404 without one (P-18)."""
    target = admission.target
    record = bucket.find_bucket(service.storage, target.bucket, admission.operation)
    admission.record = record
    admission.region = addressing.region_of(target, record, service.settings.region)


def take_fields(admission: Admission, form: Form) -> None:
    """Take the key of a form from its fields, and translate them if they are those of S3."""
    admission.request, form = s3.form_to_oss(admission.request, form)
    if not form.key:
        raise OSSError(ErrorCase.OBJECT_NAME_EMPTY)
    check_key(form.key)
    admission.target, admission.form = Target(admission.target.bucket, form.key), form


# --- Check: everything that needs no body


def check_endpoint(admission: Admission, service: Deployment) -> None:
    """Refuse a bucket of another region, or without acceleration at an accelerate endpoint."""
    strict = service.settings.strict_addressing and not admission.trusted
    request, target, record = admission.request, admission.target, admission.record
    addressing.check_endpoint(request, target, record, service.settings.region, strict=strict)


def check_domain(admission: Admission, service: Deployment) -> None:
    """Refuse data calls at the public endpoint where the service requires a domain (P-60)."""
    addressing.check_domain(admission.request, admission.operation, admission.region)


def check_app(admission: Admission, service: Deployment) -> None:
    """Refuse an app, which the service does not send from its own host names (D-07)."""
    default_domain.check(admission, service.changes)


def check_page(admission: Admission, service: Deployment) -> None:
    """Refuse what a web page of another origin would change (an addition of the emulator)."""
    browser.check_page(admission.original, admission.operation, admission.record)


def authenticate(admission: Admission, service: Deployment) -> None:
    """Find out who asks: signature, access key, temporary token. A form signs its fields."""
    accounts, auth, form = service.accounts, service.settings.auth, admission.form
    if form is None:
        admission.claimed = authentication.find_claim(admission.request, auth)
        admission.caller = authentication.authenticate(admission, accounts, auth)
    else:
        admission.claimed = authentication.find_form_claim(form, auth)
        admission.caller, admission.sizes = authentication.authenticate_form(
            admission, form, accounts, auth
        )


def check_version(admission: Admission, service: Deployment) -> None:
    """Refuse signatures of version 1 where the service does (P-60)."""
    authentication.check_version(admission.claimed, admission.record, service.changes)


def find_payload(admission: Admission, service: Deployment) -> None:
    """Find how S3 frames and signs the body."""
    admission.payload = authentication.find_payload(admission, service.accounts, service.settings)


def find_index_page(admission: Admission, service: Deployment) -> None:
    """Find the index page of a website to answer for a folder."""
    page = website.find_page(admission, service.addresses)
    if page is not None:
        admission.target, admission.visit = page
        admission.operation = service.dispatcher.find(admission.request, page.target)


def find_style(admission: Admission, service: Deployment) -> None:
    """Find the image style after a separator in the path."""
    styled = images.find_styled(admission, service.storage)
    if styled is not None:
        admission.target, admission.operation, admission.style = styled


def check_referer(admission: Admission, service: Deployment) -> None:
    """Hotlink protection: decide by the bucket's rules, and refuse what they deny."""
    hotlinks, storage, bucket = service.hotlinks, service.storage, admission.target.bucket
    admission.decision = hotlinks.decide(admission, storage)
    if hotlinks.denies_late(admission.operation):
        return
    referer.check(admission.decision, bucket)
    if admission.operation.header == copy_source.HEADER:
        bucket, admission.decision = hotlinks.decide_on_copy(admission, storage)
        referer.check(admission.decision, bucket)


def authorize(admission: Admission, service: Deployment) -> None:
    """Decide by policies, ownership and ACLs."""
    access = permissions.allow_by_acl(admission, service.storage)
    if access is None:
        access = permissions.check_call(Call(admission, service.environment))
    admission.access = access


def check_original(admission: Admission, service: Deployment) -> None:
    """Refuse the original of an image that may only be read in a style."""
    images.check_original(admission)


def find_limit(admission: Admission, service: Deployment) -> None:
    """Find the speed that the request asks for (x-oss-traffic-limit)."""
    admission.traffic_limit = admission.requested_limit(lenient=service.settings.lenient)


# --- Perform: the body, the operation, and what is added to its answer


def check_body(admission: Admission, service: Deployment, body: Body) -> Body:
    """Check the digest and the size of the body, and translate a document of S3."""
    operation, request = admission.operation, admission.request
    if operation.takes is Takes.FORM:
        admission.sizes.check(body.size)
    elif operation.takes is not Takes.NOTHING and operation.gather is None:
        sent = request.headers.get("content-md5")
        if sent is None and operation.needs_md5:
            s3.check_md5_missing(request, strict=service.settings.strict_s3)
        checksums.check_md5(sent, body.md5)
    return s3.translate_body(request, operation.name, body)


def perform(admission: Admission, service: Deployment, body: Body) -> Response:
    """Perform the operation, or answer with the page of a website."""
    call = Call(admission, service.environment, body)
    if admission.visit is not None:
        return pages.serve(call, admission.visit)
    operation = admission.operation
    if admission.request.method in READS:
        return operation.perform(call)
    with service.storage.transaction():
        # The bucket may have been changed or deleted while the body arrived.
        record = bucket.find_bucket(service.storage, admission.target.bucket, operation)
        if record is not admission.record:
            call = call._replace(admission=replace(admission, record=record))
        return operation.perform(call)


def apply_default_domain(
    response: Response, admission: Admission, service: Deployment, *, failed: bool
) -> Response:
    """Send as a download what the service's own host names do not show (D-01 to D-06, D-08)."""
    if admission.trusted or not service.follows_default_domain:
        return response
    return default_domain.apply(response, admission, service.changes)


def add_bucket_headers(
    response: Response, admission: Admission, service: Deployment, *, failed: bool
) -> Response:
    """Add the headers of the bucket's configurations: its CORS rules, and who pays."""
    payer = None if failed else admission.caller  # nobody pays for an error
    return bucket.add_headers(response, admission.record, admission.request, payer)


def translate_back(
    response: Response, admission: Admission, service: Deployment, *, failed: bool
) -> Response:
    """Turn the answer into one of S3, if the request came over S3."""
    operation = "" if failed else admission.operation.name
    return s3.to_s3(response, admission.request, admission.request_id, operation)


def sandbox(
    response: Response, admission: Admission, service: Deployment, *, failed: bool
) -> Response:
    """Deny a document the origin of the endpoint (an addition of the emulator)."""
    return browser.sandbox(response, admission.request, service.addresses)


# --- The order


class Needs(NamedTuple):
    """What decides which steps a request needs, besides its service."""

    operation: Operation
    bucket: BucketPlan
    over_s3: bool
    trusted: bool
    has_fields: bool
    """Whether it is a form whose fields have arrived."""


Check: TypeAlias = Callable[[Admission, Deployment], None]


class RequestStep(NamedTuple):
    """A step that only some requests need."""

    name: str
    """As in `docs/architecture.md`."""
    run: Check
    applies: Callable[[Needs, Deployment], bool]
    """Whether a request needs the step. False only where the step would do nothing."""


def _is_first_pass(needs: Needs, service: Deployment) -> bool:
    """Whether this is the first pass; only a form has a second one, after its fields."""
    return not needs.has_fields


def _needs_permission(needs: Needs, service: Deployment) -> bool:
    """Whether the caller needs a permission now: not in a preflight, nor before a form's fields."""
    if needs.trusted or needs.operation.permission is Permission.NONE:
        return False
    return needs.operation.takes is not Takes.FORM or needs.has_fields


def _has_decision(needs: Needs, service: Deployment) -> bool:
    """Whether the Referer is decided on now; a preflight has a decision too (R-04)."""
    open_to_all = needs.operation.permission is Permission.NONE
    return not needs.trusted and (open_to_all or _needs_permission(needs, service))


def _reads(needs: Needs) -> bool:
    return needs.operation.method in ("GET", "HEAD")


FIND: Final = (
    ("mark dialect", mark_dialect),
    ("address", find_address),
    ("translate S3", translate_s3),
    ("resolve alias", resolve_alias),
    ("route", find_operation),
    ("bucket", find_record),
)

CHECK: Final = (
    RequestStep("endpoint", check_endpoint, _is_first_pass),
    RequestStep(
        "custom domain",
        check_domain,
        lambda needs, service: (
            not needs.trusted and not needs.has_fields and service.changes.follow(CUSTOM_DOMAIN)
        ),
    ),
    RequestStep(
        "page",
        check_page,
        lambda needs, service: needs.operation.method == "POST" and not needs.has_fields,
    ),
    RequestStep("authenticate", authenticate, _needs_permission),
    RequestStep(
        "app",
        check_app,
        lambda needs, service: (
            service.follows_default_domain and _reads(needs) and _needs_permission(needs, service)
        ),
    ),
    RequestStep(
        "version",
        check_version,
        lambda needs, service: (
            _needs_permission(needs, service)
            and (service.changes.follow(V1_OF_ACCOUNTS) or service.changes.follow(V1_OF_BUCKETS))
        ),
    ),
    RequestStep(
        "payload",
        find_payload,
        lambda needs, service: (
            needs.over_s3 and _needs_permission(needs, service) and not needs.has_fields
        ),
    ),
    RequestStep(
        "website",
        find_index_page,
        lambda needs, service: needs.bucket.has_website and not needs.trusted and _reads(needs),
    ),
    RequestStep(
        "style", find_style, lambda needs, service: needs.bucket.has_image_access and _reads(needs)
    ),
    RequestStep("referer", check_referer, _has_decision),
    RequestStep("authorize", authorize, _needs_permission),
    RequestStep(
        "original",
        check_original,
        lambda needs, service: (
            needs.bucket.has_image_access and not needs.trusted and _reads(needs)
        ),
    ),
    RequestStep("traffic limit", find_limit, _needs_permission),
)


def is_complete(admission: Admission, service: Deployment) -> bool:
    """Whether nothing is added to an answer, as for most requests."""
    record, request = admission.record, admission.request
    if service.follows_default_domain:
        return False
    if record is not None and record.once(plan).adds_headers:
        return False
    return request.original is None and not origin.is_from_browser(request)


COMPLETE: Final = (
    ("default domain", apply_default_domain),
    ("bucket's headers", add_bucket_headers),
    ("translate back", translate_back),
    ("sandbox", sandbox),
)
"""What is added to every answer, also to that of a refused request."""

PERFORM: Final = (("body", check_body), ("operation", perform), *COMPLETE)


def choose(needs: Needs, service: Deployment) -> tuple[RequestStep, ...]:
    """Choose the checks that a request needs, in their order."""
    steps = [step for step in CHECK if step.applies(needs, service)]
    if not service.hotlinks.precedes_acl:
        names = [step.name for step in steps]
        if "authorize" in names:
            at = names.index("referer")
            steps[at : at + 2] = reversed(steps[at : at + 2])
    return tuple(steps)


def needs_of(admission: Admission) -> Needs:
    """Return what decides which checks a request needs, after the steps of `FIND`."""
    record = admission.record
    return Needs(
        admission.operation,
        NO_BUCKET if record is None else record.once(plan),
        admission.request.original is not None,
        admission.trusted,
        admission.form is not None,
    )
