"""Applies the policy of the service's own host names, or names the rule that it would apply."""

from oss_referer import Signing
from oss_referer.browser.changes import REDIRECTS_AT_ENDPOINTS, Changes
from oss_referer.browser.default_domain import (
    DomainKind,
    DomainRequest,
    DomainRule,
    find_rule,
    find_rule_today,
)

from oss_emulator.operations.admission import Admission
from oss_emulator.operations.configurations import accelerated_since
from oss_emulator.pipeline import images
from oss_emulator.pipeline.deployment import Deployment
from oss_emulator.protocol.address import is_accelerate, is_public_endpoint
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

_SUCCESS = (200, 206)


def apply(
    response: Response, admission: Admission, service: Deployment, *, failed: bool
) -> Response:
    """Turn an answer into a download where the service's own host names do so (D-01 to D-06).

    Raises `ApkDownloadForbidden` for an app (D-07), with the object's headers except `Content-…`,
    and `ExternalRedirectForbidden` for a redirect of a website (D-08).
    """
    if admission.trusted or not service.follows_default_domain:
        return response
    changes = service.changes
    if admission.visit is not None and "Location" in response.headers:
        _check_redirect(admission, changes)
    if response.status not in _SUCCESS:
        return response
    rule = _find(admission, response.headers.get("Content-Type", ""), changes)
    if rule is None:
        return response
    if rule.refuses:
        known = {name: text for name, text in response.headers.items() if name[:8] != "Content-"}
        raise OSSError(ErrorCase.APP_DOWNLOAD, ec=rule.ec, headers=known)
    forced = {
        "x-oss-force-download": "true",
        "Content-Disposition": "attachment",
        "x-oss-ec": rule.ec,
    }
    return response._replace(headers={**response.headers, **forced})


def find_rule_at_endpoint(admission: Admission, response: Response) -> DomainRule | None:
    """Return the rule that the service would apply to this answer at its public endpoint.

    It treats the bucket as new, and ignores the host of this request.
    """
    passes = admission.claimed.signing is Signing.HEADER
    if passes or admission.operation.name not in images.READS or response.status not in _SUCCESS:
        return None
    kind = response.headers.get("Content-Type", "")
    return find_rule_today(admission.region, admission.target.key, kind)


def _find(admission: Admission, content_type: str, changes: Changes) -> DomainRule | None:
    kind, bucket = _kind(admission), admission.record
    if kind is None or bucket is None or admission.operation.name not in images.READS:
        return None
    request = DomainRequest(
        kind,
        admission.region,
        key=admission.target.key,
        content_type=content_type,
        created=bucket.created,
        accelerated=accelerated_since(bucket.documents),
    )
    return find_rule(request, changes)


def _kind(admission: Admission) -> DomainKind | None:
    """Return the kind of the host name; None if the policy does not apply."""
    host = admission.request.host
    if admission.claimed.signing is Signing.HEADER:
        return None
    if is_accelerate(host):
        return DomainKind.ACCELERATE
    return DomainKind.PUBLIC if is_public_endpoint(host, admission.region) else None


def _check_redirect(admission: Admission, changes: Changes) -> None:
    bucket = admission.record
    if (
        bucket is not None
        and _kind(admission) is DomainKind.PUBLIC
        and changes.follow(REDIRECTS_AT_ENDPOINTS, bucket.created)
    ):
        raise OSSError(ErrorCase.EXTERNAL_REDIRECT)
