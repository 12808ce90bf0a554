"""What a page shows of rules: a review, findings, their difference from others, and exports."""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from oss_referer import lint
from oss_referer import translate as translation
from oss_referer.advice import answer, diff
from oss_referer.advice import review as advice
from oss_referer.advice.answer import Setting
from oss_referer.advice.programs import format_oss2, format_ossutil
from oss_referer.advice.proposal import ProposalError
from oss_referer.advice.review import Wish
from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    RefererConfiguration,
    explanation,
)
from oss_referer.lint import Finding
from oss_referer.sources import forms, json_text
from oss_referer.sources.forms import RulesForm
from oss_referer.translate import SYSTEMS, Loss

FINDINGS: Final = 60
"""The most findings on a page."""


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

    findings: tuple[Finding, ...]
    difference: diff.Diff

    def causes(self, *, common: bool) -> tuple[tuple[Finding, ...], ...]:
        """Return the findings by their causes: those that nearly all rules have, or the others."""
        return lint.group(one for one in self.findings if one.common is common)

    def to_dict(self) -> dict[str, Any]:
        return {
            "findings": [finding.to_dict() for finding in self.findings],
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


def make(
    rules: RefererConfiguration, other: RefererConfiguration, assumptions: Assumptions = DEFAULT
) -> Review:
    """Lint rules, and compare them with others."""
    found = lint.run(rules, assumptions=assumptions)
    return Review(found, diff.compare(other, rules, assumptions=assumptions))


_BETWEEN: Final = re.compile(r"[\s,，、;；]+")
"""What stands between the sites that a reader names."""


def make_answer(
    rules: RefererConfiguration,
    sites: str,
    setting: Setting,
    assumptions: Assumptions = DEFAULT,
) -> dict[str, Any]:
    """Return what a page says first: a review and its parts, or a problem with the sites.

    Without sites, they are those that the entries name.
    """
    named = tuple(filter(None, _BETWEEN.split(sites)))
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
        "rules": to_members(said.rules),
    }


def is_meant(finding: Finding, values: Mapping[str, Any]) -> bool:
    """Return whether values name a finding: its rule, its list and its entry."""
    place = finding.place
    meant = (finding.rule, place.list if place else None, place.entry if place else None)
    return meant == (values.get("rule"), values.get("list"), values.get("entry"))


def to_members(rules: RefererConfiguration) -> dict[str, Any]:
    """Return rules as the JSON of ossutil, with both lists."""
    members: dict[str, Any] = json_text.parse(forms.format(rules, RulesForm.JSON))
    return {"RefererBlacklist": {"Referer": []}, **members}


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


def export(
    rules: RefererConfiguration, bucket: str = _PLACE, assumptions: Assumptions = DEFAULT
) -> dict[str, Export]:
    """Format rules in every form, for a bucket. Raises ValueError."""
    texts = {form.value: forms.format(rules, form) for form in forms.WHOLE}
    for form in (RulesForm.TERRAFORM, RulesForm.HCL):
        texts[form.value] = texts[form.value].replace(_PLACE, bucket, 1)
    texts["oss2"] = format_oss2(rules, bucket, bucket)
    texts["ossutil"] = format_ossutil(rules, bucket, bucket)
    found = {name: Export(text, _FILES[name]) for name, text in texts.items()}
    for name, system in SYSTEMS.items():
        theirs = system.from_oss(rules, assumptions)
        lost = translation.losses(theirs, rules, assumptions)
        found[name] = Export(theirs.format(), _FILES[name], lost)
    return found
