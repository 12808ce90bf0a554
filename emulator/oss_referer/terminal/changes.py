"""The output of a diff, for `diff` and `apply`."""

import re
from collections.abc import Iterator, Sequence

from oss_referer.advice import diff
from oss_referer.advice.diff import Certainty, ChangedDecision, Diff
from oss_referer.browser.probes import STRANGE, ProbeKind
from oss_referer.engine import Decision, RefererConfiguration, Sentence, explanation
from oss_referer.engine.sentence import join
from oss_referer.remarks import Remark, RemarkKind, Severity
from oss_referer.terminal.output import Block, Text, TextTable, Tone, line, referer
from oss_referer.terminal.rules import SelectedRules

_SHOWN = 11
"""The most rows of each table without --all."""

_TITLES = {
    False: Sentence("locked out by the new rules"),
    True: Sentence("let in by the new rules"),
}
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_HEADINGS = (Sentence("Referer"), Sentence("what it is"), Sentence("old"), Sentence("new"))


def describe(diff: Diff, *, whole: bool = False) -> Iterator[Block]:
    """Describe a diff; `whole` shows every Referer, and not one for each group of similar ones."""
    shown = 0
    for opens, title in _TITLES.items():
        groups = [[change] for change in diff.changes if change.opens is opens]
        if not whole:
            groups = _group_alike(diff, opens)[:_SHOWN]
        if groups:
            yield TextTable(_HEADINGS, [_row(alike) for alike in groups], title)
            if hosts := _other_hosts(diff, groups, opens):
                template = "Also let in: {}." if opens else "Also locked out: {}."
                yield line(Sentence(template, join(hosts)))
            yield line()
        shown += sum(map(len, groups))
    if shown < len(diff.changes):
        said = Sentence("and {} more (--all shows them)", str(len(diff.changes) - shown))
        yield line(Text(said, Tone.FAINT))
    yield line(_conclusion(diff))


def _group_alike(diff: Diff, opens: bool) -> list[list[ChangedDecision]]:
    """Group the changes that entries of one form decide in the same way, the worst first."""
    found: dict[object, list[ChangedDecision]] = {}
    for change in diff.changes:
        if change.opens is opens:
            by = tuple(_HOST.sub("", str(part)) for part in change.settled)
            like = (change.kind, by) if change.kind else change.referer
            found.setdefault(like, []).append(change)
    kinds: list[ProbeKind | None] = [None, *(STRANGE if opens else ()), *ProbeKind]
    return sorted(found.values(), key=lambda alike: kinds.index(alike[0].kind))


def _other_hosts(diff: Diff, groups: Sequence[Sequence[ChangedDecision]], opens: bool) -> list[str]:
    """Return the hosts of the entries, but no invented ones, that no row names."""
    changes = [one for one in diff.changes if one.opens is opens and one.kind not in STRANGE]
    hosts = dict.fromkeys(_host(one) for one in changes)
    shown = {_host(alike[0]) for alike in groups}
    return [host for host in hosts if host and host not in shown]


def _host(change: ChangedDecision) -> str:
    found = _HOST.search(change.referer or "")
    return found[0] if found else ""


def describe_text(old: RefererConfiguration, new: RefererConfiguration) -> Iterator[Block]:
    """Describe the changed switches and entries."""
    for name, before, after in diff.find_edits(old, new):
        if before is None:
            text = Text(f"+ {name}: {after}", Tone.GOOD)
        elif after is None:
            text = Text(f"- {name}: {before}", Tone.BAD)
        else:
            text = Text(f"~ {name}: {before} -> {after}", Tone.WARNING)
        yield line(text, indent=2)


KINDS = (
    RemarkKind("let-in", "The new rules allow what the old ones deny.", severity=Severity.WARNING),
    RemarkKind(
        "locked-out", "The new rules deny what the old ones allow.", severity=Severity.WARNING
    ),
)


def remark(diff: Diff, new: SelectedRules, *, whole: bool = False) -> Iterator[Remark]:
    """Yield a remark for each group of similar changes, or for each change if `whole`."""
    place = new.placing()
    first = (alike[0] for opens in _TITLES for alike in _group_alike(diff, opens))
    for change in diff.changes if whole else first:
        sent = "no Referer" if change.referer is None else change.referer or "an empty Referer"
        verdicts = "let in" if change.opens else "locked out"
        why = explanation.sentence(change.new.steps[-1])
        yield Remark(
            source=new.where,
            kind="let-in" if change.opens else "locked-out",
            group="diff",
            name=sent,
            severity=Severity.WARNING,
            message=f"{sent}: {verdicts} by the new rules. {why}",
            place=place(change.new),
        )
    if diff.equivalent:
        yield Remark(source=new.where, kind="let-in", group="diff", name="equivalent")


def to_dict(diff: Diff) -> dict[str, object]:
    """Return a diff as values for JSON."""
    return {
        "equivalent": diff.equivalent,
        "certainty": diff.certainty.value,
        "tried": diff.tried,
        "changes": [
            {
                "referer": change.referer,
                "kind": change.kind.value if change.kind else None,
                "old": _decision(change.old),
                "new": _decision(change.new),
            }
            for change in diff.changes
        ],
    }


def _row(alike: Sequence[ChangedDecision]) -> tuple[Text, str, Text, Text]:
    change = alike[0]
    kind = Sentence(change.kind.value) if change.kind else Sentence("given")
    if len(alike) > 1:
        kind = Sentence("{}, and {} more like it", kind, str(len(alike) - 1))
    return referer(change.referer), kind, _settled(change.old), _settled(change.new)


def _settled(decision: Decision) -> Text:
    by = decision.entry if decision.entry is not None else Sentence(decision.reason.value)
    return Text(by, Tone.GOOD if decision.allowed else Tone.BAD)


def _conclusion(diff: Diff) -> Text:
    tried = str(diff.tried)
    if diff.equivalent:
        said = {
            Certainty.PROVED: Sentence("These rules are equivalent for every possible Referer."),
            Certainty.GENERATED: Sentence(
                "These rules are equivalent on all {} generated Referers.", tried
            ),
            Certainty.GIVEN: Sentence("All {} given Referers are decided alike.", tried),
        }
        return Text(said[diff.certainty], Tone.GOOD)
    opened = sum(change.opens for change in diff.changes)
    closed = len(diff.changes) - opened
    parts = [Sentence("{} let in", str(opened))] * bool(opened)
    parts += [Sentence("{} locked out", str(closed))] * bool(closed)
    differ = Sentence("These rules differ: {} of {} Referers.", join(parts), tried)
    return Text(differ, Tone.WARNING)


def _decision(decision: Decision) -> dict[str, object]:
    return {
        "allowed": decision.allowed,
        "ec": decision.ec,
        "reason": decision.reason.value,
        "entry": decision.entry,
    }
