"""`/_emulator/replay`: what rules would have done to the requests of an access log."""

import asyncio
import json
import zlib
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import replace
from gzip import BadGzipFile
from typing import Any, Final

from markupsafe import Markup

from oss_emulator import extras
from oss_emulator.catalogue import Catalogue
from oss_emulator.control.api import events
from oss_emulator.control.api.referer import find_rules, read_rules
from oss_emulator.control.api.route import ApiRequest, Refusal, Route, reply
from oss_emulator.control.console import page, traffic
from oss_emulator.control.console.language import choose
from oss_emulator.control.replays import MOST_BYTES, LogReplay, LogTooLargeError
from oss_emulator.lab import sources
from oss_emulator.lab.page.review import to_members
from oss_emulator.lab.replay.engine import EngineError, EngineName, MissingEngineError
from oss_emulator.lab.replay.page import Translator, body
from oss_emulator.lab.replay.page import format as format_report
from oss_emulator.lab.replay.report import ReplayNames, ReplayQuestion, Report, TooManyRejectsError
from oss_emulator.lab.replay.sources import LogSourceError
from oss_emulator.lab.replay.verdict import Judge
from oss_emulator.lab.trial import guess_site
from oss_emulator.protocol.address import is_bucket_name
from oss_emulator.protocol.message import Request, Response
from oss_emulator.referer import RefererConfiguration
from oss_emulator.toml import SourceError

_LOG_NAME: Final = 200
"""The most characters of a log's name that are shown."""


def get_replay(asked: ApiRequest) -> Response:
    """Show the form for a replay."""
    return _show(asked, None)


def get_report(asked: ApiRequest) -> Response:
    """Show a replay with its report; `?download=` returns the report as a file."""
    found, form = _find(asked), asked.query.get("download")
    if form is None:
        return _show(asked, found)
    if form not in _DOWNLOADS:
        raise Refusal(400, f"download must be {' or '.join(_DOWNLOADS)}, not {form!r}.")
    if found.report is None:
        raise Refusal(404, "This replay has no report yet.")
    kind, format = _DOWNLOADS[form]
    headers = {
        "Content-Type": f"{kind}; charset=utf-8",
        "Content-Disposition": f'attachment; filename="replay-{found.id}.{form}"',
        "Content-Security-Policy": "sandbox",
    }
    return Response(200, headers, format(found.report, asked.request).encode(errors="replace"))


def _format_page(report: Report, request: Request) -> str:
    language = choose(request)
    texts = Catalogue(language)
    return format_report(report, Translator(texts.sentence, texts.step), language)


_DOWNLOADS: Final[Mapping[str, tuple[str, Callable[[Report, Request], str]]]] = {
    "html": ("text/html", _format_page),
    "json": (
        "application/json",
        lambda report, _: json.dumps(report, indent=2, ensure_ascii=False) + "\n",
    ),
}
"""The forms of a report as a file, as `oss-emulator replay` writes them."""


def _show(asked: ApiRequest, found: LogReplay | None) -> Response:
    buckets = [bucket.name for bucket in asked.controls.service.storage.buckets()]
    values = {
        "installed": EngineName.DUCKDB.is_installed,
        "buckets": buckets,
        "most_bytes": MOST_BYTES,
        **_describe(found),
    }
    needed = extras.command(EngineName.DUCKDB.extra)
    shown = {"body": _body(found), "command": needed, "edit": _edit(asked, found)}
    return page.show(asked, "replay", values, **shown)


def _edit(asked: ApiRequest, found: LogReplay | None) -> Mapping[str, Any] | None:
    """Return what the link to the editor carries: the rules, and the Referers they lock out."""
    if found is None or found.report is None:
        return None
    buckets = [bucket.name for bucket in asked.controls.service.storage.buckets()]
    likely = (found.bucket, found.question.bucket, *found.report["buckets"], *buckets)
    bucket = next((name for name in likely if name in buckets), None)
    if bucket is None:
        return None
    rules = found.question.judge.rules
    hosts = [host for host in found.report["hosts"] if host["revoked"]["requests"]]
    case = {
        "rules": to_members(rules),
        "referers": "\n".join(host["referer"] for host in hosts if host["referer"]),
        "site": guess_site(rules),
    }
    return {"bucket": bucket, "case": case}


def _describe(found: LogReplay | None) -> dict[str, Any]:
    if found is None:
        return {"replay": None, "log": "", "part": 0.0, "report": None, "failure": ""}
    return {"replay": found.id, **page.pick(found, "log part report failure")}


def _body(found: LogReplay | None) -> Any:
    """Return the functions that format the report in the language of a catalogue."""

    def format(texts: Catalogue) -> Markup:
        if found is None or found.report is None:
            return Markup()
        return Markup(body(found.report, Translator(texts.sentence, texts.step)))  # noqa: S704 - escaped

    return format


