"""`oss-emulator apply`: show how rules change a bucket, then set them."""

import argparse
import shlex
import sys
from dataclasses import asdict
from pathlib import Path

from oss_referer.advice import answer
from oss_referer.engine import RefererConfiguration, RefererPolicy, Sentence
from oss_referer.plan import Costs, Wish, compare, plan
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm
from oss_referer.terminal import bucket, changes, formats, language, rules
from oss_referer.terminal.formats import Format
from oss_referer.terminal.output import Text, Tone, line, show, write_json, writing
from oss_referer.terminal.parser import Commands, InputError

_DESCRIPTION = (
    "Shows what would change for a bucket, asks for confirmation, saves the rules that it has and "
    "puts the new ones. The exit "
    "status is 0 if the bucket has the rules now, 1 if the answer was no, and 2 if something "
    "cannot be read or the service refuses the rules."
)


def declare(commands: Commands) -> None:
    parser = commands.add_parser("apply", run, description=_DESCRIPTION)
    parser.add_value("rules", "RULES", rules.HELP)
    parser.add_value("bucket", "oss://BUCKET", "the bucket to put the rules to")
    parser.add_switch("--yes", "put the rules without asking")
    said = "a new file for the rules that the bucket has (default: one beside RULES)"
    parser.add_value("--backup", "FILE", said, type=Path)
    formats.declare(parser, formats.PLAIN)
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    if not arguments.bucket.startswith(bucket.SCHEME):
        if arguments.rules.startswith(bucket.SCHEME):
            right = shlex.join(["oss-emulator", "apply", arguments.bucket, arguments.rules])
            raise InputError(f"RULES come before the bucket; write {right}")
        raise InputError(f"{arguments.bucket!r} is not the address of a bucket; write oss://BUCKET")
    if arguments.format == Format.JSON and not arguments.yes:
        arguments.parser.error("--json requires --yes")
    new = rules.read(arguments.rules, arguments)
    old = bucket.get(arguments.bucket, arguments)
    costs, empty = _compare(old, new, arguments)
    if arguments.format != Format.JSON:
        said = answer.say_costs(costs, empty) if old != new else ()
        show(*changes.describe_text(old, new), *map(line, said))
    if old != new:
        if not arguments.yes and not _agrees(arguments.bucket):
            show(line(Sentence("The rules were not set.")))
            return 1
        saved = _save(old, arguments)
        bucket.put(arguments.bucket, new, arguments)
    else:
        saved = None
    if arguments.format == Format.JSON:
        about = {"bucket": arguments.bucket, "put": old != new, "saved": saved and str(saved)}
        write_json({**about, "costs": {**asdict(costs), "no_referer": empty}})
        return 0
    template = "{} already has these rules." if old == new else "{} has these rules now."
    show(line(Text(Sentence(template, arguments.bucket), Tone.GOOD)))
    if saved is not None:
        service = ["--endpoint", arguments.endpoint, "--region", arguments.region]
        back = ["oss-emulator", "apply", str(saved), arguments.bucket, *service]
        show(line(Sentence("To restore the previous rules: {}", shlex.join(back))))
    return 0


def _compare(
    old: RefererConfiguration, new: RefererConfiguration, arguments: argparse.Namespace
) -> tuple[Costs, tuple[bool, bool]]:
    """Return the costs for the sites that both rules name, and who gets in without a Referer."""
    owned = plan(new, Wish(saved=old), arguments.assumptions).owned
    before, after = (RefererPolicy.compile(one, arguments.assumptions) for one in (old, new))
    return compare(owned, before, after), (before.allows(None), after.allows(None))


def _save(old: RefererConfiguration, arguments: argparse.Namespace) -> Path:
    """Save the rules of a bucket, by default in a new file beside the new rules."""
    path: Path | None = arguments.backup
    if path is not None and path.is_file():
        raise InputError(f"--backup: {path} exists; name a new file")
    if path is None:
        file = Path(arguments.rules.partition("#")[0])
        name = file.stem if file.is_file() else arguments.bucket.removeprefix(bucket.SCHEME)
        names = rules.name_backups(name.strip("/"))
        folder = file.parent if file.is_file() else Path()
        path = next(one for one in map(folder.joinpath, names) if not one.exists())
    with writing(path, InputError) as saved:
        saved.write(forms.format(old, RulesForm.XML).encode())
    return path


def _agrees(address: str) -> bool:
    if not sys.stdin.isatty():
        raise InputError("standard input is not a terminal, so nobody can confirm; add --yes")
    try:
        answer = input(language.say(Sentence("Set these rules on {}? [y/N] ", address)))
    except EOFError:  # Ctrl-D
        print()
        return False
    return answer.strip().lower() in ("y", "yes")
