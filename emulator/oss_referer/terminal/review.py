"""The layouts of a review: one screen of text, Markdown for a pull request, a page of HTML, JSON.

All are made from the same parts: a title, a table, lines of code with their reasons, and sentences.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, NamedTuple

from oss_referer.advice.review import Line, Review, Visitor
from oss_referer.engine import Decision, RefererConfiguration, Sentence, Stage
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm
from oss_referer.terminal import language
from oss_referer.terminal.output import fold, join, visible, width_of

HEIGHT, WIDTH = 40, 80
"""The lines and columns of a screen."""
SHOWN = 8
"""The most entries that are shown."""
_ROOM = ((12, 6), (12, 4), (10, 3), (8, 3), (6, 3), (5, 3))
"""The rows of the table and the requests to try, the most first, until all fits one screen."""
_NAMED = 3
"""The most names in one sentence."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a review is said beside."""

    form: RulesForm
    rules: str
    """The file to apply."""
    bucket: str
    url: str
    """The object to try, "" if nobody named one."""
    log: tuple[Sentence, ...] = ()
    """What a replay of a log says."""


class Part(NamedTuple):
    """One of the four parts."""

    title: str
    rows: Sequence[Sequence[str]] = ()
    code: Sequence[tuple[str, str]] = ()
    """Lines, each with its reason."""
    said: Sequence[str] = ()


_HEADINGS = ("", Sentence("Referer"), Sentence("who"), Sentence("now"), Sentence("then"),
             Sentence("decided by"))  # fmt: skip


def text(review: Review, setting: Setting) -> list[str]:
    """Return the lines of a screen."""
    for rows, checks in _ROOM:
        lines = [*_text(review, _parts(review, setting, rows, checks))]
        if len(lines) <= HEIGHT:
            return lines
    lines = [one for one in lines if one]
    if len(lines) > HEIGHT:
        lines = [*_text(review, _parts(review, setting, *_ROOM[-1], shown=0))]
    return lines


