"""The actions of the lab's page, which has no server: each takes and returns values of JSON.

They are what the routes of the console's rules page are to its script, and render the same parts.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from oss_referer import lint
from oss_referer.advice import diff
from oss_referer.advice.answer import Setting
from oss_referer.browser import probes
from oss_referer.engine import RefererConfiguration, RefererPolicy
from oss_referer.engine.policy import MAX_EXAMINED
from oss_referer.page import review
from oss_referer.page.rendering import render
from oss_referer.page.review import export
from oss_referer.sources import editing, forms
from oss_referer.sources.editing import NotEditableError
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.resources import NoRulesError
from oss_referer.sources.toml import SourceError
from oss_referer.texts import Catalogue
from oss_referer.translate import SYSTEMS

Values = Mapping[str, Any]

REFERERS: Final = 1_000
"""The most Referers that the page tries."""


def answer(name: str, values: Values) -> Values:
    """Do what an action says.

    What cannot be done is told by a member `error`, a sentence in the `language` of the values;
    for a text that cannot be read, it begins with the place, and `line` and `column` have it too.
    """
    try:
        return _ACTIONS[name](values)
    except SourceError as error:
        said = Catalogue(values["language"]).message
        if name != "read":
            return {"error": said(error.sentence)}
        return {"error": said(str(error)), "line": error.line, "column": error.column}


def _read(values: Values) -> Values:
    """Recognise the form of a text, and read its rules; `name` chooses among several.

    `form` is null if rules cannot be written back into the text: a list, or one of nginx.
    """
    text = _text(values, "text").removeprefix("\ufeff")
    say = Catalogue(_text(values, "language"))
    document = forms.encode(text)
    try:
        form = forms.detect(document)
        found = forms.find(document, form)
        wanted = values.get("name")
        name = wanted if isinstance(wanted, str) and wanted in found else next(iter(found))
        rules = found[name]()
    except NoRulesError:
        if "valid_referers" not in text:
            raise
        rules = SYSTEMS["nginx"].parse(text).to_oss()
        label = say("form.nginx")
        return {"rules": review.to_members(rules), "form": None, "label": label, "names": [""]}
    return {
        "rules": review.to_members(rules),
        "form": None if form is RulesForm.LIST else form.value,
        "label": say(f"form.{form}"),
        "name": name,
        "names": list(found),
    }


def _check(values: Values) -> Values:
    """Decide on Referers by some rules and by others; without `referers`, on proposed ones."""
    rules, other = _rules(values), _rules(values, "other")
    referers: list[str | None] = [None, *probes.propose_referers(rules)]
    if "referers" in values:
        referers = _list(values, "referers")
    if len(referers) > REFERERS:
        raise SourceError(
            f"these are {len(referers)} Referers; the page tries at most {REFERERS}: check them "
            "with a table of oss-emulator test"
        )
    policies = RefererPolicy.compile(rules), RefererPolicy.compile(other)
    decisions, before = ([policy.decide(item) for item in referers] for policy in policies)
    rows = list(zip(referers, decisions, before, strict=True))
    shown = {"rows": rows, "decisions": decisions, "words": _words(values)}
    return {"html": _show("rules_check", values, **shown)}


def _answer(values: Values) -> Values:
    """Review rules for some sites."""
    setting = Setting(RulesForm.XML, "FILE", "oss://BUCKET", "")
    shown = review.make_answer(_examined(values), _text(values, "site"), setting)
    return {"html": _show("rules_answer", values, **shown)}


def _examined(values: Values) -> RefererConfiguration:
    rules = _rules(values)
    if rules.size > MAX_EXAMINED:
        raise SourceError(
            f"the page reviews at most {MAX_EXAMINED} bytes of entries; these rules have "
            f"{rules.size} (a bucket can have 20 KB, R-42)"
        )
    return rules


def _review(values: Values) -> Values:
    """Lint rules, and compare them with others."""
    made = review.make(_examined(values), _rules(values, "other"))
    shown = {"review": made, "journal": None, "shown": review.FINDINGS}
    return {"html": _show("rules_review", values, **shown, words=_words(values))}


def _correct(values: Values) -> Values:
    """Follow the correction of one finding, and say what it changes."""
    rules = _rules(values)
    found = lint.run(rules)
    finding = next((one for one in found if review.is_meant(one, values)), None)
    if finding is None:
        raise SourceError("the linter does not find this any more")
    corrected = lint.follow(rules, [finding], unsafe=True)
    members, proof = review.to_members(corrected), diff.compare(rules, corrected)
    html = _show("rules_correction", values, rules=members, one=finding, proof=proof)
    return {"rules": members, "safe": finding.is_safe, "html": html}


def _export(values: Values) -> Values:
    try:
        exports = export(_rules(values))
    except ValueError as error:
        raise _not_writable(error) from None
    return {"html": _show("rules_export", values, exports=exports, bucket="rules")}


def _write(values: Values) -> Values:
    """Write rules back into the text that they were read from, so that the rest of it stays."""
    form, rules = RulesForm(_text(values, "form")), _rules(values)
    document = forms.encode(_text(values, "text"))
    try:
        try:
            return {"text": editing.edit(document, form, _text(values, "name"), rules)}
        except NotEditableError:
            return {"text": forms.format(rules, form)}
    except SourceError:
        raise
    except ValueError as error:
        raise _not_writable(error) from None


def _not_writable(error: ValueError) -> SourceError:
    return SourceError(f"the rules cannot be written: {error}")


_ACTIONS: Final[Mapping[str, Callable[[Values], Values]]] = {
    "read": _read,
    "check": _check,
    "answer": _answer,
    "review": _review,
    "correct": _correct,
    "export": _export,
    "write": _write,
}


def _words(values: Values) -> review.Words:
    """Return the names of what rules are compared with: others, or themselves when opened."""
    return review.OTHER if values.get("isComparing") else review.OPENED


def _show(template: str, values: Values, **shown: Any) -> str:
    return render(template, _text(values, "language"), **shown)


def _rules(values: Values, name: str = "rules") -> RefererConfiguration:
    return forms.convert_members(values.get(name))


def _text(values: Values, name: str) -> str:
    found = values.get(name)
    if not isinstance(found, str):
        raise SourceError(f"{name} must be a string")
    return found


def _list(values: Values, name: str) -> list[str | None]:
    found = values.get(name)
    if not isinstance(found, list) or not all(isinstance(item, str | None) for item in found):
        raise SourceError(f"{name} must be a list of strings")
    return found
