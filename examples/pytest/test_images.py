"""Tests of the Referer rules for published images, and of unchanged production code."""

import oss2
import pytest
from images import open_bucket, publish
from oss_emulator import Emulator
from oss_emulator.testing import assert_allowed, assert_denied


@pytest.mark.oss_rules("rules.xml")
def test_only_our_pages_embed_images(oss_bucket: oss2.Bucket) -> None:
    key = publish(oss_bucket, "logo.png", b"...")
    assert_allowed(oss_bucket, key, referer="https://www.example.com/about?page=2")
    assert_denied(oss_bucket, key, referer="https://thief.example.org/", ec="0003-00000503")
    assert_denied(oss_bucket, key, referer="https://www.example.com/embed/1", ec="0003-00000502")
    assert_denied(oss_bucket, key, ec="0003-00000501")


def test_production_code_runs_offline(
    oss_intercept: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", oss_intercept.access_key_id)
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", oss_intercept.access_key_secret)
    oss_intercept.bucket("shop-images")
    bucket = open_bucket("shop-images")
    key = publish(bucket, "logo.png", b"...")
    assert bucket.get_object(key).read() == b"..."
