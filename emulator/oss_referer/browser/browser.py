"""Predicts the request that a browser sends for an object on a page: its URL and its Referer.

The W3C standard Referrer Policy defines the Referer (B-08). `docs/browser.md` compares these
predictions with the requests of Chromium.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from oss_referer.search.url import MAX_LENGTH, WebURL


class ReferrerPolicy(StrEnum):
    """The policies that a page can set with a header, `<meta>` or an attribute."""

    NO_REFERRER = "no-referrer"
    NO_REFERRER_WHEN_DOWNGRADE = "no-referrer-when-downgrade"
    SAME_ORIGIN = "same-origin"
    ORIGIN = "origin"
    STRICT_ORIGIN = "strict-origin"
    ORIGIN_WHEN_CROSS_ORIGIN = "origin-when-cross-origin"
    STRICT_ORIGIN_WHEN_CROSS_ORIGIN = "strict-origin-when-cross-origin"
    UNSAFE_URL = "unsafe-url"


DEFAULT = ReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN
"""The policy of a page that sets none."""


class Delivery(StrEnum):
    """How a page sets its policy."""

    NONE = "none"
    HEADER = "header"
    META = "meta"
    ATTRIBUTE = "attribute"  # of the element, or the option `referrerPolicy` of fetch
    REL = "rel=noreferrer"


class Mixed(Enum):
    """How a browser treats an http request of an https page (B-01)."""

    UPGRADED = "sent by https, with the Referer"
    BLOCKED = "not sent, or by https if the page has upgrade-insecure-requests"
    NAVIGATED = "sent by https if the host answers it, without the Referer of a downgrade"


class Sender(Enum):
    """The document, style sheet or worker whose URL is the Referer."""

    PAGE = "the page"
    FILE = "a file of the page: a style sheet, a worker or a frame"
    NOBODY = "a document without a URL of its own (B-05)"


class Embedding(StrEnum):
    """The ways in which a page makes a browser request an object."""

    IMG = "img"
    SRCSET = "img srcset"
    PICTURE = "picture"
    STYLE_SHEET = "background in a style sheet"
    STYLE_ELEMENT = "background in a style element"
    INLINE_STYLE = "background in an inline style"
    VIDEO = "video"
    AUDIO = "audio"
    IFRAME = "iframe"
    OBJECT = "object"
    SCRIPT = "script"
    FETCH = "fetch"
    XHR = "XMLHttpRequest"
    PREFETCH = "link rel=prefetch"
    WORKER = "worker script"
    LINK = "link"
    DOWNLOAD = "link with download"
    REDIRECT = "img by a redirect of the site"
    REDIRECT_AWAY = "img by a redirect of another site"
    REDIRECT_LOOSE = "img by a redirect of another site with unsafe-url"
    LINK_AWAY = "link to a redirect of another site"
    WORKER_FETCH = "fetch in a worker"
    BLOB_WORKER_FETCH = "fetch in a blob: worker"
    SRCDOC = "img in a srcdoc iframe"
    BLANK = "img in an about:blank iframe"
    WRITTEN = "img in a written about:blank iframe"
    SANDBOX = "img in a sandboxed iframe"
    SANDBOX_OF_ORIGIN = "img in a sandboxed iframe with allow-same-origin"
    DATA = "img in a data: iframe"
    BLOB = "img in a blob: iframe"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How a browser requests an object for one element."""

    mixed: Mixed
    sender: Sender = Sender.PAGE
    same_origin_only: bool = False
    ignores_policy: bool = False
    """Whether the Referer follows the default policy, even if the page sets another (B-09)."""


_BLOCKED = "SRCSET PICTURE IFRAME OBJECT SCRIPT FETCH XHR PREFETCH".split()

BEHAVIOURS: Mapping[Embedding, Behaviour] = {
    **{item: Behaviour(Mixed.UPGRADED) for item in Embedding},
    **{Embedding[name]: Behaviour(Mixed.BLOCKED) for name in _BLOCKED},
    Embedding.STYLE_SHEET: Behaviour(Mixed.UPGRADED, sender=Sender.FILE),
    Embedding.STYLE_ELEMENT: Behaviour(Mixed.UPGRADED, ignores_policy=True),
    Embedding.INLINE_STYLE: Behaviour(Mixed.UPGRADED, ignores_policy=True),
    Embedding.WORKER: Behaviour(Mixed.BLOCKED, same_origin_only=True),
    Embedding.LINK: Behaviour(Mixed.NAVIGATED),
    Embedding.DOWNLOAD: Behaviour(Mixed.NAVIGATED),
    Embedding.LINK_AWAY: Behaviour(Mixed.NAVIGATED),
    Embedding.WORKER_FETCH: Behaviour(Mixed.BLOCKED, sender=Sender.FILE),
    Embedding.BLOB_WORKER_FETCH: Behaviour(Mixed.BLOCKED, sender=Sender.NOBODY),
    Embedding.BLANK: Behaviour(Mixed.UPGRADED, sender=Sender.NOBODY),
    Embedding.SANDBOX: Behaviour(Mixed.UPGRADED, sender=Sender.NOBODY),
    Embedding.SANDBOX_OF_ORIGIN: Behaviour(Mixed.UPGRADED, sender=Sender.FILE),
    Embedding.DATA: Behaviour(Mixed.UPGRADED, sender=Sender.NOBODY),
    Embedding.BLOB: Behaviour(Mixed.UPGRADED, sender=Sender.NOBODY),
}
"""An element without its own line is an image or a medium of the page, and upgraded."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that a browser sends."""

    scheme: str
    """The scheme of the request; https if the browser upgrades an http request (B-01, B-07)."""
    referer: str | None
    """The Referer; None means no header."""


