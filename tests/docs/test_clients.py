"""docs/clients.md: the tests in its table exist, and use the clients of their row."""

import re
from pathlib import Path

import pytest

from tests.docs.markdown import table

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
TRIED = [(row[0], row[3]) for row in table(PAGE, "Client")]

USES = {
    "SDKs of Debian": "over_go.go|over_ruby.rb",
    "aliyun-sdk-oss": "over_java",
    "hadoop-aliyun": "FsShell",
    "Apache Flink": "over_flink",
    "aliyun-python-sdk-sts": "aliyunsdksts|ask_sts",
    "aliyun-python-sdk-kms": "aliyunsdkkms",
    "alibabacloud-oss-v2": "alibabacloud_oss_v2|tests.sdk.v2",
    "@alicloud/sts": "alicloud_sts",
    "ali-oss, its build for browsers": "aliyun-oss-sdk",
    "AWS SDK for JavaScript": "aws_js",
    "Apache OpenDAL": "opendal",
    "Spark 4": "s3a",
    "GitHub Actions": "run_steps",
    "Chromium": "chromium|page",
}
"""What in a test shows that it uses a client, where that is not the first word of its name."""


@pytest.mark.parametrize(("client", "pattern"), TRIED)
def test_tests_of_a_client_use_it(client: str, pattern: str) -> None:
    first = re.sub(r"\W", "_", re.findall(r"[\w-]+", client)[0]).lower()
    used = next((shown for name, shown in USES.items() if client.startswith(name)), first)
    paths = sorted(ROOT.glob(pattern))
    assert paths
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert "def test_" in text, path
        assert re.search(used, text, re.IGNORECASE), f"{path} has no {used}"


def test_names_of_uses_are_those_of_clients() -> None:
    assert [name for name in USES if not any(row.startswith(name) for row, _ in TRIED)] == []
