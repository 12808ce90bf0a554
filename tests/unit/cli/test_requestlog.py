"""The lines of the log: the name of each kind of request, and which parts are shown."""

import time
from collections.abc import Iterable
from email.utils import formatdate

import pytest
from oss_emulator.cli.foreground import describe
from oss_emulator.control.journal import Journal
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import Settings

RULES = b"""<RefererConfiguration>
  <AllowEmptyReferer>false</AllowEmptyReferer>
  <RefererList><Referer>http://www.example.com/</Referer></RefererList>
</RefererConfiguration>"""


def parse(method: str, target: str, fields: Iterable[tuple[str, str]], host: str) -> Request:
    return Request.parse(method, target, [("Host", host), *fields], time.time())


@pytest.fixture
def service() -> Service:
    service = Service(Settings())
    for target, body in [("/examplebucket", b""), ("/examplebucket?referer", RULES)]:
        request = parse("PUT", target, [("x-oss-acl", "public-read")], "localhost")
        assert service.handle(request, body, caller=service.accounts.owner).status == 200
    return service


def line(
    service: Service, target: str, method: str = "GET", host: str = "localhost", **fields: str
) -> str:
    """Send a request and return its line in the log."""
    outcome = service.admit(parse(method, target, fields.items(), host))
    status = outcome.error.status if isinstance(outcome, Refused) else 200
    return describe(Journal().record(outcome, Response(status), 0, 0.0))


def test_denied_referer_is_shown_with_the_reason(service: Service) -> None:
    assert line(service, "/examplebucket/a.png", Referer="http://thief.example/?q") == (
        "403 referer 0003-00000503 GET examplebucket/a.png"
        "  Referer http://thief.example/?q  no whitelist entry matches"
    )


def test_denied_empty_referer_is_shown_as_empty(service: Service) -> None:
    assert line(service, "/examplebucket/a.png") == (
        "403 referer 0003-00000501 GET examplebucket/a.png"
        "  the Referer is empty, AllowEmptyReferer is false and there is a whitelist"
    )


def test_host_that_the_proxy_refuses_is_named(service: Service) -> None:
    assert line(service, "http://api.example.com/v1").startswith(
        "403 ProxyForbidden GET api.example.com  This proxy answers only for the hosts of OSS"
    )


def test_hint_for_a_client_is_shown_completely(service: Service) -> None:
    fields = {"Authorization": "OSS oss-emulator:bm8=", "Date": formatdate(usegmt=True)}
    host = "examplebucket.oss-cn-hangzhou.aliyuncs.com"
    assert line(service, "/examplebucket/a.png", host=host, **fields).endswith(
        "Check your key and signing method. The path also seems to name the bucket. "
        "If ali-oss sent this with sldEnable, its endpoint must be a name, such as "
        "http://localhost:9000."
    )


def test_bucket_of_a_virtual_host_is_named(service: Service) -> None:
    assert line(service, "/a.png", host="examplebucket.localhost").startswith(
        "403 referer 0003-00000501 GET examplebucket/a.png  "
    )


def test_allowed_referer_is_shown_with_the_entry(service: Service) -> None:
    assert line(service, "/examplebucket/a.png", Referer="http://www.example.com/x") == (
        "200 allowed GET examplebucket/a.png  Referer http://www.example.com/x"
        "  the whitelist entry 'http://www.example.com/' matches"
    )


def test_denied_permission_names_the_caller_and_the_action(service: Service) -> None:
    found = line(service, "/examplebucket/a.png", "PUT", Referer="http://www.example.com/")
    assert found == (
        "403 access 0003-00000001 PUT examplebucket/a.png"
        "  anonymous, oss:PutObject: the bucket's ACL"
    )


@pytest.mark.parametrize("target", ["/examplebucket?acl", "/examplebucket/a.png?acl"])
def test_read_that_only_an_acl_denies_says_what_to_do(service: Service, target: str) -> None:
    private = [("x-oss-acl", "private"), ("x-oss-object-acl", "private")]
    for put, fields in (("/examplebucket/a.png", ()), (target, private)):
        request = parse("PUT", put, fields, "localhost")
        assert service.handle(request, b"", caller=service.accounts.owner).status == 200
    found = line(service, "/examplebucket/a.png", Referer="http://www.example.com/")
    assert found.endswith("'s ACL; sign the URL, or set the ACL to public-read")


def test_other_errors_are_shown_with_code_and_message(service: Service) -> None:
    assert line(service, "/") == (
        "403 AccessDenied 0003-00001201 GET ListBuckets"
        "  Anonymous access is forbidden for this operation."
    )


def test_unchecked_request_is_shown_without_a_reason(service: Service) -> None:
    request = parse("GET", "/examplebucket/a.png", (), "localhost")
    outcome = service.admit(request, service.accounts.owner)
    assert isinstance(outcome, Admission)
    found = describe(Journal().record(outcome, Response(200), 0, 0.0))
    assert found == "200 not-checked GET examplebucket/a.png"


def test_what_clients_send_cannot_write_to_the_terminal(service: Service) -> None:
    referer = "http://thief.example/\x1b[2J\u202e\udcff" + "x" * 100
    found = line(service, "/examplebucket/%1b%0a.png", Referer=referer)
    assert found.isprintable()
    assert "GET examplebucket/\\x1b\\n.png  " in found
    assert "Referer http://thief.example/\\x1b[2J\\u202e\\udcff" in found
    assert "x…  no whitelist entry matches" in found
