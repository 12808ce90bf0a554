"""Exports: rules in every form, for OSS and for other systems, with what these cannot express."""

from typing import Final, NamedTuple

from oss_referer import translate as translation
from oss_referer.advice.programs import format_oss2, format_ossutil
from oss_referer.engine import DEFAULT, Assumptions, RefererConfiguration
from oss_referer.sources import sources
from oss_referer.sources.sources import RulesForm
from oss_referer.translate import SYSTEMS, Loss

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
    """Rules in one form."""

    text: str
    file: str
    """The name under which the text is saved."""
    lost: tuple[Loss, ...] = ()
    """What another system decides differently, with an example of each cause."""


def export(
    rules: RefererConfiguration, bucket: str = _PLACE, assumptions: Assumptions = DEFAULT
) -> dict[str, Export]:
    """Format rules in every form, for a bucket. Raises ValueError."""
    texts = {form.value: sources.format(rules, form) for form in RulesForm}
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
