"""A model of a service: rules, assumptions and the order of checks, without HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

from oss_emulator.recording.playing import PlayedAnswer
from oss_emulator.recording.scenario import RecordedRequest
from oss_referer import Assumptions, RefererConfiguration, RefererPolicy, Scope, Signing
from oss_referer.engine.assumptions import DEFAULT, CheckOrder, ProcessingOrder, SourceOfCopy
from oss_referer.sources import referer_xml
from oss_referer.sources.referer_xml import FormatProblem, RefererFormatError

MESSAGE = "You are denied by bucket referer policy."
ECS = {
    FormatProblem.MISSING_ALLOW_EMPTY_REFERER: "0033-00000002",
    FormatProblem.WRONG_ALLOW_EMPTY_REFERER: "0033-00000003",
    FormatProblem.MISSING_REFERER_LIST: "0033-00000005",
}
PUBLIC = ("/public", "/index.html", "/link")
BY_METHOD = {"GET": 200, "HEAD": 200, "OPTIONS": 200, "PUT": 200, "POST": 204, "DELETE": 204}


@dataclass
class ModelService:
    """Answers the requests of scenarios. Rules take effect after `delay` more requests."""

    assumptions: Assumptions = DEFAULT
    delay: int = 0
    sent: list[RecordedRequest] = field(default_factory=list)
    kept: bytes = referer_xml.format(RefererConfiguration())
    effective: bytes = kept
    waiting: int = 0
    acl: str = "private"

    def send(self, request: RecordedRequest, body: bytes) -> PlayedAnswer:
        self.sent.append(request)
        owner = request.signature is not None and request.signature.place is Signing.HEADER
        owner &= request.path == "/"
        if request.bucket == "missing":
            return error(404, "NoSuchBucket")
        if owner and "referer" in request.query:
            return self._call(request, body)
        if owner:
            self.acl = request.headers.get("x-oss-acl", self.acl)
            return PlayedAnswer(BY_METHOD[request.method])
        if self.waiting:
            self.waiting -= 1
        else:
            self.effective = self.kept
        return self._fetch(request)

    def _call(self, request: RecordedRequest, body: bytes) -> PlayedAnswer:
        if request.method == "GET":
            rules = referer_xml.parse(self.kept, referer_xml.STORED)
            return PlayedAnswer(200, body=referer_xml.format(rules))
        if "Content-MD5" in request.headers:
            return error(400, "InvalidDigest")
        try:
            rules = referer_xml.parse(body, self.assumptions)
        except RefererFormatError as problem:
            return error(400, "MalformedXML", ECS.get(problem.problem, "0033-00000001"))
        if sum(map(len, (*rules.whitelist, *rules.blacklist))) > 20 * 1024:
            return error(400, "InlineDataTooLarge")
        self.kept, self.waiting = body, self.delay
        return PlayedAnswer(200)

    def _fetch(self, request: RecordedRequest) -> PlayedAnswer:
        if (signature := request.signature) and (signature.wrong or signature.referer):
            return error(403, "SignatureDoesNotMatch")
        checks = {
            CheckOrder.BEFORE_ACL: (self._rules, self._acl, self._object),
            CheckOrder.AFTER_ACL: (self._acl, self._rules, self._object),
            CheckOrder.AFTER_OBJECT: (self._acl, self._object, self._rules),
        }[self.assumptions.check_order]
        processing = self.assumptions.processing_order is ProcessingOrder.AFTER
        steps = (self._process, *checks) if processing else (*checks, self._process)
        refused = next((reply for step in steps if (reply := step(request))), None)
        status = 206 if "Range" in request.headers else BY_METHOD[request.method]
        return refused or PlayedAnswer(status)

    def _rules(self, request: RecordedRequest) -> PlayedAnswer | None:
        sent = request.headers.get("Referer")
        signature = request.signature
        is_page = signature is None and not request.query  # of a website
        decision = compile_rules(self.effective, self.assumptions).decide(
            *(sent.split("\n") if sent is not None else (None,)),
            signed=signature.place if signature else Signing.NONE,
            method=request.method,
            scope=Scope.BUCKET if request.path == "/" and not is_page else Scope.OBJECT,
        )
        reads = "x-oss-copy-source" in request.headers
        if decision.ec is None and reads and self.assumptions.copy_source is SourceOfCopy.CHECKED:
            return self._rules(replace(request, method="GET", headers={"Referer": sent or ""}))
        if not decision.ec:
            return None
        head = request.method == "HEAD"
        return PlayedAnswer(403) if head else error(403, "AccessDenied", decision.ec, MESSAGE)

    def _acl(self, request: RecordedRequest) -> PlayedAnswer | None:
        is_open = request.signature is not None or request.method == "OPTIONS"
        is_open |= request.path in PUBLIC or (request.path == "/" and not request.query)
        writes = request.method in ("PUT", "DELETE")
        is_open |= self.acl == "public-read-write" or (self.acl == "public-read" and not writes)
        is_open &= not (request.query.get("referer") == "" and request.signature is None)
        return None if is_open else error(403, "AccessDenied", "0003-00000001")

    def _object(self, request: RecordedRequest) -> PlayedAnswer | None:
        return error(404, "NoSuchKey") if request.path == "/missing" else None

    def _process(self, request: RecordedRequest) -> PlayedAnswer | None:
        return error(400, "BadRequest") if request.query.get("x-oss-process") else None


@lru_cache
def compile_rules(document: bytes, assumptions: Assumptions) -> RefererPolicy:
    return RefererPolicy.compile(referer_xml.parse(document, referer_xml.STORED), assumptions)


def error(status: int, code: str, ec: str = "", message: str = "") -> PlayedAnswer:
    """Return an error document of the service."""
    body = (
        f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>1</RequestId>"
        f"<HostId>h</HostId><BucketName>referer</BucketName><EC>{ec}</EC>"
        f"<RecommendDoc>https://api.aliyun.com/troubleshoot?q={ec}</RecommendDoc></Error>"
    )
    headers = {"content-type": "application/xml", "x-oss-ec": ec}
    return PlayedAnswer(status, headers, body.encode())
