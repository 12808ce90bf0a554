"""Rules about what an entry matches."""

from oss_referer.browser.probes import STRANGER
from oss_referer.browser.strangers import MINI_PROGRAMS
from oss_referer.engine import Reason, Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion
from oss_referer.lint.rule import examines
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.plan import Kind
from oss_referer.plan.proof import covers
from oss_referer.search.automaton import Truncation
from oss_referer.search.entry import Parts, example, parse_entry
from oss_referer.search.sent import SENDS_PATHS
from oss_referer.search.url import is_host, registered


@examines()
def needs_query(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """An entry has a query, but the service cuts the query of the Referer before it compares.

    `AllowTruncateQueryString`, which is true by default, cuts the Referer at its first `?` (R-26)
    and does not cut the entries (R-28). Also, `?` in an entry is a wildcard and not a question mark
    (R-21). Remove the query, and the path, which browsers do not send across sites; or set
    `AllowTruncateQueryString` to false.
    """
    if subject.cut is not Truncation.QUERY or "?" not in entry.parts.rest:
        return None
    return Suspicion(
        Evidence.UNMATCHED,
        (entry.text.replace("*", "www"),),
        Sentence("AllowTruncateQueryString cuts the query off the Referer before the comparison."),
    )


@examines()
def needs_path(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """A blacklist entry has a path, but the service cuts the path of the Referer first.

    `TruncatePath` leaves `scheme://host[:port]` of a Referer, without a `/` (R-27), and does not
    cut the entries (R-28). An entry with a path, even a single `/`, therefore matches nothing.
    Remove the path with its `/`. The whitelist has the rule `truncate-path`.
    """
    if subject.cut is not Truncation.PATH or entry.is_white or not entry.parts.names_host:
        return None
    if "/" not in entry.parts.rest:
        return None
    return Suspicion(
        Evidence.UNMATCHED,
        (example(entry.text),),
        Sentence("TruncatePath cuts the path off the Referer, with its /."),
    )


@examines(Severity.WARNING)
def path_across_sites(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """An entry has a path, but browsers send no path to other sites.

    By default (`strict-origin-when-cross-origin`) a browser sends only `https://host/` to another
    host, such as that of the bucket. Only a page with the policy `unsafe-url` or
    `no-referrer-when-downgrade` sends its path. Write the entry up to its first `/`.
    """
    parts = entry.parts
    if not parts.names_host or entry.is_foreign or parts.rest in ("", "/"):
        return None
    if subject.cut is Truncation.PATH and not entry.is_white:
        return None  # needs_path reports it
    if parts.host == SENDS_PATHS and parts.rest.startswith("/"):
        return None
    origin = Parts(parts.scheme, parts.host, parts.port, "/").join()
    if parse_entry(entry.text).matches(example(origin)):
        return None
    reason = Sentence("To other sites, browsers send the origin without the path.")
    return Suspicion(Evidence.UNMATCHED, (example(origin), STRANGER), reason)


PROGRAM = f"{MINI_PROGRAMS}wx0123456789abcdef/1/page-frame.html"
_OTHER_PROGRAM = f"{MINI_PROGRAMS}wxfedcba9876543210/1/page-frame.html"


@examines(Severity.WARNING)
def any_mini_program(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """An entry allows every WeChat mini program.

    All mini programs send a Referer with the host `servicewechat.com`; only the appid in the path
    tells them apart. `https://servicewechat.com/` therefore allows all mini programs.
    """
    if not entry.is_white or "servicewechat" not in entry.text:
        return None
    if not all(map(entry.pattern.matches, (PROGRAM, _OTHER_PROGRAM))):
        return None
    return Suspicion(
        Evidence.ALLOWED,
        (PROGRAM,),
        Sentence("It names no appid, so it lets in every WeChat mini program."),
    )


@examines()
def wildcard_domain(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """A wildcard replaces the registered name of a site.

    `https://www.*.com/`, `*.com.cn`, `*.github.io` and `https://app-*-team.vercel.app/` match the
    sites of others: only a public suffix (see publicsuffix.org) follows the wildcard, or a part of
    a name before one. Write the whole name of your site; a wildcard may replace only its
    sub-domains. To allow previews, serve them below your own domain.
    """
    line = subject.lines[entry.place]
    is_open = line.reading.kind in (Kind.OTHERS, Kind.NETWORK, Kind.NOTHING)
    if line.stranger is None or not is_open or not (entry.parts.names_host or entry.parts.host):
        return None
    return Suspicion(
        Evidence.ALLOWED,
        (line.stranger,),
        Sentence("It leaves the name of the site open, so it may match the sites of others."),
    )


@examines()
def loose_wildcard(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """A `*` is directly before a domain, without a dot.

    `*example.com` matches `http://www.example.com/` and also `http://notexample.com/`, because `*`
    stands for any characters (R-21). Anybody can register such a domain. Write one entry for the
    domain and one for its sub-domains, with a dot.
    """
    parts = entry.parts
    host = parts.host if parts.rest or parts.port else parts.host.rstrip("*")
    _, star, domain = host.rpartition("*")
    if not star or not entry.is_white or "?" in domain or domain[:1] in ("", "."):
        return None
    above = domain.partition(".")[2]
    if not is_host(domain) or registered(domain) is None or (above and registered(above)):
        return None
    stranger = subject.lines[entry.place].stranger
    if stranger is None:
        return None
    return Suspicion(
        Evidence.ALLOWED,
        (stranger,),
        Sentence("It also matches other domains whose names end like this one."),
    )


@examines()
def open_host(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """A host that does not end in `/` matches longer hosts.

    Entries match by prefix (R-20): `http://www.example.com` also matches
    `http://www.example.com.evil.test/`, a name that anybody can register. End the host with `/`.
    The entry then does not match an origin without that `/`, but browsers always send
    `https://host/`.

    A machine without a registered name, such as `localhost` or `10.0.0.1`, often has servers on
    several ports, and an entry without `/` matches all of them. `http://localhost/` and
    `http://localhost:*/` still match all of them.
    """
    parts, stranger = entry.parts, subject.lines[entry.place].stranger
    shown = stranger or (f"{parts.origin}0/" if parts.port else None)
    if not entry.is_white or parts.rest or not parts.names_host or shown is None:
        return None
    return Suspicion(
        Evidence.ALLOWED,
        (shown,),
        Sentence("It matches every longer host that begins like this one.")
        if parts.port is None
        else Sentence("It matches every longer port that begins like this one."),
    )


@examines(Severity.WARNING)
def wildcard_in_path(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """A `*` in a host also matches another host and the `/` after it.

    `*.example.com` and `https://*.example.com/` match `https://evil.test/.example.com/`, because
    `*` stands for any characters, including `/` (R-21). Only a page that sends its whole address
    has such a Referer, but an attacker can write one (`referrerpolicy="unsafe-url"`).

    The whitelist entry `https://*.example.com/` becomes safe with the blacklist entry
    `https://*/*.example.com/`, which denies every Referer with a `/` before `.example.com/`. Your
    own pages rarely have such a path and send their whole address. Write the scheme in both
    entries, because a `*` in its place has the same fault.
    """
    line = subject.lines[entry.place]
    if line.stranger is None or not line.is_in_path or not entry.parts.names_host:
        return None
    return Suspicion(
        Evidence.ALLOWED,
        (line.stranger,),
        Sentence(
            "Its * can also stand for another host and a /, so a stranger with this name in "
            "its path gets in."
        ),
    )


@examines()
def wildcard_port(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """An entry requires a port, but browsers omit the default port.

    `https://www.example.com:*/` needs the colon before the port (R-21). Browsers send a port only
    if it is not the default of the scheme (B-02), so the entry does not match
    `https://www.example.com/`. Write an entry without a port too.
    """
    parts = entry.parts
    port = parts.port or ""
    if not entry.is_white or not parts.names_host or "*" not in port or port.strip("*?"):
        return None  # also for ports such as 80*
    origin = Parts(parts.scheme, parts.host, None, parts.rest or "/").join()
    reason = Sentence("Browsers leave the default port out, with its colon.")
    return subject.lacks(origin, reason)


_SERVICES = {"*.console.aliyun.com"}
"""Domains that have only sub-domains."""


@examines(Severity.WARNING)
def root_missing(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """A wildcard for sub-domains does not match the domain itself.

    `https://*.example.com/` needs the dot before `example.com` (R-21), which `https://example.com/`
    does not have. Write an entry for the domain too if it has pages.
    """
    parts = entry.parts
    host = parts.host.removeprefix("*.")
    if not entry.is_white or entry.is_foreign or host == parts.host or "*" in host:
        return None
    root = Parts(parts.scheme or "https", host, parts.port, "/").join()
    if not entry.reading.sites:
        return None  # a public suffix, which is not a site of the owner
    if parts.host in _SERVICES:
        return None
    pages = (example(entry.text.replace("*.", f"{name}.", 1)) for name in ("www", "m"))
    if all(subject.decide(page).reason is Reason.BLACKLISTED for page in pages):
        return None  # the blacklist denies all sub-domains, which `shadowed` reports
    reason = Sentence("The domain itself, without a sub-domain, is denied.")
    return subject.lacks(root, reason)


@examines(Severity.WARNING)
def only_http(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """A site is allowed by http only.

    The scheme is compared as text (R-22): `http://www.example.com/` does not match
    `https://www.example.com/`. The rules deny a site that has moved to https. Write both entries.
    """
    parts = entry.parts
    if not entry.is_white or parts.scheme != "http" or not parts.names_host or parts.port:
        return None  # a port serves one scheme
    https = Parts("https", parts.host, None, parts.rest).join()
    return subject.lacks(https, Sentence("The same site is denied by https."))


_OTHER = {"http": "https", "https": "http"}


@examines(Severity.WARNING)
def one_scheme(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """The blacklist denies a site by one scheme only.

    The scheme is compared as text (R-22): `https://thief.example/` does not match
    `http://thief.example/`, so a site that is denied by https gets in if it is opened by http.
    Write both entries.
    """
    parts = entry.parts
    if entry.is_white or parts.scheme not in _OTHER or not parts.names_host or parts.port:
        return None  # a port serves one scheme
    other = Parts(_OTHER[parts.scheme], parts.host, None, parts.rest).join()
    decided = subject.decide(example(other))
    if not decided.reason.allows:
        return None
    if decided.entry is not None and covers(parse_entry(other), decided.entry, subject.cut):
        return None  # the whitelist names this very site
    return Suspicion(
        Evidence.ALLOWED,
        (example(other),),
        Sentence("The same site is allowed by {}.", _OTHER[parts.scheme]),
    )
