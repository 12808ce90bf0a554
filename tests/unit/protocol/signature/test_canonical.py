"""The parts of a request in the form in which they are signed."""

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.signature import canonical


@pytest.mark.parametrize(
    ("bucket", "key", "path"), [("", "", "/"), ("b", "", "/b/"), ("b", "a b/c", "/b/a b/c")]
)
def test_path_begins_with_the_bucket(bucket: str, key: str, path: str) -> None:
    assert canonical.path(bucket, key) == path


def test_resource_keeps_its_slashes() -> None:
    assert canonical.resource("b", "a b/ä~") == "/b/a%20b/%C3%A4~"
    assert canonical.percent("/b/a") == "%2Fb%2Fa"


def test_headers_are_sorted_and_trimmed() -> None:
    fields = {"x-oss-b": " 2 ", "range": "r", "host": "h", "x-oss-a": "1"}
    assert canonical.headers(fields) == "x-oss-a:1\nx-oss-b:2\n"
    assert canonical.headers(fields, ("range",)) == "range:r\nx-oss-a:1\nx-oss-b:2\n"


def test_query_is_encoded_before_it_is_sorted() -> None:
    """P-13, P-14"""
    assert canonical.query("b=1&a=%2F&acl&x-oss-signature=s&a%2B=+") == "a=%2F&a%2B=%20&acl&b=1"


def test_name_in_a_signed_query_is_given_once() -> None:
    for query in ("a=1&a=1", "a=1&b&%61=2"):
        with pytest.raises(OSSError, match="The signature covers a, which must be given only once"):
            canonical.query(query)
