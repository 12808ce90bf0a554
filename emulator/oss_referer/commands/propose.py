"""`oss-emulator propose`: find the smallest rules that keep the traffic of your own sites."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.search.url import encode_host
from oss_referer.sources import referer_xml
from oss_referer.terminal import formats, logs, rules
from oss_referer.terminal.formats import Format
from oss_referer.terminal.output import (
    Block,
    Text,
    TextTable,
    Tone,
    line,
    show,
    write_json,
    writing,
)
from oss_referer.terminal.parser import Commands, InputError
from oss_referer.terminal.results import describe
from oss_referer.traffic import figures
from oss_referer.traffic.engine import Row
from oss_referer.traffic.figures import Report, size
from oss_referer.traffic.judge import Judge
from oss_referer.traffic.proposal import HostName, RuleProposal, propose
from oss_referer.traffic.report import VERSION, measure, replay

_DESCRIPTION = (
    "Finds the rules with the fewest entries that keep the traffic of your own and your partners' "
    "sites in access logs, and deny everybody else. Shows what they give up, and a replay of the "
    "logs by them. The exit status is 0, or 1 if no safe rules keep the share that you ask for."
)
_LETTERS = set("abcdefghijklmnopqrstuvwxyz0123456789.-")
_SHOWN = 10


def declare(commands: Commands) -> None:
    parser = commands.add_parser("propose", run, description=_DESCRIPTION)
    parser.add_value("logs", "LOG", logs.HELP, nargs="+")
    for flag, text in (
        ("--own", "a host of yours; *.example.com stands for all sub-domains of example.com"),
        ("--partner", "a host that may show your objects, written in the same way"),
        ("--block", "a host that must be denied, even below a host of yours"),
    ):
        parser.add_repeated(flag, "HOST", text, type=_host, required=flag == "--own")
    said = "the share of the bytes of these hosts that must be kept (default: 0.999)"
    parser.add_value("--keep", "SHARE", said, type=_share, default=Decimal("0.999"))
    parser.add_switch("--allow-empty", "allow requests without a Referer")
    logs.declare(parser)
    parser.add_output("--write", said="write the rules to this file, in XML")
    formats.declare(parser, formats.PLAIN)
    rules.declare_service(parser)


@dataclass(frozen=True, slots=True)
class _Found:
    """A proposal, the wanted origins that it gives up, and a replay of it."""

    proposal: RuleProposal
    given_up: Sequence[tuple[str, int]]
    report: Report


def run(arguments: argparse.Namespace) -> int:
    wanted = [*arguments.own, *arguments.partner]
    if both := [name.text for name in wanted if name in arguments.block]:
        raise InputError(f"{both[0]} is both wanted and blocked; leave out one of them")
    if pipes := list(filter(logs.is_pipe, arguments.logs)):
        raise InputError(
            f"{pipes[0]}: a pipe can be read only once, but logs are read twice; name a file"
        )
    found = _find(wanted, arguments)
    if arguments.write:
        with writing(Path(arguments.write)) as file:
            file.write(referer_xml.format(found.proposal.rules))
    if arguments.format == Format.JSON:
        write_json(_to_dict(found))
    else:
        show(*_describe(found))
    return int(not found.proposal.suffices)


def _find(wanted: Sequence[HostName], arguments: argparse.Namespace) -> _Found:
    nothing = logs.select(arguments, Judge(RefererConfiguration()), arguments.bucket)
    with logs.reading(arguments) as read:
        rows = measure(wanted, nothing, read)
    names = ", ".join(name.text for name in wanted)
    if not rows:
        raise InputError(f"the logs have no served request with a Referer of {names}")
    proposal = _propose(rows, wanted, arguments)
    if not proposal.rules.whitelist:
        raise InputError(
            f"no safe entry keeps any traffic of {names}, and an empty whitelist allows everybody; "
            "name other hosts, or block fewer"
        )
    judge = Judge(proposal.rules, None, arguments.assumptions)
    question = logs.select(arguments, judge, arguments.bucket)
    with logs.reading(arguments) as read:
        report = replay(question, read)
    policy = question.judge.policy
    lost = [
        (origin if closed else f"{origin} (without a slash after the host)", count)
        for origin, _, closed, count in rows
        if not (closed and policy.allows(f"{origin}/"))
    ]
    return _Found(proposal, lost, report)


def _propose(
    rows: Sequence[Row], wanted: Sequence[HostName], arguments: argparse.Namespace
) -> RuleProposal:
    closed = {origin: count for origin, _, is_closed, count in rows if is_closed}
    # An origin with `*` or `?` would become an entry with a wildcard.
    safe = {o: count for o, count in closed.items() if not set(o) & set("*?") and "://" in o}
    return propose(
        wanted,
        arguments.block,
        safe,
        arguments.keep,
        others=sum(row[3] for row in rows) - sum(safe.values()),
        allow_empty=arguments.allow_empty,
    )


def _describe(found: _Found) -> Iterator[Block]:
    proposal = found.proposal
    share = figures.share(proposal.kept, proposal.wanted)
    tone = Tone.GOOD if proposal.suffices else Tone.BAD
    traffic = size(proposal.wanted)
    entries = str(proposal.entries)
    kept = Sentence("{} entries keep {} % of {} of your traffic.", entries, share, traffic)
    if proposal.entries == 1:
        kept = Sentence("1 entry keeps {} % of {} of your traffic.", share, traffic)
    why = Sentence("No safe entries keep what you ask for.")
    if proposal.suffices:
        why = Sentence("Fewer entries would keep too little.")
    yield line(Text(Sentence("{} {}", kept, why), tone))
    yield line()
    yield from _list(proposal.rules)
    yield line()
    if found.given_up:
        rows = [(name, size(count)) for name, count in found.given_up[:_SHOWN]]
        headings = (Sentence("origin"), Sentence("traffic"))
        yield TextTable(headings, rows, title=Sentence("Given up, of your hosts"))
        if len(found.given_up) > _SHOWN:
            yield line(Sentence("and {} more", str(len(found.given_up) - _SHOWN)))
        yield line()
    yield line(Text(Sentence("A replay of the logs by these rules"), Tone.STRONG))
    yield from describe(found.report)


def _list(proposed: RefererConfiguration) -> Iterator[Block]:
    allowed = str(proposed.allow_empty_referer).lower()
    yield line(Text("AllowEmptyReferer  ", Tone.FAINT), allowed, indent=2)
    for name, said in figures.LISTS.items():
        for entry in getattr(proposed, name):
            yield line(Text(said, Tone.FAINT, 19), Text(entry, Tone.GOOD), indent=2)


def _to_dict(found: _Found) -> dict[str, Any]:
    proposal = found.proposal
    return {
        "version": VERSION,
        "entries": proposal.entries,
        "rules": {
            "allow_empty_referer": proposal.rules.allow_empty_referer,
            "whitelist": list(proposal.rules.whitelist),
            "blacklist": list(proposal.rules.blacklist),
        },
        "kept": {"bytes": proposal.kept, "wanted": proposal.wanted, "suffices": proposal.suffices},
        "given_up": [{"origin": name, "bytes": count} for name, count in found.given_up],
        "replay": found.report,
    }


def _host(text: str) -> HostName:
    star = "*." if text.startswith("*.") else ""
    host = encode_host(text.removeprefix(star).lower()) or ""
    if not (set(host) <= _LETTERS and host.strip(".-") == host and host):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a host; write www.example.com or *.example.com"
        )
    return HostName(star + host)


def _share(text: str) -> Decimal:
    share = logs.decimal(text)
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share; write a number up to 1")
    return share
