"""`/_emulator/rules`: edit, try, compare, apply and export the Referer rules of each bucket."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.advice import answer
from oss_referer.engine import explanation
from oss_referer.page import review
from oss_referer.page.review import Wanted
from oss_referer.plan import WishError
from oss_referer.sources.ossutil import to_members
from oss_referer.sources.toml import SourceError
from oss_referer.traffic import recorded
from oss_referer.translate import reading
from oss_referer.translate.exports import PastedText, export

from oss_emulator.control.api.referer import decide, find_rules, list_requests, read_rules
from oss_emulator.control.api.route import ApiError, ApiRequest, Route, reply
from oss_emulator.control.console import page, wants_page
from oss_emulator.control.console.buckets import find_bucket, list_rules
from oss_emulator.control.console.review import etag_of, replace, tag, to_traffic
from oss_emulator.control.console.visitors import find_address
from oss_emulator.protocol.message import Response


def get_rules(asked: ApiRequest) -> Response:
    bucket, rules = asked.rest, find_rules(asked, asked.rest)
    values = {
        "bucket": bucket,
        "rules": to_members(rules),
        "etag": etag_of(asked, bucket),
    }
    return page.show(asked, "rules", values, referer=asked.query.get("referer", ""))


async def put_rules(asked: ApiRequest) -> Response:
    """Set the rules of a bucket, as PutBucketReferer does; If-Match names the rules to replace."""
    rules, seen = _read(asked, asked.json()), asked.request.headers.get("if-match")
    etag = tag(await replace(asked, asked.rest, rules, seen))
    return reply({"bucket": asked.rest, "rules": to_members(rules), "etag": etag})


async def check_rules(asked: ApiRequest) -> Response:
    """Decide on requests by edited rules."""
    body = asked.json()
    requests, assumptions = list_requests(body), asked.controls.service.settings.assumptions
    policy = RefererPolicy.compile(_read(asked, body), assumptions)
    decisions = [decide(policy, item) for item in requests]
    sent = [item.get("referer") for item in requests]
    return page.show(
        asked,
        "rules_check",
        {"decisions": [explanation.to_dict(decision) for decision in decisions]},
        rows=list(zip(sent, decisions, strict=True)),
    )


async def answer_rules(asked: ApiRequest) -> Response:
    """Review edited rules, compared with the saved ones, by the journal or by recorded requests."""
    body = asked.json()
    rules, bucket = _read(asked, body), find_bucket(asked, _text(body, "bucket")).name
    objects = asked.controls.service.storage.objects(bucket)
    key = next((item.key for item in objects if not item.delete_marker), "photo.jpg")
    assumptions = asked.controls.service.settings.assumptions
    wanted, saved = Wanted.read(body), find_rules(asked, bucket)
    entries = [entry for entry in asked.controls.journal.entries() if entry.bucket == bucket]

    def make() -> dict[str, Any]:
        found = recorded.choose_kept(body, bucket) if body.get("recorded") else to_traffic(entries)
        return review.make_answer(rules, wanted, saved, found, assumptions)

    try:
        shown = await asyncio.to_thread(make)
    except SourceError as error:
        raise ApiError(400, f"{error}.") from None
    said, refused = shown["said"], {"error": shown["problem"]}
    url = f"{find_address(asked, bucket)}/{quote(key)}"
    values = {**(answer.to_dict(said) if said else refused), "etag": etag_of(asked, bucket)}
    return page.show(asked, "rules_answer", values, url=url, has_journal=True, **shown)


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
    Route("POST", "rules/traffic", judge_traffic),
    Route("POST", "rules/take", take_plan),
    Route("POST", "rules/generate", generate_rules),
    Route("POST", "rules/export", export_rules),
    Route("POST", "rules/read", read_text),
    Route("GET", "rules/{bucket}", get_rules),
    Route("PUT", "rules/{bucket}", put_rules),
)
