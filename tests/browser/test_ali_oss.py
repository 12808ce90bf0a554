"""ali-oss in pages: its build for browsers, and the example whose page uploads with a form."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import oss2
import pytest
from oss_emulator import Emulator
from playwright.sync_api import BrowserContext, Error, FilePayload, expect

from tests.node import copy_project

pytestmark = pytest.mark.system

EXAMPLES = Path(__file__).parents[2] / "examples"
BUILD = Path("node_modules", "ali-oss", "dist", "aliyun-oss-sdk.min.js")
CALLS = """
async ([options, size]) => {
  const client = new OSS(options);
  const large = new Blob([new Uint8Array(size)]);
  const put = await client.put("目录/a b+c.txt", new Blob(["content"]));
  const got = await client.get("目录/a b+c.txt");
  await client.multipartUpload("large", large, { partSize: 102400, parallel: 2 });
  const listed = await client.listV2({});
  await client.copy("copy", "large");
  await client.delete("large");
  const missing = await client.head("large").catch((error) => error.status);
  const url = client.signatureUrl("copy", { expires: 60 });
  return {
    put: put.res.status,
    got: new TextDecoder().decode(got.content),
    listed: listed.objects.map((object) => [object.name, object.size]),
    missing,
    signed: (await (await fetch(url)).blob()).size,
  };
}
"""
"""The calls of a page that uses ali-oss directly, without an application server."""

Call = Callable[[str], dict[str, Any]]
SIZE = 300_000


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def call(emulator: Emulator, elsewhere: int, tabs: BrowserContext, tmp_path: Path) -> Call:
    """Make the calls at an endpoint; return what the page got."""
    project = copy_project(EXAMPLES / "node", tmp_path / "node")
    page = tabs.new_page()
    page.goto(f"http://127.0.0.1:{elsewhere}/")
    page.add_script_tag(path=project / BUILD)

    def ask(endpoint: str) -> dict[str, Any]:
        options = {
            "endpoint": endpoint,
            "accessKeyId": emulator.access_key_id,
            "accessKeySecret": emulator.access_key_secret,
            "bucket": "examplebucket",
            "region": "oss-cn-hangzhou",
            "authorizationV4": True,
        }
        return dict(page.evaluate(CALLS, [options, SIZE]))

    return ask


@pytest.fixture
def bucket(emulator: Emulator, elsewhere: int) -> Iterator[oss2.Bucket]:
    """A bucket that the page may use."""
    found = emulator.bucket("examplebucket")
    rule = oss2.models.CorsRule(
        allowed_origins=[f"http://127.0.0.1:{elsewhere}"],
        allowed_methods=["GET", "PUT", "POST", "DELETE", "HEAD"],
        allowed_headers=["*"],
        expose_headers=["ETag", "x-oss-request-id"],
    )
    found.put_bucket_cors(oss2.models.BucketCors([rule]))
    yield found
    found.session.session.close()


def test_page_stores_reads_and_lists(emulator: Emulator, bucket: oss2.Bucket, call: Call) -> None:
    """P-02: it names the bucket in the host, which browsers resolve below localhost."""
    assert call(f"http://localhost:{emulator.port}") == {
        "put": 200,
        "got": "content",
        "listed": [["large", SIZE], ["目录/a b+c.txt", 7]],
        "missing": 404,
        "signed": SIZE,
    }
    assert bucket.head_object("copy").content_length == SIZE
    hosts = {entry.request.headers["host"] for entry in emulator.journal if entry.key}
    assert f"examplebucket.localhost:{emulator.port}" in hosts


def test_page_without_a_rule_of_the_bucket_is_refused(emulator: Emulator, call: Call) -> None:
    emulator.bucket("examplebucket").session.session.close()
    with pytest.raises(Error, match="XHR error"):
        call(f"http://localhost:{emulator.port}")


def test_address_as_the_endpoint_loses_the_bucket(
    emulator: Emulator, bucket: oss2.Bucket, call: Call
) -> None:
    """P-02: for an IP address it names the bucket in the header Host, which a page cannot set."""
    with pytest.raises(Error, match=rf"PUT http://127\.0\.0\.1:{emulator.port}/%E7"):
        call(emulator.endpoint)


def test_visitor_uploads_with_the_form_of_the_example(tabs: BrowserContext, tmp_path: Path) -> None:
    """The page of examples/browser-upload sends a form that a key of `OSS.STS` signed."""
    project = copy_project(EXAMPLES / "browser-upload", tmp_path / "upload")
    with Emulator(accounts=project / "accounts.toml") as emulator:
        env = {**os.environ, "OSS_ENDPOINT": f"http://localhost:{emulator.port}", "PORT": "0"}
        subprocess.run(["node", "setup.js"], cwd=project, env=env, check=True, timeout=600)
        app = subprocess.Popen(
            ["node", "app.js"], cwd=project, env=env, stdout=subprocess.PIPE, text=True
        )
        with app:
            try:
                assert app.stdout is not None
                page = tabs.new_page()
                page.goto(app.stdout.readline().strip())
                file: FilePayload = {
                    "name": "图 1.txt",
                    "mimeType": "text/plain",
                    "buffer": b"content",
                }
                page.locator("#file").set_input_files(file)
                expect(page.locator("#result")).to_have_text(
                    'Stored, ETag "9A0364B9E99BB480DD25E1F0284C8555"'
                )
            finally:
                app.terminate()
        assert emulator.service.storage.object("examplebucket", "uploads/图 1.txt") is not None
