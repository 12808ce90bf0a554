"""Static websites: pages, redirects and error pages for anonymous visitors."""

from dataclasses import replace
from typing import Final
from urllib.parse import quote

from oss_emulator.access.authorize import Permission
from oss_emulator.documents.website import Missing, RoutingRule, Visit, WebsiteConfiguration
from oss_emulator.operations import permissions
from oss_emulator.operations.call import Call
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Response

_NOT_FOUND: Final = 404

# An error page is always sent whole: range and conditions apply only to the missing page.
_PARTIAL: Final = frozenset(
    {"range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}
)


def serve(call: Call, visit: Visit) -> Response:
    """Answer with a page, a redirect or the site's error page (PutBucketWebsite).

    Rules without a status come first. For a missing object, rules for status 404 follow, then the
    folder with its name (Type: page or redirect), then the error page. Otherwise raises the error
    of the object's operation.
    """
    rule = visit.site.route(visit.key, call.request.headers, None)
    if rule is not None and rule.redirect is not None:
        return _follow(call, visit, rule)
    try:
        return call.operation.handler(call)
    except OSSError as error:
        if error.status != _NOT_FOUND:
            raise
        found = _replace_missing(call, visit)
        if found is None:
            raise
        return found


def _replace_missing(call: Call, visit: Visit) -> Response | None:
    site = visit.site
    rule = site.route(visit.key, call.request.headers, _NOT_FOUND)
    if rule is not None and rule.redirect is not None:
        return _follow(call, visit, rule)
    below = "" if visit.key.endswith("/") else site.index_below(visit.key)
    if below and _is_readable(call, below):
        if site.missing is Missing.REDIRECT:
            return Response(302, {"Location": f"{visit.root}/{quote(visit.key)}/"})
        return _answer(call, below)
    return _error_page(call, site) if site.error_key else None


def _error_page(call: Call, site: WebsiteConfiguration) -> Response | None:
    """Return the current error page, regardless of the requested version or range."""
    headers = {name: value for name, value in call.request.headers.items() if name not in _PARTIAL}
    request = call.request._replace(headers=headers, query={}, query_string="")
    plain = call._replace(admission=replace(call.admission, request=request))
    if not _is_readable(plain, site.error_key):
        return None
    return _answer(plain, site.error_key)._replace(status=site.error_status)


def _follow(call: Call, visit: Visit, rule: RoutingRule) -> Response:
    """Follow a redirect rule; an internal redirect answers with another object."""
    redirect, request = rule.redirect, call.request
    assert redirect is not None  # noqa: S101 - only such rules are followed
    if redirect.internal:
        key = rule.rewrite(redirect, visit.key)
        item = call.storage.object(call.bucket.name, key, call.version_id)
        if item is not None:
            permissions.check(call, call.bucket, key, Permission.READ, item)
        return _answer(call, key)
    scheme = "https" if request.secure else "http"
    root = f"{request.host}{visit.root}"
    location = rule.locate(redirect, visit.key, request.query_string, scheme, root)
    return Response(redirect.status, {"Location": location})


def _answer(call: Call, key: str) -> Response:
    """Perform the same operation on another object."""
    target = Target(call.bucket.name, key)
    return call.operation.handler(call._replace(admission=replace(call.admission, target=target)))


def _is_readable(call: Call, key: str) -> bool:
    item = call.storage.object(call.bucket.name, key, call.version_id)
    if item is None or item.delete_marker:
        return False
    return permissions.allows(call, call.bucket, key, Permission.READ, item)
