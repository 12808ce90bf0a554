"""`oss-emulator lint`: find mistakes in rules, with a Referer as evidence, and correct them."""

import argparse
import difflib
import re
import sys
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

from oss_referer import lint
from oss_referer.advice import diff
from oss_referer.engine import RefererConfiguration, Sentence, Stage
from oss_referer.engine.sentence import join
from oss_referer.lint import KINDS, Evidence, Finding, Fixed, Linted, Severity, remark
from oss_referer.plan import Change, EntryPlace, read_site
from oss_referer.remarks import Remark
from oss_referer.sources import forms
from oss_referer.sources.editing import NotEditableError
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.places import Place
from oss_referer.terminal import changes, formats, language, lint_settings, rules
from oss_referer.terminal.formats import CommandResult, Format
from oss_referer.terminal.lint_settings import LintSettings
from oss_referer.terminal.output import (
    ENTRIES,
    Block,
    Piece,
    Text,
    TextTable,
    Tone,
    fold,
    line,
    referer,
    show,
    write,
    write_json,
    writing,
)
from oss_referer.terminal.parser import Commands, InputError
from oss_referer.terminal.rules import FoundRules, SelectedRules

_DESCRIPTION = (
    "Finds mistakes in rules. The engine has decided on every Referer that is shown. The exit "
    "status is 0 if there are only notes, 1 if there are errors or warnings, and 2 if a file "
    "cannot be read or written, or has no rules. With --fix it is about the corrected rules."
)
_HELP = f"{rules.HELP}. A folder stands for its files with rules, except those that Git ignores"
_TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARNING, Severity.NOTE: Tone.FAINT}
_NAMES = {rule.name: rule for rule in lint.RULES}

Places = Mapping[tuple[Stage, int], Place]


def declare(commands: Commands) -> None:
    parser = commands.add_parser("lint", run, description=_DESCRIPTION)
    parser.add_value("rules", "RULES", _HELP, nargs="*", default=[])
    parser.add_switch("--fix", "print the corrected rules, and what they change for whom")
    parser.add_switch(
        "--unsafe-fixes", "with --fix, also give the first answer to each question, and show them"
    )
    said = "a site of yours, such as https://www.example.com or *.example.com; without one, the "
    said += "sites that the entries name"
    parser.add_repeated("--site", "URL", said, type=_read_site)
    parser.add_switch("--write", "with --fix, write them to the file")
    said = "accept what a rule of the linter finds"
    parser.add_repeated("--ignore", "RULE", said, choices=sorted(_NAMES))
    rules.declare_search(parser)
    parser.add_switch("--all", "also print the notes that hold for nearly all rules")
    parser.add_value("--explain", "RULE", "explain a rule of the linter", choices=sorted(_NAMES))
    parser.add_switch("--list", "list the rules of the linter")
    formats.declare(parser)
    rules.declare(parser)


_COLUMNS = 100
"""The most columns of an explanation, as in the sources; a terminal may be narrower."""


def run(arguments: argparse.Namespace) -> int:
    as_json = arguments.format == Format.JSON
    if arguments.explain:
        rule = _NAMES[arguments.explain]
        severity = language.say(Sentence(rule.severity.value))
        text = re.sub(r"(?<=[ -~])\n(?=[^\n])", " ", language.say_rule(rule.name, rule.page))
        text = re.sub(r"(?<=[^\n ])\n(?=[^\n])", "", text)  # Chinese has no spaces at line ends
        width = min(_COLUMNS, get_terminal_size((_COLUMNS, 0)).columns)
        page = "\n\n".join("\n".join(fold(part, width, 0)) for part in text.split("\n\n"))
        write(f"{rule.name} ({severity})\n\n{page}\n")
        return 0
    if arguments.list:
        return _list(as_json)
    if not arguments.rules:
        arguments.parser.error("give RULES, --list or --explain RULE")
    if arguments.write and not arguments.fix:
        arguments.parser.error("--write requires --fix")
    if arguments.unsafe_fixes and not arguments.fix:
        arguments.parser.error("--unsafe-fixes requires --fix")
    if arguments.fix and arguments.format not in (Format.TEXT, Format.JSON):
        arguments.parser.error("--fix prints text or JSON; leave --format out")
    if arguments.write and any(one.partition("#")[0] == "-" for one in arguments.rules):
        raise InputError(
            "--write takes files; print the corrected rules of standard input with lint --fix -"
        )
    selected = rules.select_all(arguments.rules, arguments)
    status = _fix(selected, arguments) if arguments.fix else _lint(selected, arguments)
    return 2 if selected.wrong else status