def _text(review: Review, parts: Sequence[Part]) -> Iterator[str]:
    yield from fold(language.say(review.answer), WIDTH, 2)
    if review.taken:
        yield from fold(language.say(_taken(review)), WIDTH, 2)
    for part in parts:
        yield ""
        rows = [list(map(language.say, row)) for row in part.rows]
        if rows:
            rows = [[language.say(part.title), "", *map(language.say, _HEADINGS[3:])], *rows]
            yield from _columns(rows)
        else:
            yield language.say(part.title)
        widest = min(max((width_of(one) for one, why in part.code if why), default=0), 50)
        for one, why in part.code:
            shown = visible(one)
            size = max(widest, width_of(shown))
            if isinstance(why, Sentence) or size + len(why) + 4 <= WIDTH:
                yield _line("  ", [(shown, size), (language.say(why), 0)])
            else:
                yield from (f"  {shown}", f"      {why}")
        for item in part.said:
            yield from (f"  {one}" for one in fold(language.say(item), WIDTH - 2, 2))


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of the table; the first row has the title and the headings."""
    cells = [[visible(cell) for cell in row] for row in rows]
    body = [row[1:] for row in cells[1:]]
    sizes = [max(width_of(row[number]) for row in body) for number in range(4)]
    sizes = [min(sizes[0], 36), min(sizes[1], 19), 3, 4]
    sizes[2] = max(sizes[2], width_of(cells[0][2]))
    sizes[3] = max(sizes[3], width_of(cells[0][3]))
    sizes[0] += 1
    left = sizes[0] + sizes[1] + 3
    title, *headings = cells[0][0], *cells[0][2:]
    yield _line("", [(title, left), *zip(headings, (*sizes[2:], 0), strict=True)], gap=1)
    for mark, *row in cells[1:]:
        yield _line(f"{mark or ' '} ", [*zip(row, (*sizes, 0), strict=True)], gap=1)


def _line(begin: str, cells: Sequence[tuple[str, int]], gap: int = 2) -> str:
    """Return a line of cells, each with its columns; the last one, with 0, gets what is left."""
    made = begin
    for cell, size in cells:
        room = size or WIDTH - width_of(made)
        if width_of(cell) > room:
            while cell and width_of(cell) >= room:
                cell = cell[:-1]
            cell = f"{cell}…" if cell else ""
        made += cell + " " * (size - width_of(cell) + gap)
    return made.rstrip()


def _taken(review: Review) -> Sentence:
    template = "Sites taken from the entries: {}; --site URL says otherwise."
    return Sentence(template, _names(review.taken or (), 2))


def _names(names: Sequence[str], most: int = _NAMED) -> str:
    shown = join(names[:most])
    more = len(names) - most
    return Sentence("{} and {} more", shown, str(more)) if more > 0 else shown


# The parts


def _parts(
    review: Review, setting: Setting, most: int, checks: int, shown: int = SHOWN
) -> Sequence[Part]:
    rows = [_row(item) for item in _choose(review.visitors, most)]
    url = setting.url or "URL"
    trials = [
        (f"curl -I {_sends(check.referer)}{shlex.quote(url)}", _expects(check.status, check.ec))
        for check in review.checks[:checks]
    ]
    return (
        Part(Sentence("1 Who gets in"), rows),
        _change(review, setting, shown),
        Part(Sentence("3 What it costs"), said=[*_costs(review, setting)]),
        Part(
            Sentence("4 To try the rules")
            if not review.changed
            else Sentence(
                "4 After applying: {}",
                shlex.join(["oss-emulator", "apply", setting.rules, setting.bucket]),
            ),
            code=trials,
            said=[*_after(review, setting)],
        ),
    )


def _choose(visitors: Sequence[Visitor], most: int) -> Sequence[Visitor]:
    """Return the visitors to show: those that matter, in their order."""

    def matters(item: Visitor) -> tuple[bool, bool]:
        return (
            not item.is_wrong and item.now.allowed == item.then.allowed,
            item.wanted is None and item.referer is not None,
        )

    kept = sorted(range(len(visitors)), key=lambda number: matters(visitors[number]))[:most]
    return [visitors[number] for number in sorted(kept)]


def _row(item: Visitor) -> tuple[str, ...]:
    who: str = item.who
    if item.others:
        bare = {one.partition("://")[2] for one in (item.referer or "", *item.others)}
        if any(one.startswith("http:") for one in item.others):
            who = Sentence("{}, http", who)
        if len(bare) > 1:
            who = Sentence("{}, {} more", who, str(len(bare) - 1))
    decision = item.now
    by = decision.entry or _SWITCHES.get(decision.reason.value, Sentence("no entry"))
    if item.referer is None and item.wanted is False and item.then.allowed:
        by = Sentence("see 3")
    return (
        "!" if item.is_wrong else "",
        item.referer or Sentence("no Referer"),
        who,
        _mark(item.now.allowed),
        _mark(item.then.allowed),
        by,
    )


_SWITCHES = {
    "empty-allowed": "AllowEmptyReferer",
    "empty-denied": "AllowEmptyReferer",
    "empty-without-whitelist": Sentence("no whitelist"),
    "no-whitelist": Sentence("no whitelist"),
}


def _mark(allowed: bool) -> str:
    return "✔" if allowed else "✘"


def _change(review: Review, setting: Setting, shown: int) -> Part:
    entries = len(review.lines)
    out = [Sentence("{} ({})", one.entry.strip() or '""', one.why) for one in review.left_out]
    said: list[str] = []
    if out:
        said.append(Sentence("Left out: {}.", _names(out)))
    said += review.notes
    if not review.changed:
        return Part(Sentence("2 What to change: nothing"), said=said)
    if entries > shown:
        template = "{} entries, too many for a screen: -o FILE writes the rules."
        return Part(
            Sentence("2 What to change: use these rules"),
            said=[Sentence(template, str(entries)), *said],
        )
    code = _code(review.rules, review.lines, setting.form)
    return Part(Sentence("2 What to change: use these rules"), code=code, said=said)


_ENTRY = re.compile(r'\s*(?:<Referer>.*|"(?:[^"\\]|\\.)*",?)')
_DEFAULTS = re.compile(
    r"<\?xml .*|\s*<AllowTruncateQueryString>true</.*|\s*<TruncatePath>false</.*"
)
"""What XML does not need to say."""
_JOINED = re.compile(r"\n\s*(?=<AllowEmptyReferer>|<RefererBlacklist>|</RefererConfiguration>)")
"""The ends of lines that a screen has no room for."""


def _code(
    rules: RefererConfiguration, lines: Sequence[Line], form: RulesForm
) -> Sequence[tuple[str, str]]:
    """Return the rules, line by line, with the reason for each entry."""
    reasons = iter(lines)
    return [
        (one, next(reasons).why if _ENTRY.fullmatch(one) else Sentence(""))
        for one in _JOINED.sub("", forms.format(rules, form)).splitlines()
        if not _DEFAULTS.fullmatch(one)
    ]


def _costs(review: Review, setting: Setting) -> Iterator[str]:
    costs = review.costs
    if costs.let_in:
        yield Sentence("Gets in who did not: {}.", _names(costs.let_in))
    if costs.locked_out:
        yield Sentence("Locked out who was in: {}.", _names(costs.locked_out, 4))
    if not (costs.let_in or costs.locked_out):
        yield Sentence("Nobody gets in or is locked out.")
    if costs.rare:
        yield Sentence("Also locked out, but rare: {}.", join(costs.rare))
    yield from setting.log
    yield Sentence("Your choice: {}", costs.choice)


def _sends(referer: str | None) -> str:
    return "" if referer is None else f"-e {shlex.quote(referer)} "


def _expects(status: int, ec: str | None) -> str:
    return f"{status} x-oss-ec: {ec}" if ec else str(status)


def _after(review: Review, setting: Setting) -> Iterator[Sentence]:
    yield Sentence("Any other 403 has another cause. CDNs and browsers cache: purge, or add ?v=2.")
    if review.changed:
        yield Sentence("To go back: apply first saves the bucket's rules, and says the command.")


# Markdown, HTML and JSON


def markdown(review: Review, setting: Setting) -> str:
    """Return Markdown for a pull request."""
    blocks = [f"**{_plain(review.answer)}**"]
    if review.taken:
        blocks.append(_plain(_taken(review)))
    for part in _parts(review, setting, *_ROOM[0], shown=len(review.lines)):
        blocks.append(f"### {_plain(part.title)}")
        if part.rows:
            rows = [_HEADINGS, *part.rows]
            cells = [" | ".join(_code_or_plain(cell) for cell in row) for row in rows]
            cells.insert(1, "|".join(["---"] * len(_HEADINGS)))
            blocks.append("\n".join(f"| {one} |" for one in cells))
        if part.code:
            code = "\n".join(f"{one}  {language.say(why)}".rstrip() for one, why in part.code)
            fence = "`" * (3 + code.count("```"))
            blocks.append(f"{fence}\n{code}\n{fence}")
        blocks += [f"- {_plain(one)}" for one in part.said]
    return "\n\n".join(blocks) + "\n"


def _plain(text: str) -> str:
    """Return a text in which Markdown reads no marks."""
    return re.sub(r"([\\`*_\[\]<>|~#])", r"\\\1", visible(language.say(text)))


def _code_or_plain(cell: str) -> str:
    if isinstance(cell, Sentence) or len(cell) < 2:
        return _plain(cell)
    shown = visible(cell).replace("|", "\\|")
    return _plain(cell) if "`" in shown else f"`{shown}`"


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color-scheme:light dark}table{border-collapse:collapse}td,th{text-align:left;"
    "padding:.2rem .8rem .2rem 0;overflow-wrap:anywhere}pre{overflow:auto}"
    "pre i{opacity:.7}h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}"
)


def html(review: Review, setting: Setting) -> str:
    """Return a page that needs no other file."""
    title = _html(review.answer)
    body = [f"<h1>{title}</h1>"]
    if review.taken:
        body.append(f"<p>{_html(_taken(review))}</p>")
    for part in _parts(review, setting, *_ROOM[0], shown=len(review.lines)):
        body.append(f"<h2>{_html(part.title)}</h2>")
        if part.rows:
            heads = "".join(f"<th>{_html(cell)}</th>" for cell in _HEADINGS)
            rows = ["".join(f"<td>{_html(cell)}</td>" for cell in row) for row in part.rows]
            rest = "".join(f"<tr>{row}</tr>" for row in rows)
            body.append(f"<table><tr>{heads}</tr>{rest}</table>")
        if part.code:
            code = "\n".join(f"{_html(one)}  <i>{_html(why)}</i>" for one, why in part.code)
            body.append(f"<pre>{code}</pre>")
        body += [f"<p>{_html(one)}</p>" for one in part.said]
    return (
        f'<!doctype html>\n<html lang="{language.current()}"><meta charset="utf-8">'
        f"<title>{title}</title><style>{_STYLE}</style>\n" + "\n".join(body) + "\n</html>\n"
    )


def _html(text: str) -> str:
    return escape(visible(language.say(text)))


def to_dict(review: Review, log: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a review as values for JSON."""
    rules = review.rules
    return {
        "answer": review.answer,
        "sites_taken": review.taken,
        "changed": review.changed,
        "who": [
            {
                "referer": item.referer,
                "others": item.others,
                "who": item.who,
                "wanted": item.wanted,
                "wrong": item.is_wrong,
                "now": _decision(item.now),
                "then": _decision(item.then),
            }
            for item in review.visitors
        ],
        "rules": {name: getattr(rules, name) for name in RefererConfiguration.__dataclass_fields__},
        "reasons": [_entry(line) for line in review.lines],
        "left_out": [_entry(line) for line in review.left_out],
        "costs": {
            "locked_out": review.costs.locked_out,
            "let_in": review.costs.let_in,
            "rare": review.costs.rare,
            "choice": review.costs.choice,
            "log": log,
        },
        "notes": review.notes,
        "checks": [check._asdict() for check in review.checks],
    }


def _decision(decision: Decision) -> dict[str, object]:
    return {"allowed": decision.allowed, "ec": decision.ec, "entry": decision.entry}


def _entry(line: Line) -> dict[str, str]:
    return {"list": Stage(line.list).value, "entry": line.entry, "why": line.why}