async def begin_replay(asked: ApiRequest) -> Response:
    """Begin a replay by the rules of the body; the log follows."""
    if not EngineName.DUCKDB.is_installed:
        needed = extras.command(EngineName.DUCKDB.extra)
        raise Refusal(501, f"Replays need an extra: run {needed}")
    body = asked.json()
    rules = await _rules(asked, body)
    bucket, against, only = (_name(body, name) for name in ("bucket", "against", "only"))
    judge = Judge(
        rules,
        find_rules(asked, against) if against else None,
        asked.controls.service.settings.assumptions,
    )
    is_saved = not {"text", "rules"} & body.keys()
    names = ReplayNames(rules=bucket if is_saved else "", against=against)
    made = asked.controls.replays.add(ReplayQuestion(judge, only or None, names=names), bucket)
    return reply({"replay": made.id, "most_bytes": MOST_BYTES}, 201)


async def _rules(asked: ApiRequest, body: Mapping[str, Any]) -> RefererConfiguration:
    """Return the rules that a body names, has as text in any form, or has as JSON."""
    assumptions = asked.controls.service.settings.assumptions
    match body:
        case {"text": str() as text}:
            try:
                named = await asyncio.to_thread(sources.parse, text.encode(), None, assumptions)
                return next(iter(named.values()))
            except SourceError as error:
                raise Refusal(400, f"The rules cannot be read: {error}.") from None
        case {"rules": dict() as rules}:
            return read_rules(rules, assumptions)
        case {"bucket": str() as bucket}:
            return find_rules(asked, bucket)
    raise Refusal(400, "Send the rules: a bucket, the text of a file, or rules in JSON.")


def _name(body: Mapping[str, Any], member: str) -> str:
    found = body.get(member) or ""
    if not isinstance(found, str) or (found and not is_bucket_name(found)):
        raise Refusal(400, f"{member} must be the name of a bucket, not {found!r}.")
    return found


async def run_replay(asked: ApiRequest) -> Response:
    """Replay the log in the body, in a thread, and show the report."""
    found = _find(asked)
    if found.log:
        raise Refusal(409, "This replay has its log already; begin another one.")
    assert asked.file is not None  # noqa: S101 - the route takes a file
    found.log = (asked.query.get("name") or "log")[:_LOG_NAME]
    names = found.question.names
    found.question = replace(found.question, names=replace(names, logs=(found.log,)))
    try:
        async with asked.controls.replays.turn:
            await found.run(asked.file)
    except (LogSourceError, TooManyRejectsError, EOFError, zlib.error, BadGzipFile) as error:
        reason = str(error).replace(str(asked.file), found.log)
        raise _failed(found, 400, f"The log cannot be replayed: {reason}.") from None
    except LogTooLargeError as error:
        raise _failed(found, 413, str(error)) from None
    except MissingEngineError as error:
        raise _failed(found, 501, f"{error}.") from None
    except EngineError as error:
        raise _failed(found, 500, f"The replay failed: {error}.") from None
    except OSError as error:
        raise _failed(found, 500, f"The replay failed: {error.strerror or error}.") from None
    finally:
        found.announce()
    shown = {"body": _body(found), "edit": _edit(asked, found)}
    return page.show(asked, "replay_report", _describe(found), **shown)


def _failed(found: LogReplay, status: int, sentence: str) -> Refusal:
    found.failure = sentence
    return Refusal(status, sentence)


def follow_replay(asked: ApiRequest) -> AsyncGenerator[bytes]:
    """Yield the progress of a replay as events; raises `Refusal` at once if there is none."""
    return _progress(_find(asked))


async def _progress(found: LogReplay) -> AsyncGenerator[bytes]:
    number = 0
    while not found.is_done:
        number += 1
        yield events.format(number, {"log": found.log, "part": found.part})
        try:
            async with asyncio.timeout(events.PING):
                await found.change()
        except TimeoutError:
            yield events.COMMENT
    yield events.format(number + 1, {"log": found.log, "part": 1.0, "done": True})


def _find(asked: ApiRequest) -> LogReplay:
    found = asked.controls.replays.find(asked.rest)
    if found is None:
        raise Refusal(404, f"The replay {asked.rest!r} is not kept any more; begin another one.")
    return found


async def make_sample(asked: ApiRequest) -> Response:
    """Make a log of a day for the sites that the rules of the body name."""
    body = asked.json()
    rules, bucket = await _rules(asked, body), _name(body, "bucket") or SAMPLE_BUCKET
    log = await asyncio.to_thread(traffic.write, bucket, rules, asked.controls.clock.now())
    return reply({"log": log.decode()})


SAMPLE_BUCKET: Final = "examplebucket"
"""The bucket of a sample log for rules of no bucket."""

ROUTES = (
    Route("POST", "replay/sample", make_sample),
    Route("GET", "replay", get_replay),
    Route("POST", "replay", begin_replay),
    Route("GET", "replay/{id}", get_report, stream=follow_replay),
    Route("PUT", "replay/{id}", run_replay, takes_file=MOST_BYTES),
)