@dataclass(frozen=True, slots=True)
class _Report:
    """Rules, with the findings of the linter."""

    rules: SelectedRules
    settings: LintSettings
    linted: Linted
    shown: Sequence[Finding]
    """The findings to print."""

    def remark(self) -> Iterator[Remark]:
        return remark(self.shown, self.rules.where, self.rules.find_places())

    def to_dicts(self) -> Iterator[dict[str, object]]:
        for item in _to_dicts(self.shown, self.rules.find_places()):
            yield {"file": self.rules.where, "name": self.rules.name, **item}


def _read_site(text: str) -> str:
    if read_site(text):
        return text
    if "@" in text:
        raise argparse.ArgumentTypeError("a site has no user name; write https://www.example.com")
    raise argparse.ArgumentTypeError(
        f"{text} is not a site; write a URL such as https://www.example.com, or *.example.com"
    )


def _lint(selected: FoundRules, arguments: argparse.Namespace) -> int:
    linted = [_lint_one(item, arguments) for item in selected.found]
    command_result = CommandResult(
        text=_report_all(linted, arguments),
        data=lambda: [item for one in linted for item in one.to_dicts()],
        remarks=(item for one in linted for item in one.remark()),
        kinds=KINDS,
        wrong=selected.wrong,
        is_empty=not linted,
    )
    formats.print_result(command_result, arguments)
    found = (item for one in linted for item in one.linted.found)
    return int(any(item.severity is not Severity.NOTE for item in found))


def _settings_of(selected: SelectedRules, arguments: argparse.Namespace) -> LintSettings:
    """Return the settings for rules from flags and the project. Raises InputError."""
    name = selected.source.name if selected.source else "rules"
    found = lint_settings.find(Path(name))
    accepted = {*found.ignore, *arguments.ignore}
    sites = tuple(arguments.site) or found.site
    return replace(found, ignore=tuple(sorted(accepted)), site=sites)


def _lint_one(selected: SelectedRules, arguments: argparse.Namespace) -> _Report:
    settings = _settings_of(selected, arguments)
    linted = lint.lint(
        selected.configuration,
        assumptions=arguments.assumptions,
        accepted=settings.ignore,
        sites=settings.site,
        meant=settings.meant,
    )
    shown = [item for item in linted.found if arguments.all or not item.common]
    return _Report(selected, settings, linted, shown)


def _fix(selected: FoundRules, arguments: argparse.Namespace) -> int:
    if len(selected.found) == 1 and not selected.wrong:
        return _fix_one(selected.found[0], arguments)
    if len(selected.found) > 1 and (not arguments.write or arguments.format != Format.TEXT):
        arguments.parser.error("--fix prints one configuration; name one, or add --write")
    status = 0
    formats.print_errors(selected.wrong)
    for item in selected.found:
        show(line(Text(item.argument, Tone.STRONG)))
        # Read the rules again, because a previous correction may have changed the file.
        again = rules.select(item.argument, arguments)
        status = max(status, _fix_one(again, arguments))
        show(line())
    return status


def _fix_one(selected: SelectedRules, arguments: argparse.Namespace) -> int:
    settings = _settings_of(selected, arguments)
    fixed = lint.fix(
        selected.configuration,
        assumptions=arguments.assumptions,
        accepted=settings.ignore,
        unsafe=arguments.unsafe_fixes,
        sites=settings.site,
        meant=settings.meant,
    )
    shown = [item for item in fixed.left if arguments.all or not item.common]
    left = (
        list(_to_dicts(shown, {}))
        if arguments.format == Format.JSON
        else [
            *_report(shown, {}, arguments),
            *_closing(shown, fixed.left, settings.ignore),
            line(_summary(shown)),
        ]
    )
    return _show_fixed(selected, fixed, left, arguments)


def _list(as_json: bool) -> int:
    if as_json:
        write_json(
            [
                {"rule": rule.name, "severity": rule.severity.value, "title": rule.title}
                for rule in lint.RULES
            ]
        )
    else:
        rows = [
            (
                rule.name,
                Text(Sentence(rule.severity.value), _TONES[rule.severity]),
                language.say_rule(rule.name, rule.page).partition("\n")[0],
            )
            for rule in lint.RULES
        ]
        headings = (Sentence("rule"), Sentence("severity"), Sentence("what it finds"))
        show(TextTable(headings, rows))
    return 0


