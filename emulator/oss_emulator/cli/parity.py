"""`oss-emulator parity`: ask a service whether it decides as the emulator assumes."""

import argparse
import secrets
import signal
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path

from oss_referer import Signing
from oss_referer.engine.assumptions import SENTENCES
from oss_referer.engine.sentence import Sentence
from oss_referer.sources.bucket import ServiceAddress
from oss_referer.terminal import bucket, formats, language, rules
from oss_referer.terminal.formats import Format
from oss_referer.terminal.output import Block, Text, Tone, line, show, write_json, writing
from oss_referer.terminal.parser import CommandError, Commands, InputError, InterruptedCommandError

from oss_emulator.cli.client import ServiceClient, Signer
from oss_emulator.parity.asking import (
    ParityResult,
    ParityStatus,
    Replies,
    ask_all,
    bounds,
    chosen,
    compare,
    format_assumptions,
)
from oss_emulator.parity.inquiries import (
    SETUPS,
    Ask,
    Fetch,
    GetRules,
    PutAcl,
    PutRules,
    Reply,
    RequestTarget,
    ServiceRequest,
    Setup,
)
from oss_emulator.protocol import conditions
from oss_emulator.protocol.signature import presigning

_OBJECTS = {
    RequestTarget.OPEN: "public-read",
    RequestTarget.CLOSED: "private",
    RequestTarget.SPARE: "",
}
"""The objects that are put, each with its ACL; "" for that of the bucket."""

_CONTENT = b"put by oss-emulator parity"

_ATTEMPTS = 2
"""How often each request of restoring is sent at most."""

OVERHEAD = 3 + len(_OBJECTS) * 2 + 2 + (len(_OBJECTS) + 1) * _ATTEMPTS
"""The most requests that preparing and restoring take."""


