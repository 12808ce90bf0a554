"""Static websites: index pages, error pages and redirects for anonymous visitors."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import quote

from oss_emulator.access.authorize import Permission
from oss_emulator.operations import permissions
from oss_emulator.operations.call import Call
from oss_emulator.operations.document import document
from oss_emulator.protocol import headers, xml
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.headers import location
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.xml import DocumentError

MAX_RULES: Final = 20

_KEY: Final = "${key}"

# The first is the default; it also replaces invalid values (HttpStatus, HttpRedirectCode).
_ERROR_STATUSES: Final = (404, 200)
_REDIRECT_STATUSES: Final = (301, 302, 303, 307, 308)

_MIRROR: Final[dict[str, xml.Value]] = {
    "PassQueryString": "false",
    "MirrorPassQueryString": "false",
    "MirrorFollowRedirect": "true",
    "MirrorCheckMd5": "false",
    "MirrorPassOriginalSlashes": "false",
}
"""The default elements of a redirect of the type Mirror."""


@document("""
PUT GET DELETE /bucket?website BucketWebsite enforced
absent: NO_SUCH_WEBSITE
WebsiteConfiguration
  IndexDocument?
    Suffix text
    SupportSubDir? boolean
    Type? 0..2
  ErrorDocument?
    Key text
    HttpStatus? text
  RoutingRules?
    RoutingRule*
      RuleNumber 1..
      Condition?
        IncludeHeader*
          Key name
          Equals? text
          StartsWith? text
          EndsWith? text
        KeyPrefixEquals? text
        KeySuffixEquals? text
        HttpErrorCodeReturnedEquals? 100..599
      Redirect?
        RedirectType? Mirror|External|Internal|AliCDN =External
        Protocol? http|https
        HostName? text
        PassQueryString? boolean
        ReplaceKeyWith? text
        ReplaceKeyPrefixWith? text
        EnableReplacePrefix? boolean
        HttpRedirectCode? 300..399
        MirrorURL? text
        MirrorURLSlave? text
        MirrorURLProbe? text
        MirrorPassQueryString? boolean
        MirrorFollowRedirect? boolean
        MirrorCheckMd5? boolean
        MirrorSNI? boolean
        MirrorPassOriginalSlashes? boolean
        MirrorAllowVideoSnapshot? boolean
        MirrorAllowHeadObject? boolean
        MirrorAllowGetImageInfo? boolean
        MirrorAsyncStatus? 0..
        MirrorDstRegion? text
        MirrorDstVpcId? text
        MirrorDstSlaveVpcId? text
        MirrorTunnelId? text
        MirrorIsExpressTunnel? boolean
        MirrorRole? text
        MirrorUsingRole? boolean
        MirrorProxyPass? boolean
        MirrorSaveOssMeta? boolean
        MirrorUserLastModified? boolean
        MirrorSwitchAllErrors? boolean
        TransparentMirrorResponseCodes? text
        MirrorAuth?
          AuthType? text
          Region? text
          AccessKeyId? text
          AccessKeySecret? text
        MirrorHeaders?
          PassAll? boolean
          Pass{0,10} text
          Remove{0,10} text
          Set{0,10}
            Key text
            Value text
        MirrorTaggings?
          Taggings*
            Key text
            Value text
        MirrorReturnHeaders?
          ReturnHeader*
            Key text
            Value text
        MirrorMultiAlternates?
          MirrorMultiAlternate*
            MirrorMultiAlternateNumber? 0..
            MirrorMultiAlternateURL? text
            MirrorMultiAlternateVpcId? text
            MirrorMultiAlternateDstRegion? text
      LuaConfig?
        Script? text