_SHOWN = 20
"""The most entries of one cause, and the most notes, without --all."""


def _report_all(linted: Sequence[_Report], arguments: argparse.Namespace) -> Iterator[Block]:
    """Describe the findings of each configuration, then a summary."""
    for item in linted:
        if len(linted) > 1 and item.shown:
            yield line(Text(item.rules.argument, Tone.STRONG))
            yield line()
        yield from _report(item.shown, item.rules.find_places(), arguments)
    shown = [item for one in linted for item in one.shown]
    found = [item for one in linted for item in one.linted.found]
    is_corrected = any(finding.change for finding in shown)
    is_taken = is_corrected and len(linted) == 1 and not linted[0].settings.site
    named = dict.fromkeys(site.name for site in linted[0].linted.plan.owned.sites)
    accepted = sorted({name for item in linted for name in item.settings.ignore})
    yield from _closing(shown, found, accepted, [*named] if is_taken else ())
    if len(linted) > 1:
        count = sum(bool(item.shown) for item in linted)
        where = Sentence(" in {} of {} configurations", f"{count:,}", f"{len(linted):,}")
        yield line(_summary(shown), where if shown else "")
    else:
        yield line(_summary(shown))


def _report(
    shown: Sequence[Finding], where: Places, arguments: argparse.Namespace
) -> Iterator[Block]:
    notes = [finding for finding in shown if finding.severity is Severity.NOTE]
    for cause in lint.group_alike(item for item in shown if item.severity is not Severity.NOTE):
        yield from _describe(cause, where, arguments)
        yield line()
    if notes:
        yield line(Text(Sentence("Good to know"), Tone.STRONG))
        for note in notes[: None if arguments.all else _SHOWN]:
            about = f"{note.place.entry}: " if note.place else ""
            name = Text(f"  [{note.rule}]", Tone.FAINT)
            yield line(about, note.reason, name, indent=2)
        yield line()


def _closing(
    shown: Sequence[Finding],
    found: Sequence[Finding],
    accepted: Sequence[str],
    named: Sequence[str] = (),
) -> Iterator[Block]:
    """Describe accepted rules, sites, risks and hidden notes; `named` are sites from entries."""
    hidden = sorted({finding.rule for finding in found} - {finding.rule for finding in shown})
    if accepted:
        yield line(Text(Sentence("Accepted: {}", ", ".join(accepted)), Tone.FAINT))
    if named:
        sites = ", ".join(named[:_SITES]) + (" …" if len(named) > _SITES else "")
        said = Sentence("Sites taken from the entries: {} (--site URL names others)", sites)
        yield line(Text(said, Tone.FAINT))
    if asked := sum(bool(finding.decide) for finding in found):
        said = Sentence(
            "Questions: {}. Until you answer, the entries stay (--fix --unsafe-fixes takes the "
            "first answers)",
            f"{asked:,}",
        )
        yield line(Text(said, Tone.FAINT))
    if hidden:
        said = Sentence("As with nearly all rules: {} (--all shows them)", ", ".join(hidden))
        yield line(Text(said, Tone.FAINT))


_SITES = 4
"""The most sites from entries to show."""


def _describe(
    cause: Sequence[Finding], where: Places, arguments: argparse.Namespace
) -> Iterator[Block]:
    """Describe the findings of one cause together, with a line for each entry if several."""
    first = cause[0]
    about: tuple[Piece, ...] = ()
    place = first.place
    if len(cause) > 1:
        about = ("  ", Sentence("{} entries", f"{len(cause):,}"))
    elif place is not None:
        number = _line_of(first, where)
        name = Sentence(ENTRIES[place.list].template, str(place.position + 1))
        named = Sentence("line {}, {}", str(number), name) if number else name
        about = ("  ", Sentence("{}: ", named), _entry(first))
    severity = Text(Sentence(first.severity.value), _TONES[first.severity])
    yield line(severity, f" {first.rule}", *about)
    yield line(first.reason, indent=2)
    is_judged = first.evidence in (Evidence.ALLOWED, Evidence.DENIED)
    ec = f", EC {first.decision_reason.ec}" if is_judged and first.decision_reason.ec else ""
    shown = referer(first.referer), " ", Sentence(first.evidence.value), ec
    yield _labelled(Sentence("shown by"), *shown)
    if first.decide:
        yield _labelled(Sentence("decide"), first.decide)
    yield from _several(cause, where, arguments) if len(cause) > 1 else _corrected(first)


