"""A brute-force search for Referers that rules let in or keep out, with the obvious matcher.

It shares nothing with the search of the lab: entries become regular expressions, ada-url says what
browsers send, and the Referers to try are made by putting many texts in place of wildcards and many
others after the entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product

import ada_url
from oss_referer import RefererConfiguration

from . import risky_entries
from .risky_entries import Meant

INSTEAD_OF_STAR = (
    "", "a", "www", "www.", "m.www", "a.b", "evil", "evil-", "evil.test/", "s://evil.test/", "x/",
    "://evil.test/", "evil.test:8443/x", "s:/", "s://", "s://www.", "s://evil", "-", "8443", "://",
    "evil.test/x.", "s://m.", "//evil.test/", "evil.test//",
)  # fmt: skip
INSTEAD_OF_MARK = ("a", "s", ".", "/", "1", ":")
BEHIND = (
    "", "/", "a/", ".evil.test/", "evil.test/", ".cn/", ":8443/", "0/", "/x/y", "x", "/?q", "-x/",
    "a.test/",
)  # fmt: skip
PATHS = ("/", "/a", "/index.html", "/?q=1")


@lru_cache(maxsize=4_096)
def _expression(entry: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    return re.compile("".join(signs.get(sign, re.escape(sign)) for sign in entry), re.DOTALL)


def matches(entry: str, referer: str) -> bool:
    """Return whether an entry matches a Referer that is already cut (R-20, R-21)."""
    entry = entry.strip(" \t\r\n")
    return bool(entry) and bool(_expression(entry).match(referer))


def matches_sent(entry: str, rules: RefererConfiguration, referer: str) -> bool:
    """Return whether an entry of some rules matches a Referer as it is sent."""
    return matches(entry, cut(rules, referer))


def allows(rules: RefererConfiguration, referer: str) -> bool:
    """Decide on a Referer that is not empty."""
    seen = cut(rules, referer)
    if any(matches(entry, seen) for entry in rules.blacklist):
        return False
    if not any(entry.strip(" \t\r\n") for entry in rules.whitelist):
        return True
    return any(matches(entry, seen) for entry in rules.whitelist)


def cut(rules: RefererConfiguration, referer: str) -> str:
    """Cut the query or the path off a Referer, if the rules cut it (R-26, R-27)."""
    if rules.truncate_path:
        return "/".join(referer.split("/", 3)[:3])
    return referer.partition("?")[0] if rules.allow_truncate_query_string else referer


_HOST = re.compile(r"\[[0-9a-f:]+\]|([\w!$&'()+,;=~-]{1,63}\.)*[\w!$&'()+,;=~-]{1,63}\.?", re.ASCII)


@lru_cache(maxsize=100_000)
def is_sent(referer: str) -> bool:
    """Return whether a browser can send a Referer (B-02)."""
    if not re.match(r"https?://", referer) or "|" in referer:
        return False
    try:
        url = ada_url.URL(referer)
    except ValueError:
        return False
    fits = _HOST.fullmatch(url.hostname)
    authority = referer.partition("://")[2].partition("/")[0]
    is_plain = "@" not in authority and "#" not in referer
    return fits is not None and url.href == referer and is_plain


def is_by_default(referer: str) -> bool:
    """Return whether a browser sends a Referer by default: the origin with a slash (B-02)."""
    return re.fullmatch(r"https?://[^/?]+/", referer) is not None


@lru_cache(maxsize=100_000)
def host_of(referer: str) -> str:
    """Return the host of a Referer that is sent."""
    return str(ada_url.URL(referer).hostname).removesuffix(".")


def candidates(rules: Iterable[RefererConfiguration], meant: Iterable[Meant]) -> list[str]:
    """Return the Referers to try that browsers can send."""
    entries = {text.strip() for one in rules for text in (*one.whitelist, *one.blacklist)}
    hosts = [host.replace("*", "sub") for one in meant for host in one.hosts]
    made = {
        referer
        for entry in entries
        if len(entry) < 200
        for referer in (*_filled(entry), *_filled(entry.lower()))
    }
    return sorted(filter(is_sent, made.union(_pages(hosts))))


def _filled(entry: str) -> Iterator[str]:
    stars, marks = entry.count("*"), entry.count("?")
    fills = product(
        *([INSTEAD_OF_STAR[: 24 if stars < 3 else 6]] * min(stars, 3)),
        *([INSTEAD_OF_MARK[: 6 if stars < 2 else 2]] * min(marks, 2)),
    )
    for fill in fills:
        starred, marked = iter(fill[: min(stars, 3)]), iter(fill[min(stars, 3) :])
        text = "".join(
            next(starred, "") if sign == "*" else next(marked, "b") if sign == "?" else sign
            for sign in entry
        )
        for end in BEHIND if stars < 2 else BEHIND[:5]:
            yield text + end


def _pages(hosts: list[str]) -> Iterator[str]:
    names = {
        name
        for host in hosts
        for name in (host, f"a.{host}", f"not{host}", f"{host}.evil.test", host.partition(".")[2])
        if name
    }
    inner = {f"/{start}{host}/" for host in hosts for start in ("", ".", "/", "x.", "://")}
    for name in (*names, "evil.test"):
        for scheme, port in product(("https", "http"), ("", ":8443", ":8080")):
            for path in (*PATHS, *(inner if not port else ())):
                yield f"{scheme}://{name}{port}{path}"


# What authors mean


OTHER_MINI_PAGE = "https://servicewechat.com/wxfedcba9876543210/7/page-frame.html"
MINI_PAGES = (risky_entries.MINI_PAGE, OTHER_MINI_PAGE)
_KNOWN = (*risky_entries.DOMAINS, *("xn--fsqu00a.com", "aliyun.com", "example.org"))


def harm(
    rules: RefererConfiguration,
    fixed: RefererConfiguration,
    tried: list[str],
    meant: list[Meant],
    excepted: list[Meant],
) -> Iterator[str]:
    """Yield the harm of a fix to the sites that are meant; a safe fix does none.

    It may lock out pages of the `excepted` hosts.
    """
    if fixed.allow_empty_referer != rules.allow_empty_referer:
        yield "sets AllowEmptyReferer"
    pages = filter(is_sent, (page for one in meant for page in one.pages))
    for referer in {*filter(is_by_default, (*tried, *pages)), *MINI_PAGES}:
        before, after = allows(rules, referer), allows(fixed, referer)
        is_exception = any(_names_host(one, referer) for one in excepted)
        if before and not after and not is_exception and any(names(one, referer) for one in meant):
            yield f"locks out {referer}"
        if after and not before and not any(owns(one, referer) for one in meant):
            yield f"lets in {referer}"


def names(one: Meant, referer: str) -> bool:
    """Return whether an entry or a site names the scheme, host and port of a page."""
    if referer in MINI_PAGES:
        return one.page == referer
    scheme, _, rest = referer.partition("://")
    authority = rest.partition("/")[0]
    port = authority.rpartition("]")[2].partition(":")[2]
    return (
        scheme in one.schemes
        and not authority.partition(":")[0].endswith(".")
        and (f":{port}" if port else "") in ("", *one.ports)
        and _names_host(one, referer)
    )


def _names_host(one: Meant, referer: str) -> bool:
    host = host_of(referer)
    return any(_is_below(host, name) for name in one.hosts)


def owns(one: Meant, referer: str) -> bool:
    """Return whether a page belongs to the registered domains that an entry or a site names."""
    host = host_of(referer)
    if one.page and _is_below(host, "*.servicewechat.com"):
        return referer != OTHER_MINI_PAGE or risky_entries.APPID not in one.text
    return any(_is_below(host, f"*.{_domain(name)}") for name in one.hosts)


def _is_below(host: str, name: str) -> bool:
    """Return whether a name covers a host; a name with a wildcard covers its whole domain."""
    bare = name.removeprefix("*.")
    bare = _domain(bare) if "*" in bare else bare
    return host == bare or ("*" in name and host.endswith(f".{bare}"))


def _domain(host: str) -> str:
    name = host.removeprefix("*.")
    return next((item for item in _KNOWN if f".{name}".endswith(f".{item}")), name)
