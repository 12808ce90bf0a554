"""`oss-emulator replay`: judge the requests of access logs by new rules."""

import argparse
import json
from dataclasses import replace
from pathlib import Path

from oss_referer.terminal import formats, language, logs, rules
from oss_referer.terminal.formats import Format
from oss_referer.terminal.output import show, write, writing
from oss_referer.terminal.parser import Commands
from oss_referer.terminal.results import describe
from oss_referer.traffic import figures, page
from oss_referer.traffic.engine import EngineName
from oss_referer.traffic.judge import Judge
from oss_referer.traffic.report import ReplayNames, replay

_DESCRIPTION = (
    "Judges every request of access logs by new rules, and reports what they would change: who "
    "would be locked out, who would get in, and what traffic would be saved. The exit status is 0, "
    "1 if the report cannot be written, or 2 if a log cannot be read or too many of its lines are "
    "damaged."
)


def declare(commands: Commands) -> None:
    parser = commands.add_parser("replay", run, description=_DESCRIPTION)
    parser.add_value("rules", "RULES", rules.HELP)
    parser.add_value("logs", "LOG", logs.HELP, nargs="+")
    said = "compare with these rules instead of with the outcome in the log"
    parser.add_value("--against", "RULES", said)
    logs.declare(parser)
    parser.add_value("--top", "N", "rows of each table (default: 10)", type=_count, default=10)
    said = f"the price of traffic out to the Internet (default: {figures.PRICE})"
    parser.add_value("--price", "YUAN_PER_GB", said, type=logs.decimal, default=figures.PRICE)
    parser.add_output("--html", said="also write the report as a web page")
    formats.declare(parser, formats.PLAIN)
    said = "what reads the logs (default: duckdb)"
    parser.add_choice("--engine", EngineName, said, default=EngineName.DUCKDB.value)
    said = "with --engine spark: local[*], spark://…, yarn or k8s://… (default: local[*])"
    parser.add_value("--master", "URL", said, default="local[*]")
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    given = filter(None, (arguments.rules, arguments.against))
    new, *others = (item.configuration for item in rules.select_together([*given], arguments))
    old = others[0] if others else None
    selected = logs.select(arguments, Judge(new, old, arguments.assumptions), arguments.bucket)
    names = ReplayNames(arguments.rules, arguments.against or "", selected.names.logs)
    question = replace(selected, top=arguments.top, price=arguments.price, names=names)
    engine = EngineName(arguments.engine), arguments.master
    with logs.reading(arguments, engine) as asked:
        report = replay(question, asked)
    if arguments.html:
        with writing(Path(arguments.html)) as file:
            voice = page.Translator(language.say, language.say_step)
            written = page.format(report, voice, language.current())
            file.write(written.encode(errors="backslashreplace"))  # file names may be any bytes
    if arguments.format == Format.JSON:
        write(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    else:
        show(*describe(report))
    return 0


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) <= 10_000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 10000")
    return int(text)
