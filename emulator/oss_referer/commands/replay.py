"""`oss-emulator replay`: what rules would have done to the requests of access logs."""

import argparse
import json
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from oss_referer.replay import money, page
from oss_referer.replay.engine import (
    EngineError,
    EngineName,
    MissingEngineError,
    ScanListener,
    open_engine,
)
from oss_referer.replay.report import (
    ReadLogs,
    ReplayNames,
    ReplayQuestion,
    TooManyRejectsError,
    replay,
)
from oss_referer.replay.sources import LogForm, LogSourceError, Rejects
from oss_referer.replay.verdict import Judge
from oss_referer.terminal import formats, language, logs, rules
from oss_referer.terminal.formats import Format
from oss_referer.terminal.output import show, write, writing
from oss_referer.terminal.parser import CommandError, Commands, InputError
from oss_referer.terminal.progress import Progress
from oss_referer.terminal.results import describe

_DESCRIPTION = (
    "Judges every request of access logs by new rules, and reports what they would change: who "
    "would be locked out, who would get in, and what traffic would be saved. The exit status is 0, "
    "1 if the report cannot be written, or 2 if a log cannot be read or too many of its lines are "
    "damaged."
)
LOG_HELP = (
    "a file, a folder, a pattern, or oss://BUCKET/PREFIX: access logs of the service or of the "
    "emulator, or exports of real-time log query in JSON or CSV; also compressed (.gz)"
)


def declare(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("replay", run, description=_DESCRIPTION)
    parser.add_argument("rules", metavar="RULES", help=rules.HELP)
    parser.add_argument("logs", metavar="LOG", nargs="+", help=LOG_HELP)
    parser.add_argument(
        "--against",
        metavar="RULES",
        help="compare with these rules instead of with the outcome in the log",
    )
    declare_selection(parser)
    parser.add_argument(
        "--top", type=_count, default=10, metavar="N", help="rows of each table (default: 10)"
    )
    parser.add_argument(
        "--price",
        type=decimal,
        default=money.PRICE,
        metavar="YUAN_PER_GB",
        help=f"the price of traffic out to the Internet (default: {money.PRICE})",
    )
    parser.add_argument("--html", metavar="FILE", help="also write the report as a web page")
    formats.declare(parser, formats.PLAIN)
    parser.add_argument(
        "--engine",
        choices=[name.value for name in EngineName],
        default=EngineName.DUCKDB.value,
        help="what reads the logs (default: duckdb)",
    )
    parser.add_argument(
        "--master",
        metavar="URL",
        default="local[*]",
        help="with --engine spark: local[*], spark://…, yarn or k8s://… (default: local[*])",
    )
    rules.declare(parser)


def declare_selection(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say which lines count, and how logs are read."""
    parser.add_argument("--bucket", metavar="NAME", help="only requests to this bucket")
    parser.add_argument(
        "--since", type=_moment, metavar="TIME", help="only requests from this time on, in UTC"
    )
    parser.add_argument("--until", type=_moment, metavar="TIME", help="only requests before it")
    parser.add_argument(
        "--form",
        choices=[form.value for form in LogForm],
        help="the form of the logs (default: recognised by the first line of each file)",
    )
    parser.add_argument("--rejects", metavar="FILE", help="write the damaged lines to this file")
    parser.add_argument(
        "--max-rejects",
        type=decimal,
        default=Decimal(1),
        metavar="PERCENT",
        help="end with 2 if more lines are damaged (default: 1)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Replay the logs and report."""
    new = rules.read(arguments.rules, arguments)
    old = rules.read(arguments.against, arguments) if arguments.against else None
    selected = select(arguments, Judge(new, old, arguments.assumptions), arguments.bucket)
    names = ReplayNames(arguments.rules, arguments.against or "", selected.names.logs)
    question = replace(selected, top=arguments.top, price=arguments.price, names=names)
    engine = EngineName(arguments.engine), arguments.master
    read = arguments.rules, arguments.against
    with asking(arguments, read, {"--html": arguments.html}, engine) as asked:
        report = replay(question, asked)
    if arguments.html:
        with writing(Path(arguments.html)) as file:
            voice = page.Translator(language.say, language.say_step)
            file.write(page.format(report, voice, language.current()).encode())
    if arguments.format == Format.JSON:
        write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    else:
        show(*describe(report))
    return 0


def select(arguments: argparse.Namespace, judge: Judge, bucket: str | None) -> ReplayQuestion:
    """Return a question about the lines that the flags of `declare_selection` select.

    Raises InputError for what is not the name of a bucket.
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
        names=ReplayNames(logs=tuple(arguments.logs)),
    )


@contextmanager
def asking(
    arguments: argparse.Namespace,
    read: Sequence[str | None],
    written: Mapping[str, str | None],
    engine: tuple[EngineName, str] = (EngineName.DUCKDB, ""),
) -> Iterator[ReadLogs]:
    """Find the logs and make an engine, which is given with the address of its master.

    `read` are further files that are read, and `written` those that are written, by their flags:
    none may be another one. Raises InputError and CommandError, also for the body.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="oss-emulator-replay-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        rejects = Rejects()
        try:
            if arguments.rejects:
                rejects.keep = stack.enter_context(writing(Path(arguments.rejects))).write
            files = logs.find(arguments.logs, arguments, folder)
            logs.check_outputs({"--rejects": arguments.rejects, **written}, files, read)
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
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{error.filename or folder}: {error.strerror}") from None


_READING = "Reading the logs"
_BYTES_PER_LINE = 400
"""About what a line of an access log has; the progress counts lines by it."""


def _listener(progress: Progress, files: Sequence[Path]) -> ScanListener | None:
    """Return a listener that shows the progress of a scan; None where nobody would see it."""
    if not progress.visible:
        return None
    lines = max(1, sum(file.stat().st_size for file in files) // _BYTES_PER_LINE)
    return lambda part: progress.show(round(part * lines), lines)


@contextmanager
def _held_back() -> Iterator[None]:
    """Deliver Ctrl-C after the block: modules in C++ abort on an exception while they load.

    Only the main thread gets it, and only there may it be held back.
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


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= 10_000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 10000")
    return int(text)


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
