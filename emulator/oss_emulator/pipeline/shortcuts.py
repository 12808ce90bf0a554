"""Caches with which a service leaves out steps of a request. They change no answer.

Read this module last: without it, every request runs all its steps.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from oss_referer.browser.changes import CUSTOM_DOMAIN, V1_OF_ACCOUNTS, V1_OF_BUCKETS

from oss_emulator.operations.access_point import is_alias
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.operation import Operation, Takes
from oss_emulator.operations.style import image_access
from oss_emulator.operations.website import website as site
from oss_emulator.pipeline import (
    addressing,
    authentication,
    browser,
    bucket,
    default_domain,
    images,
    referer,
    s3,
    steps,
    website,
)
from oss_emulator.pipeline.deployment import Deployment
from oss_emulator.pipeline.routing import resource_of
from oss_emulator.protocol import origin
from oss_emulator.protocol.address import SERVICE, Target, elsewhere
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import parse_query
from oss_emulator.protocol.s3.headers import TELLING, is_marked, is_marked_url
from oss_emulator.storage.base import Bucket

MOST: Final = 1024
"""The maximum number of cached results, and of characters of a host, path and query together."""


_WEBSITE: Final = site.subresource
_IMAGE_ACCESS: Final = image_access.subresource
NO_BUCKET: Final = frozenset[str]()


def documents_of(record: Bucket) -> frozenset[str]:
    """Return the documents of a bucket that decide which steps its requests need."""
    return (bucket.ADDS_HEADERS | {_WEBSITE, _IMAGE_ACCESS}).intersection(record.documents)


class Situation(NamedTuple):
    """The facts that, with the service's settings, decide which steps a request needs."""

    operation: Operation
    documents: frozenset[str]
    trusted: bool
    has_fields: bool
    """Whether the request is a form whose fields have arrived."""
    names_region: bool
    over_s3: bool
    by_browser: bool

    @property
    def reads(self) -> bool:
        return self.operation.method in ("GET", "HEAD")


class Needed(NamedTuple):
    """The steps that a request needs."""

    checks: tuple[steps.Check, ...]
    performs: tuple[steps.Perform, ...]
    completes: tuple[steps.Complete, ...]


_NEEDED: Final[Mapping[Any, Callable[[Situation, Deployment], bool]]] = {
    addressing.check_endpoint: lambda now, service: (
        now.names_region or service.settings.strict_addressing
    ),
    addressing.check_domain: lambda now, service: service.changes.follow(CUSTOM_DOMAIN),
    browser.check_page: lambda now, service: now.operation.method == "POST",
    authentication.check_version: lambda now, service: (
        service.changes.follow(V1_OF_ACCOUNTS) or service.changes.follow(V1_OF_BUCKETS)
    ),
    authentication.find_payload: lambda now, service: now.over_s3,
    website.find_page: lambda now, service: _WEBSITE in now.documents and now.reads,
    images.find_style: lambda now, service: _IMAGE_ACCESS in now.documents and now.reads,
    images.check_original: lambda now, service: _IMAGE_ACCESS in now.documents and now.reads,
    referer.check_late: lambda now, service: service.hotlinks.decides_late(now.operation),
    steps.check_body: lambda now, service: now.operation.takes is not Takes.NOTHING,
    s3.translate_body: lambda now, service: now.over_s3,
    default_domain.apply: lambda now, service: service.follows_default_domain,
    bucket.add_headers: lambda now, service: not bucket.ADDS_HEADERS.isdisjoint(now.documents),
    s3.translate_back: lambda now, service: now.over_s3,
    browser.sandbox: lambda now, service: now.by_browser,
}
"""Whether a request needs a step; every request needs the steps that are not listed here."""


class Shortcuts:
    def __init__(self, service: Deployment) -> None:
        self._service = service
        self._takes_long_way = service.settings.strict_addressing
        self._look_up = lru_cache(MOST)(self._find)
        self._choices: dict[tuple[object, ...], Needed] = {}
        """The steps for each `Situation`; there are few different situations."""

    def find(self, admission: Admission) -> bool:
        """Do the work of the steps of `FIND` at once; returns False if the steps must run.

        They run for S3, for vectors and tables, with strict addressing, for requests to a proxy,
        for errors, and for names that are looked up in the storage: domains that PutCname may have
        bound, and aliases of access points.
        """
        request = admission.request
        headers, path, query_string = request.headers, request.path, request.query_string
        host = headers.get("host", "")
        if self._takes_long_way or request.proxied:
            return False
        if len(host) + len(path) + len(query_string) > MOST:
            return False
        if not TELLING.isdisjoint(headers) and is_marked(request):
            return False
        if "-client" in headers.get("user-agent", ""):  # of vectors or tables, perhaps
            return False
        target, candidates = self._look_up(request.method, host, path, query_string)
        for operation in candidates:
            if not operation.header or operation.header in headers:
                break
        else:
            return False
        service = self._service
        record = service.storage.bucket(target.bucket) if target.bucket else None
        if record is None and target.bucket:
            return False
        admission.target, admission.operation, admission.record = target, operation, record
        admission.region = target.region or (
            service.settings.region if record is None else record.region
        )
        return True

    def _find(
        self, method: str, host: str, path: str, query_string: str
    ) -> tuple[Target, tuple[Operation, ...]]:
        """Find the target and the operations to choose from by headers; () if `FIND` must run."""
        service = self._service
        try:
            target = service.addresses.locate_unbound(host, path)
            if (
                target is not None
                and not elsewhere({"host": host})
                and not is_alias(target.bucket)
                and not service.addresses.speaks_s3(host)
                and not is_marked_url(parse_query(query_string))
            ):
                resource = resource_of(target)
                return target, service.dispatcher.candidates(method, resource, query_string)
        except OSSError:
            pass  # the steps of `FIND` raise it again
        return SERVICE, ()

    def choose(self, admission: Admission) -> Needed:
        """Choose the steps that a request needs after those of `FIND`."""
        record, request = admission.record, admission.request
        situation = (
            admission.operation,
            NO_BUCKET if record is None else record.once(documents_of),
            admission.trusted,
            admission.form is not None,
            admission.target.region != "",
            request.original is not None,
            not origin.OF_BROWSERS.isdisjoint(request.headers),
        )
        needed = self._choices.get(situation)
        if needed is None:
            needed = self._choices[situation] = self._choose(admission, Situation(*situation))
        return needed

    def _choose(self, admission: Admission, now: Situation) -> Needed:
        service = self._service

        def need(step: Any) -> bool:
            return step not in _NEEDED or _NEEDED[step](now, service)

        return Needed(
            tuple(filter(need, steps.checks_of(admission, service))),
            tuple(filter(need, steps.PERFORM)),
            tuple(filter(need, steps.COMPLETE)),
        )
