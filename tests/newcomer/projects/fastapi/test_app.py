"""The service names the endpoint of production; `oss_intercept` redirects it to the emulator."""

import pytest
from app import app
from fastapi.testclient import TestClient


@pytest.fixture
def client(oss_intercept, monkeypatch):
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", oss_intercept.access_key_id)
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", oss_intercept.access_key_secret)
    oss_intercept.bucket("examplebucket", acl="public-read", rules="rules.xml")
    found = TestClient(app)
    assert found.put("/images/logo.png", content=b"image").status_code == 201
    return found


def test_our_page_gets_the_image(client):
    answer = client.get("/images/logo.png", params={"page": "https://www.example.com/"})
    assert (answer.status_code, answer.content) == (200, b"image")


def test_another_page_is_denied(client):
    answer = client.get("/images/logo.png", params={"page": "https://thief.test/"})
    assert answer.status_code == 403
