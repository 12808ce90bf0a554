"""The contents of a page about rules: a plan, notes, the difference from others, exports."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

from oss_referer import lint
from oss_referer import translate as translation
from oss_referer.advice import answer, diff
from oss_referer.advice import review as advice
from oss_referer.advice.adding import add, widen
from oss_referer.advice.answer import Setting
from oss_referer.advice.effects import take_alone
from oss_referer.advice.review import Question
from oss_referer.advice.table import format_table
from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    RefererConfiguration,
    Sentence,
    explanation,
)
from oss_referer.lint import Finding, Severity
from oss_referer.plan import Change, Line, Plan, Wish, WishError, apply, plan, read_site
from oss_referer.sources import editing, forms
from oss_referer.sources.editing import NotEditableError
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.programs import format_oss2, format_ossutil
from oss_referer.translate import SYSTEMS, Loss


class Words(NamedTuple):
    """The names of the texts for a comparison."""

    title: str
    was: str
    old: str
    new: str
    alike: str
    """The heading if both are proved to decide alike."""


SAVED: Final = Words(
    "rules.difference", "rules.was", "rules.saved", "rules.edited", "certainty.proved"
)
OPENED: Final = Words("lab.since", "lab.then", "lab.opened", "lab.these", "lab.unchanged")
OTHER: Final = Words("lab.difference", "lab.was", "lab.other", "lab.these", "lab.alike")


class Review(NamedTuple):
    """What is good to know about rules, and the difference from other rules."""

    notes: Sequence[Sequence[Finding]]
    """The notes of the linter, those of one rule together."""
    difference: diff.Diff

    def to_dict(self) -> dict[str, Any]:
        return {
            "notes": [item.to_dict() for found in self.notes for item in found],
            "difference": difference_to_dict(self.difference),
        }


def difference_to_dict(difference: diff.Diff) -> dict[str, Any]:
    return {
        "equivalent": difference.equivalent,
        "certainty": difference.certainty.value,
        "tried": difference.tried,
        "changes": [
            {
                "referer": change.referer,
                "old": explanation.to_dict(change.old),
                "new": explanation.to_dict(change.new),
            }
            for change in difference.changes
        ],
    }


class Wanted(NamedTuple):
    """What a reader says about rules."""

    sites: tuple[str, ...] = ()
    meant: frozenset[str] = frozenset()
    """The entries that are meant as they are."""

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Wanted":
        """Read the members `site` and `meant` of a request."""
        site, meant = values.get("site"), values.get("meant")
        return cls(
            split_sites(site) if isinstance(site, str) else (),
            frozenset(map(str, meant)) if isinstance(meant, list) else frozenset(),
        )


def make_plan(
    rules: RefererConfiguration,
    wanted: Wanted,
    assumptions: Assumptions = DEFAULT,
    saved: RefererConfiguration | None = None,
) -> Plan:
    """Plan rules for the sites that a reader names, or else those of the entries and of `saved`.

    Raises WishError.
    """
    return plan(rules, Wish(wanted.sites, saved=saved, meant=wanted.meant), assumptions)


def make(
    rules: RefererConfiguration,
    other: RefererConfiguration,
    wanted: Wanted,
    assumptions: Assumptions = DEFAULT,
) -> Review:
    """Lint rules, and compare them with `other`."""
    sites = wanted.sites if all(map(read_site, wanted.sites)) else ()
    found = lint.run(rules, assumptions=assumptions, sites=sites)
    notes = lint.group(item for item in found if item.severity is Severity.NOTE)
    return Review(notes, diff.compare(other, rules, assumptions=assumptions))


def take(planned: Plan, named: object = None) -> RefererConfiguration | None:
    """Return the corrected rules, or the rules with the answer that `named` names.

    None if no question of the plan has this answer.
    """
    if named is None:
        return planned.corrected
    options = (option for line in planned.questions for option in line.options)
    change = next((one.change for one in options if name_change(one.change) == named), None)
    if change is None:
        return None
    return apply(planned.rules, take_alone(planned, change))


def name_change(change: Change) -> dict[str, Any]:
    """Return values for JSON that identify a change of rules in a request."""
    place, values = change.place, change.to_dict()
    lists = {name: list(one) if isinstance(one, tuple) else one for name, one in values.items()}
    return {"list": place.list.value if place else None, **lists,
            "position": place.position if place else None}  # fmt: skip


def generate(
    rules: RefererConfiguration,
    values: Mapping[str, Any],
    say: Callable[[Sentence], str] = str,
    assumptions: Assumptions = DEFAULT,
) -> tuple[RefererConfiguration, str]:
    """Add the rules for a site to others; also return the decision table of the site alone.

    `say` translates the names and comments of the table. Raises WishError.
    """

    def read(name: str) -> str:
        found = values.get(name, "")
        return found if isinstance(found, str) else ""

    site = read("site")
    is_empty_allowed = values.get("allow_empty") is True
    wish = Wish(
        (widen(site) if values.get("subdomains") is True else site,),
        mini_programs=tuple(read("mini_programs").split()),
        console=values.get("console") is True,
        cdn=tuple(read("cdn").split()),
    )
    alone = RefererConfiguration(allow_empty_referer=is_empty_allowed)
    table = format_table(plan(alone, wish, assumptions), site, say)
    is_first = not (rules.whitelist or rules.blacklist)
    empty = is_empty_allowed or (rules.allow_empty_referer and not is_first)
    return replace(add(rules, wish, assumptions), allow_empty_referer=empty), table


_BETWEEN: Final = re.compile(r"[\s,，、;；]+")
"""The separators between the sites that a reader names."""


def split_sites(text: str) -> tuple[str, ...]:
    return tuple(filter(None, _BETWEEN.split(text)))


class Mark(StrEnum):
    """What a plan says of an entry, as the page marks it."""

    ASKS = "asks"
    CHANGES = "changes"
    LETS_IN = "lets-in"
    """It lets strangers in, and stays."""
    RIGHT = "right"


class PlanRow(NamedTuple):
    """A line of a plan, as the page shows it."""

    line: Line
    mark: Mark
    question: Question | None

    @property
    def place(self) -> str:
        """The place of the entry, such as `whitelist:0`; "" without one."""
        place = self.line.place
        return f"{place.list.value}:{place.position}" if place else ""

    @property
    def answers(self) -> Sequence[tuple[advice.Answer, dict[str, Any]]]:
        """The answers to the question, each with the name of its change."""
        answers = self.question.answers if self.question else ()
        return [(one, name_change(option.change))
                for one, option in zip(answers, self.line.options, strict=True)]  # fmt: skip


def _list_rows(said: advice.Review) -> Iterator[PlanRow]:
    questions = iter(said.questions)
    for line in said.plan.lines:
        question = next(questions) if line.question else None
        mark = Mark.RIGHT
        if question:
            mark = Mark.ASKS
        elif line.change:
            mark = Mark.CHANGES
        elif line.stranger and not said.plan.is_for_everybody:
            mark = Mark.LETS_IN
        yield PlanRow(line, mark, question)


def make_answer(
    rules: RefererConfiguration,
    wanted: Wanted,
    setting: Setting,
    assumptions: Assumptions = DEFAULT,
    saved: RefererConfiguration | None = None,
) -> dict[str, Any]:
    """Return the main part of a page: a review with its parts and a plan, or a problem."""
    try:
        planned = make_plan(rules, wanted, assumptions, saved)
    except WishError as error:
        return {"said": None, "problem": str(error)}
    said = advice.review(planned, None, assumptions, takes_alone=True)
    return {
        "said": said,
        "problem": "",
        "parts": answer.make(said, setting),
        "rows": [*_list_rows(said)],
        "meant": sorted(wanted.meant.intersection((*rules.whitelist, *rules.blacklist))),
    }


# Exports

_PLACE: Final = "YOUR-BUCKET"
"""The placeholder for the name of the bucket, in the forms that have one."""

_FILES: Final = {
    "xml": "referer.xml",
    "json": "referer.json",
    "terraform": "referer.tf.json",
    "hcl": "referer.tf",
    "toml": "referer.toml",
    "oss2": "put_referer.py",
    "ossutil": "put_referer.sh",
    "nginx": "referer.conf",
    "cdn": "cdn.json",
}
"""The names of the saved files."""


class Export(NamedTuple):
    text: str
    file: str
    """The name of the saved file."""
    lost: tuple[Loss, ...] = ()
    """Losses of the translation, with an example of each cause."""


class PastedText(NamedTuple):
    """The text that rules were read from."""

    text: str
    form: RulesForm
    name: str

    @classmethod
    def read(cls, values: object) -> "PastedText | None":
        """Read the member `source` of a request; None without one."""
        if not isinstance(values, dict):
            return None
        text, form, name = (values.get(one) for one in ("text", "form", "name"))
        known = form in {one.value for one in forms.WHOLE}
        is_text = isinstance(text, str) and isinstance(name, str)
        return cls(str(text), RulesForm(str(form)), str(name)) if known and is_text else None

    def edit(self, rules: RefererConfiguration) -> str:
        """Return the text with other rules, or only the rules if that fails. Raises ValueError."""
        try:
            return editing.edit(forms.encode(self.text), self.form, self.name, rules)
        except NotEditableError:
            return forms.format(rules, self.form)


def export(
    rules: RefererConfiguration,
    bucket: str = _PLACE,
    assumptions: Assumptions = DEFAULT,
    source: PastedText | None = None,
    say: Callable[[Sentence], str] = str,
) -> dict[str, Export]:
    """Format rules for a bucket in every form, and in the text of `source`. Raises ValueError.

    `say` translates the comments.
    """
    texts = {form.value: forms.format(rules, form) for form in forms.WHOLE}
    for form in (RulesForm.TERRAFORM, RulesForm.HCL):
        texts[form.value] = texts[form.value].replace(_PLACE, bucket, 1)
    texts["oss2"] = format_oss2(rules, bucket, bucket, say)
    texts["ossutil"] = format_ossutil(rules, bucket, bucket, say)
    found = {name: Export(text, _FILES[name]) for name, text in texts.items()}
    for name, system in SYSTEMS.items():
        theirs = system.from_oss(rules, assumptions)
        lost = translation.losses(theirs, rules, assumptions)
        found[name] = Export(theirs.format(say), _FILES[name], lost)
    if source is not None:
        found["source"] = Export(source.edit(rules), _FILES[source.form.value])
    return found