class Experiment:
    """A bucket for questions."""

    def __init__(
        self, client: ServiceClient, signer: Signer, bucket: str, pause: float = 0.0
    ) -> None:
        """`pause` is how long to wait for rules to take effect, in seconds."""
        self._client = client
        self._signer = signer
        self._bucket = bucket
        self._pause = pause
        self._folder = f"oss-emulator-parity-{secrets.token_hex(4)}"
        self._rules = b""
        self._undo: list[tuple[str, Callable[[], Reply]]] = []
        """What to undo: what is wrong if that fails, and the request."""
        self._reasons: dict[Signing, str] = {}
        """Why requests that are signed in these ways cannot reach an object."""
        self.existed = False

    def look(self) -> None:
        """Find out whether the bucket exists. Raises InputError if it cannot be used."""
        reply = self._call("GET", {"referer": ""})
        self.existed = reply.status == 200
        self._rules = reply.body
        if not self.existed and reply.code != "NoSuchBucket":
            raise InputError(f"oss://{self._bucket}: the service answers {reply}")
        if self.existed and b"<Status>" in self._call("GET", {"versioning": ""}).body:
            raise InputError(
                f"oss://{self._bucket}: the bucket has versioning, which would keep what is "
                "deleted; name another bucket"
            )

    def prepare(self) -> None:
        """Create the bucket, if need be, and its objects. Raises CommandError."""
        if self.existed:
            rules = self._rules.decode(errors="replace")
            problem = f"the rules could not be put back; they were {rules}"
            self._undo.append((problem, lambda: self._put_rules(self._rules)))
        else:
            self._undo.append(("the bucket is left", lambda: self._call("DELETE")))
            reply = self._call("PUT")
            if reply.status >= 300:
                self._undo.clear()
            self._expect(reply, "PutBucket")
        for target, acl in _OBJECTS.items():
            problem = f"the object {self._key(target)} is left"
            self._undo.append((problem, partial(self._call, "DELETE", key=self._key(target))))
            reply = self._put_object(target, acl)
            if acl and reply.status == 403:  # the service may block public access
                self._reasons[Signing.NONE] = f"the ACL {acl} of an object was answered {reply}"
                reply = self._put_object(target, "")
            self._expect(reply, "PutObject")
        for signing in (Signing.NONE, Signing.URL):
            reply = self.send(Fetch(signing=signing))
            if reply.status >= 300 and not reply.is_denial:
                self._reasons.setdefault(signing, f"GetObject ({signing}) was answered {reply}")

    @property
    def is_touched(self) -> bool:
        return bool(self._undo)

    def restore(self) -> tuple[str, ...]:
        """Undo everything, the last target first; returns a sentence for each failure."""
        failures = []
        for problem, undo in reversed(self._undo):
            for _ in range(_ATTEMPTS):
                failed = _try(undo)
                if not failed:
                    break
                self.pause()
            else:
                failures.append(f"oss://{self._bucket}: {problem} ({failed})")
        self._undo.clear()
        return tuple(failures)

    def send(self, request: ServiceRequest) -> Reply:
        """Send one request of the questions. Raises CommandError without an answer."""
        match request:
            case Fetch():
                return self._fetch(request)
            case PutRules():
                return self._put_rules(request.document, request.content_md5)
            case GetRules():
                name = f"{self._folder}-missing" if request.missing else self._bucket
                return self._call("GET", {"referer": ""}, bucket=name)
            case PutAcl():
                return self._call("PUT", {"acl": ""}, {"x-oss-acl": request.acl})

    def pause(self) -> None:
        """Give the service time to put rules into effect."""
        time.sleep(self._pause)

    @property
    def left_out(self) -> Mapping[Setup, str]:
        """The setups that cannot be asked under, each with the reason."""
        found = {}
        for setup in SETUPS:
            if setup.needs_own_bucket and self.existed:
                found[setup] = "the bucket existed before, and its ACL is left alone"
            elif setup.canaries and Signing.URL in self._reasons:
                found[setup] = self._reasons[Signing.URL]
        return found

    def withheld(self, ask: Ask) -> str:
        """Return why a request cannot show anything about rules, or ""."""
        request = ask.request
        if not isinstance(request, Fetch) or request.target is not RequestTarget.OPEN:
            return ""
        return "" if request.method == "OPTIONS" else self._reasons.get(request.signing, "")

    def _fetch(self, fetch: Fetch) -> Reply:
        query, key = dict(fetch.query), self._key(fetch.target)
        headers = [("Referer", referer) for referer in fetch.referers]
        if fetch.copies:
            source = f"/{self._bucket}/{self._key(RequestTarget.OPEN)}"
            headers.append((conditions.COPY_SOURCE, source))
        text, body = presigning.format_query(query), b""
        match fetch.signing:
            case Signing.URL:
                text = self._signer.sign_url(fetch.method, self._bucket, key, query, headers)
                text = text[:-8] + "00000000" if fetch.forged else text
            case Signing.HEADER:
                signed = self._signer.sign_headers(fetch.method, self._bucket, key, query, {})
                headers += signed.items()
            case Signing.FORM:
                kind, body = _form(self._signer.sign_form(self._bucket, key))
                headers.append(("Content-Type", kind))
                key = ""
        if fetch.method == "OPTIONS":
            headers.append(("Origin", "https://www.example.com"))
            headers.append(("Access-Control-Request-Method", "GET"))
        if fetch.method == "PUT" and not fetch.copies:
            body = _CONTENT
        return self._client.send(fetch.method, self._bucket, key, text, headers, body=body)

    def _put_rules(self, document: bytes, content_md5: str = "") -> Reply:
        headers = {"content-md5": content_md5} if content_md5 else {}
        return self._call("PUT", {"referer": ""}, headers, document)

    def _put_object(self, target: RequestTarget, acl: str) -> Reply:
        headers = {"x-oss-object-acl": acl} if acl else {}
        return self._call("PUT", {}, headers, _CONTENT, key=self._key(target))

    def _call(
        self,
        method: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        key: str = "",
        bucket: str = "",
    ) -> Reply:
        """Send a request that is signed in its header."""
        bucket = bucket or self._bucket
        signed = self._signer.sign_headers(method, bucket, key, query or {}, headers or {})
        text = presigning.format_query(query or {})
        return self._client.send(method, bucket, key, text, list(signed.items()), body=body)

    def _expect(self, reply: Reply, operation: str) -> None:
        if reply.status >= 300:
            raise CommandError(f"oss://{self._bucket}: {operation} was answered {reply}")

    def _key(self, target: RequestTarget) -> str:
        return "" if target is RequestTarget.BUCKET else f"{self._folder}/{target.name.lower()}"


