"""What is below `/_emulator/`, beside OSS: look into the server, set it up, break it on purpose."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from oss_emulator.control import faults, seed
from oss_emulator.control.journal import Entry, Verdict
from oss_emulator.control.metrics import CONTENT_TYPE as METRICS_TYPE
from oss_emulator.control.metrics import Metrics
from oss_emulator.pipeline.service import Service, policy_of
from oss_emulator.protocol import dates
from oss_emulator.protocol.message import Request, Response
from oss_emulator.referer import (
    RefererConfiguration,
    RefererFormatError,
    RefererPolicy,
    Signing,
    codec,
    explain,
)
from oss_emulator.version import __version__

PREFIX = "/_emulator/"
TOKEN_HEADER = "x-oss-emulator-token"  # noqa: S105 - the name of a header

MAX_WAIT = 60.0
"""Seconds a long poll may wait."""


class Asked(NamedTuple):
    """One request to the administration."""

    service: Service
    metrics: Metrics
    request: Request
    data: bytes
    rest: str
    """What follows the route's own path."""

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; raises `Refusal`."""
        try:
            value = json.loads(self.data or b"{}")
        except ValueError as error:
            raise Refusal(400, f"The body is no JSON: {error}.") from None
        if not isinstance(value, dict):
            raise Refusal(400, "The body must be a JSON object.")
        return value


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of the server
    """A request that is answered with an error."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


Handler: TypeAlias = Callable[[Asked], Response | Awaitable[Response]]


def check_allowed(request: Request, token: str) -> None:
    """Raise `Refusal` unless the request comes from this machine or sends the token.

    A page in a browser must not administer the server behind its user's back, so a request that
    names another origin is refused as well.
    """
    sent = request.headers.get(TOKEN_HEADER, "")
    if token and hmac.compare_digest(sent.encode(errors="replace"), token.encode()):
        return
    if not _is_loopback(request.remote):
        raise Refusal(403, f"From another machine send --admin-token's value in {TOKEN_HEADER}.")
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        raise Refusal(403, f"A page of {origin} may not administer this server.")


_OF_ONE_PROCESS = ("snapshot", "restore", "journal", "faults", "clock", "metrics")
"""The first words of what is told or changed in the memory of the process that is asked."""


def check_alone(request: Request, workers: int) -> None:
    """Raise `Refusal` where only one of several workers would tell or change something."""
    word = request.path.removeprefix(PREFIX).partition("/")[0]
    if workers > 1 and word in _OF_ONE_PROCESS:
        raise Refusal(
            409, f"Each worker would have its own {word}: start the server with one worker for it."
        )


def find(request: Request) -> tuple[Handler, str]:
    """The handler of a request and what follows its path; raises `Refusal`."""
    path = request.path.removeprefix(PREFIX)
    methods = set()
    for method, route, handler in ROUTES:
        if path == route or (route.endswith("/") and path.startswith(route)):
            if method == request.method:
                return handler, path.removeprefix(route)
            methods.add(method)
    if methods:
        raise Refusal(405, f"{request.path} takes {', '.join(sorted(methods))}.")
    paths = ", ".join(dict.fromkeys(PREFIX + route for _, route, _ in ROUTES))
    raise Refusal(404, f"{request.path} is not there; there are {paths}.")


def reply(value: Any, status: int = 200) -> Response:
    """A JSON answer."""
    document = json.dumps(value, ensure_ascii=False, indent=2).encode(errors="replace")
    return Response(status, {"Content-Type": "application/json"}, document + b"\n")


def _health(asked: Asked) -> Response:
    return reply({"status": "ok", "version": __version__})


def _metrics(asked: Asked) -> Response:
    return Response(200, {"Content-Type": METRICS_TYPE}, asked.metrics.format().encode())


def _openapi(asked: Asked) -> Response:
    document = Path(__file__).with_name("openapi.json").read_bytes()
    return Response(200, {"Content-Type": "application/json"}, document)