def send(page: str, target: str, policy: ReferrerPolicy = DEFAULT) -> str | None:
    """Return the Referer of a request from a page to a target; None means no header.

    Raises WebURLError.
    """
    return _refer(WebURL.parse(page), WebURL.parse(target), policy)


def predict(
    element: Embedding,
    page: WebURL,
    target: WebURL,
    delivery: Delivery = Delivery.NONE,
    policy: ReferrerPolicy = DEFAULT,
    file: WebURL | None = None,
    stop: WebURL | None = None,
    upgrades: bool = False,
) -> Sent | None:
    """Return the request of a browser for an element of a page; None if it sends none.

    `target` is a URL as the page writes it, on a host that answers http and https. `file` is the
    style sheet, the worker or the frame that requests it, `stop` the URL that redirects to it.
    `upgrades` says whether the page has the header
    `Content-Security-Policy: upgrade-insecure-requests`; a worker obeys only the header of its
    script.
    """
    behaviour = BEHAVIOURS[element]
    asked = _ask(behaviour, page, target, upgrades=upgrades)
    if asked is None:
        return None
    # Chromium ignores rel=noreferrer if `download` saves a file of the same origin (B-10).
    saved = element is Embedding.DOWNLOAD and page.origin == target.origin
    if behaviour.sender is Sender.NOBODY or (delivery is Delivery.REL and not saved):
        return Sent(asked.scheme, None)
    if behaviour.ignores_policy:
        policy = DEFAULT
    sender = page
    if behaviour.sender is Sender.FILE and file is not None:
        sender = file
        if delivery is Delivery.META:
            policy = DEFAULT  # a style sheet or worker obeys only the header of its own response
    # A browser upgrades a navigation after it chooses the Referer (B-01).
    is_navigation = behaviour.mixed is Mixed.NAVIGATED or element is Embedding.IFRAME
    seen = target if is_navigation else asked
    if stop is None:
        return Sent(asked.scheme, _refer(sender, seen, policy))
    first = _refer(sender, stop, policy)
    return Sent(asked.scheme, first and _refer(WebURL.parse(first), seen, policy))


def _ask(behaviour: Behaviour, page: WebURL, target: WebURL, *, upgrades: bool) -> WebURL | None:
    """Return the URL that the browser requests; None if it sends no request."""
    if behaviour.same_origin_only and page.origin != target.origin:
        return None
    if target.scheme == "https":
        return target
    if page.scheme == "https":
        is_upgraded = upgrades and behaviour.sender is not Sender.FILE
        is_blocked = behaviour.mixed is Mixed.BLOCKED and not is_upgraded
        return None if is_blocked else target.by("https")
    # A host with http pages does not serve https; otherwise its pages would use https.
    # A navigation to a port other than 80 is not upgraded.
    is_elsewhere = page.host != target.host and not target.port
    is_navigation = behaviour.mixed is Mixed.NAVIGATED
    return target.by("https") if is_navigation and is_elsewhere else target


def _refer(page: WebURL, target: WebURL, policy: ReferrerPolicy) -> str | None:
    same_origin = page.origin == target.origin
    downgrade = page.scheme == "https" and target.scheme != "https"
    origin = f"{page.origin}/"
    whole = page.text if len(page.text) <= MAX_LENGTH else origin
    strict = None if downgrade else origin
    referers = {
        ReferrerPolicy.NO_REFERRER: None,
        ReferrerPolicy.NO_REFERRER_WHEN_DOWNGRADE: None if downgrade else whole,
        ReferrerPolicy.SAME_ORIGIN: whole if same_origin else None,
        ReferrerPolicy.ORIGIN: origin,
        ReferrerPolicy.STRICT_ORIGIN: strict,
        ReferrerPolicy.ORIGIN_WHEN_CROSS_ORIGIN: whole if same_origin else origin,
        ReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN: whole if same_origin else strict,
        ReferrerPolicy.UNSAFE_URL: whole,
    }
    return referers[policy]
