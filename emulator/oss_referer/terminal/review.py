"""The layouts of a review: a screen of text, Markdown for a pull request, an HTML page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from oss_referer.advice import answer
from oss_referer.advice.answer import HEADINGS, AnswerRoom, Setting
from oss_referer.advice.review import Review, Visitor
from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm
from oss_referer.terminal import language
from oss_referer.terminal.output import fold, visible, width_of

HEIGHT, WIDTH = 40, 80
"""The lines and columns of a screen."""
_ROOMS = ((6, 6, 8), (4, 4, 6), (3, 2, 4), (2, 1, 3))
"""Numbers of requests to try, of questions and of names; the first ones that fit are used."""
_FEWEST = 5
"""The fewest rows, beside rules that are longer than a screen."""
_MOST_RECORDED = 12
"""The most rows of a screen where requests were recorded."""


def text(review: Review, setting: Setting, *, whole: bool = False) -> list[str]:
    """Return the lines of a screen, or of all; the rules are always complete."""
    if whole:
        return [*_text(review, setting, answer.WHOLE)]
    most = len(review.visitors)
    if any(item.seen for item in review.visitors):
        most = min(most, _MOST_RECORDED)
    for numbers in _ROOMS:
        lines = [*_text(review, setting, AnswerRoom(most, *numbers))]
        if len(lines) > HEIGHT:
            lines = [one for one in lines if one]
        if len(lines) > HEIGHT:
            rows = max(most - (len(lines) - HEIGHT) - 1, min(most, _FEWEST))
            lines = [one for one in _text(review, setting, AnswerRoom(rows, *numbers)) if one]
        if len(lines) <= HEIGHT:
            break
    return lines


def _text(review: Review, setting: Setting, room: AnswerRoom) -> Iterator[str]:
    parts = answer.make(review, setting, room)
    yield from fold(language.say(review.answer), WIDTH, 2)
    if review.taken:
        yield from fold(language.say(answer.taken(review, room.names)), WIDTH, 2)
    for part in parts:
        yield ""
        rows = [list(map(language.say, row)) for row in part.rows]
        if rows:
            rows = [[language.say(part.title), "", *map(language.say, part.headings[3:])], *rows]
            yield from _columns(rows, are_counts=part.headings is not HEADINGS)
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


def _columns(rows: Sequence[Sequence[str]], *, are_counts: bool) -> Iterator[str]:
    """Yield the lines of a table; the first row has the title and the headings.

    If the last columns are counts, the first column has less room rather than they.
    """
    cells = [[visible(cell) for cell in row] for row in rows]
    body = [row[1:] for row in cells[1:]]
    sizes = [max(width_of(row[number]) for row in body) for number in range(4)]
    counts = [
        max(width_of(heading), *(width_of(row[number]) for row in body))
        for number, heading in enumerate(cells[0][4:], 4)
    ]
    last = sum(counts) if are_counts else 0
    sizes = [min(sizes[0], 36 - max(0, min(last, 16) - 10)), min(sizes[1], 19), 3, 4]
    sizes[2] = max(sizes[2], width_of(cells[0][2]))
    sizes[3] = max(sizes[3], width_of(cells[0][3]))
    sizes[0] += 1
    left = sizes[0] + sizes[1] + 3
    title, *headings = cells[0][0], *cells[0][2:]
    yield _line(
        "", [(title, left), *zip(headings, (*sizes[2:], *counts[:-1], 0), strict=True)], gap=1
    )
    for mark, *row in cells[1:]:
        yield _line(f"{mark or ' '} ", [*zip(row, (*sizes, *counts[:-1], 0), strict=True)], gap=1)


def _line(begin: str, cells: Sequence[tuple[str, int]], gap: int = 2) -> str:
    """Return a line of cells with their columns; the last cell, with 0, gets the rest."""
    made = begin
    for cell, size in cells:
        room = size or WIDTH - width_of(made)
        cell = cell[: 4 * WIDTH]  # a Referer may be long
        if width_of(cell) > room:
            while cell and width_of(cell) >= room:
                cell = cell[:-1]
            cell = f"{cell}…" if cell else ""
        made += cell + " " * (size - width_of(cell) + gap)
    return made.rstrip()


def markdown(review: Review, setting: Setting) -> str:
    """Return Markdown for a pull request."""
    blocks = [f"**{_plain(review.answer)}**"]
    if review.taken:
        blocks.append(_plain(answer.taken(review)))
    for part in answer.make(review, setting):
        blocks.append(f"### {_plain(part.title)}")
        if part.rows:
            rows = [part.headings, *part.rows]
            cells = [" | ".join(_code_or_plain(cell) for cell in row) for row in rows]
            cells.insert(1, "|".join(["---"] * len(part.headings)))
            blocks.append("\n".join(f"| {one} |" for one in cells))
        if part.code:
            code = "\n".join(f"{one}  {language.say(why)}".rstrip() for one, why in part.code)
            fence = "`" * (3 + code.count("```"))
            blocks.append(f"{fence}\n{code}\n{fence}")
        if part.said:  # the answers to a question begin with a dash themselves
            items = (
                f"  {_plain(one)}" if one.startswith("- ") else f"- {_plain(one)}"
                for one in part.said
            )
            blocks.append("\n".join(items))
    return "\n\n".join(blocks) + "\n"


_COLOURED = {"✔": "✅", "✘": "❌", "!": "⚠️"}
"""The marks in colour."""


def _plain(text: str) -> str:
    """Return a text with the marks of Markdown escaped."""
    return re.sub(r"([\\`*_\[\]<>|~#])", r"\\\1", visible(language.say(text)))


def _code_or_plain(cell: str) -> str:
    if isinstance(cell, Sentence) or len(cell) < 2:
        return _COLOURED.get(cell) or _plain(cell)
    shown = visible(cell).replace("|", "\\|")
    return _plain(cell) if "`" in shown else f"`{shown}`"


def _join_schemes(visitors: Sequence[Visitor]) -> Iterator[Visitor]:
    """Yield one visitor for the https and http pages of a host that the rules treat alike."""
    found: dict[object, Visitor] = {}
    for one in visitors:
        host = (one.referer or "").partition("://")[2]
        decided = one.now.allowed, one.now.entry, one.now.reason, one.then.allowed
        key = (host, one.who, decided) if host and not one.seen else id(one)
        before = found.setdefault(key, one)
        if before is not one:
            found[key] = replace(before, who=Sentence("{}; also over http", one.who))
    yield from found.values()


_GROUPS = {True: "yours", None: "open", False: "strangers"}
"""The headings of visitors, by whether the owner wants to let them in."""
_ASKED = ("You decide: {}", "- {}: {}.")
"""The templates of what a page shows as questions."""


def _wanted(row: tuple[Visitor, Sequence[str]]) -> bool | None:
    return row[0].wanted


def _lines(rules: RefererConfiguration, form: RulesForm) -> frozenset[str]:
    return frozenset(line.strip(" ,") for line in forms.format(rules, form).splitlines())


def html(review: Review, setting: Setting) -> str:
    """Return a self-contained page."""
    from oss_referer.page import rendering  # only here: the other layouts need no templates

    order = [*_GROUPS]
    ranked = sorted(
        _join_schemes(review.visitors), key=lambda one: (order.index(one.wanted), not one.is_wrong)
    )
    who = answer.make(replace(review, visitors=tuple(ranked)), setting)[0]
    rows = zip(ranked, who.rows, strict=True)
    _, change, costs, trials = answer.make(review, setting)
    shown = {
        "review": review,
        "who": who,
        "groups": [(_GROUPS[wanted], [*some]) for wanted, some in groupby(rows, _wanted)],
        "change": change._replace(
            said=[one for one in change.said if getattr(one, "template", "") not in _ASKED]
        ),
        "others": (costs, trials),
        "before": _lines(review.plan.rules, setting.form),
    }
    page = rendering.render("answer_page", language.current(), **shown)
    return "\n".join(map(visible, page.split("\n")))