def _reset(asked: Asked) -> Response:
    bucket = asked.query.get("bucket")
    if bucket and asked.service.storage.bucket(bucket) is None:
        raise Refusal(404, f"There is no bucket {bucket}.")
    try:
        seed.reset(asked.service, bucket)
    except seed.SeedError as error:
        raise Refusal(409, str(error)) from None
    return reply({"reset": bucket or "everything"})


def _seed(asked: Asked) -> Response:
    try:
        text = asked.data.decode()
        seed.apply("The seed", text, asked.service)
    except (seed.SeedError, UnicodeDecodeError) as error:
        raise Refusal(400, str(error)) from None
    return reply({"buckets": [bucket.name for bucket in asked.service.storage.buckets()]})


def _snapshots(asked: Asked) -> Response:
    return reply({"snapshots": sorted(asked.service.snapshots)})


def _snapshot(asked: Asked) -> Response:
    asked.service.take_snapshot(_name(asked))
    return reply({"snapshot": asked.rest})


def _restore(asked: Asked) -> Response:
    if not asked.service.restore_snapshot(_name(asked)):
        raise Refusal(404, f"There is no snapshot {asked.rest!r}.")
    return reply({"restored": asked.rest})


def _delete_snapshot(asked: Asked) -> Response:
    if not asked.service.drop_snapshot(_name(asked)):
        raise Refusal(404, f"There is no snapshot {asked.rest!r}.")
    return reply({"deleted": asked.rest})


def _name(asked: Asked) -> str:
    if not asked.rest:
        raise Refusal(400, "Name the snapshot: /_emulator/snapshot/NAME.")
    return asked.rest


async def _journal(asked: Asked) -> Response:
    """The entries that fit; with `wait` not before there is one, or the time is over."""
    found = entries_of(asked)
    wait = min(_number(asked, "wait", 0.0), MAX_WAIT)
    if not found and wait:
        came = asyncio.Event()
        end = asked.service.journal.listen(lambda entry: came.set())
        try:
            async with asyncio.timeout(wait):
                while not found:
                    await came.wait()
                    came.clear()
                    found = entries_of(asked)
        except TimeoutError:
            pass
        finally:
            end()
    return reply({"entries": [entry.to_dict() for entry in found]})


def follows(handler: Handler, request: Request) -> bool:
    """Whether a request wants to follow the answer as events, and can."""
    return handler is _journal and "text/event-stream" in request.headers.get("accept", "")


def filter_of(asked: Asked) -> Callable[[Entry], bool]:
    """Which entries a request asks for; raises `Refusal`."""
    bucket, verdict = asked.query.get("bucket"), asked.query.get("verdict")
    if verdict not in (None, *Verdict):
        raise Refusal(400, f"verdict must be one of {', '.join(Verdict)}, not {verdict!r}.")

    def fits(entry: Entry) -> bool:
        return bucket in (None, entry.call.target.bucket) and verdict in (None, entry.verdict)

    return fits


def entries_of(asked: Asked, since: int = 0) -> list[Entry]:
    """The entries that a request asks for, after the number `since` at least."""
    since, limit = max(since, int(_number(asked, "since", 0))), int(_number(asked, "limit", 0))
    fits = filter_of(asked)
    found = [entry for entry in asked.service.journal.entries(since) if fits(entry)]
    return found[-limit:] if limit else found


def _number(asked: Asked, name: str, default: float) -> float:
    text = asked.query.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 2**53:
        raise Refusal(400, f"{name} must be a number that is not negative, not {text!r}.")
    return value


def _clear_journal(asked: Asked) -> Response:
    asked.service.journal.clear()
    return reply({"entries": []})


def _check(asked: Asked) -> Response:
    """Decide on many requests by rules that are sent, or by those of a bucket."""
    body = asked.json()
    policy = _policy(asked, body)
    requests = body.get("requests")
    if not isinstance(requests, list) or not all(isinstance(item, dict) for item in requests):
        raise Refusal(400, "requests must be a list of objects with referer, signed and method.")
    return reply({"decisions": [_decide(policy, item) for item in requests]})


