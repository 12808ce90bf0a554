"""Interception: unchanged code for `https://oss-cn-….aliyuncs.com` uses an emulator.

Requests to host names of OSS, STS and KMS are sent to the emulator with their original Host header,
which names the bucket. Covered clients are `requests` (oss2, SDK V2, the SDKs of STS and KMS),
aiohttp (their asynchronous forms), httpx, urllib3 and urllib. Any other client fails when it looks
up such a name, so nothing reaches the service. Requests to other hosts are not changed.
"""

import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, wraps
from http.client import HTTPConnection
from importlib import import_module
from inspect import (
    isasyncgenfunction,
    isclass,
    iscoroutinefunction,
    isgeneratorfunction,
    signature,
)
from threading import RLock
from typing import Any, Generic, TypeVar, cast, overload
from unittest import mock
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import OpenerDirector, Request
from weakref import WeakKeyDictionary

from oss_referer.sources.bucket import ServiceAddress
from oss_referer.sources.endpoint import ENDPOINT

from oss_emulator.kms import KMS
from oss_emulator.sts import STS
from oss_emulator.testing.emulator import Emulator

_OF_IMAGES = re.compile(r"(?:.*\.)?img-[a-z0-9-]+\.aliyuncs\.com", re.DOTALL)
"""The older endpoints of image processing, with or without a bucket."""


def _name(host: str) -> str:
    """Return a host as it is looked up: decoded as by urllib, with IDNA, without the last dot."""
    name = unquote(host).partition("\0")[0]  # `socket.getaddrinfo` ignores the rest
    with suppress(UnicodeError):  # an empty or too long label
        name = name.encode("idna").decode("ascii")
    return name.lower().strip().rstrip(".")  # IDNA converts other spaces into plain spaces


def is_of_service(host: str) -> bool:
    """Return whether a host belongs to OSS, STS or KMS, in any spelling."""
    name = _name(host)
    of_oss = ENDPOINT.fullmatch(name) or _OF_IMAGES.fullmatch(name)
    return of_oss is not None or STS.is_host(name) or KMS.is_host(name)


