"""`/_emulator/referer/check`: decide on requests without sending them."""

from collections.abc import Mapping
from typing import Any

from oss_referer import Assumptions, Decision, RefererConfiguration, RefererPolicy, Signing
from oss_referer.engine import explanation
from oss_referer.engine.assumptions import DEFAULT
from oss_referer.sources import referer_xml
from oss_referer.sources.referer_xml import RefererFormatError
from oss_referer.sources.toml import SourceError, convert

from oss_emulator.control.api import route
from oss_emulator.control.api.route import (
    TEXT,
    TEXT_OR_NULL,
    ApiError,
    ApiRequest,
    Route,
    array,
    described,
    json_content,
    record,
    reference,
    reply,
)
from oss_emulator.operations.referer import SUBRESOURCE, parse_stored
from oss_emulator.protocol.message import Response


def check_requests(asked: ApiRequest) -> Response:
    """Decide on several requests, by the rules in the body or of a bucket."""
    body = asked.json()
    policy = find_policy(asked, body)
    decisions = [decide(policy, item) for item in list_requests(body)]
    return reply({"decisions": [explanation.to_dict(decision) for decision in decisions]})


def list_requests(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the requests of a body; raises `ApiError`."""
    requests = body.get("requests")
    if not isinstance(requests, list) or not all(isinstance(item, dict) for item in requests):
        raise ApiError(400, "requests must be a list of objects with referer, signed and method.")
    return requests


def decide(policy: RefererPolicy, item: Mapping[str, Any]) -> Decision:
    """Decide on one request of a body; raises `ApiError`."""
    referer, method = item.get("referer"), item.get("method", "GET")
    if not isinstance(referer, str | None) or not isinstance(method, str):
        raise ApiError(400, "referer and method must be strings.")
    try:
        signed = Signing(item.get("signed", "none"))
    except ValueError:
        known = ", ".join(Signing)
        raise ApiError(400, f"signed must be one of {known}, not {item['signed']!r}.") from None
    return policy.decide(referer, signed=signed, method=method)


def find_policy(asked: ApiRequest, body: Mapping[str, Any]) -> RefererPolicy:
    """Compile the rules of a body or of the bucket that it names; raises `ApiError`."""
    rules, bucket = body.get("rules"), body.get("bucket")
    assumptions = _assumptions(asked, body)
    if isinstance(bucket, str) and rules is None:
        return RefererPolicy.compile(find_rules(asked, bucket), assumptions)
    if rules is None or bucket is not None:
        raise ApiError(400, "Send either rules (XML in a string, or JSON) or a bucket.")
    return RefererPolicy.compile(read_rules(rules, assumptions), assumptions)


def find_rules(asked: ApiRequest, bucket: str) -> RefererConfiguration:
    """Find the rules of a bucket; raises `ApiError`."""
    return read_document(find_document(asked, bucket))


def find_document(asked: ApiRequest, bucket: str) -> bytes | None:
    """Find the document with the rules of a bucket; None without rules. Raises `ApiError`."""
    found = asked.controls.service.storage.bucket(bucket)
    if found is None:
        raise ApiError(404, f"The bucket {bucket} does not exist.")
    return found.documents.get(SUBRESOURCE)


def read_document(document: bytes | None) -> RefererConfiguration:
    """Read a document of a bucket; None stands for a bucket without rules (R-15)."""
    return RefererConfiguration() if document is None else parse_stored(document)


def _assumptions(asked: ApiRequest, body: Mapping[str, Any]) -> Assumptions:
    """Return the assumptions in the body, by default those of the server; raises `ApiError`."""
    given = body.get("assumptions")
    if given is None:
        return asked.controls.service.settings.assumptions
    try:
        found: Assumptions = convert(
            given, Assumptions, ("assumptions",), lambda _, sentence: SourceError(sentence)
        )
    except SourceError as error:
        raise ApiError(400, f"{error.sentence}.") from None
    return found


def read_rules(rules: object, assumptions: Assumptions) -> RefererConfiguration:
    """Read the rules in a body, XML in a string or JSON; raises `ApiError`."""
    try:
        if isinstance(rules, str):
            return referer_xml.parse(rules.encode(errors="replace"), assumptions)
        from oss_referer.sources import ossutil  # on first use: most rules are in XML

        return ossutil.convert_members(rules)
    except RefererFormatError as error:
        raise ApiError(400, f"The rules cannot be read: {error}.") from None
    except SourceError as error:
        raise ApiError(400, f"The rules cannot be read: {error.sentence}.") from None


_REQUEST: route.Schema = {
    "type": "object",
    "properties": {
        "referer": TEXT_OR_NULL,
        "signed": {"enum": ["none", "header", "url"]},
        "method": TEXT,
    },
}

SCHEMAS: Mapping[str, route.Schema] = {
    "Check": {
        "type": "object",
        "required": ["requests"],
        "properties": {
            "rules": described(
                route.one_of(TEXT, {"type": "object"}),
                "A RefererConfiguration, as XML in a string or as the JSON of ossutil.",
            ),
            "bucket": described(TEXT, "The bucket whose rules to use, instead of rules."),
            "assumptions": described(
                {
                    "type": "object",
                    "properties": {
                        name: {"enum": [variant.value for variant in type(chosen)]}
                        for name, chosen in DEFAULT.chosen().items()
                    },
                    "additionalProperties": False,
                },
                "A variant for each assumed fact; a missing fact has its default. If this is "
                "missing, the assumptions of the server apply.",
            ),
            "requests": array(_REQUEST),
        },
    },
    "Decision": record(
        allowed=route.FLAG,
        ec=TEXT_OR_NULL,
        reason=TEXT,
        entry=TEXT_OR_NULL,
        referer=TEXT_OR_NULL,
        basis={"enum": ["documented", "assumed"]},
        facts=array(TEXT),
        assumed=array(TEXT),
        variants={"type": "object", "additionalProperties": TEXT},
        steps=array(reference("Step")),
    ),
    "Step": record(stage=TEXT, outcome=TEXT, sentence=TEXT, facts=array(TEXT)),
}

ROUTES = (
    Route(
        "POST",
        "referer/check",
        check_requests,
        json_content(record(decisions=array(reference("Decision"))), "One decision per request."),
        body=json_content(reference("Check")),
        errors=(400, 404),
    ),
)