def _decide(policy: RefererPolicy, item: Mapping[str, Any]) -> dict[str, object]:
    referer, method = item.get("referer"), item.get("method", "GET")
    if not isinstance(referer, str | None) or not isinstance(method, str):
        raise Refusal(400, "referer and method must be texts.")
    try:
        signed = Signing(item.get("signed", "none"))
    except ValueError:
        known = ", ".join(Signing)
        raise Refusal(400, f"signed must be one of {known}, not {item['signed']!r}.") from None
    return explain.to_dict(policy.decide(referer, signed=signed, method=method))


def _policy(asked: Asked, body: Mapping[str, Any]) -> RefererPolicy:
    rules, bucket = body.get("rules"), body.get("bucket")
    if isinstance(bucket, str) and rules is None:
        found = asked.service.storage.bucket(bucket)
        if found is None:
            raise Refusal(404, f"There is no bucket {bucket}.")
        return policy_of(found.documents.get("referer"))
    if rules is None or bucket is not None:
        raise Refusal(400, "Give either rules (XML as a text, or JSON) or a bucket.")
    return RefererPolicy.compile(_configuration(rules))


def _configuration(rules: object) -> RefererConfiguration:
    try:
        if isinstance(rules, str):
            return codec.parse(rules.encode(errors="replace"))
        return codec.parse_json(json.dumps(rules))
    except RefererFormatError as error:
        raise Refusal(400, f"The rules cannot be read: {error}.") from None


def _faults(asked: Asked) -> Response:
    return reply({"faults": [asdict(planned) for planned in asked.service.faults.planned]})


def _add_fault(asked: Asked) -> Response:
    try:
        fault = faults.read(asked.json())
    except faults.FaultError as error:
        raise Refusal(400, f"The fault cannot be read: {error}.") from None
    return reply(asdict(asked.service.faults.add(fault)), 201)


def _remove_fault(asked: Asked) -> Response:
    if not asked.rest.isdigit() or not asked.service.faults.remove(int(asked.rest)):
        raise Refusal(404, f"There is no fault {asked.rest!r}.")
    return _faults(asked)


def _clear_faults(asked: Asked) -> Response:
    asked.service.faults.clear()
    return _faults(asked)


def _clock(asked: Asked) -> Response:
    clock = asked.service.clock
    return reply({"now": dates.format_iso(clock.now()), "shift": clock.shift})


def _set_clock(asked: Asked) -> Response:
    body = asked.json()
    clock = asked.service.clock
    match body:
        case {"shift": int() | float() as shift} if abs(shift) < 2**32:
            clock.shift = float(shift)
        case {"now": str() as text} if (now := dates.parse_iso(text)) is not None:
            clock.set(now)
        case _:
            raise Refusal(400, 'Send {"now": "2030-01-31T00:00:00.000Z"} or {"shift": seconds}.')
    return _clock(asked)


ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "health", _health),
    ("HEAD", "health", _health),
    ("GET", "metrics", _metrics),
    ("GET", "openapi.json", _openapi),
    ("POST", "reset", _reset),
    ("POST", "seed", _seed),
    ("GET", "snapshot", _snapshots),
    ("PUT", "snapshot/", _snapshot),
    ("DELETE", "snapshot/", _delete_snapshot),
    ("POST", "restore/", _restore),
    ("GET", "journal", _journal),
    ("DELETE", "journal", _clear_journal),
    ("POST", "referer/check", _check),
    ("GET", "faults", _faults),
    ("POST", "faults", _add_fault),
    ("DELETE", "faults", _clear_faults),
    ("DELETE", "faults/", _remove_fault),
    ("GET", "clock", _clock),
    ("PUT", "clock", _set_clock),
)
"""Method, path below the prefix (one that ends with `/` takes a name) and handler."""


def _is_loopback(remote: str) -> bool:
    try:
        address = ip_address(remote.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
