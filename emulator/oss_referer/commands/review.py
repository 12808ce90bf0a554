"""`oss-emulator review`: show who gets in, what to change, the costs, and what to try then."""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from oss_referer.advice import answer
from oss_referer.advice import review as advice
from oss_referer.advice.answer import Setting
from oss_referer.advice.review import Review
from oss_referer.engine import RefererConfiguration, RefererPolicy, Sentence
from oss_referer.plan import Plan, Wish, WishError, plan
from oss_referer.search.url import WebURL, WebURLError
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm
from oss_referer.terminal import bucket, formats, rules, traffic
from oss_referer.terminal import review as layout
from oss_referer.terminal.output import line, show, write, write_json, writing
from oss_referer.terminal.parser import Commands, InputError
from oss_referer.terminal.rules import SelectedRules
from oss_referer.traffic.effect import Effect, measure
from oss_referer.traffic.judge import Judge

_DESCRIPTION = (
    "Says on one screen who gets in, which rules to use instead and what only you can decide, what "
    "that costs, and what to try afterwards. Without --site, the sites are those that the entries "
    "name; with --traffic, the sites that really ask come first. The exit status is 0 if there is "
    "nothing to change or to decide, 1 if there is, or 2 if something cannot be read or written."
)


class ReviewForm(StrEnum):
    TEXT = "text"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"


def declare(commands: Commands) -> None:
    parser = commands.add_parser("review", run, description=_DESCRIPTION)
    parser.add_value("rules", "RULES", rules.HELP)
    said = "your site, such as https://www.example.com or *.example.com"
    parser.add_repeated("--site", "URL", said)
    parser.add_switch("--app", "an app of yours, which sends no Referer, shows the objects")
    parser.add_repeated("--mini-program", "APPID", "allow a WeChat mini program")
    parser.add_repeated("--cdn", "HOST", "allow the style sheets of a host")
    parser.add_switch("--console", "allow the preview in the OSS console")
    said = "the rules that hold now, given like RULES, if RULES are not yet in use"
    parser.add_value("--against", "OLD", said)
    traffic.declare(parser)
    parser.add_value("--object", "URL", "an object to try the rules with")
    parser.add_switch("--all", "show everybody and all questions, longer than a screen")
    said = "write the rules to use to this file, in the form that its ending names"
    parser.add_output("-o", "--output", said=said)
    formats.declare_choices(parser, tuple(ReviewForm), "how to print the review (default: text)")
    rules.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    url = _read_object(arguments.object)
    selected = rules.select(arguments.rules, arguments)
    live = rules.read(arguments.against, arguments) if arguments.against else None
    wish = Wish(
        sites=tuple(arguments.site),
        app=arguments.app,
        mini_programs=tuple(arguments.mini_program),
        console=arguments.console,
        cdn=tuple(arguments.cdn),
        object_url=url,
    )
    try:
        planned = plan(selected.configuration, wish, arguments.assumptions)
    except WishError as error:
        raise InputError(str(error)) from None
    effect = _measure(planned, live or selected.configuration, arguments)
    seen = effect.seen if effect else ()
    review = advice.review(planned, live, arguments.assumptions, seen)
    review = replace(review, notes=(*review.notes, *_note(selected)))
    # A list has no blacklist, which these rules may need.
    form = RulesForm.XML if selected.form is RulesForm.LIST else selected.form
    if arguments.output:
        _write(review, form, arguments.output)
    setting = Setting(
        form,
        arguments.output or "FILE",
        arguments.rules if arguments.rules.startswith(bucket.SCHEME) else "oss://BUCKET",
        url,
        tuple(effect.describe()) if effect else (),
    )
    match ReviewForm(arguments.format):
        case ReviewForm.TEXT:
            show(*map(line, layout.text(review, setting, whole=arguments.all)))
        case ReviewForm.JSON:
            write_json(answer.to_dict(review, effect.to_dict() if effect else None))
        case ReviewForm.HTML:
            write(layout.html(review, setting))
        case ReviewForm.MARKDOWN:
            write(layout.markdown(review, setting))
    return int(not review.plan.is_done)


def _read_object(text: str | None) -> str:
    try:
        return WebURL.parse(text).text if text else ""
    except WebURLError as error:
        raise InputError(f"--object: no browser opens {text!r}: {error}") from None


def _note(selected: SelectedRules) -> Iterator[Sentence]:
    of_terraform = selected.form in (RulesForm.HCL, RulesForm.TERRAFORM)
    content = selected.source.content if selected.source else b""
    if of_terraform and b"allow_truncate_query_string" not in content:
        yield Sentence(
            "Terraform sends AllowTruncateQueryString false where the file leaves it out; the "
            "service's default is true (R-38)."
        )


def _write(review: Review, form: RulesForm, path: str) -> None:
    form = rules.FORMS.get(Path(path).suffix.lower(), form)
    if path.lower().endswith(".json") and form is not RulesForm.TERRAFORM:
        form = RulesForm.TERRAFORM if path.lower().endswith(".tf.json") else RulesForm.JSON
    with writing(Path(path), InputError) as file:
        file.write(forms.format(review.rules, form).encode())


def _measure(
    planned: Plan, live: RefererConfiguration, arguments: argparse.Namespace
) -> Effect | None:
    """Return the effect of the proposed rules on recorded requests; None without any."""
    new, assumptions = planned.corrected, arguments.assumptions
    given: str = arguments.rules
    is_bucket = given.startswith(bucket.SCHEME)
    name = given.removeprefix(bucket.SCHEME).rstrip("/") if is_bucket else None
    found = traffic.read(arguments, Judge(new, live, assumptions), name)
    if found is None:
        return None
    old, after = (RefererPolicy.compile(one, assumptions) for one in (live, new))
    return measure(found, old, after, lambda page: planned.owned.find(page) is not None)
