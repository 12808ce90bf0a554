"""The output of `lint --fix`: corrected rules, how their text changes, and what that changes."""

import argparse
import difflib
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from oss_referer.advice import diff
from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.lint import Fixed, Severity
from oss_referer.sources import editing, sources
from oss_referer.sources.editing import NotEditableError
from oss_referer.sources.sources import RulesForm
from oss_referer.terminal import changes, language
from oss_referer.terminal.output import Block, Text, Tone, line, show, write, write_json, writing
from oss_referer.terminal.parser import InputError
from oss_referer.terminal.rules import SelectedRules


def show_fixed(
    selected: SelectedRules, fixed: Fixed, left: Sequence[Any], arguments: argparse.Namespace
) -> int:
    """Print or write corrected rules; `left` is what is reported about them.

    Standard output gets the rules, and standard error the rest, unless the rules are written.
    """
    text, refusal = _correct(selected, fixed)
    if arguments.write:
        _write(selected, text, refusal)
    before = _text_before(selected, refusal)
    found = diff.compare(
        selected.configuration, fixed.configuration, assumptions=arguments.assumptions
    )
    if arguments.format == "json":
        write_json(
            {
                "rules": text,
                "written": arguments.write,
                "diff": "".join(_diff(selected, before, text)),
                "unsafe": [item.to_dict() for item in fixed.unsafe],
                "proof": changes.to_dict(found),
                "left": left,
            }
        )
    else:
        if not arguments.write:
            write(text if text.endswith("\n") else f"{text}\n")
            sys.stdout.flush()
        changed = [item.rstrip("\n") for item in _diff(selected, before, text)]
        show(
            *_warn(fixed),
            *_report(refusal, changed, changes.describe(found, whole=arguments.all), left),
            to=sys.stdout if arguments.write else sys.stderr,
        )
    return int(any(item.severity is not Severity.NOTE for item in fixed.left))


def _correct(selected: SelectedRules, fixed: Fixed) -> tuple[str, str]:
    """Return the corrected text, and why it is not the corrected source; "" if it is."""
    if selected.source is None:
        refusal = "rules of a bucket are not written back; give these to oss-emulator apply"
        return _format(fixed.configuration, RulesForm.XML), refusal
    try:
        document = selected.source.content
        return editing.edit(document, selected.form, selected.name, fixed.configuration), ""
    except NotEditableError as error:
        return _format(fixed.configuration, selected.form), str(error)


def _text_before(selected: SelectedRules, refusal: str) -> str:
    if selected.source is None or refusal:
        return _format(selected.configuration, selected.form)
    return selected.source.content.decode("utf-8-sig")


def _format(configuration: RefererConfiguration, form: RulesForm) -> str:
    try:
        return sources.format(configuration, form)
    except ValueError as error:
        raise InputError(f"the corrected rules cannot be written as {form}: {error}") from None


def _write(selected: SelectedRules, text: str, refusal: str) -> None:
    source = selected.source
    if source is not None and source.name == "standard input":
        refusal = "it is not a file"
    if source is None or refusal:
        name = source.name if source else "oss://"
        raise InputError(f"{name}: {refusal}; leave --write out to print the corrected rules")
    with writing(Path(source.name), InputError) as file:
        file.write(text.encode())


def _diff(selected: SelectedRules, before: str, after: str) -> Iterator[str]:
    name = selected.source.name if selected.source else "rules"
    old, new = (text.splitlines(keepends=True) for text in (before, after))
    for item in difflib.unified_diff(old, new, name, f"{name} (corrected)"):
        yield item if item.endswith("\n") else f"{item}\n"


def _warn(fixed: Fixed) -> Iterator[Block]:
    """Yield the corrections that were followed although they are not safe."""
    if fixed.unsafe:
        yield line(Text(Sentence("Followed, although not safe"), Tone.STRONG))
        for item in fixed.unsafe:
            entry = f" {item.place.entry}:" if item.place else ":"
            name = Text(item.rule, Tone.WARNING)
            yield line(name, f"{entry} ", item.risk, indent=2)
        yield line()


_TONES = {"+": Tone.GOOD, "-": Tone.BAD, "@": Tone.FAINT}


def _report(
    refusal: str, changed: Sequence[str], proof: Iterable[Block], left: Iterable[Block]
) -> Iterator[Block]:
    if refusal:
        yield line(Text(Sentence("Not written back: {}.", language.explain(refusal)), Tone.WARNING))
        yield line()
    for item in changed:
        yield line(Text(item, _TONES.get(item[:1], Tone.PLAIN)))
    if changed:
        yield line()
    yield from proof
    yield line()
    yield from left
