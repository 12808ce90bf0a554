"""The statements of `statements.sql` by name, with values filled in."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files

from oss_referer.traffic.judge import STRANGER, Judge, Verdict

_SECTION = re.compile(r"^-- name: (\w+)\n((?:.*\n)*?)(?=-- name: |\Z)", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
_NAME = re.compile(r"\{([a-z_]+)\}")


@cache
def _sections() -> Mapping[str, str]:
    text = files(__package__).joinpath("statements.sql").read_text(encoding="utf-8")
    found = {name: _COMMENT.sub("", body).strip() for name, body in _SECTION.findall(text)}
    both = [(verdict.value, what) for verdict in Verdict for what in ("requests", "bytes")]
    measures = [_fill(found["measure"], {"verdict": name, "what": what}) for name, what in both]
    columns = ["value", "own", *map("_".join, both)]
    return {**found, "measures": ", ".join(measures), "columns": ", ".join(columns)}


_CUTS = ("cut_path", "cut_query", "cut_nothing")
"""The statements that cut Referers; the first leaves the shortest part."""


def fill(name: str, **values: str) -> str:
    """Return a statement; values, or else other statements, replace its names in braces."""
    return _fill(_sections()[name], values)


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _NAME.sub(lambda found: values[found[1]] if found[1] in values else fill(found[1]), text)


def requests(judges: Sequence[Judge], selected: str) -> str:
    """Return the statement that counts lines, by bucket if there are several judges."""
    strange = dict.fromkeys(_foreign(judge, "f4") for judge in judges)
    foreign = f"(kind >= 'A' AND {' AND '.join(strange)})"
    cut = fill(max((judge.cut for judge in judges), key=_CUTS.index))
    shortest = fill("cut_path")
    return fill(
        "requests",
        foreign=foreign,
        referer=cut if cut == shortest else f"CASE WHEN {foreign} THEN {shortest} ELSE {cut} END",
        stranger=literal(STRANGER),
        selected=selected,
        kind=fill("kind") if len(judges) == 1 else f"concat({fill('kind')}, f18)",
    )


def groups(judge: Judge) -> str:
    return fill("groups", foreign=_foreign(judge, "referer"))


def _foreign(judge: Judge, text: str) -> str:
    needed = judge.needed
    return "FALSE" if needed is None else fill("foreign", needed=needed, text=text)


def selection(bucket: str | None, since: datetime | None, until: datetime | None) -> str:
    """Return the condition for the lines of a bucket and of a period, `until` excluded."""
    parts = []
    if bucket is not None:
        parts.append(f"f18 = {literal(bucket)}")
    for sign, moment in ((">=", since), ("<", until)):
        if moment is not None:
            parts.append(f"{fill('stamp')} {sign} {_local(moment)}")
    return " AND ".join(parts) or "TRUE"


def literal(text: str) -> str:
    """Format a literal for both engines. Raises ValueError for a backslash."""
    if "\\" in text:
        raise ValueError("a backslash cannot be used here: DuckDB and Spark read it differently")
    return "'" + text.replace("'", "''") + "'"


_EARLIEST, _LATEST = (datetime(year, 1, 1, tzinfo=UTC) for year in (2, 9999))
"""The bounds of a period, which are valid in every time zone and include all log lines."""


def _local(moment: datetime) -> str:
    """Return a moment as text in the time zone of the line."""
    moment = min(max(moment, _EARLIEST), _LATEST)
    cases = []
    for minutes in range(-14 * 60 - 45, 15 * 60, 15):
        zone = timezone(timedelta(minutes=minutes))
        local = moment.astimezone(UTC).astimezone(zone)
        cases.append(f"WHEN '{local:%z}' THEN '{local:%Y%m%d %H:%M:%S}'")
    here = f"{moment.astimezone(UTC):%Y%m%d %H:%M:%S}"
    return f"CASE substr(f1, -7, 5) {' '.join(cases)} ELSE '{here}' END"
