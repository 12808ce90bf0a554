"""The comparison of what a browser sent with what was predicted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from oss_emulator.lab.browser import Sent
from oss_emulator.referer.decision import Decision
from oss_emulator.referer.policy import RefererPolicy

from .cells import Cell


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that the emulator received and decided on."""

    sent: Sent
    decision: Decision


@dataclass(frozen=True, slots=True)
class Comparison:
    """A cell, with what was predicted and what was seen."""

    cell: Cell
    predicted: Sent | None
    """None for no request."""
    expected: Decision | None
    seen: Seen | None

    @property
    def agrees(self) -> bool:
        """Whether the request, its Referer and the decision are as predicted."""
        if self.seen is None or self.expected is None:
            return self.seen is None and self.predicted is None
        same = self.seen.sent == self.predicted
        return same and self.seen.decision.reason is self.expected.reason


def compare(
    cells: Iterable[Cell], seen: Mapping[int, Sequence[Seen]], policy: RefererPolicy
) -> tuple[Comparison, ...]:
    """Compare the first request of each cell with its prediction; `seen` is by number of cell."""
    comparisons = []
    for cell in cells:
        predicted = cell.predicted
        expected = None if predicted is None else policy.decide(predicted.referer)
        first = next(iter(seen.get(cell.number, ())), None)
        comparisons.append(Comparison(cell, predicted, expected, first))
    return tuple(comparisons)