def _try(undo: Callable[[], Reply]) -> str:
    """Send a request of restoring; returns why it failed, or ""."""
    try:
        reply = undo()
    except (CommandError, KeyboardInterrupt) as error:
        return str(error) or "interrupted"
    return "" if reply.status < 300 or reply.status == 404 else str(reply)


def _form(fields: Mapping[str, str]) -> tuple[str, bytes]:
    """Return the content type and the body of a form that uploads a file."""
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    file = 'Content-Disposition: form-data; name="file"; filename="file"'
    head = f"{''.join(parts)}--{boundary}\r\n{file}\r\n\r\n".encode()
    tail = f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", head + _CONTENT + tail


DEFAULT_RATE = 10.0
"""Requests a second, unless the service is on this machine."""

_DESCRIPTION = (
    "Asks a service about each assumed fact of hotlink protection, and about each documented fact "
    "that can be seen from outside. It creates a bucket, puts rules to it, sends requests with "
    "crafted Referers, and deletes the bucket. The exit status is 0 if nothing differs from what "
    "the emulator does, 1 if something does, and 2 if the service could not be asked."
)

_PAUSE = 1.0
"""Seconds between two looks whether rules are in effect, unless the service is on this machine."""

_INDENT = 6

_TONES = {
    ParityStatus.CONFIRMED: Tone.GOOD,
    ParityStatus.DIFFERS: Tone.BAD,
    ParityStatus.UNSEEN: Tone.WARNING,
}


