"""The statements of `statements.sql` by name, filled in for one replay."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files

from .verdict import STRANGER, Judge, Verdict

_SECTION = re.compile(r"^-- name: (\w+)\n((?:.*\n)*?)(?=-- name: |\Z)", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
_MEASURES = tuple((verdict, what) for verdict in Verdict for what in ("requests", "bytes"))


@cache
def _sections() -> Mapping[str, str]:
    text = files(__package__).joinpath("statements.sql").read_text(encoding="utf-8")
    return {name: _COMMENT.sub("", body).strip() for name, body in _SECTION.findall(text)}


_CUTS = ("cut_path", "cut_query", "cut_nothing")
"""The statements that cut Referers, those first that leave less of them."""


def fill(name: str, **values: str) -> str:
    """Return a statement with its names in braces filled in."""
    text = _sections()[name]
    for key, value in values.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def requests(judges: Sequence[Judge], selected: str) -> str:
    """Return the statement that counts lines, for one bucket or for the buckets of some judges."""
    strange = dict.fromkeys(_foreign(judge, "f4") for judge in judges)
    foreign = f"(kind >= 'A' AND {' AND '.join(strange)})"
    cut = fill(max((judge.cut for judge in judges), key=_CUTS.index))
    shortest = fill("cut_path")
    return fill(
        "requests",
        foreign=foreign,
        referer=cut if cut == shortest else f"CASE WHEN {foreign} THEN {shortest} ELSE {cut} END",
        stranger=literal(STRANGER),
        clock=fill("clock"),
        regular=f"({fill('regular')})",
        selected=f"({selected})",
        kind=kind() if len(judges) == 1 else f"concat({kind()}, f18)",
    )


def groups(judge: Judge) -> str:
    """Return the statement that finds what is judged."""
    return fill("groups", foreign=_foreign(judge, "referer"))


def _foreign(judge: Judge, text: str) -> str:
    needed = judge.needed
    return "FALSE" if needed is None else fill("foreign", needed=needed, text=text)


def requests_of(bucket: str) -> str:
    """Return the statement that chooses the lines of one bucket of several."""
    return fill("requests_of", bucket=literal(bucket))


def kind() -> str:
    """Return the expression of the letters of a line."""
    return fill("kind", letters=fill("letters"))


def cells() -> str:
    """Return the statement that joins the verdicts to hours, folders and kinds of User-Agent."""
    return fill("cells", family=fill("family", agent="r.agent"))


def odd() -> str:
    """Return the statement that finds the lines without the documented form."""
    return fill("odd", regular=f"({fill('regular')})")


def ranking(name: str, top: int) -> str:
    """Return the statement of a table that shows its first `top` rows."""
    return fill(
        name,
        columns=", ".join(["value", "own", *(f"{verdict}_{what}" for verdict, what in _MEASURES)]),
        measures=_measures(),
        traffic=fill("traffic"),
        order=fill("order"),
        top=str(top),
    )


def entries() -> str:
    """Return the statement of what each entry decided."""
    return fill("entries", traffic=fill("traffic"))


def clocks() -> str:
    """Return the statement of the hours."""
    return fill("clocks", measures=_measures())


def selection(bucket: str | None, since: datetime | None, until: datetime | None) -> str:
    """Return the condition for the lines of a bucket and of a time, `until` excluded."""
    parts = []
    if bucket is not None:
        parts.append(f"f18 = {literal(bucket)}")
    for sign, moment in ((">=", since), ("<", until)):
        if moment is not None:
            parts.append(f"{fill('stamp')} {sign} {_local(moment)}")
    return " AND ".join(parts) or "TRUE"


def literal(text: str) -> str:
    """Format a literal that both engines read alike. Raises ValueError for a backslash."""
    if "\\" in text:
        raise ValueError("a backslash cannot be used here: DuckDB and Spark read it differently")
    return "'" + text.replace("'", "''") + "'"


def _measures() -> str:
    return ", ".join(fill("measure", verdict=verdict, what=what) for verdict, what in _MEASURES)


def _local(moment: datetime) -> str:
    """Return a moment as text in the time zone of the line."""
    cases = []
    for minutes in range(-14 * 60 - 45, 15 * 60, 15):
        zone = timezone(timedelta(minutes=minutes))
        local = moment.astimezone(UTC).astimezone(zone)
        cases.append(f"WHEN '{local:%z}' THEN '{local:%Y%m%d %H:%M:%S}'")
    here = f"{moment.astimezone(UTC):%Y%m%d %H:%M:%S}"
    return f"CASE substr(f1, -7, 5) {' '.join(cases)} ELSE '{here}' END"