def redirect(url: str, endpoint: str) -> tuple[str, str] | None:
    """Return the emulator's URL and the Host to send; None for URLs of other services."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not is_of_service(parts.hostname or ""):
        return None
    target = urlsplit(endpoint)
    port = "" if parts.port is None else f":{parts.port}"
    host = f"{_name(parts.hostname or '')}{port}"
    return urlunsplit((target.scheme, target.netloc, *parts[2:])), host


def _is_misplaced(headers: Mapping[str, str], url: str, endpoint: str) -> bool:
    """Return whether a request to a host other than the emulator has a Host of the service."""
    if urlsplit(url).netloc == urlsplit(endpoint).netloc:
        return False
    return is_of_service(headers.get("Host", "").partition(":")[0])


_Target = TypeVar("_Target", Emulator, None)
_Function = TypeVar("_Function", bound=Callable[..., Any])


@overload
def intercept(endpoint: str) -> "Interception[None]": ...
@overload
def intercept(endpoint: _Function) -> _Function: ...
@overload
def intercept(**settings: Any) -> "Interception[Emulator]": ...
def intercept(endpoint: Any = None, **settings: Any) -> Any:
    """Redirect this process's requests to OSS, STS and KMS to an emulator.

        with intercept() as emulator:
            emulator.bucket("examplebucket")
            ...  # code for https://oss-cn-hangzhou.aliyuncs.com

    Without an `endpoint` an `Emulator` with these settings runs until the block ends. The result
    also decorates functions, including `async` functions: `@intercept()`, or `@intercept`. Each
    call then has a new emulator.

    Raises:
        TypeError: both an endpoint and settings are given, the endpoint is not a string, or a class
            or a generator is decorated, whose code would not run within the decorator.
        ValueError: the endpoint or a setting of the `Emulator` is not valid.
        RuntimeError: the block ends before one that began later, in another thread or task.
    """
    if callable(endpoint):
        return Interception(None, settings)(endpoint)
    if endpoint is not None:
        if settings:
            raise TypeError("settings are only for a new emulator: leave out the endpoint")
        if not isinstance(endpoint, str):
            raise TypeError("the endpoint is not a string; write intercept(emulator.endpoint)")
        address = ServiceAddress.parse(endpoint)
        endpoint = f"{address.scheme}://{address.authority}"
    return Interception(endpoint, settings)


class Interception(Generic[_Target]):
    """The context manager and decorator that `intercept` returns."""

    def __init__(self, endpoint: str | None, settings: Mapping[str, Any]) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self.target = ""
        """The endpoint of the emulator that receives the requests."""
        self.stack = ExitStack()
        """What undoes the patches."""
        self.is_over = False

    def __enter__(self) -> _Target:
        with ExitStack() as stack:
            emulator: Any = None
            if self._endpoint is None:
                emulator = stack.enter_context(Emulator(**self._settings))
            with _entering:
                if self in _entered:
                    raise RuntimeError("this interception is already in effect: make another one")
                self.target, self.is_over = self._endpoint or emulator.endpoint, False
                _entered.append(self)
                stack.callback(_entered.remove, self)
                for patch in _PATCHES:
                    for owner, name, send in patch(self.target):
                        stack.enter_context(mock.patch.object(owner, name, send))
                stack.enter_context(_without_proxy(self.target))
                _watch_look_ups()
                self.stack = stack.pop_all()
        found: _Target = emulator
        return found

    def __exit__(self, *_: object) -> None:
        with _entering:
            self.is_over, is_innermost = True, _entered[-1] is self
            while _entered and _entered[-1].is_over:  # patches are undone innermost first
                _entered[-1].stack.close()
        if not is_innermost:
            raise RuntimeError(
                "another interception began during this one and has not ended: each redirects the "
                "whole process, so let threads and tasks share one, or run one after the other"
            )

    def __call__(self, function: _Function) -> _Function:
        if isclass(function) or isgeneratorfunction(function) or isasyncgenfunction(function):
            raise TypeError(f"intercept cannot decorate {function.__name__}; use a with statement")

        @wraps(function)
        def call(*arguments: Any, **options: Any) -> Any:
            with Interception(self._endpoint, self._settings):
                return function(*arguments, **options)

        @wraps(function)
        async def call_async(*arguments: Any, **options: Any) -> Any:
            with Interception(self._endpoint, self._settings):
                return await function(*arguments, **options)

        called: Any = call_async if iscoroutinefunction(function) else call
        return cast("_Function", called)


@contextmanager
def _without_proxy(endpoint: str) -> Iterator[None]:
    """Add the emulator to no_proxy, because urllib chooses a proxy by the requested URL."""
    before = os.environ.get("no_proxy")
    given = before if before is not None else os.environ.get("NO_PROXY", "")
    host = urlsplit(endpoint).hostname or ""
    os.environ["no_proxy"] = given if given == "*" else f"{given},{host}".lstrip(",")
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("no_proxy", None)
        else:
            os.environ["no_proxy"] = before


_Patches = Iterator[tuple[Any, str, Callable[..., Any]]]
"""Classes or modules, each with the name of a function and its replacement; empty for a client that
is not installed."""

_entered: list[Interception[Any]] = []
"""The interceptions in effect, the innermost last."""

_entering = RLock()
"""Held while patches change. The garbage collector may end the block of a generator meanwhile."""

_LOOK_UPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
"""The audit events of Python's functions that look up names."""


@cache
def _watch_look_ups() -> None:
    """Watch all look-ups until the process ends: Python cannot remove an audit hook."""
    sys.addaudithook(_refuse_look_up)


