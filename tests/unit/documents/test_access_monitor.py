"""Access monitoring: whether last access times are shown."""

from __future__ import annotations

import pytest
from oss_emulator.documents import lifecycle
from oss_emulator.documents.access_monitor import DOCUMENT, is_enabled
from oss_emulator.protocol.errors import OSSError

from tests.unit.documents.putting import BUCKET, check_refused, put

# Content, the code of the error, and the element or text it names.
REFUSED = [
    ("<Status>aa</Status>", "MalformedXML", "Status"),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


@pytest.mark.parametrize(("text", "enabled"), [("Enabled", True), ("Disabled", False)])
def test_document_says_whether_it_is_enabled(text: str, enabled: bool) -> None:
    kept = put(DOCUMENT, f"<Status>{text}</Status>")
    assert is_enabled({"accessmonitor": kept}) is enabled


@pytest.mark.parametrize(
    "action",
    [
        "<Transition><Days>9</Days><StorageClass>IA</StorageClass>{}</Transition>",
        "<NoncurrentVersionTransition><NoncurrentDays>9</NoncurrentDays>"
        "<StorageClass>IA</StorageClass>{}</NoncurrentVersionTransition>",
    ],
)
@pytest.mark.parametrize("used", ["true", "false", ""])
def test_monitoring_used_by_a_rule_cannot_be_disabled(action: str, used: str) -> None:
    """P-58"""
    by_access = f"<IsAccessTime>{used}</IsAccessTime>" if used else ""
    rules = put(
        lifecycle.DOCUMENT,
        f"<Rule><Prefix>a</Prefix><Status>Enabled</Status>{action.format(by_access)}</Rule>",
    )
    bucket = BUCKET._replace(documents={"lifecycle": rules})
    assert put(DOCUMENT, "<Status>Enabled</Status>", bucket=bucket)
    if used != "true":
        assert put(DOCUMENT, "<Status>Disabled</Status>", bucket=bucket)
        return
    with pytest.raises(OSSError, match="cannot be disabled") as caught:
        put(DOCUMENT, "<Status>Disabled</Status>", bucket=bucket)
    assert (caught.value.status, caught.value.ec) == (400, "0036-00000005")


def test_access_monitoring_is_disabled_by_default() -> None:
    assert not is_enabled({})
