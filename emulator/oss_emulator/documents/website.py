"""Static websites: pages for folders and for what is not there, redirects (PutBucketWebsite)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from oss_emulator.protocol import xml
from oss_emulator.protocol.headers import location

_KEY: Final = "${key}"

# Where a configuration says something else, the default holds (HttpStatus, HttpRedirectCode).
_ERROR_STATUSES: Final = (404, 200)
_REDIRECT_STATUSES: Final = (301, 302, 303, 307, 308)


class Missing(Enum):
    """What is done for `abc` where only `abc/index.html` is there (Type)."""

    REDIRECT = "0"
    FAIL = "1"
    SERVE = "2"


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where a rule sends its requests. AliCDN differs in a header for the CDN alone."""

    internal: bool
    """Whether the other object is answered at once, without a redirect."""
    status: int
    protocol: str
    host: str
    replace_key: str
    replace_prefix: str
    replaces_prefix: bool
    passes_query: bool


@dataclass(frozen=True, slots=True)
class Header:
    """A header a request must have (IncludeHeader)."""

    name: str
    """In lower case."""
    equals: str
    """The value it must have, "" for any; so with its beginning and its end."""
    starts_with: str
    ends_with: str

    def fits(self, value: str | None) -> bool:
        return (
            value is not None
            and self.equals in ("", value)
            and value.startswith(self.starts_with)
            and value.endswith(self.ends_with)
        )


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """A condition, and what is done where it holds."""

    number: int
    prefix: str
    suffix: str
    status: int | None
    """The status of the answer it is for; None where it is asked before the object."""
    headers: tuple[Header, ...]
    redirect: Redirect | None
    """None for mirroring, which is kept and never done."""

    def applies(self, key: str, headers: Mapping[str, str], status: int | None) -> bool:
        """Whether it is for a request, before (None) or after the object was looked for."""
        return (
            status == self.status
            and key.startswith(self.prefix)
            and key.endswith(self.suffix)
            and all(header.fits(headers.get(header.name)) for header in self.headers)
        )

    def rewrite(self, redirect: Redirect, key: str) -> str:
        """The object that takes the place of the one asked for."""
        if redirect.replace_key:
            return redirect.replace_key.replace(_KEY, key)
        if redirect.replaces_prefix or redirect.replace_prefix:
            return redirect.replace_prefix + key.removeprefix(self.prefix)
        return key

    def locate(self, redirect: Redirect, key: str, query: str, scheme: str, root: str) -> str:
        """The URL a request is sent to; scheme and root (host and path) are those of the site."""
        path = quote(self.rewrite(redirect, key), safe="/~", errors="replace")
        url = f"{redirect.protocol or scheme}://{redirect.host or root}/{path}"
        return location(f"{url}?{query}" if redirect.passes_query and query else url)


@dataclass(frozen=True, slots=True)
class WebsiteConfiguration:
    """The website that a bucket is."""

    suffix: str
    """The name of the index document, "" for none."""
    support_subdir: bool
    missing: Missing
    error_key: str
    error_status: int
    rules: tuple[RoutingRule, ...]

    def index(self, key: str) -> str:
        """The object that is served for a folder; any other key is its own."""
        if not self.suffix or (key and not key.endswith("/")):
            return key
        return f"{key}{self.suffix}" if self.support_subdir else self.suffix

    def index_below(self, key: str) -> str:
        """The index document of the folder that a key without a slash might mean, "" for none."""
        if not (self.suffix and self.support_subdir) or self.missing is Missing.FAIL:
            return ""
        return f"{key}/{self.suffix}"

    def route(self, key: str, headers: Mapping[str, str], status: int | None) -> RoutingRule | None:
        """The rule for a request: the first by its number (RuleNumber)."""
        for rule in self.rules:
            if rule.applies(key, headers, status):
                return rule
        return None


@dataclass(frozen=True, slots=True)
class Visit:
    """A page that an anonymous visitor asks for."""

    site: WebsiteConfiguration
    key: str
    """As it was asked for, before an index document took its place."""
    root: str = ""
    """The path of the site's root without its slash: the bucket in path style."""


@lru_cache(256)
def parse(document: bytes) -> WebsiteConfiguration:
    """Read a configuration that was kept; known by its bytes, so never stale."""
    root = xml.parse(document, "WebsiteConfiguration")
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
    headers = [] if condition is None else condition.all("IncludeHeader")
    return RoutingRule(
        number=int(node.text("RuleNumber") or 0),
        prefix=node.text("Condition/KeyPrefixEquals"),
        suffix=node.text("Condition/KeySuffixEquals"),
        status=int(code) if code else None,
        headers=tuple(map(_read_header, headers)),
        redirect=None if redirect is None else _read_redirect(redirect),
    )


def _read_header(node: xml.Node) -> Header:
    values = (node.text(name) for name in ("Equals", "StartsWith", "EndsWith"))
    return Header(node.text("Key").lower(), *values)


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
