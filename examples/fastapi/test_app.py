"""The application names the production endpoint; `oss_intercept` redirects it to the emulator."""

from pathlib import Path

import pytest
from app import app
from fastapi.testclient import TestClient
from oss_emulator import Emulator

RULES = Path(__file__).with_name("rules.xml")


@pytest.fixture
def client(oss_intercept: Emulator, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", oss_intercept.access_key_id)
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", oss_intercept.access_key_secret)
    oss_intercept.bucket("examplebucket", acl="public-read", rules=RULES)
    found = TestClient(app)
    assert found.put("/images/logo.png", content=b"image").status_code == 201
    return found


def test_our_page_gets_the_image(client: TestClient) -> None:
    answer = client.get("/images/logo.png", params={"page": "https://www.example.com/"})
    assert (answer.status_code, answer.content) == (200, b"image")


def test_another_page_is_denied(client: TestClient) -> None:
    answer = client.get("/images/logo.png", params={"page": "https://thief.test/"})
    assert answer.status_code == 403
