"""A project with oss2: the test of the README."""

import pytest
from oss_emulator.testing import assert_allowed, assert_denied


@pytest.mark.oss_rules("rules.xml")
def test_only_our_pages_embed_images(oss_bucket):
    oss_bucket.put_object("logo.png", b"...")
    assert_allowed(oss_bucket, "logo.png", referer="https://www.example.com/")
    assert_denied(oss_bucket, "logo.png", referer="https://thief.test/", ec="0003-00000503")
