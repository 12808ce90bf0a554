"""A model of a service: rules, assumptions and the order of a request, without HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache

from oss_emulator.parity.inquiries import (
    MESSAGE,
    Fetch,
    GetRules,
    PutAcl,
    PutRules,
    Reply,
    RequestTarget,
    ServiceRequest,
)
from oss_referer import Assumptions, RefererConfiguration, RefererPolicy, Scope, Signing
from oss_referer.engine.assumptions import DEFAULT, CheckOrder, ProcessingOrder, SourceOfCopy
from oss_referer.sources import referer_xml
from oss_referer.sources.referer_xml import FormatProblem, RefererFormatError

ECS = {
    FormatProblem.MISSING_ALLOW_EMPTY_REFERER: "0033-00000002",
    FormatProblem.WRONG_ALLOW_EMPTY_REFERER: "0033-00000003",
    FormatProblem.MISSING_REFERER_LIST: "0033-00000005",
}


@dataclass
class ModelService:
    """Answers the requests of the questions. Rules take effect after `delay` more fetches."""

    assumptions: Assumptions = DEFAULT
    delay: int = 0
    sent: list[ServiceRequest] = field(default_factory=list)
    kept: bytes = referer_xml.format(RefererConfiguration())
    effective: bytes = kept
    waiting: int = 0

    def send(self, request: ServiceRequest) -> Reply:
        self.sent.append(request)
        match request:
            case PutRules():
                return self._put(request)
            case PutAcl():
                return Reply(200)
            case GetRules(missing=True):
                return error(404, "NoSuchBucket")
            case GetRules():
                rules = referer_xml.parse(self.kept, referer_xml.STORED)
                return Reply(200, body=referer_xml.format(rules))
            case Fetch():
                if self.waiting:
                    self.waiting -= 1
                else:
                    self.effective = self.kept
                return self._fetch(request)

    def _put(self, request: PutRules) -> Reply:
        if request.content_md5:
            return error(400, "InvalidDigest")
        try:
            referer_xml.parse(request.document, self.assumptions)
        except RefererFormatError as problem:
            return error(400, "MalformedXML", ECS.get(problem.problem, "0033-00000001"))
        self.kept, self.waiting = request.document, self.delay
        return Reply(200)

    def _fetch(self, fetch: Fetch) -> Reply:
        if fetch.forged:
            return error(403, "SignatureDoesNotMatch")
        checks = {
            CheckOrder.BEFORE_ACL: (self._rules, self._acl, self._object),
            CheckOrder.AFTER_ACL: (self._acl, self._rules, self._object),
            CheckOrder.AFTER_OBJECT: (self._acl, self._object, self._rules),
        }[self.assumptions.check_order]
        processing = self.assumptions.processing_order is ProcessingOrder.AFTER
        steps = (self._process, *checks) if processing else (*checks, self._process)
        return next((reply for step in steps if (reply := step(fetch))), Reply(200))

    def _rules(self, fetch: Fetch) -> Reply | None:
        decision = compile_rules(self.effective, self.assumptions).decide(
            *(fetch.referers or (None,)),
            signed=fetch.signing,
            method=fetch.method,
            scope=Scope.BUCKET if fetch.target is RequestTarget.BUCKET else Scope.OBJECT,
        )
        reads = fetch.copies and self.assumptions.copy_source is SourceOfCopy.CHECKED
        if decision.ec is None and reads:
            return self._rules(replace(fetch, method="GET", copies=False))
        return error(403, "AccessDenied", decision.ec, MESSAGE) if decision.ec else None

    def _acl(self, fetch: Fetch) -> Reply | None:
        closed = (
            fetch.target in (RequestTarget.CLOSED, RequestTarget.BUCKET)
            and fetch.signing is Signing.NONE
        )
        return error(403, "AccessDenied", "0003-00000001") if closed else None

    def _object(self, fetch: Fetch) -> Reply | None:
        return error(404, "NoSuchKey") if fetch.target is RequestTarget.MISSING else None

    def _process(self, fetch: Fetch) -> Reply | None:
        return error(400, "BadRequest") if dict(fetch.query).get("x-oss-process") else None


@lru_cache
def compile_rules(document: bytes, assumptions: Assumptions) -> RefererPolicy:
    return RefererPolicy.compile(referer_xml.parse(document, referer_xml.STORED), assumptions)


def error(status: int, code: str, ec: str = "", message: str = "") -> Reply:
    """An error document of the service."""
    body = (
        f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>1</RequestId>"
        f"<HostId>h</HostId><BucketName>b</BucketName><EC>{ec}</EC>"
        f"<RecommendDoc>https://api.aliyun.com/troubleshoot?q={ec}</RecommendDoc></Error>"
    )
    return Reply(status, {"x-oss-ec": ec}, body.encode())
