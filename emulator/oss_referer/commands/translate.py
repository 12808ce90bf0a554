"""`oss-emulator translate`: translate rules from and to other systems."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from oss_referer import translate as translation
from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.engine.policy import MAX_EXAMINED, MAX_SIZE
from oss_referer.sources import forms as document
from oss_referer.sources.forms import RulesForm
from oss_referer.terminal import formats, language, rules
from oss_referer.terminal.formats import Format
from oss_referer.terminal.output import visible, write, write_json
from oss_referer.terminal.parser import Commands, InputError
from oss_referer.translate import SYSTEMS, Loss, Rules, SourceRules, System

_DESCRIPTION = (
    "Translates rules. Standard output gets the result, and standard error gets what the result "
    "cannot express, each with a Referer that both sides decide differently. The exit status is "
    "0; with --exact it is 1 if anything is lost."
)
_LONGEST_SHOWN = 200
"""The most characters of a Referer in a warning; JSON has the whole Referer."""


def declare(commands: Commands) -> None:
    parser = commands.add_parser("translate", run, description=_DESCRIPTION)
    way = parser.add_mutually_exclusive_group(required=True)
    for name, dest, text in (
        ("--from", "from_", "FILE has rules of this system"),
        ("--to", "to", "translate RULES to this system"),
    ):
        way.add_argument(name, dest=dest, choices=list(SYSTEMS), help=language.explain(text))
    said = f"with --from, a file or - for standard input; with --to, {rules.HELP}"
    parser.add_value("file", "FILE", said)
    said = "the form of the result with --from (default: xml)"
    parser.add_choice("--as", document.RulesForm, said, dest="form", default=RulesForm.XML.value)
    parser.add_switch("--exact", "exit with 1 if anything is lost")
    formats.declare(parser, formats.PLAIN)
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    name: str = arguments.from_ or arguments.to
    system = SYSTEMS[name]
    theirs: Rules
    if arguments.from_:
        source = _read_theirs(arguments.file, system)
        ours = source.to_oss()
        _refuse_large(ours)
        with _writing(arguments.form):
            theirs, text = source, document.format(ours, RulesForm(arguments.form))
    else:
        ours = rules.read(arguments.file, arguments)
        _refuse_large(ours)
        result = system.from_oss(ours, arguments.assumptions)
        with _writing(name):
            theirs = result
            text = result.format(str if arguments.format == Format.JSON else language.say)
    lost = translation.losses(
        theirs,
        ours,
        arguments.assumptions,
        opens=not arguments.from_,  # prefer examples that the result lets in
    )
    if arguments.format == Format.JSON:
        write_json({"system": name, "result": text, "lost": [_to_dict(loss) for loss in lost]})
    else:
        write(text)
        sys.stdout.flush()
        for loss in lost:
            said = Sentence("warning: {}", _sentence(loss, system.title))
            print(language.say(said), file=sys.stderr)
    return int(arguments.exact and bool(lost))


def _read_theirs(argument: str, system: System) -> SourceRules:
    source = rules.read_source(argument)
    text = rules.decode(source)
    with rules.locating(source):
        return system.parse(text)


def _refuse_large(configuration: RefererConfiguration) -> None:
    """Refuse lists that are too large for a bucket, because translation would take too long."""
    if configuration.size > MAX_EXAMINED:
        raise InputError(
            f"the entries for OSS have {configuration.size:,} bytes, and PutBucketReferer refuses "
            f"more than {MAX_SIZE:,}; translate fewer"
        )


@contextmanager
def _writing(form: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise InputError(f"the result cannot be written as {form}: {error}") from None


def _sentence(loss: Loss, title: str) -> Sentence:
    """Describe a loss: `nginx allows http://…, OSS denies it (the same host …)`."""
    sent, kind = _shown(loss.referer), Sentence(loss.kind.value)
    if loss.theirs:
        return Sentence("{} allows {}, OSS denies it ({})", title, sent, kind)
    return Sentence("{} denies {}, OSS allows it ({})", title, sent, kind)


def _shown(referer: str | None) -> str:
    if referer is None:
        return Sentence("a request without a Referer")
    shown = visible(referer)
    if len(shown) > _LONGEST_SHOWN:
        return Sentence("{}… ({} characters)", shown[:_LONGEST_SHOWN], str(len(referer)))
    return shown or Sentence("an empty Referer")


def _to_dict(loss: Loss) -> dict[str, object]:
    return {
        "kind": loss.kind.value,
        "referer": loss.referer,
        "theirs": loss.theirs,
        "ours": not loss.theirs,
    }
