"""The report of a replay on a terminal, in Markdown and as a page, from one layout."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from oss_referer.engine import Sentence
from oss_referer.remarks import code
from oss_referer.terminal import language
from oss_referer.terminal.output import Block, Piece, Text, TextTable, Tone, line
from oss_referer.traffic import figures, layout
from oss_referer.traffic.figures import Report
from oss_referer.traffic.layout import SAMPLE, TONES, Agrees, Bar, Layout, Part, Said

_TONES = {tone: Tone[tone.name] for tone in layout.ReportTone}
_FULL, _WIDTH = "█", 10
_SAMPLE = 66
"""The most characters of a line about a host on a terminal; the other forms show more."""


class Room(NamedTuple):
    """What a medium has room for: the most rows of a table, and the most hosts to explain."""

    rows: int = layout.WHOLE
    hosts: int = layout.WHOLE


class Section(NamedTuple):
    """The report on one set of rules, laid out."""

    title: str
    """The resource of a plan; "" without one."""
    report: Report
    parts: Sequence[Part]


def arrange(
    title: str, report: Report, room: Room, agrees: Agrees, before: Sequence[Part]
) -> Section:
    """Lay out a report in the language of this command, with some parts before."""
    made = Layout(*room, language.say_step, language.explain, agrees)
    return Section(title, report, [*before, *made.parts(report)])


def describe(report: Report) -> Iterator[Block]:
    """Return the blocks of a whole report for the terminal."""
    made = Layout(say_step=language.say_step, explain=language.explain)
    return text(made.parts(report))


def text(parts: Iterable[Part]) -> Iterator[Block]:
    for number, part in enumerate(parts):
        if number:
            yield line()
        if part.title and not part.table:
            yield line(Text(part.title, Tone.STRONG))
        yield from (say(said, 2 if part.title else 0) for said in part.said)
        if part.table:
            if part.said:
                yield line()
            rows: list[tuple[Piece, ...]] = [
                (Text(row.name, _TONES[row.tone]), *row.figures, _draw(row.bar))
                for row in part.table.rows
            ]
            yield TextTable((*part.table.headings, ""), rows, title=part.title)
            if part.table.more:
                yield line(Text(Sentence("{} (--all shows them)", part.table.more), Tone.FAINT))
        for name, lines in part.details:
            yield line()
            yield line(Text(name, Tone.STRONG))
            for (label, said), (above, _) in zip(lines, [("", ""), *lines], strict=False):
                shown = said.text
                if label == SAMPLE and len(shown) > _SAMPLE:
                    shown = f"{shown[:_SAMPLE]}…"
                named = Text("" if label == above else label, Tone.FAINT, 8)
                yield line(named, Text(shown, _TONES[said.tone]), indent=2)


def say(said: Said, indent: int = 0) -> Block:
    return line(Text(said.text, _TONES[said.tone]), indent=indent)


def _draw(bar: Bar | None) -> Text:
    if bar is None:
        return Text("")
    length = round(bar.part * _WIDTH)
    return Text(_FULL * (length or bool(bar.part)), _TONES[TONES[bar.verdict]])


def markdown(verdict: Sequence[Part], sections: Sequence[Section]) -> str:
    """Return a report in Markdown; texts from logs and plans are code."""
    blocks = [*_blocks(verdict)]
    for section in sections:
        if section.title:
            blocks.append(f"### {code(section.title)}")
        blocks += _blocks(section.parts)
    return "\n\n".join([f"## {blocks[0]}", *blocks[1:]]) + "\n"


def _blocks(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        if part.title:
            yield f"#### {_mark(part.title)}"
        yield from (f"{'- ' * bool(part.title)}{_mark(said.text)}" for said in part.said)
        if part.table:
            rows = [part.table.headings, *((row.name, *row.figures) for row in part.table.rows)]
            cells = [f"| {' | '.join(map(_mark, row))} |" for row in rows]
            columns = "|".join(["---", *["--:"] * (len(rows[0]) - 1)])
            yield "\n".join([cells[0], f"|{columns}|", *cells[1:]])
            if part.table.more:
                yield _mark(part.table.more)
        for name, lines in part.details:
            about = [f"- {_mark(name)}"]
            # A sample has the addresses of visitors, and a report goes to a pull request.
            said = ((label, text) for label, (text, _) in lines if label != SAMPLE)
            about += [f"  - {_mark(label)}: {_mark(text)}" for label, text in said]
            yield "\n".join(about)


_PLAIN = re.compile("[A-Za-z0-9.,:%¥ +-]*")
"""The texts without marks of Markdown."""


def _mark(text: str) -> str:
    """Return a text as Markdown: names, and values with marks, are code."""
    if not isinstance(text, Sentence):
        return text if _PLAIN.fullmatch(text) else code(text)
    if text.template == "{}" and not isinstance(text.values[0], Sentence):
        return code(text.values[0])
    return language.say(Sentence(text.template, *map(_mark, text.values)))


def page(verdict: Sequence[Part], sections: Sequence[Section]) -> str:
    """Return a report as a page without scripts, for light and dark modes."""
    from oss_referer.page import rendering  # only here: the other forms need no templates

    shown = {"verdict": verdict, "sections": sections, "layout": layout, "figures": figures}
    return rendering.render("report_page", language.current(), **shown)