def _corrected(finding: Finding) -> Iterator[Block]:
    """Describe the safe change of a finding, or the answers to its question."""
    place, line_ = finding.place, finding.line
    if line_ is None:
        return
    pieces = tuple(_corrections(line_.change, place))
    label = Sentence("correct")
    if len(pieces) > _WEIGHED:
        yield _labelled(label, Sentence("all of this, as one change:"))
    for number, piece in enumerate(pieces):
        yield _labelled("" if number or len(pieces) > _WEIGHED else label, piece)
    for number, option in enumerate(line_.options):
        yield _labelled("" if number else Sentence("answers"), option.said)
        if option.change.instead != ():
            yield from (_labelled("", "  ", one) for one in _corrections(option.change, place))


_WEIGHED = 2
"""The most lines of a correction to show as separate changes."""


def _several(
    cause: Sequence[Finding], where: Places, arguments: argparse.Namespace
) -> Iterator[Block]:
    """Yield a line for each entry, with its correction."""
    shown = cause if arguments.all else cause[:_SHOWN]
    for number, finding in enumerate(shown):
        label = Sentence("answer") if finding.change else Sentence("at")
        if finding.is_safe:
            label = Sentence("correct")
        yield _labelled("" if number else label, *_brief(finding, where))
    if len(cause) > len(shown):
        yield _labelled("", Sentence("{} more (--all shows them)", f"{len(cause) - len(shown):,}"))


def _brief(finding: Finding, where: Places) -> Iterator[Piece]:
    """Yield the line, the entry and its correction."""
    if line_number := _line_of(finding, where):
        yield Sentence("line {}  ", str(line_number))
    yield _entry(finding)
    pieces = [*_corrections(finding.change, finding.place)]
    if pieces:
        yield "  →  "
    for number, piece in enumerate(pieces[:_WEIGHED]):
        yield from (", ", piece) if number else (piece,)
    if len(pieces) > _WEIGHED:
        yield Sentence(", and {} more", str(len(pieces) - _WEIGHED))


def _line_of(finding: Finding, where: Places) -> int | None:
    """Return the line of the entry; None if that is not known."""
    place = finding.place
    return where.get((place.list, place.position), (None,))[0] if place else None


def _entry(finding: Finding) -> Text:
    return Text((finding.place and finding.place.entry) or '""', Tone.STRONG)


def _labelled(label: str, *pieces: Piece) -> Block:
    return line(Text(label, Tone.FAINT, 10), *pieces, indent=2)


def _corrections(change: Change, place: EntryPlace | None) -> Iterator[Text]:
    instead, white, black = change.instead, change.whitelist, change.blacklist
    if place and instead and place.entry in instead:  # the entry stays, and others join it
        others = tuple(entry for entry in instead if entry != place.entry)
        instead = None
        if place.list is Stage.WHITELIST:
            white = (*others, *white)
        else:
            black = (*others, *black)
    for entry in instead or ():
        yield Text(entry, Tone.GOOD)
    if instead == ():
        yield Text(Sentence("leave it out"), Tone.GOOD)
    for entry in white:
        yield Text(Sentence("add {} to the whitelist", entry), Tone.GOOD)
    for entry in black:
        yield Text(Sentence("add {} to the blacklist", entry), Tone.GOOD)
    if change.switch:
        switch, value = change.switch
        yield Text(f"{switch.element}: {str(value).lower()}", Tone.GOOD)


_COUNTS = {
    Severity.ERROR: (Sentence("{} error", ""), Sentence("{} errors", "")),
    Severity.WARNING: (Sentence("{} warning", ""), Sentence("{} warnings", "")),
    Severity.NOTE: (Sentence("{} note", ""), Sentence("{} notes", "")),
}


def _summary(shown: Sequence[Finding]) -> Text:
    """Return the number of causes; many entries with one mistake count as one."""
    causes = lint.group_alike(shown)
    count = Counter(cause[0].severity for cause in causes)
    if not shown:
        return Text(Sentence("Nothing to correct."), Tone.GOOD)
    parts = [
        Sentence(_COUNTS[severity][count[severity] > 1].template, f"{count[severity]:,}")
        for severity in Severity
        if count[severity]
    ]
    worst = next(severity for severity in Severity if count[severity])
    return Text(join(parts), _TONES[worst])


