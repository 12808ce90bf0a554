"""The site against the emulator, with the endpoint of production."""

import pytest
import requests
import site_of_images  # noqa: F401 - configures Django
from django.test import Client


@pytest.fixture(autouse=True)
def bucket(oss_intercept, monkeypatch):
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", oss_intercept.access_key_id)
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", oss_intercept.access_key_secret)
    rules = {"allow_empty_referer": False, "whitelist": ["https://www.example.com/"]}
    return oss_intercept.bucket("examplebucket", rules=rules)


def test_upload_is_shown_to_our_pages_only():
    client = Client()
    assert client.put("/images/logo.png", b"image").status_code == 201
    url = client.get("/images/logo.png").headers["Location"]
    assert url.startswith("https://examplebucket.oss-cn-hangzhou.aliyuncs.com/logo.png?")
    allowed = requests.get(url, headers={"Referer": "https://www.example.com/"}, timeout=20)
    assert (allowed.status_code, allowed.content) == (200, b"image")
    assert requests.get(url, timeout=20).status_code == 403
