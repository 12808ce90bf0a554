"""Exports: rules in every form, also in the text that they were read from, with what gets lost."""

from collections.abc import Callable
from typing import Final, NamedTuple

from oss_referer import translate as translation
from oss_referer.engine import DEFAULT, Assumptions, RefererConfiguration, Sentence
from oss_referer.sources import editing, forms
from oss_referer.sources.editing import NotEditableError
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.programs import format_oss2, format_ossutil
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
