"""The contents of a page about rules: a review, causes, the difference from others, exports."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from oss_referer import lint
from oss_referer import translate as translation
from oss_referer.advice import answer, diff
from oss_referer.advice import review as advice
from oss_referer.advice.answer import Setting
from oss_referer.advice.programs import format_oss2, format_ossutil
from oss_referer.advice.proposal import ProposalError, SiteProfile, format_table, propose
from oss_referer.advice.review import Wish
from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    RefererConfiguration,
    Sentence,
    explanation,
)
from oss_referer.page import causes
from oss_referer.page.causes import Cause
from oss_referer.sources import editing, forms, ossutil
from oss_referer.sources.editing import NotEditableError
from oss_referer.sources.forms import RulesForm
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
    """The findings on rules, and the difference from other rules."""

    causes: tuple[Cause, ...]
    difference: diff.Diff
    accepted: Sequence[str] = ()
    """The rules of the linter that the reader accepts."""

    @property
    def fixable(self) -> int:
        """The number of causes with a safe correction."""
        return sum(any(item.safe for item in cause.findings) for cause in self.causes)

    def to_dict(self) -> dict[str, Any]:
        return {
            "findings": [item.to_dict() for cause in self.causes for item in cause.findings],
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
    """The sites that a reader names, and the rules of the linter that the reader accepts."""

    sites: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Wanted":
        """Read the members `site` and `accepted` of a request."""
        site, accepted = values.get("site"), values.get("accepted")
        return cls(
            split_sites(site) if isinstance(site, str) else (),
            tuple(map(str, accepted)) if isinstance(accepted, list) else (),
        )

    @property
    def linted(self) -> tuple[str, ...]:
        """The sites if the linter can read all of them, else ()."""
        return self.sites if all(map(lint.is_site, self.sites)) else ()


def make(
    rules: RefererConfiguration,
    other: RefererConfiguration,
    wanted: Wanted,
    assumptions: Assumptions = DEFAULT,
) -> Review:
    """Lint rules, and compare them with `other`."""
    found = causes.find(rules, assumptions, sites=wanted.linted, accepted=wanted.accepted)
    difference = diff.compare(other, rules, assumptions=assumptions)
    return Review(found, difference, wanted.accepted)


def fix(
    rules: RefererConfiguration, wanted: Wanted, assumptions: Assumptions = DEFAULT
) -> RefererConfiguration:
    """Apply all safe corrections until none is left, as `lint --fix` does."""
    return lint.fix(
        rules, assumptions=assumptions, accepted=wanted.accepted, sites=wanted.linted
    ).configuration


def correct(
    rules: RefererConfiguration,
    named: Mapping[str, Any],
    assumptions: Assumptions = DEFAULT,
) -> tuple[Cause, RefererConfiguration] | None:
    """Apply the corrections of a cause, safe or not; None if the cause no longer exists."""
    wanted = Wanted.read(named)
    found = causes.find(rules, assumptions, sites=wanted.linted, accepted=wanted.accepted)
    cause = next((one for one in found if one.names().items() <= named.items()), None)
    if cause is None:
        return None
    corrected = lint.fix(
        rules,
        assumptions=assumptions,
        accepted=wanted.accepted,
        unsafe=not cause.is_safe,
        sites=wanted.linted,
        meant=lambda item: (item.rule, item.place) in {(o.rule, o.place) for o in cause.findings},
    )
    return cause, corrected.configuration


def generate(
    rules: RefererConfiguration, values: Mapping[str, Any], say: Callable[[Sentence], str] = str
) -> tuple[RefererConfiguration, str]:
    """Add the rules for a site to others; also return their decision table.

    `say` translates the names and comments of the table. Raises ProposalError.
    """

    def read(name: str) -> str:
        found = values.get(name, "")
        return found if isinstance(found, str) else ""

    wish = SiteProfile(
        (read("site"),),
        subdomains=values.get("subdomains") is True,
        mini_programs=tuple(read("mini_programs").split()),
        console=values.get("console") is True,
        cdn=tuple(read("cdn").split()),
        allow_empty=values.get("allow_empty") is True,
    )
    proposal = propose(wish)
    new = proposal.configuration
    is_first = not (rules.whitelist or rules.blacklist)
    added = replace(
        rules,
        allow_empty_referer=wish.allow_empty or (rules.allow_empty_referer and not is_first),
        whitelist=tuple(dict.fromkeys((*rules.whitelist, *new.whitelist))),
        blacklist=tuple(dict.fromkeys((*rules.blacklist, *new.blacklist))),
    )
    return added, format_table(proposal, wish.sites[0], say)


_BETWEEN: Final = re.compile(r"[\s,，、;；]+")
"""The separators between the sites that a reader names."""


def split_sites(text: str) -> tuple[str, ...]:
    return tuple(filter(None, _BETWEEN.split(text)))


def make_answer(
    rules: RefererConfiguration,
    sites: str,
    setting: Setting,
    assumptions: Assumptions = DEFAULT,
) -> dict[str, Any]:
    """Return the first part of a page: a review and its parts, or a problem with the sites.

    If `sites` is empty, the entries name the sites.
    """
    named = split_sites(sites)
    # Entries for hosts of the service are meant for its console.
    has_console = bool(named) and any("aliyun.com" in entry for entry in rules.whitelist)
    try:
        said = advice.review(rules, Wish(named, console=has_console), None, assumptions)
    except ProposalError as error:
        return {"said": None, "problem": str(error)}
    return {
        "said": said,
        "problem": "",
        "parts": answer.make(said, setting),
        "rules": ossutil.to_members(said.rules),
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
