"""The assertions on hotlink protection. tests/plugin tests their messages."""

from __future__ import annotations

from collections.abc import Iterator

import oss2
import pytest
from oss_emulator import Emulator
from oss_emulator.testing.assertions import assert_allowed, assert_denied
from oss_referer import Assumptions, RefererConfiguration
from oss_referer.engine.assumptions import CheckOrder

RULES = RefererConfiguration(allow_empty_referer=False, whitelist=("http://www.example.com/",))


@pytest.fixture(scope="module", params=[False, True], ids=["http", "https"])
def bucket(request: pytest.FixtureRequest) -> Iterator[oss2.Bucket]:
    """A bucket with rules, and an object whose key must be quoted in a URL."""
    with Emulator(tls=request.param) as emulator:
        found = emulator.bucket("examplebucket", acl="public-read", rules=RULES)
        found.put_object("a b/ü", b"1")
        yield found
        found.session.session.close()


@pytest.mark.parametrize("signed", [False, True])
def test_true_assertions_pass(bucket: oss2.Bucket, signed: bool) -> None:
    assert_allowed(bucket, "a b/ü", referer="http://www.example.com/x", signed=signed)
    assert_denied(bucket, "a b/ü", referer="http://thief.test/", ec="0003-00000503", signed=signed)
    assert_denied(bucket, "a b/ü", ec="0003-00000501", signed=signed)


def test_false_assertions_fail(bucket: oss2.Bucket) -> None:
    with pytest.raises(AssertionError, match=r"^denied by the rules \(403, EC 0003-00000503\)"):
        assert_allowed(bucket, "a b/ü", referer="http://thief.test/")
    with pytest.raises(AssertionError, match=r"^allowed \(200\), should be denied"):
        assert_denied(bucket, "a b/ü", referer="http://www.example.com/")
    with pytest.raises(AssertionError, match="should be denied with 0003-00000502"):
        assert_denied(bucket, "a b/ü", referer="http://thief.test/", ec="0003-00000502")


@pytest.mark.parametrize("order", CheckOrder)
def test_denial_by_the_acl_is_not_a_denial_by_the_rules(order: CheckOrder) -> None:
    with Emulator(assumptions=Assumptions(check_order=order)) as emulator:
        private = emulator.bucket("privatebucket", rules=RULES)
        private.put_object("a", b"1")
        with pytest.raises(AssertionError, match=r'acl="public-read", or pass signed=True'):
            assert_denied(private, "a", referer="http://www.example.com/")
        assert_denied(private, "a", referer="http://thief.test/", signed=True)
        private.session.session.close()
