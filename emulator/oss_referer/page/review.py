"""What a page shows of rules: a review, causes, their difference from others, and exports."""

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
    """The names of the texts about what rules are compared with."""

    title: str
    was: str
    old: str
    new: str
    alike: str
    """The heading when both are proved to decide alike."""


SAVED: Final = Words(
    "rules.difference", "rules.was", "rules.saved", "rules.edited", "certainty.proved"
)
OPENED: Final = Words("lab.since", "lab.then", "lab.opened", "lab.these", "lab.unchanged")
OTHER: Final = Words("lab.difference", "lab.was", "lab.other", "lab.these", "lab.alike")


class Review(NamedTuple):
    """What the linter says of rules, and how other rules differ from them."""

    causes: tuple[Cause, ...]
    difference: diff.Diff
    accepted: Sequence[str] = ()
    """The rules of the linter whose findings the reader leaves so."""

    @property
    def fixable(self) -> int:
        """The number of causes of which something can be corrected safely."""
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
    """The sites that a reader names, and the linter's rules whose findings they accept."""

    sites: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Wanted":
        """Read the members `site` and `accepted` of what a page sends."""
        site, accepted = values.get("site"), values.get("accepted")
        return cls(
            split_sites(site) if isinstance(site, str) else (),
            tuple(map(str, accepted)) if isinstance(accepted, list) else (),
        )

    @property
    def linted(self) -> tuple[str, ...]:
        """The sites, if the linter can read all of them."""
        return self.sites if all(map(lint.is_site, self.sites)) else ()


def make(
    rules: RefererConfiguration,
    other: RefererConfiguration,
    wanted: Wanted,
    assumptions: Assumptions = DEFAULT,
) -> Review:
    """Lint rules, and compare them with others."""
    found = causes.find(rules, assumptions, sites=wanted.linted, accepted=wanted.accepted)
    difference = diff.compare(other, rules, assumptions=assumptions)
    return Review(found, difference, wanted.accepted)


def fix(
    rules: RefererConfiguration, wanted: Wanted, assumptions: Assumptions = DEFAULT
) -> RefererConfiguration:
    """Follow all safe corrections to the end, as `lint --fix` does."""
    return lint.fix(
        rules, assumptions=assumptions, accepted=wanted.accepted, sites=wanted.linted
    ).configuration


def correct(
    rules: RefererConfiguration,
    named: Mapping[str, Any],
    assumptions: Assumptions = DEFAULT,
) -> tuple[Cause, RefererConfiguration] | None:
    """Follow the corrections of a cause, safe or not; None if it is not found any more."""
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

    `say` gives its names and comments in a language. Raises ProposalError.
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
"""What separates the sites that a reader names."""


def split_sites(text: str) -> tuple[str, ...]:
    return tuple(filter(None, _BETWEEN.split(text)))


def make_answer(
    rules: RefererConfiguration,
    sites: str,
    setting: Setting,
    assumptions: Assumptions = DEFAULT,
) -> dict[str, Any]:
    """Return what a page says first: a review and its parts, or a problem with the sites.

    Without sites, they are those that the entries name.
    """
    named = split_sites(sites)
    # Who has entries for hosts of the service has them for its console.
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
"""The names under which texts are saved."""


class Export(NamedTuple):
    text: str
    file: str
    """The name under which the text is saved."""
    lost: tuple[Loss, ...] = ()
    """What another system decides differently, with an example of each cause."""


class PastedText(NamedTuple):
    """The text from which rules were read."""

    text: str
    form: RulesForm
    name: str

    @classmethod
    def read(cls, values: object) -> "PastedText | None":
        """Read the member `source` of what a page sends; None without one."""
        if not isinstance(values, dict):
            return None
        text, form, name = (values.get(one) for one in ("text", "form", "name"))
        known = form in {one.value for one in forms.WHOLE}
        is_text = isinstance(text, str) and isinstance(name, str)
        return cls(str(text), RulesForm(str(form)), str(name)) if known and is_text else None

    def edit(self, rules: RefererConfiguration) -> str:
        """Write rules back into the text, so that the rest of it stays. Raises ValueError."""
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
    """Format rules in every form, for a bucket, and as the `source` is. Raises ValueError.

    `say` gives the comments in a language.
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
