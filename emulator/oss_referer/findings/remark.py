"""What a command found at one place, for the formats that other tools read.

A linter's finding, a case of a decision table and a Referer that is decided differently are all
remarks, so that SARIF, annotations and JUnit are each written in one way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from oss_referer.sources.places import Place


class Severity(StrEnum):
    """How severe something is. A note is good to know and not a mistake in the rules."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class RemarkKind(NamedTuple):
    """A kind of remarks."""

    id: str
    title: str
    page: str = ""
    """What it means, in some lines; "" if the title says all."""
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What was found; without a severity, nothing is wrong."""

    source: str
    """The file, or `oss://BUCKET`; "" if it is about none."""
    kind: str
    """The id of its kind."""
    group: str
    """What JUnit calls the class of a case."""
    name: str
    severity: Severity | None = None
    message: str = ""
    detail: str = ""
    place: Place = (1, 1)
    entry: str = "rules"
    """The place within the rules, such as `whitelist[0]`."""

    @property
    def has_file(self) -> bool:
        """Whether it is about a file, in which tools can show it."""
        return bool(self.source) and not self.source.startswith("oss://")

    @property
    def fails(self) -> bool:
        """Whether it makes a check fail; a note does not."""
        return self.severity in (Severity.ERROR, Severity.WARNING)


def wrong(remarks: Iterable[Remark]) -> Sequence[tuple[Remark, Severity]]:
    """Return the remarks that have a severity, with it."""
    return [(item, item.severity) for item in remarks if item.severity is not None]