def declare(commands: Commands) -> None:
    parser = commands.add_parser("parity", run, description=_DESCRIPTION)
    parser.add_argument(
        "--bucket",
        required=True,
        type=lambda text: text.removeprefix(bucket.SCHEME),
        metavar="NAME",
        help="the bucket to create and delete",
    )
    parser.add_switch(
        "--yes", "use the bucket if it exists; its rules are replaced for a while, then restored"
    )
    parser.add_argument(
        "--write", metavar="FILE", help="write the assumptions that make the emulator do the same"
    )
    parser.add_argument(
        "--rate",
        type=_rate,
        help=f"the most requests a second (default: {DEFAULT_RATE:g}, unbounded on this machine)",
    )
    formats.declare(parser, formats.PLAIN)
    rules.declare_service(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prepare the bucket, ask, restore the bucket, and report."""
    try:
        is_far = not ServiceAddress.parse(arguments.endpoint).is_loopback
    except ValueError as error:
        raise InputError(str(error)) from None
    rate = arguments.rate or (DEFAULT_RATE if is_far else None)
    client = ServiceClient(arguments.endpoint, rate)
    signer = Signer(bucket.access_key(), arguments.region)
    experiment = Experiment(client, signer, arguments.bucket, _PAUSE if is_far else 0.0)
    try:
        experiment.look()
    except CommandError as error:
        raise InputError(str(error)) from None
    if experiment.existed and not arguments.yes:
        raise InputError(
            f"oss://{arguments.bucket} exists; add --yes to replace its rules for a while, or "
            "name a bucket that does not exist"
        )
    _announce(experiment, rate, arguments)
    results = compare(_ask(experiment, arguments.bucket), arguments.assumptions)
    date = datetime.now(UTC).date().isoformat()
    if arguments.write:
        heading = f"Found by oss-emulator parity at {arguments.endpoint} on {date}."
        with writing(Path(arguments.write), InputError) as file:
            file.write(format_assumptions(results, heading).encode())
    if arguments.format == Format.JSON:
        write_json(_to_dict(results, arguments, date, client.sent))
    else:
        show(*_describe(results, arguments, date, client.sent))
    return int(any(result.status is ParityStatus.DIFFERS for result in results))


_INTERRUPTED = "interrupted"


def _ask(experiment: Experiment, name: str) -> Replies:
    """Ask everything; restores the bucket whatever happens. Raises InputError."""
    failure = done = ""
    replies: Replies = {}
    with _terminable():
        try:
            experiment.prepare()
            replies = ask_all(
                experiment.send, experiment.left_out, experiment.withheld, experiment.pause
            )
        except KeyboardInterrupt:
            failure = _INTERRUPTED
        except CommandError as error:
            failure = str(error)
        finally:
            if experiment.is_touched:
                done = "has its rules back" if experiment.existed else "was deleted again"
            left = experiment.restore()
    if left:
        raise InputError("; ".join(filter(None, (failure, *left))))
    if failure:
        kind = InterruptedCommandError if failure == _INTERRUPTED else InputError
        raise kind(f"{failure}; oss://{name} {done}" if done else failure)
    return replies


@contextmanager
def _terminable() -> Iterator[None]:
    """Treat SIGTERM and a closed terminal like Ctrl-C, so that the bucket is restored as well."""
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _announce(experiment: Experiment, rate: float | None, arguments: argparse.Namespace) -> None:
    few, most = (str(number + OVERHEAD) for number in bounds(experiment.left_out))
    pace = Sentence("{} a second", f"{rate:g}") if rate else Sentence("without pauses")
    said = Sentence(
        "About {} requests to oss://{}, at most {}, {}.", few, arguments.bucket, most, pace
    )
    to = sys.stderr if arguments.format == Format.JSON else sys.stdout
    print(language.say(said), file=to, flush=True)


def _describe(
    results: tuple[ParityResult, ...], arguments: argparse.Namespace, date: str, sent: int
) -> Iterator[Block]:
    place = (arguments.endpoint, arguments.region)
    yield line(Sentence("{}, {}, on {}, {} requests", *place, date, str(sent)))
    yield line()
    for result in results:
        word = Text(Sentence(result.status.value), _TONES[result.status], width=19)
        yield line(f"{result.inquiry.fact}  ", word, language.explain(result.inquiry.about))
        yield from _detail(result)
    yield line()
    found = Counter(result.status for result in results)
    yield line(
        ", ".join(f"{language.say(Sentence(one.value))}: {found[one]}" for one in ParityStatus)
    )


def _detail(result: ParityResult) -> Iterator[Block]:
    if result.expected is not None:
        if result.status is not ParityStatus.CONFIRMED:
            yield from _variant(_EXPECTED, result.expected)
        if result.found is not None:
            yield from _variant(_FOUND, result.found)
    if result.why:
        yield from _fact(Sentence("why"), language.explain(result.why))
    if result.status is ParityStatus.DIFFERS and result.found is None:
        for item in result.answers:
            if result.expected is not None or not item.fits:
                yield from _fact(Sentence("asked"), str(item.ask))
                yield from _fact(_EXPECTED, language.explain(str(item.wanted)))
                yield from _fact(_FOUND, language.explain(str(item.reply)))


_EXPECTED, _FOUND = Sentence("expected"), Sentence("found")


def _variant(name: Sentence, variant: StrEnum) -> Iterator[Block]:
    yield from _fact(name, variant)
    yield from _fact(Sentence(""), language.say(SENTENCES[variant]))


def _fact(name: Sentence, value: str) -> Iterator[Block]:
    """Describe one fact, wrapped to 80 columns; a Chinese character takes two."""
    room = 80 - _INDENT - 9
    for number, text in enumerate(textwrap.wrap(value, room if value.isascii() else room // 2)):
        label = Text("" if number else name, Tone.FAINT, width=9)
        yield line(label, text, indent=_INDENT)


def _to_dict(
    results: tuple[ParityResult, ...], arguments: argparse.Namespace, date: str, sent: int
) -> dict[str, object]:
    return {
        "endpoint": arguments.endpoint,
        "region": arguments.region,
        "bucket": arguments.bucket,
        "date": date,
        "requests": sent,
        "assumptions": {
            name: result.found.value for result, name in chosen(results) if result.found is not None
        },
        "facts": [_fact_to_dict(result) for result in results],
    }


def _fact_to_dict(result: ParityResult) -> dict[str, object]:
    return {
        "fact": result.inquiry.fact,
        "about": result.inquiry.about,
        "assumption": result.inquiry.field or None,
        "conclusion": result.status.value,
        "expected": result.expected,
        "found": result.found,
        "why": result.why or None,
        "answers": [
            {
                "request": str(item.ask),
                "expected": str(item.wanted),
                "found": str(item.reply),
                "fits": item.fits,
            }
            for item in result.answers
        ],
    }


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a rate; write a number above 0")
    return rate