def _to_dicts(found: Sequence[Finding], where: Places) -> Iterator[dict[str, object]]:
    """Yield each cause as its first finding, with the places of all its findings."""
    for cause in lint.group_alike(found):
        members = [finding.to_dict(_line_of(finding, where)) for finding in cause]
        named = [{name: one[name] for name in _OF_A_PLACE} for one in members if one["list"]]
        yield {**members[0], "places": named}


_OF_A_PLACE = ("list", "position", "entry", "line", "referer", "instead", "add", "add_to_blacklist")
"""The members of a finding that differ from place to place."""


# The output of `--fix`: corrected rules, the difference in the text, and the effect


def _show_fixed(
    selected: SelectedRules, fixed: Fixed, left: Sequence[Any], arguments: argparse.Namespace
) -> int:
    """Print or write corrected rules; `left` reports the remaining findings.

    Standard output gets the rules and standard error the rest, unless `--write` writes the rules.
    """
    source, refusal = selected.source, ""
    try:
        text = selected.edit(fixed.configuration)
    except NotEditableError as error:
        text, refusal = _format(fixed.configuration, selected.form), str(error)
    if arguments.write:
        _write(selected, text, refusal)
    before = (
        _format(selected.configuration, selected.form)
        if source is None or refusal
        else source.content.decode("utf-8-sig")
    )
    changed = [*_diff(source.name if source else "rules", before, text)]
    found = diff.compare(
        selected.configuration, fixed.configuration, assumptions=arguments.assumptions
    )
    if arguments.format == Format.JSON:
        write_json(
            {
                "rules": text,
                "written": arguments.write,
                "diff": "".join(changed),
                "unsafe": [item.to_dict() for item in fixed.unsafe],
                "proof": changes.to_dict(found),
                "left": left,
            }
        )
    else:
        if not arguments.write:
            write(text if text.endswith("\n") else f"{text}\n")
            sys.stdout.flush()
        proof = changes.describe(found, whole=arguments.all)
        report = _report_fixed(fixed.unsafe, refusal, changed, proof, left)
        show(*report, to=sys.stdout if arguments.write else sys.stderr)
    return int(any(item.severity is not Severity.NOTE for item in fixed.left))


def _format(configuration: RefererConfiguration, form: RulesForm) -> str:
    try:
        whole = RulesForm.XML if form is RulesForm.LIST else form  # a list has only a whitelist
        return forms.format(configuration, whole)
    except ValueError as error:
        raise InputError(f"the corrected rules cannot be written as {form}: {error}") from None


def _write(selected: SelectedRules, text: str, refusal: str) -> None:
    source = selected.source
    if source is None or refusal:
        where = selected.where
        raise InputError(f"{where}: {refusal}; leave --write out to print the corrected rules")
    with writing(Path(source.name), InputError) as file:
        file.write((BOM_UTF8 if source.content.startswith(BOM_UTF8) else b"") + text.encode())


def _diff(name: str, before: str, after: str) -> Iterator[str]:
    old, new = (text.splitlines(keepends=True) for text in (before, after))
    corrected = language.say(Sentence("{} (corrected)", name))
    for item in difflib.unified_diff(old, new, name, corrected):
        yield item if item.endswith("\n") else f"{item}\n"


_DIFF_TONES = {"+": Tone.GOOD, "-": Tone.BAD, "@": Tone.FAINT}


def _report_fixed(
    unsafe: Sequence[Finding],
    refusal: str,
    changed: Sequence[str],
    proof: Iterable[Block],
    left: Iterable[Block],
) -> Iterator[Block]:
    if unsafe:
        yield line(Text(Sentence("Answered with the first answer"), Tone.STRONG))
        for finding in unsafe:
            entry = f" {finding.place.entry}: " if finding.place else ": "
            yield line(Text(finding.rule, Tone.WARNING), entry, finding.decide, indent=2)
        yield line()
    if refusal:
        yield line(Text(Sentence("Not written back: {}.", language.explain(refusal)), Tone.WARNING))
        yield line()
    for item in changed:
        yield line(Text(item.removesuffix("\n"), _DIFF_TONES.get(item[:1], Tone.PLAIN)))
    if changed:
        yield line()
    yield from proof
    yield line()
    yield from left
