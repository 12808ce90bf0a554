"""The actions of the lab's page, which has no server: each accepts and returns JSON values.

They correspond to the routes of the console's rules page, and render the same parts.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from oss_referer.engine import RefererConfiguration, RefererPolicy, Sentence
from oss_referer.engine.policy import MAX_EXAMINED
from oss_referer.page import review
from oss_referer.page.rendering import render
from oss_referer.page.review import NOTHING, Wanted
from oss_referer.plan import WishError
from oss_referer.sources import ossutil
from oss_referer.sources.toml import SourceError
from oss_referer.texts import Catalogue
from oss_referer.traffic import recorded
from oss_referer.translate import exports, reading

Values = Mapping[str, Any]


def answer(name: str, values: Values) -> Values:
    """Run an action.

    If it fails, the member `error` is a sentence in the `language` of the values.
    """
    try:
        return _ACTIONS[name](values)
    except SourceError as error:
        return {"error": Catalogue(values["language"]).message(error.sentence)}


def _read(values: Values) -> Values:
    """Read the rules of a text in any form, or explain why not; `name` chooses among several."""
    text, name = _text(values, "text"), values.get("name")
    try:
        found = reading.read(text, name if isinstance(name, str) else "")
    except SourceError as error:
        wrong = reading.explain(text, error)
        html = _show("rules_read", values, found=None, wrong=wrong)
        said = Catalogue(values["language"]).message(str(error))
        return {"html": html, "problem": said, "line": error.line}
    members = ossutil.to_members(found.rules)
    return {
        "html": _show("rules_read", values, found=found, rules=members),
        "rules": members,
        "form": found.form,
        "name": found.name,
        "names": list(found.names),
    }


def _check(values: Values) -> Values:
    """Decide on a Referer by `rules`, and by the corrected rules if they decide otherwise."""
    rules, referer = _rules(values), values.get("referer")
    if not isinstance(referer, str | None):
        raise SourceError("referer must be a string")
    decision = RefererPolicy.compile(rules).decide(referer)
    return {"html": _show("rules_check", values, rows=[(referer, decision)])}


def _answer(values: Values) -> Values:
    """Review rules, compared with `other`, by the requests that a reader `recorded`."""
    found = NOTHING
    if values.get("recorded"):
        found = recorded.choose_kept(values)
    shown = review.make_answer(
        _examined(values), Wanted.read(values), _rules(values, "other"), found
    )
    return {"html": _show("rules_answer", values, **shown)}


def _examined(values: Values) -> RefererConfiguration:
    rules = _rules(values)
    if rules.size > MAX_EXAMINED:
        raise SourceError(
            f"the page reviews at most {MAX_EXAMINED} bytes of entries; these rules have "
            f"{rules.size} (a bucket can have 20 KB, R-42)"
        )
    return rules


def _traffic(values: Values) -> Values:
    """Judge recorded requests by `rules`, compared with `other`."""
    old, new = (RefererPolicy.compile(_rules(values, name)) for name in ("other", "rules"))
    return {"html": _show("rules_traffic", values, **recorded.make(values, old, new))}


def _take(values: Values) -> Values:
    """Return the corrected rules, or the rules with the answer to a question."""
    try:
        taken = review.take(
            review.make_plan(_examined(values), Wanted.read(values), saved=_rules(values, "other")),
            values.get("change"),
        )
    except WishError as error:
        raise SourceError(str(error)) from None
    if taken is None:
        raise SourceError("the plan no longer asks this")
    return {"rules": ossutil.to_members(taken)}


def _generate(values: Values) -> Values:
    """Add the rules for a site."""
    try:
        rules, table = review.generate(_rules(values), values, _say(values))
    except WishError as error:
        raise SourceError(str(error)) from None
    return {"rules": ossutil.to_members(rules), "table": table}


def _export(values: Values) -> Values:
    source = exports.PastedText.read(values.get("source"))
    with _writing():
        made = exports.export(_rules(values), source=source, say=_say(values))
    return {"html": _show("rules_export", values, exports=made, bucket="rules")}


def _write(values: Values) -> Values:
    """Write rules back into the text that they were read from, and keep the rest of the text."""
    source = exports.PastedText.read(values)
    if source is None:
        raise SourceError("rules cannot be written back into a list")
    with _writing():
        return {"text": source.edit(_rules(values))}


@contextmanager
def _writing() -> Iterator[None]:
    try:
        yield
    except SourceError:
        raise
    except ValueError as error:
        raise SourceError(f"the rules cannot be written: {error}") from None


_ACTIONS: Final[Mapping[str, Callable[[Values], Values]]] = {
    "read": _read,
    "check": _check,
    "answer": _answer,
    "traffic": _traffic,
    "take": _take,
    "generate": _generate,
    "export": _export,
    "write": _write,
}


def _say(values: Values) -> Callable[[Sentence], str]:
    return Catalogue(_text(values, "language")).sentence


def _show(template: str, values: Values, **shown: Any) -> str:
    return render(template, _text(values, "language"), **shown)


def _rules(values: Values, name: str = "rules") -> RefererConfiguration:
    return ossutil.convert_members(values.get(name, values.get("rules")))


def _text(values: Values, name: str) -> str:
    found = values.get(name)
    if not isinstance(found, str):
        raise SourceError(f"{name} must be a string")
    return found
