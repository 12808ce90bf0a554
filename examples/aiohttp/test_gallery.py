"""Tests of an aiohttp application with pytest-aiohttp, offline and with Referer rules."""

import oss2
import pytest
from gallery import make_app, open_bucket
from oss_emulator import Emulator
from oss_emulator.testing import assert_allowed, assert_denied
from pytest_aiohttp.plugin import AiohttpClient


async def test_stored_image_is_shown(
    aiohttp_client: AiohttpClient, oss_bucket: oss2.Bucket
) -> None:
    client = await aiohttp_client(make_app(oss_bucket))
    assert (await client.put("/logo.png", data=b"...")).status == 201
    shown = await client.get("/logo.png")  # the client follows the redirect, as a browser does
    assert (shown.status, await shown.read()) == (200, b"...")


@pytest.mark.oss_rules("rules.xml")
async def test_only_our_pages_embed_images(
    aiohttp_client: AiohttpClient, oss_bucket: oss2.Bucket
) -> None:
    client = await aiohttp_client(make_app(oss_bucket))
    await client.put("/logo.png", data=b"...")
    stolen = await client.get("/logo.png", headers={"Referer": "https://thief.example.org/"})
    assert (stolen.status, stolen.headers["x-oss-ec"]) == (403, "0003-00000503")
    assert_allowed(oss_bucket, "images/logo.png", referer="https://www.example.com/about")
    assert_denied(oss_bucket, "images/logo.png", referer="https://thief.example.org/")


async def test_production_code_runs_offline(
    aiohttp_client: AiohttpClient, oss_intercept: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", oss_intercept.access_key_id)
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", oss_intercept.access_key_secret)
    oss_intercept.bucket("shop-images")
    client = await aiohttp_client(make_app(open_bucket("shop-images")))
    await client.put("/logo.png", data=b"...")
    sent_on = await client.get("/logo.png", allow_redirects=False)
    image = await client.session.get(sent_on.headers["Location"])  # a URL of the real service
    assert await image.read() == b"..."
    assert [entry.operation for entry in oss_intercept.journal] == ["PutObject", "GetObject"]
