"""The output of a diff, for `diff` and `apply`."""

from collections.abc import Iterator

from oss_referer.advice import diff
from oss_referer.advice.diff import Certainty, Change, Diff
from oss_referer.browser.probes import ProbeKind
from oss_referer.engine import Decision, RefererConfiguration, Sentence, explanation
from oss_referer.remarks import Remark, RemarkKind, Severity
from oss_referer.terminal.output import Block, Text, TextTable, Tone, join, line, referer
from oss_referer.terminal.rules import SelectedRules

_SHOWN = 3
"""The number of Referers to show for each pair of entries that settle them."""

_TELLING = (
    ProbeKind.PAGE,
    ProbeKind.LONGER_HOST,
    ProbeKind.GLUED_HOST,
    ProbeKind.IN_PATH,
    ProbeKind.ORIGIN,
)
"""The kinds of probes to show first, the most informative one first."""

_TITLES = {True: Sentence("let in by the new rules"), False: Sentence("kept out by the new rules")}
_HEADINGS = (Sentence("Referer"), Sentence("what it is"), Sentence("old"), Sentence("new"))


def describe(diff: Diff, *, whole: bool = False) -> Iterator[Block]:
    """Describe a diff; `whole` shows every Referer."""
    shown = diff.changes if whole else tuple(_telling(diff))
    for opens, title in _TITLES.items():
        rows = [_row(change) for change in shown if change.opens is opens]
        if rows:
            yield TextTable(_HEADINGS, rows, title)
            yield line()
    if len(shown) < len(diff.changes):
        more = len(diff.changes) - len(shown)
        said = Sentence("and {} more that the same entries settle (--all shows them)", str(more))
        yield line(Text(said, Tone.FAINT))
    yield line(*_conclusion(diff))


def _telling(diff: Diff) -> Iterator[Change]:
    """Yield the few most informative changes for each pair of entries that settle them."""
    kept: dict[object, list[Change]] = {}
    ranks: dict[ProbeKind | None, int] = {kind: rank for rank, kind in enumerate(_TELLING)}
    for change in sorted(diff.changes, key=lambda change: ranks.get(change.kind, len(ranks))):
        kept.setdefault(change.settled if change.kind else change.referer, []).append(change)
    few = {change.referer for changes in kept.values() for change in changes[:_SHOWN]}
    yield from (change for change in diff.changes if change.referer in few)


def describe_text(old: RefererConfiguration, new: RefererConfiguration) -> Iterator[Block]:
    """Describe which switches and entries changed."""
    for name, before, after in diff.find_edits(old, new):
        if before is None:
            text = Text(f"+ {name}: {after}", Tone.GOOD)
        elif after is None:
            text = Text(f"- {name}: {before}", Tone.BAD)
        else:
            text = Text(f"~ {name}: {before} -> {after}", Tone.WARNING)
        yield line(text, indent=2)


KINDS = (
    RemarkKind("let-in", "The new rules allow what the old ones deny.", "", Severity.WARNING),
    RemarkKind("kept-out", "The new rules deny what the old ones allow.", "", Severity.WARNING),
)


def remark(diff: Diff, new: SelectedRules, *, whole: bool = False) -> Iterator[Remark]:
    """Yield a remark for each change that `describe` shows, at the entry that settles it."""
    place = new.placing()
    for change in diff.changes if whole else _telling(diff):
        sent = "no Referer" if change.referer is None else change.referer or "an empty Referer"
        verdicts = "let in" if change.opens else "kept out"
        why = explanation.sentence(change.new.steps[-1])
        yield Remark(
            source=new.where,
            kind="let-in" if change.opens else "kept-out",
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


def _row(change: Change) -> tuple[Text, str, Text, Text]:
    kind = Sentence(change.kind.value) if change.kind else Sentence("given")
    return referer(change.referer), kind, _settled(change.old), _settled(change.new)


def _settled(decision: Decision) -> Text:
    by = decision.entry if decision.entry is not None else decision.reason.value
    return Text(by, Tone.GOOD if decision.allowed else Tone.BAD)


def _conclusion(diff: Diff) -> tuple[Text, ...]:
    tried = str(diff.tried)
    if diff.equivalent:
        said = {
            Certainty.PROVED: Sentence(
                "These rules are equivalent for every Referer there can be."
            ),
            Certainty.GENERATED: Sentence(
                "These rules are equivalent on all {} generated Referers.", tried
            ),
            Certainty.GIVEN: Sentence("All {} given Referers are decided alike.", tried),
        }
        return (Text(said[diff.certainty], Tone.GOOD),)
    opened = sum(change.opens for change in diff.changes)
    closed = len(diff.changes) - opened
    parts = [Sentence("{} let in", str(opened))] * bool(opened)
    parts += [Sentence("{} kept out", str(closed))] * bool(closed)
    differ = Sentence("These rules differ: {} of {} Referers.", join(parts), tried)
    return (Text(differ, Tone.WARNING),)


def _decision(decision: Decision) -> dict[str, object]:
    return {
        "allowed": decision.allowed,
        "ec": decision.ec,
        "reason": decision.reason.value,
        "entry": decision.entry,
    }