def _refuse_look_up(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _LOOK_UPS:
        for innermost in _entered[-1:]:  # another thread may end it at any time
            _refuse(arguments[0], innermost.target)


_SENDERS: tuple[tuple[Any, str, int], ...] = (
    (socket.socket, "connect", 1),
    (socket.socket, "connect_ex", 1),
    (HTTPConnection, "set_tunnel", 1),
    (HTTPConnection, "putrequest", 2),
)
"""Functions that look up a name without such an event, or send it to a proxy, and the position of
the argument with the name."""


def _patch_senders(endpoint: str) -> _Patches:
    """Refuse names of the service to other clients before they are looked up."""
    found = list(_SENDERS)
    with suppress(ImportError):
        uvloop: Any = import_module("uvloop")  # looks up names without Python
        found += [(uvloop.Loop, "create_connection", 2), (uvloop.Loop, "getaddrinfo", 1)]
    for owner, name, position in found:
        yield owner, name, _without_names(getattr(owner, name), position, endpoint)


def _without_names(look_up: Callable[..., Any], position: int, endpoint: str) -> Callable[..., Any]:
    def look_up_others(*arguments: Any, **options: Any) -> Any:
        given = arguments[position] if len(arguments) > position else options.get("host")
        _refuse(given, endpoint)
        return look_up(*arguments, **options)

    return look_up_others


def _refuse(given: Any, endpoint: str) -> None:
    """Raise RuntimeError if a name, address, URL or request of aiohttp is of the service."""
    name = _find_name(given)
    if is_of_service(name):
        raise RuntimeError(
            f"oss_intercept does not cover the client that looks up {name}, and no request may "
            f"reach the service; give this client the endpoint {endpoint}"
        )


def _find_name(given: Any) -> str:
    """Return the host name in an argument of `_refuse`; "" if it has none."""
    host = given[0] if isinstance(given, tuple) else getattr(given, "host", given)
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    if not isinstance(host, str):
        return ""
    return urlsplit(host).hostname or "" if "://" in host else host


_REQUESTS = ("requests.adapters", "aliyunsdkcore.vendored.requests.adapters")
"""The modules of `requests`, and of its copy in the older SDKs of STS and KMS."""


def _patch_requests(endpoint: str) -> _Patches:
    for name in _REQUESTS:
        try:
            adapter: Any = import_module(name).HTTPAdapter
        except ImportError:
            continue
        yield adapter, "send", _with_redirect(adapter.send, endpoint)


def _with_redirect(send: Callable[..., Any], endpoint: str) -> Callable[..., Any]:
    def send_there(self: Any, request: Any, *arguments: Any, **options: Any) -> Any:
        found = redirect(request.url, endpoint)
        if found is None:
            return send(self, request, *arguments, **options)
        url, host = found
        there = request.copy()
        there.url, there.headers["Host"] = url, host
        options["proxies"] = {}
        answer = send(self, there, *arguments, **options)
        answer.url, answer.request = request.url, request
        return answer

    return send_there


def _patch_urllib3(endpoint: str) -> _Patches:
    try:
        from urllib3 import PoolManager
    except ImportError:
        return
    send = PoolManager.urlopen

    def send_there(self: Any, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        found = redirect(url, endpoint)
        headers = options.get("headers")
        if found is None and headers and _is_misplaced(headers, url, endpoint):
            # After a redirect to another host, urllib3 would send the Host header set below.
            options["headers"] = headers.copy()
            del options["headers"]["Host"]
        if found is not None:
            url, host = found
            options["headers"] = {**(self.headers if headers is None else headers), "Host": host}
            if self.proxy is not None:  # the emulator needs no proxy
                settings = self.connection_pool_kw.items()
                self = PoolManager(**{n: s for n, s in settings if not n.startswith("_proxy")})
        return send(self, method, url, *arguments, **options)

    yield PoolManager, "urlopen", send_there


def _patch_httpx(endpoint: str) -> _Patches:
    try:
        import httpx
    except ImportError:
        return

    def redirected(request: Any) -> Any:
        found = redirect(str(request.url), endpoint)
        if found is None:
            return request
        return httpx.Request(
            request.method,
            found[0],
            headers=[*request.headers.raw],  # including the original Host
            stream=request.stream,
            extensions=request.extensions,
        )

    # Connections are not reused, because asyncio's connections belong to one loop.
    once = httpx.Limits(max_keepalive_connections=0)
    is_plain = urlsplit(endpoint).scheme == "http"
    for transport, name in (
        (httpx.HTTPTransport, "handle_request"),
        (httpx.AsyncHTTPTransport, "handle_async_request"),
    ):
        direct = _DirectTransports(transport, once, verify=False if is_plain else None)
        yield transport, "__init__", direct.remember(transport.__init__)
        yield transport, name, _with_request(getattr(transport, name), redirected, direct.of)


class _DirectTransports:
    """The transports of httpx that send to the emulator, because a given one may use a proxy."""

    def __init__(self, transport: Any, limits: Any, *, verify: bool | None) -> None:
        """`verify` is the option for TLS; None to use that of the given transport."""
        self._make = transport
        self._limits = limits
        self._options: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()
        self._any = None if verify is None else transport(verify=verify, limits=limits)

    def remember(self, init: Callable[..., None]) -> Callable[..., None]:
        """Wrap the constructor to store its options, because a transport does not return them."""
        parameters = signature(init)

        def init_and_remember(transport: Any, *arguments: Any, **options: Any) -> None:
            init(transport, *arguments, **options)
            given = parameters.bind(transport, *arguments, **options).arguments
            if given.get("proxy") is not None:
                kept = {name: given[name] for name in _TLS_OPTIONS & given.keys()}
                self._options[transport] = kept

        return init_and_remember

    def of(self, transport: Any) -> Any:
        """Return the transport to use instead of a given transport."""
        if self._any is not None:
            return self._any
        options = self._options.get(transport)
        return transport if options is None else self._make(**options, limits=self._limits)


_TLS_OPTIONS = {"verify", "cert", "trust_env"}


def _with_request(
    send: Callable[..., Any], redirected: Callable[[Any], Any], direct: Callable[[Any], Any]
) -> Callable[..., Any]:
    def send_there(self: Any, request: Any) -> Any:
        there = redirected(request)
        return send(self if there is request else direct(self), there)

    return send_there


def _patch_urllib(endpoint: str) -> _Patches:
    send = OpenerDirector.open

    def send_there(self: Any, fullurl: Any, data: Any = None, *rest: Any, **options: Any) -> Any:
        request = fullurl if isinstance(fullurl, Request) else Request(fullurl)  # noqa: S310
        found = redirect(request.full_url, endpoint)
        if found is None:
            # After a redirect to another host, urllib would send the Host header set below.
            if request.unverifiable and _is_misplaced(request.headers, request.full_url, endpoint):
                request.remove_header("Host")
            return send(self, fullurl, data, *rest, **options)
        if data is not None:
            request.data = data  # as urllib does, before it chooses the method
        url, host = found
        headers = {**dict(request.header_items()), "Host": host}
        there = Request(url, request.data, headers, method=request.get_method())  # noqa: S310
        return send(self, there, None, *rest, **options)

    yield OpenerDirector, "open", send_there


_VERBS = ("get", "options", "head", "post", "put", "patch", "delete")


def _patch_aiohttp(endpoint: str) -> _Patches:
    """Replace the public methods that send, because aiohttp has no hook to change the URL."""
    from aiohttp import BaseConnector, ClientSession
    from multidict import CIMultiDict
    from yarl import URL

    bases = WeakKeyDictionary[Any, URL]()
    init = ClientSession.__init__

    def init_and_remember(self: Any, base_url: Any = None, **options: Any) -> None:
        """Store a base URL of the service here: older aiohttp then takes no absolute URL."""
        base = URL(base_url or "")
        if base.path.endswith("/") and redirect(str(base), endpoint) is not None:
            bases[self], base_url = base, None
        init(self, base_url, **options)

    def redirect_options(session: Any, url: Any, options: dict[str, Any]) -> Any:
        """Return the URL to request and add its headers to the options."""
        try:
            found = redirect(str(bases.get(session, URL()).join(URL(url))), endpoint)
        except ValueError:  # aiohttp raises its own error for the URL
            return url
        if found is None:
            return url
        headers = CIMultiDict(options.get("headers") or {})
        headers.setdefault("Host", found[1])
        options.pop("proxy", None)
        options["headers"] = headers
        return URL(found[0], encoded=True)  # unchanged: a %2F in a key must not be decoded

    def patch_verb(send: Callable[..., Any]) -> Callable[..., Any]:
        def send_there(self: Any, url: Any, **options: Any) -> Any:
            return send(self, redirect_options(self, url, options), **options)

        return send_there

    def patch_request(send: Callable[..., Any]) -> Callable[..., Any]:
        def send_there(self: Any, method: str, url: Any, **options: Any) -> Any:
            return send(self, method, redirect_options(self, url, options), **options)

        return send_there

    connect = _without_names(BaseConnector.connect, 1, endpoint)

    def connect_there(self: Any, request: Any, *arguments: Any, **options: Any) -> Any:
        # After a redirect to another host, aiohttp would send the Host header set above.
        if _is_misplaced(request.headers, str(request.url), endpoint):
            request.headers["Host"] = request.url.authority
        return connect(self, request, *arguments, **options)

    # aiohttp follows redirects to other hosts without calling the methods below.
    yield BaseConnector, "connect", connect_there
    yield ClientSession, "__init__", init_and_remember
    for name in ("request", *_VERBS):
        patch = patch_request if name == "request" else patch_verb
        yield ClientSession, name, patch(getattr(ClientSession, name))


_PATCHES: tuple[Callable[[str], _Patches], ...] = (
    _patch_requests,
    _patch_urllib3,
    _patch_httpx,
    _patch_aiohttp,
    _patch_urllib,
    _patch_senders,
)
