"""Interception of requests to OSS: which host names are redirected, and what a server receives."""

from __future__ import annotations

import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.testing import intercept
from oss_emulator.testing.interception import redirect

ENDPOINT = "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://oss-cn-hangzhou.aliyuncs.com/", "oss-cn-hangzhou.aliyuncs.com"),
        ("http://b.oss-cn-hangzhou.aliyuncs.com/a", "b.oss-cn-hangzhou.aliyuncs.com"),
        (
            "http://b.oss-cn-hangzhou-internal.aliyuncs.com/",
            "b.oss-cn-hangzhou-internal.aliyuncs.com",
        ),
        ("http://b.oss-accelerate.aliyuncs.com/", "b.oss-accelerate.aliyuncs.com"),
        ("http://b.cn-hangzhou.oss.aliyuncs.com/", "b.cn-hangzhou.oss.aliyuncs.com"),
        ("http://B.OSS-cn-hangzhou.aliyuncs.com:80/", "B.OSS-cn-hangzhou.aliyuncs.com:80"),
        ("https://sts.aliyuncs.com/", "sts.aliyuncs.com"),
        ("https://sts-vpc.cn-hangzhou.aliyuncs.com/", "sts-vpc.cn-hangzhou.aliyuncs.com"),
        ("https://kms.us-west-1.aliyuncs.com/", "kms.us-west-1.aliyuncs.com"),
    ],
)
def test_endpoints_of_oss_sts_and_kms_are_redirected(url: str, host: str) -> None:
    found = redirect(url, ENDPOINT)
    assert found is not None
    assert found[0].startswith(f"{ENDPOINT}/")
    assert found[1] == host


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com/",
        "https://ecs.aliyuncs.com/",
        "https://oss-cn-hangzhou.aliyuncs.com.example.com/",
        "https://a.b.oss-cn-hangzhou.aliyuncs.com/",
        "ftp://b.oss-cn-hangzhou.aliyuncs.com/",
        "http:///a",
    ],
)
def test_other_hosts_are_not_redirected(url: str) -> None:
    assert redirect(url, ENDPOINT) is None


def test_redirected_url_keeps_path_and_query() -> None:
    found = redirect("https://b.oss-cn-hangzhou.aliyuncs.com/a%2Fb?acl&x=%20", ENDPOINT)
    assert found == (f"{ENDPOINT}/a%2Fb?acl&x=%20", "b.oss-cn-hangzhou.aliyuncs.com")


def test_requests_are_sent_to_the_emulator_until_the_block_ends() -> None:
    send = requests.adapters.HTTPAdapter.send
    url = "https://examplebucket.oss-cn-hangzhou.aliyuncs.com/a%20b"
    with Emulator() as emulator:
        emulator.bucket("examplebucket", acl="public-read").put_object("a b", b"1")
        with intercept(emulator.endpoint):
            answer = requests.get(url, timeout=20)
        assert (answer.url, answer.content) == (url, b"1")
        assert emulator.journal[-1].status == 200
    assert requests.adapters.HTTPAdapter.send is send
