"""What a page shows of rules: findings, their difference from others, scenarios and exports."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple

from oss_referer import lint
from oss_referer import translate as translation
from oss_referer.advice import diff
from oss_referer.advice.programs import format_oss2, format_ossutil
from oss_referer.browser import scenarios
from oss_referer.browser.scenarios import OBJECT_URL, ScenarioResult
from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    RefererConfiguration,
    RefererPolicy,
    explanation,
)
from oss_referer.lint import Finding
from oss_referer.search.url import WebURL, WebURLError
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
    """What the linter, other rules and the scenarios say of rules."""

    findings: tuple[Finding, ...]
    difference: diff.Diff
    scenarios: tuple[tuple[str, tuple[ScenarioResult, ...]], ...]
    """The results by group; empty for a site that is not an address."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "findings": [finding.to_dict() for finding in self.findings],
            "difference": difference_to_dict(self.difference),
            "scenarios": [
                {
                    "group": group,
                    "name": result.scenario.name,
                    "sent": result.scenario.referer,
                    "as_wanted": result.as_wanted,
                    **explanation.to_dict(result.decision),
                }
                for group, results in self.scenarios
                for result in results
            ],
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
    rules: RefererConfiguration,
    other: RefererConfiguration,
    site: str,
    object_url: str = OBJECT_URL,
    assumptions: Assumptions = DEFAULT,
) -> Review:
    """Review rules, compared with others, for the page of a site that shows an object."""
    try:
        played = scenarios.play(RefererPolicy.compile(rules, assumptions), site, object_url)
    except WebURLError:
        played = ()
    groups = groupby(played, lambda result: result.scenario.group.value)
    return Review(
        lint.run(rules, assumptions=assumptions),
        diff.compare(other, rules, assumptions=assumptions),
        tuple((group, tuple(results)) for group, results in groups),
    )


def is_site(text: str) -> bool:
    try:
        return bool(WebURL.parse(text).host)
    except WebURLError:
        return False


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