""")
def website(node: xml.Node, _: Call) -> xml.Value:
    """The pages, error pages and routing rules of a site."""
    if not any(True for _ in node):
        raise DocumentError(
            "A WebsiteConfiguration must have IndexDocument, ErrorDocument or RoutingRules."
        )
    suffix = node.text("IndexDocument/Suffix")
    if "/" in suffix:
        message = "The name of the index page must not contain a slash."
        raise headers.invalid_argument("Suffix", suffix, message)
    status = node.text("ErrorDocument/HttpStatus", "404")
    if not re.fullmatch("[1-5][0-9]{2}", status):
        message = "HttpStatus is Invalid"
        raise headers.invalid_argument("HttpStatus", status, message, ec="0019-00000002")
    routing = node.first("RoutingRules")
    if routing is None:
        return node.content
    rules = routing.all("RoutingRule")
    if len(rules) > MAX_RULES:
        raise DocumentError(f"There are {len(rules)} routing rules; the limit is {MAX_RULES}.")
    for number, times in Counter(rule.text("RuleNumber") for rule in rules).items():
        if times > 1:
            message = "Two routing rules have the same number."
            raise headers.invalid_argument("RuleNumber", number, message)
    rest = [(child.name, child.content) for child in node if child.name != "RoutingRules"]
    return [*rest, ("RoutingRules", [("RoutingRule", _normalize_rule(rule)) for rule in rules])]


def _normalize_rule(rule: xml.Node) -> xml.Value:
    """Return a rule; a rule that mirrors gets the defaults of the service (P-58).

    `PassQueryString` takes the value of `MirrorPassQueryString`. Raises `DocumentError` for a rule
    that does nothing.
    """
    redirect = rule.first("Redirect")
    if redirect is None and rule.first("LuaConfig") is None:
        raise DocumentError("A RoutingRule must have Redirect or LuaConfig.")
    if redirect is None or redirect.text("RedirectType") != "Mirror":
        return rule.content
    url = redirect.text("MirrorURL")
    if not url.startswith(("http://", "https://")) or not url.endswith("/"):
        message = "The origin of a mirror must be an HTTP URL that ends with a slash."
        raise headers.invalid_argument("MirrorURL", url, message)
    status = rule.text("Condition/HttpErrorCodeReturnedEquals", "404")
    if status != "404":
        message = "A rule that mirrors applies to the status 404 only."
        raise headers.invalid_argument("HttpErrorCodeReturnedEquals", status, message)
    settled = {**_MIRROR, **{child.name: child.content for child in redirect}}
    mirrored = redirect.first("MirrorHeaders")
    if mirrored is not None and mirrored.first("PassAll") is None:
        settled["MirrorHeaders"] = [
            ("PassAll", "false"),
            *((child.name, child.content) for child in mirrored),
        ]
    if redirect.first("MirrorPassQueryString") is not None:
        settled["PassQueryString"] = settled["MirrorPassQueryString"]
    content = {child.name: child.content for child in rule}
    ordered = [(name, settled[name]) for name in _REDIRECT if name in settled]
    return list({**content, "Redirect": ordered}.items())


_REDIRECT: Final = [
    child.name
    for rules in website.schema.children
    for rule in rules.children
    for redirect in rule.children
    for child in redirect.children
    if redirect.name == "Redirect"
]
"""The elements of a redirect in the order of the service (P-98)."""


class Missing(Enum):
    """How a request for `abc` is answered if only `abc/index.html` exists (Type)."""

    REDIRECT = "0"
    FAIL = "1"
    SERVE = "2"


class Redirect(NamedTuple):
    """The redirect of a rule. AliCDN differs from External only in a header for the CDN."""

    internal: bool
    """Whether to answer with another object instead of a redirect."""
    status: int
    protocol: str
    host: str
    replace_key: str
    replace_prefix: str
    replaces_prefix: bool
    passes_query: bool


class IncludedHeader(NamedTuple):
    """A header that a request must have (IncludeHeader)."""

    name: str
    """In lower case."""
    equals: str
    """The required value; "" for any value, as for its required beginning and end."""
    starts_with: str
    ends_with: str

    def matches(self, value: str | None) -> bool:
        return (
            value is not None
            and self.equals in ("", value)
            and value.startswith(self.starts_with)
            and value.endswith(self.ends_with)
        )


class RoutingRule(NamedTuple):
    """A condition, and the redirect for requests that meet it."""

    number: int
    prefix: str
    suffix: str
    status: int | None
    """The status to which the rule applies; None for a rule that applies before the lookup."""
    headers: tuple[IncludedHeader, ...]
    redirect: Redirect | None
    """None for mirroring and for Lua, which are stored but not emulated."""

    def applies(self, key: str, headers: Mapping[str, str], status: int | None) -> bool:
        """Return whether the rule applies; `status` is None before the lookup of the object."""
        return (
            status == self.status
            and key.startswith(self.prefix)
            and key.endswith(self.suffix)
            and all(header.matches(headers.get(header.name)) for header in self.headers)
        )

    def rewrite(self, redirect: Redirect, key: str) -> str:
        """Return the key of the object to answer with instead."""
        if redirect.replace_key:
            return redirect.replace_key.replace(_KEY, key)
        if redirect.replaces_prefix or redirect.replace_prefix:
            return redirect.replace_prefix + key.removeprefix(self.prefix)
        return key

    def locate(self, redirect: Redirect, key: str, query: str, scheme: str, root: str) -> str:
        """Return the URL of a redirect; `scheme` and `root` (host and path) are the site's."""
        path = quote(self.rewrite(redirect, key), safe="/~", errors="replace")
        url = f"{redirect.protocol or scheme}://{redirect.host or root}/{path}"
        return location(f"{url}?{query}" if redirect.passes_query and query else url)


