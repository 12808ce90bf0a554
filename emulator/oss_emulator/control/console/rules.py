"""`/_emulator/rules`: edit, try, compare, apply and export the Referer rules of each bucket."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from oss_referer import Decision, RefererConfiguration, RefererPolicy
from oss_referer.advice import answer
from oss_referer.advice.answer import Setting
from oss_referer.browser import probes
from oss_referer.engine import explanation
from oss_referer.page import reading, review
from oss_referer.page.review import PastedText, Wanted, export
from oss_referer.plan import WishError
from oss_referer.sources.ossutil import to_members
from oss_referer.sources.toml import SourceError
from oss_referer.traffic import recorded

from oss_emulator.control.api.referer import decide, find_rules, list_requests, read_rules
from oss_emulator.control.api.route import ApiError, ApiRequest, Route, reply
from oss_emulator.control.console import page, wants_page
from oss_emulator.control.console.buckets import find_bucket, list_rules
from oss_emulator.control.console.review import JournalReview, etag_of, replace, tag
from oss_emulator.control.console.visitors import find_address
from oss_emulator.protocol.message import Response

_NONE: Final = "none"
"""The parameter of the page to try only a request without a Referer."""


def get_rules(asked: ApiRequest) -> Response:
    bucket, rules = asked.rest, find_rules(asked, asked.rest)
    given = asked.query.get("referer")
    values = {
        "bucket": bucket,
        "rules": to_members(rules),
        "etag": etag_of(asked, bucket),
    }
    is_proposed = not given and _NONE not in asked.query
    return page.show(
        asked,
        "rules",
        values,
        referers=probes.propose_referers(rules) if is_proposed else [given] if given else [],
        is_proposed=is_proposed,
    )


async def put_rules(asked: ApiRequest) -> Response:
    """Set the rules of a bucket, as PutBucketReferer does; If-Match names the rules to replace."""
    rules, seen = _read(asked, asked.json()), asked.request.headers.get("if-match")
    etag = tag(await replace(asked, asked.rest, rules, seen))
    return reply({"bucket": asked.rest, "rules": to_members(rules), "etag": etag})


async def check_rules(asked: ApiRequest) -> Response:
    """Decide on requests by edited rules, and by the saved rules of a bucket if it is named.

    Without `requests`, decide on Referers that are proposed for the edited rules.
    """
    body = asked.json()
    assumptions = asked.controls.service.settings.assumptions
    rules = _read(asked, body)
    if "requests" not in body:
        proposed = await asyncio.to_thread(probes.propose_referers, rules)
        body["requests"] = [{"referer": referer} for referer in (None, *proposed)]
    requests = list_requests(body)
    saved = find_rules(asked, _text(body, "bucket")) if body.get("bucket") is not None else None

    def decide_all(by: RefererConfiguration) -> list[Decision]:
        policy = RefererPolicy.compile(by, assumptions)
        return [decide(policy, item) for item in requests]

    decisions = await asyncio.to_thread(decide_all, rules)
    before: list[Decision] | list[None] = [None] * len(requests)
    if saved is not None:
        before = await asyncio.to_thread(decide_all, saved)
    sent = [item.get("referer") for item in requests]
    return page.show(
        asked,
        "rules_check",
        {"decisions": [explanation.to_dict(decision) for decision in decisions]},
        rows=list(zip(sent, decisions, before, strict=True)),
        words=review.SAVED,
    )


async def answer_rules(asked: ApiRequest) -> Response:
    """Review edited rules for some sites, with requests for an object of their bucket."""
    body = asked.json()
    rules, bucket = _read(asked, body), find_bucket(asked, _text(body, "bucket")).name
    objects = asked.controls.service.storage.objects(bucket)
    key = next((item.key for item in objects if not item.delete_marker), "photo.jpg")
    setting = Setting(None, "", "", f"{find_address(asked, bucket)}/{quote(key)}")
    assumptions = asked.controls.service.settings.assumptions
    wanted, saved = Wanted.read(body), find_rules(asked, bucket)
    shown = await asyncio.to_thread(review.make_answer, rules, wanted, setting, assumptions, saved)
    said, error = shown["said"], {"error": shown["problem"]}
    return page.show(asked, "rules_answer", answer.to_dict(said) if said else error, **shown)


async def review_rules(asked: ApiRequest) -> Response:
    """List notes on edited rules, compare them with the saved rules, and play the journal."""
    body = asked.json()
    bucket = _text(body, "bucket")
    rules, saved = _read(asked, body), find_rules(asked, bucket)
    entries = [entry for entry in asked.controls.journal.entries() if entry.bucket == bucket]
    assumptions = asked.controls.service.settings.assumptions
    # In a thread, because the search for a difference may take a while.
    made = await asyncio.to_thread(review.make, rules, saved, Wanted.read(body), assumptions)
    policy = RefererPolicy.compile(rules, assumptions)
    journal = await asyncio.to_thread(JournalReview.make, policy, entries)
    values = {**made.to_dict(), "journal": journal.to_dict(), "etag": etag_of(asked, bucket)}
    shown = {"review": made, "journal": journal, "words": review.SAVED}
    return page.show(asked, "rules_review", values, **shown)


async def judge_traffic(asked: ApiRequest) -> Response:
    """Judge requests that a reader recorded by edited rules, compared with the saved ones."""
    body = asked.json()
    bucket, assumptions = _text(body, "bucket"), asked.controls.service.settings.assumptions
    rules = (find_rules(asked, bucket), _read(asked, body))
    old, new = (RefererPolicy.compile(one, assumptions) for one in rules)
    shown = await asyncio.to_thread(recorded.make, body, old, new, bucket)
    if shown["recorded"] is None and not wants_page(asked.request):
        raise ApiError(400, f"{shown['problem']}.")
    found = shown["found"]
    values = {"error": str(shown["problem"])} if found is None else found.effect.to_dict()
    return page.show(asked, "rules_traffic", values, **shown)


async def take_plan(asked: ApiRequest) -> Response:
    """Return the corrected rules, or those with the answer to a question that `change` names."""
    body = asked.json()
    rules, saved = _read(asked, body), find_rules(asked, _text(body, "bucket"))
    assumptions = asked.controls.service.settings.assumptions

    def take() -> RefererConfiguration | None:
        planned = review.make_plan(rules, Wanted.read(body), assumptions, saved)
        return review.take(planned, body.get("change"))

    try:
        taken = await asyncio.to_thread(take)
    except WishError as error:
        raise ApiError(400, f"{error}.") from None
    if taken is None:
        raise ApiError(404, "The plan does not ask this any more.")
    return reply({"rules": to_members(taken)})


async def generate_rules(asked: ApiRequest) -> Response:
    """Add the rules for a site; also returns the decision table that they alone pass."""
    body = asked.json()
    rules = _read(asked, body)
    try:
        say = page.texts_of(asked.request).sentence
        assumptions = asked.controls.service.settings.assumptions
        added, table = await asyncio.to_thread(review.generate, rules, body, say, assumptions)
    except WishError as error:
        raise ApiError(400, f"The rules cannot be generated: {error}.") from None
    return reply({"rules": to_members(added), "table": table})


async def export_rules(asked: ApiRequest) -> Response:
    """Format edited rules in every form; `before` has earlier rules, to mark new lines."""
    body = asked.json()
    rules, bucket = _read(asked, body), _text(body, "bucket")
    assumptions = asked.controls.service.settings.assumptions
    try:
        source = PastedText.read(body.get("source"))
        say = page.texts_of(asked.request).sentence if wants_page(asked.request) else str
        exports = await asyncio.to_thread(export, rules, bucket, assumptions, source, say)
        before = exports
        if "before" in body:
            earlier = read_rules(body["before"], assumptions)
            before = await asyncio.to_thread(export, earlier, bucket, assumptions, source, say)
    except ValueError as error:
        raise ApiError(400, f"The rules cannot be written: {error}.") from None
    texts = {name: made.text for name, made in exports.items()}
    added = {name: _list_added(made.text, before[name].text) for name, made in exports.items()}
    shown = {"bucket": bucket, "exports": exports, "added": added}
    return page.show(asked, "rules_export", {"texts": texts}, **shown)


def _list_added(text: str, before: str) -> set[str]:
    """List the lines that another text lacks, ignoring a comma at the end."""
    known = {line.rstrip(" ,\n") for line in before.splitlines()}
    return {line for line in text.splitlines(keepends=True) if line.rstrip(" ,\n") not in known}


async def read_text(asked: ApiRequest) -> Response:
    """Read rules in any form, or explain a mistake; `name` chooses one of several."""
    body = asked.json()
    assumptions = asked.controls.service.settings.assumptions
    text, name = _text(body, "text"), _text(body, "name", "")
    try:
        found = await asyncio.to_thread(reading.read, text, name, assumptions)
    except SourceError as error:
        if not wants_page(asked.request):
            raise ApiError(400, f"The rules cannot be read: {error}.") from None
        wrong = await asyncio.to_thread(reading.explain, text, error)
        return page.show(asked, "rules_read", {}, found=None, wrong=wrong)
    values = {"rules": to_members(found.rules), "name": found.name, "names": found.names}
    return page.show(asked, "rules_read", values, found=found)


def _read(asked: ApiRequest, body: Mapping[str, Any]) -> RefererConfiguration:
    return read_rules(body.get("rules"), asked.controls.service.settings.assumptions)


def _text(body: Mapping[str, Any], name: str, default: str | None = None) -> str:
    found = body.get(name, default)
    if not isinstance(found, str):
        raise ApiError(400, f"{name} must be a string.")
    return found or default or ""


ROUTES = (
    Route("GET", "rules", list_rules),
    Route("POST", "rules/check", check_rules),
    Route("POST", "rules/answer", answer_rules),
    Route("POST", "rules/review", review_rules),
    Route("POST", "rules/traffic", judge_traffic),
    Route("POST", "rules/take", take_plan),
    Route("POST", "rules/generate", generate_rules),
    Route("POST", "rules/export", export_rules),
    Route("POST", "rules/read", read_text),
    Route("GET", "rules/{bucket}", get_rules),
    Route("PUT", "rules/{bucket}", put_rules),
)
