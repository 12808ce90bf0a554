"""`oss-emulator apply`: show how rules change a bucket, then put them."""

import argparse
import sys

from oss_referer.advice import diff
from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.replay import guard
from oss_referer.replay.guard import TokenError
from oss_referer.terminal import bucket, changes, formats, language, rules
from oss_referer.terminal.formats import Format
from oss_referer.terminal.output import Text, Tone, line, show, write_json
from oss_referer.terminal.parser import Commands, InputError

_DESCRIPTION = (
    "Shows what would change for a bucket, asks for confirmation and puts the rules. The exit "
    "status is 0 if the bucket has the rules now, 1 if the answer was no, and 2 if something "
    "cannot be read, the token does not allow the rules, or the service refuses them."
)


def declare(commands: Commands) -> None:
    parser = commands.add_parser("apply", run, description=_DESCRIPTION)
    parser.add_value("rules", "RULES", rules.HELP)
    parser.add_value("bucket", "oss://BUCKET", "the bucket to put the rules to")
    parser.add_switch("--yes", "put the rules without asking")
    said = "put the rules only if guard wrote this token, and they passed for this bucket"
    parser.add_value("--require-token", "FILE", said)
    formats.declare(parser, formats.PLAIN)
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    if not arguments.bucket.startswith(bucket.SCHEME):
        raise InputError(f"{arguments.bucket!r} is not the address of a bucket; write oss://BUCKET")
    if arguments.format == Format.JSON and not arguments.yes:
        arguments.parser.error("--json requires --yes")
    new = rules.read(arguments.rules, arguments)
    if arguments.require_token is not None:
        _require_token(arguments.require_token, new, arguments.bucket)
    old = bucket.get(arguments.bucket, arguments)
    found = diff.compare(old, new, assumptions=arguments.assumptions)
    if arguments.format != Format.JSON:
        show(*changes.describe_text(old, new), *changes.describe(found, whole=True))
    if old != new:
        if not arguments.yes and not _agrees(arguments.bucket):
            show(line(Sentence("The rules were not put.")))
            return 1
        bucket.put(arguments.bucket, new, arguments)
    if arguments.format == Format.JSON:
        write_json({"bucket": arguments.bucket, "put": old != new, **changes.to_dict(found)})
    else:
        template = "{} has these rules already." if old == new else "{} has these rules now."
        show(line(Text(Sentence(template, arguments.bucket), Tone.GOOD)))
    return 0


def _require_token(path: str, new: RefererConfiguration, address: str) -> None:
    source = rules.read_source(path)
    name = address.removeprefix(bucket.SCHEME).removesuffix("/")
    try:
        guard.check_token(rules.decode(source), new, name)
    except TokenError as error:
        raise InputError(f"{source.name}: {error}; the rules were not put") from None


def _agrees(address: str) -> bool:
    if not sys.stdin.isatty():
        raise InputError("standard input is not a terminal, so nobody can confirm; add --yes")
    asked = language.say(Sentence("Put these rules to {}? [y/N] ", address))
    return input(asked).strip().lower() in ("y", "yes")