@dataclass(frozen=True, slots=True)
class WebsiteConfiguration:
    suffix: str
    """The name of the index page, empty for none."""
    support_subdir: bool
    missing: Missing
    error_key: str
    error_status: int
    rules: tuple[RoutingRule, ...]

    def index(self, key: str) -> str:
        """Return the key of the index page of a folder; other keys are returned unchanged."""
        if not self.suffix or (key and not key.endswith("/")):
            return key
        return f"{key}{self.suffix}" if self.support_subdir else self.suffix

    def index_below(self, key: str) -> str:
        """Return the index page of the folder with the name of a key; "" for none."""
        if not (self.suffix and self.support_subdir) or self.missing is Missing.FAIL:
            return ""
        return f"{key}/{self.suffix}"

    def route(self, key: str, headers: Mapping[str, str], status: int | None) -> RoutingRule | None:
        """Return the rule for a request: the first that applies, by RuleNumber."""
        return next((rule for rule in self.rules if rule.applies(key, headers, status)), None)


class PageRequest(NamedTuple):
    """A request of an anonymous visitor for a page."""

    site: WebsiteConfiguration
    key: str
    """The key that was requested, before an index page replaced it."""
    root: str = ""
    """The path of the site's root, without a slash at the end: in path style, the bucket."""


@lru_cache(256)
def parse(document: bytes) -> WebsiteConfiguration:
    """Parse a stored configuration. The cache is keyed by the bytes, so it is never stale."""
    root = xml.parse(document, website.schema.name)
    routing = root.first("RoutingRules")
    rules = [] if routing is None else map(_read_rule, routing.all("RoutingRule"))
    return WebsiteConfiguration(
        suffix=root.text("IndexDocument/Suffix"),
        support_subdir=_is_true(root, "IndexDocument/SupportSubDir"),
        missing=Missing(root.text("IndexDocument/Type") or "0"),
        error_key=root.text("ErrorDocument/Key"),
        error_status=_status(root, "ErrorDocument/HttpStatus", _ERROR_STATUSES),
        rules=tuple(sorted(rules, key=lambda rule: rule.number)),
    )


def _read_rule(node: xml.Node) -> RoutingRule:
    condition, redirect = node.first("Condition"), node.first("Redirect")
    code = node.text("Condition/HttpErrorCodeReturnedEquals")
    included = [] if condition is None else condition.all("IncludeHeader")
    return RoutingRule(
        number=int(node.text("RuleNumber") or 0),
        prefix=node.text("Condition/KeyPrefixEquals"),
        suffix=node.text("Condition/KeySuffixEquals"),
        status=int(code) if code else None,
        headers=tuple(map(_read_header, included)),
        redirect=None if redirect is None else _read_redirect(redirect),
    )


def _read_header(node: xml.Node) -> IncludedHeader:
    values = (node.text(name) for name in ("Equals", "StartsWith", "EndsWith"))
    return IncludedHeader(node.text("Key").lower(), *values)


def _read_redirect(node: xml.Node) -> Redirect | None:
    if node.text("RedirectType") == "Mirror":
        return None
    return Redirect(
        internal=node.text("RedirectType") == "Internal",
        status=_status(node, "HttpRedirectCode", _REDIRECT_STATUSES),
        protocol=node.text("Protocol"),
        host=node.text("HostName"),
        replace_key=node.text("ReplaceKeyWith"),
        replace_prefix=node.text("ReplaceKeyPrefixWith"),
        replaces_prefix=_is_true(node, "EnableReplacePrefix"),
        passes_query=_is_true(node, "PassQueryString"),
    )


def _status(node: xml.Node, name: str, known: tuple[int, ...]) -> int:
    text = node.text(name)
    return next((status for status in known if text == str(status)), known[0])


def _is_true(node: xml.Node, name: str) -> bool:
    return node.text(name).lower() == "true"


_NOT_FOUND: Final = 404

# An error page is always sent whole: range and conditions apply only to the missing page.
_PARTIAL: Final = frozenset(
    {"range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"}
)


def serve(call: Call, visit: PageRequest) -> Response:
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


def _replace_missing(call: Call, visit: PageRequest) -> Response | None:
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


def _follow(call: Call, visit: PageRequest, rule: RoutingRule) -> Response:
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
