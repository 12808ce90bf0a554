"""The access logs of --traffic: their files, flags that select lines, and the engine.

A log is a file, a folder, a pattern, or `oss://BUCKET/PREFIX`, which is downloaded.
"""

import argparse
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path

from oss_referer.terminal import bucket
from oss_referer.terminal.output import writing
from oss_referer.terminal.parser import InputError, Parser, check_outputs
from oss_referer.terminal.progress import Progress
from oss_referer.traffic import log_files
from oss_referer.traffic.engine import (
    EngineError,
    EngineName,
    MissingEngineError,
    ScanListener,
    open_engine,
)
from oss_referer.traffic.judge import Judge
from oss_referer.traffic.log_files import LogForm, LogSourceError, Rejects
from oss_referer.traffic.report import ReadLogs, ReplayNames, ReplayQuestion, TooManyRejectsError

HELP = (
    "a file, a folder, a pattern, or oss://BUCKET/PREFIX: access logs of the service or of the "
    "emulator, or exports of real-time log query in JSON or CSV; also compressed (.gz)"
)


def declare(parser: Parser) -> None:
    """Add the flags that select lines, and those for reading logs."""
    parser.add_value("--bucket", "NAME", "only requests to this bucket")
    parser.add_value("--since", "TIME", "only requests from this time on, in UTC", type=_moment)
    parser.add_value("--until", "TIME", "only requests before this time", type=_moment)
    said = "the form of the logs (default: recognised by the first line of each file)"
    parser.add_choice("--form", LogForm, said)
    parser.add_output("--rejects", said="write the damaged lines to this file")
    said = "end with 2 if more lines are damaged (default: 1)"
    parser.add_value("--max-rejects", "PERCENT", said, type=decimal, default=Decimal(1))


def select(arguments: argparse.Namespace, judge: Judge, bucket: str | None) -> ReplayQuestion:
    """Return a question about the lines that the flags of `declare` select.

    Raises InputError if `bucket` is not the name of a bucket.
    """
    if bucket is not None and not set(bucket) <= set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise InputError(f"--bucket: {bucket!r} is not the name of a bucket")
    return ReplayQuestion(
        judge,
        bucket,
        arguments.since,
        arguments.until,
        form=arguments.form and LogForm(arguments.form),
        max_rejects=arguments.max_rejects,
        names=ReplayNames(logs=tuple(arguments.traffic)),
    )


@contextmanager
def reading(
    arguments: argparse.Namespace, engine: tuple[EngineName, str] = (EngineName.DUCKDB, "")
) -> Iterator[ReadLogs]:
    """Find the logs and open an engine, which `engine` names with the address of its master.

    Raises InputError, also for the body.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="oss-emulator-replay-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        rejects = Rejects()
        try:
            if arguments.rejects:
                rejects.keep = stack.enter_context(
                    writing(Path(arguments.rejects), InputError)
                ).write
            files = find(arguments.traffic, arguments, folder)
            check_outputs(arguments.parser.find_outputs(arguments), map(str, files))
            listener = _listener(stack.enter_context(Progress(_READING, unit="lines")), files)
            with _held_back():
                opened = open_engine(engine[0], folder, listener, engine[1])
            stack.callback(opened.close)
            yield ReadLogs(files, opened, folder, rejects)
        except (LogSourceError, MissingEngineError) as error:
            raise InputError(str(error)) from None
        except TooManyRejectsError as error:
            stack.pop_all().close()
            hint = "See the lines with --rejects FILE, or raise --max-rejects"
            raise InputError(f"{error}. {hint}") from None
        except EngineError as error:
            raise InputError(str(error)) from None
        except OSError as error:
            raise InputError(f"{error.filename or folder}: {error.strerror}") from None


_READING = "Reading the logs"

_BYTES_PER_LINE = 400
"""An estimate, by which the progress counts lines."""


def _listener(progress: Progress, files: Sequence[Path]) -> ScanListener | None:
    """Return a listener that shows the progress of a scan; None without a terminal."""
    if not progress.visible:
        return None
    lines = max(1, sum(file.stat().st_size for file in files) // _BYTES_PER_LINE)
    return lambda part: progress.show(round(part * lines), lines)


@contextmanager
def _held_back() -> Iterator[None]:
    """Deliver Ctrl-C after the block, because modules in C++ abort on an exception while loading.

    Only the main thread gets Ctrl-C, and only the main thread can hold it back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)


def decimal(text: str) -> Decimal:
    """Parse a number of at least 0 for argparse."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(-1)
    if not (number.is_finite() and 0 <= number <= 1_000_000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 0")
    return number


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time; write it as 2026-11-24 or 2026-11-24T16:00+08:00"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_PIECE = 1 << 16  # bytes


def find(given: Sequence[str], arguments: argparse.Namespace, folder: Path) -> list[Path]:
    """Return the files of all arguments; logs of buckets are downloaded to the folder.

    Raises InputError and LogSourceError.
    """
    found: list[Path] = []
    for number, argument in enumerate(given):
        if argument.startswith(bucket.SCHEME):
            target = folder / f"downloads-{number}"
            target.mkdir()
            bucket.download(argument, target, arguments)
            if not any(target.iterdir()):
                raise InputError(f"{argument}: there is no object with this prefix")
            found += log_files.find([str(target)])
        elif is_pipe(argument):
            # Logs are read more than once, which a pipe does not allow.
            target = folder / f"pipe-{number}"
            target.mkdir()
            with Path(argument).open("rb") as pipe:
                log_files.store(iter(partial(pipe.read, _PIECE), b""), target / "log")
            found += log_files.find([str(target)])
        else:
            found += log_files.find([argument])
    return list(dict.fromkeys(found))


def is_pipe(argument: str) -> bool:
    try:
        return Path(argument).is_fifo()
    except OSError:
        return False  # the search for files reports the error
