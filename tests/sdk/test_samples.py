"""The samples of "Hotlink protection (Python SDK V1)", run as they stand.

`samples/` has exact copies; only endpoint and bucket are replaced, as their reader would do.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import oss2
import pytest

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, Client, Live

SAMPLES = Path(__file__).parent / "samples"
ENDPOINT = '"https://oss-cn-hangzhou.aliyuncs.com"\n# Specify the region'
COMMENTED_OUT = "# black_referers = ["


@pytest.fixture
def target(live: Live, make_bucket: Callable[..., str], owner: Any) -> oss2.Bucket:
    """The bucket of the samples, with an object that anybody may read."""
    bucket = live.bucket(make_bucket("public-read"), owner)
    bucket.put_object("a.txt", b"x")
    return bucket


@pytest.fixture
def run(
    live: Live,
    target: oss2.Bucket,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., str]:
    """Run a sample and return what it prints.

    Each further replacement is a pair of texts, the first of which must occur.
    """
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET)

    def start(name: str, *more: tuple[str, str]) -> str:
        source = (SAMPLES / f"{name}.py").read_text(encoding="utf-8")
        for old, new in (
            (ENDPOINT, ENDPOINT.replace("https://oss-cn-hangzhou.aliyuncs.com", live.endpoint)),
            ("yourBucketName", target.bucket_name),
            *more,
        ):
            assert old in source
            source = source.replace(old, new)
        exec(compile(source, f"{name}.py", "exec"), {"__name__": "__main__"})  # noqa: S102
        printed = capsys.readouterr()
        assert printed.err == ""
        return printed.out

    return start


def status(client: Client, bucket: oss2.Bucket, referer: str) -> int:
    """Return the status of a request with this Referer."""
    return client.get(f"/{bucket.bucket_name}/a.txt", ("Referer", referer)).status


def test_set_as_it_stands_ends_in_a_name_error(target: oss2.Bucket, run: Any) -> None:
    """The line that assigns `black_referers` is a comment, but the call uses the name."""
    with pytest.raises(NameError, match="name 'black_referers' is not defined"):
        run("set")
    assert target.get_bucket_referer().referers == []


def test_set_with_its_line_uncommented_sets_both_lists(
    target: oss2.Bucket, run: Any, client: Client
) -> None:
    assert status(client, target, "http://thief.example/") == 200
    assert run("set", (COMMENTED_OUT, COMMENTED_OUT.removeprefix("# "))) == ""
    rules = target.get_bucket_referer()
    assert rules.allow_empty_referer is True
    assert rules.referers == ["http://www.aliyun.com", "https://www.aliyun.com"]
    assert rules.black_referers == ["http://example.com", "http://*.example.com"]
    assert rules.allow_truncate_query_string is True
    assert status(client, target, "https://www.aliyun.com/product/oss") == 200
    assert status(client, target, "http://img.example.com/") == 403
    assert status(client, target, "http://thief.example/") == 403


@pytest.mark.parametrize(
    ("put", "printed"),
    [
        (None, "allow empty referer=True, referers=[]\n"),
        (
            oss2.models.BucketReferer(False, ["http://www.aliyun.com", "https://阿里云.example/"]),
            "allow empty referer=False, "
            "referers=['http://www.aliyun.com', 'https://阿里云.example/']\n",
        ),
    ],
)
def test_get_prints_what_was_set(target: oss2.Bucket, run: Any, put: Any, printed: str) -> None:
    """R-15 for a bucket on which nothing was set."""
    if put is not None:
        target.put_bucket_referer(put)
    assert run("get") == printed


def test_clear_lets_everybody_in_again(target: oss2.Bucket, run: Any, client: Client) -> None:
    """R-34"""
    target.put_bucket_referer(
        oss2.models.BucketReferer(False, ["http://www.aliyun.com"], False, ["http://a/"])
    )
    assert status(client, target, "http://thief.example/") == 403
    assert run("clear") == ""
    rules = target.get_bucket_referer()
    assert (rules.allow_empty_referer, rules.referers, rules.black_referers) == (True, [], [])
    assert rules.allow_truncate_query_string is True
    assert status(client, target, "http://thief.example/") == 200
