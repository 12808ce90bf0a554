"""`/_emulator/replay`: what rules would have done to the requests of an access log."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, Mapping
from gzip import BadGzipFile
from typing import Any, Final

from markupsafe import Markup

from oss_emulator import extras
from oss_emulator.catalogue import Catalogue
from oss_emulator.control.api import events
from oss_emulator.control.api.referer import find_rules, read_rules
from oss_emulator.control.api.route import ApiRequest, Refusal, Route, reply
from oss_emulator.control.console import page
from oss_emulator.control.replays import MOST_BYTES, LogReplay, LogTooLargeError
from oss_emulator.lab import sources
from oss_emulator.lab.replay.engine import EngineError, EngineName, MissingEngineError
from oss_emulator.lab.replay.page import Translator, body
from oss_emulator.lab.replay.report import ReplayQuestion, TooManyRejectsError
from oss_emulator.lab.replay.sources import LogSourceError
from oss_emulator.lab.replay.verdict import Judge
from oss_emulator.protocol.address import is_bucket_name
from oss_emulator.protocol.message import Response
from oss_emulator.referer import RefererConfiguration
from oss_emulator.toml import SourceError

_LOG_NAME: Final = 200
"""The most characters of a log's name that are shown."""


def get_replay(asked: ApiRequest) -> Response:
    """Show the form for a replay."""
    return _show(asked, None)


def get_report(asked: ApiRequest) -> Response:
    """Show a replay with its report."""
    return _show(asked, _find(asked))


def _show(asked: ApiRequest, found: LogReplay | None) -> Response:
    buckets = [bucket.name for bucket in asked.controls.service.storage.buckets()]
    values = {
        "installed": EngineName.DUCKDB.is_installed,
        "buckets": buckets,
        "most_bytes": MOST_BYTES,
        **_describe(found),
    }
    needed = extras.command(EngineName.DUCKDB.extra)
    return page.show(asked, "replay", values, body=_body(found), command=needed)


def _describe(found: LogReplay | None) -> dict[str, Any]:
    if found is None:
        return {"replay": None, "log": "", "part": 0.0, "report": None, "failure": ""}
    return {
        "replay": found.id,
        "log": found.log,
        "part": found.part,
        "report": found.report,
        "failure": found.failure,
    }


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
    against, only = _name(body, "against"), _name(body, "only")
    judge = Judge(
        rules,
        find_rules(asked, against) if against else None,
        asked.controls.service.settings.assumptions,
    )
    made = asked.controls.replays.add(ReplayQuestion(judge, only or None))
    return reply({"replay": made.id, "most_bytes": MOST_BYTES}, 201)


async def _rules(asked: ApiRequest, body: Mapping[str, Any]) -> RefererConfiguration:
    """Return the rules that a body names, has as text in any form, or has as JSON."""
    assumptions = asked.controls.service.settings.assumptions
    match body:
        case {"bucket": str() as bucket}:
            return find_rules(asked, bucket)
        case {"text": str() as text}:
            try:
                named = await asyncio.to_thread(sources.parse, text.encode(), None, assumptions)
                return next(iter(named.values()))
            except SourceError as error:
                raise Refusal(400, f"The rules cannot be read: {error}.") from None
        case {"rules": dict() as rules}:
            return read_rules(rules, assumptions)
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
        found.finish()
    return page.show(asked, "replay_report", _describe(found), body=_body(found))


def _failed(found: LogReplay, status: int, sentence: str) -> Refusal:
    found.fail(sentence)
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


ROUTES = (
    Route("GET", "replay", get_replay, of_one_process=True),
    Route("POST", "replay", begin_replay, of_one_process=True),
    Route("GET", "replay/{id}", get_report, of_one_process=True, stream=follow_replay),
    Route("PUT", "replay/{id}", run_replay, of_one_process=True, takes_file=MOST_BYTES),
)
