"""`/_emulator/referer/check`: decide on requests without sending them."""

from collections.abc import Mapping
from typing import Any

from oss_emulator.control.api.route import Asked, Refusal, Route, json_content, reply
from oss_emulator.control.api.schema import (
    FLAG,
    TEXT,
    TEXT_OR_NULL,
    Schema,
    array,
    described,
    one_of,
    record,
    reference,
)
from oss_emulator.lab import sources
from oss_emulator.pipeline.referer import policy_of
from oss_emulator.protocol.message import Response
from oss_emulator.referer import (
    RefererConfiguration,
    RefererFormatError,
    RefererPolicy,
    Signing,
    codec,
    explain,
)
from oss_emulator.toml import SourceError


def check_requests(asked: Asked) -> Response:
    """Decide on many requests, by the rules in the body or by those of a bucket."""
    body = asked.json()
    policy = _policy(asked, body)
    requests = body.get("requests")
    if not isinstance(requests, list) or not all(isinstance(item, dict) for item in requests):
        raise Refusal(400, "requests must be a list of objects with referer, signed and method.")
    return reply({"decisions": [_decide(policy, item) for item in requests]})


def _decide(policy: RefererPolicy, item: Mapping[str, Any]) -> dict[str, object]:
    referer, method = item.get("referer"), item.get("method", "GET")
    if not isinstance(referer, str | None) or not isinstance(method, str):
        raise Refusal(400, "referer and method must be texts.")
    try:
        signed = Signing(item.get("signed", "none"))
    except ValueError:
        known = ", ".join(Signing)
        raise Refusal(400, f"signed must be one of {known}, not {item['signed']!r}.") from None
    return explain.to_dict(policy.decide(referer, signed=signed, method=method))


def _policy(asked: Asked, body: Mapping[str, Any]) -> RefererPolicy:
    rules, bucket = body.get("rules"), body.get("bucket")
    if isinstance(bucket, str) and rules is None:
        found = asked.controls.service.storage.bucket(bucket)
        if found is None:
            raise Refusal(404, f"There is no bucket {bucket}.")
        return policy_of(found.documents.get("referer"))
    if rules is None or bucket is not None:
        raise Refusal(400, "Give either rules (XML as a text, or JSON) or a bucket.")
    return RefererPolicy.compile(_configuration(rules))


def _configuration(rules: object) -> RefererConfiguration:
    try:
        if isinstance(rules, str):
            return codec.parse(rules.encode(errors="replace"))
        return sources.convert_members(rules)
    except RefererFormatError as error:
        raise Refusal(400, f"The rules cannot be read: {error}.") from None
    except SourceError as error:
        raise Refusal(400, f"The rules cannot be read: {error.sentence}.") from None


_REQUEST: Schema = {
    "type": "object",
    "properties": {
        "referer": TEXT_OR_NULL,
        "signed": {"enum": ["none", "header", "url"]},
        "method": TEXT,
    },
}

SCHEMAS: Mapping[str, Schema] = {
    "Check": {
        "type": "object",
        "required": ["requests"],
        "properties": {
            "rules": described(
                one_of(TEXT, {"type": "object"}),
                "A RefererConfiguration, as XML in a text or as the JSON that ossutil takes.",
            ),
            "bucket": described(TEXT, "A bucket whose rules to use, in place of rules."),
            "requests": array(_REQUEST),
        },
    },
    "Decision": record(
        allowed=FLAG,
        ec=TEXT_OR_NULL,
        reason=TEXT,
        entry=TEXT_OR_NULL,
        referer=TEXT_OR_NULL,
        basis={"enum": ["documented", "assumed"]},
        facts=array(TEXT),
        assumed=array(TEXT),
        steps=array(reference("Step")),
    ),
    "Step": record(stage=TEXT, outcome=TEXT, sentence=TEXT, facts=array(TEXT), assumed=array(TEXT)),
}

ROUTES = (
    Route(
        "POST",
        "referer/check",
        "Decide on many requests without sending them",
        check_requests,
        json_content(record(decisions=array(reference("Decision"))), "One decision per request."),
        body=json_content(reference("Check")),
        errors=(400, 404),
    ),
)
