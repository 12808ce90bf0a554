"""Tasks that fetch a URL in the background: stored objects, states, and forbidden addresses."""

from __future__ import annotations

import errno
import json
import socket
import threading
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import md5
from inspect import signature
from pathlib import Path
from typing import Any

import oss2
import pytest
from oss2.models import AsyncFetchTaskConfiguration, GetAsyncFetchTaskResult
from oss_emulator import Emulator
from oss_emulator.control.controls import Controls, open_storage
from oss_emulator.operations import async_fetch
from oss_emulator.server import callback, fetching
from oss_emulator.settings import Settings

from tests.cli.process import wait_for
from tests.client import Live
from tests.http import application
from tests.http.application import Application, Names, Reply, StartServer, in_thread
from tests.rows import read_cases
from tests.unit.operations.service import Answer, Caller

CASES = read_cases("others.http")


CONTENT = b"from elsewhere"
MD5 = b64encode(md5(CONTENT, usedforsecurity=False).digest()).decode()
PICTURE = Reply(CONTENT, headers={"Content-Type": "image/png", "Cache-Control": "no-store"})


@pytest.fixture
async def app(aiohttp_server: StartServer) -> AsyncIterator[Application]:
    async with application.run(aiohttp_server) as running:
        running.replies["/a.png"] = PICTURE
        yield running


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAUSES", (0.0, 0.0))


def begin(bucket: oss2.Bucket, url: str, key: str = "fetched", **options: Any) -> str:
    return str(
        bucket.put_async_fetch_task(AsyncFetchTaskConfiguration(url, key, **options)).task_id
    )


def ended(bucket: oss2.Bucket, task_id: str) -> GetAsyncFetchTaskResult:
    """Ask for a task until it has ended; the API has no event for that."""
    found: list[GetAsyncFetchTaskResult] = []

    def has_ended() -> bool:
        found[:] = [bucket.get_async_fetch_task(task_id)]
        return found[0].task_state not in ("Running", "Retry")

    wait_for(has_ended)
    return found[0]


def fetch(bucket: oss2.Bucket, url: str, **options: Any) -> tuple[str, str]:
    """Run a task; returns its final state and its message."""
    result = ended(bucket, begin(bucket, url, **options))
    return result.task_state, result.error_msg


def callback_to(url: str) -> str:
    body = "etag=${etag}&object=${object}&bucket=${bucket}"
    return b64encode(json.dumps({"callbackUrl": url, "callbackBody": body}).encode()).decode()


@in_thread
def test_content_of_a_url_is_stored(bucket: oss2.Bucket, app: Application) -> None:
    """P-81"""
    url = app.url("/a.png?x=%2F&y=%E4")
    app.replies["/a.png?x=%2F&y=%E4"] = PICTURE
    task_id = begin(bucket, url, "dir/a b.png", content_md5=MD5, host="www.example.com")
    result = ended(bucket, task_id)
    assert (result.task_id, result.task_state, result.error_msg) == (task_id, "Success", "")
    shown = result.task_config
    assert (shown.url, shown.object_name, shown.host) == (url, "dir/a b.png", "www.example.com")
    assert (shown.content_md5, shown.callback, shown.ignore_same_key) == (MD5, "", True)
    stored = bucket.get_object("dir/a b.png")
    assert stored.read() == CONTENT
    assert stored.headers["Content-Type"] == "image/png"
    assert "Cache-Control" not in stored.headers
    [taken] = app.taken
    assert taken.line == "GET /a.png?x=%2F&y=%E4 HTTP/1.1"
    assert taken.headers["host"] == "www.example.com"
    assert taken.headers["x-oss-emulator-callback"] == "true"


@in_thread
def test_storage_class_is_that_of_the_task(bucket: oss2.Bucket, app: Application) -> None:
    content = "<Url>{}</Url><Object>fetched</Object><StorageClass>{}</StorageClass>"
    document = f"<AsyncFetchTaskConfiguration>{content}</AsyncFetchTaskConfiguration>"

    def post(storage_class: str) -> Any:
        data = document.format(app.url("/a.png"), storage_class)
        return bucket._do("POST", bucket.bucket_name, "", params={"asyncFetch": ""}, data=data)

    task_id = post("IA").read().decode().partition("<TaskId>")[2].partition("<")[0]
    assert ended(bucket, task_id).task_state == "Success"
    assert bucket.head_object("fetched").headers["x-oss-storage-class"] == "IA"
    with pytest.raises(oss2.exceptions.InvalidArgument, match="Foo"):
        post("Foo")


@in_thread
def test_other_md5_fails_and_stores_nothing(bucket: oss2.Bucket, app: Application) -> None:
    """P-81"""
    state, message = fetch(bucket, app.url("/a.png"), content_md5="AAAA")
    assert state == "Failed"
    assert message == f"The content has the MD5 {MD5}, not AAAA."
    assert not bucket.object_exists("fetched")


@in_thread
def test_present_object_is_replaced_only_if_the_task_says_so(
    bucket: oss2.Bucket, app: Application
) -> None:
    """P-81"""
    bucket.put_object("fetched", b"before")
    every: list[dict[str, Any]] = [{}, {"ignore_same_key": True}]
    for options in every:
        with pytest.raises(oss2.exceptions.ObjectAlreadyExists):
            begin(bucket, app.url("/a.png"), **options)
    assert fetch(bucket, app.url("/a.png"), ignore_same_key=False) == ("Success", "")
    assert bucket.get_object("fetched").read() == CONTENT


@in_thread
def test_object_that_came_meanwhile_stays(bucket: oss2.Bucket, app: Application) -> None:
    app.holds.add("/a.png")
    task_id = begin(bucket, app.url("/a.png"))
    assert app.arrived.wait(20)
    bucket.put_object("fetched", b"before")
    app.holds.clear()
    app.release()  # the held request ends without a reply, and the next attempt gets one
    result = ended(bucket, task_id)
    assert result.task_state == "Failed"
    assert "already exists" in result.error_msg
    assert bucket.get_object("fetched").read() == b"before"


# --- sources that fail


@in_thread
def test_source_is_asked_again_if_it_is_unavailable(bucket: oss2.Bucket, app: Application) -> None:
    app.replies["/a.png"] = Reply(status=503)
    state, message = fetch(bucket, app.url("/a.png"))
    assert (state, message) == ("Failed", "The source answered 503.")
    assert len(app.taken) == 3


@in_thread
def test_task_is_retrying_between_attempts(
    bucket: oss2.Bucket, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PAUSES", (60.0,))
    app.replies["/a.png"] = Reply(status=500)
    task_id = begin(bucket, app.url("/a.png"))
    wait_for(lambda: bucket.get_async_fetch_task(task_id).task_state == "Retry")
    assert bucket.get_async_fetch_task(task_id).error_msg == "The source answered 500."


@pytest.mark.parametrize(("url", "message"), CASES["task_tells_why_it_failed"])
@in_thread
def test_task_tells_why_it_failed(
    bucket: oss2.Bucket, app: Application, url: str, message: str
) -> None:
    app.replies["/none"] = Reply(status=404)
    app.replies["/loop"] = Reply(status=302, headers={"Location": "/loop"})
    app.replies["/bad"] = Reply(status=302, headers={"Location": "ftp://example.com/"})
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = url.format(app=app.url(""), unused=unused.getsockname()[1])
        state, found = fetch(bucket, place)
    assert state == "Failed"
    assert found.startswith(message)
    assert not bucket.object_exists("fetched")


@in_thread
def test_redirections_are_followed(bucket: oss2.Bucket, app: Application) -> None:
    app.replies["/1"] = Reply(status=301, headers={"Location": "/2?a=%2F"})
    app.replies["/2?a=%2F"] = Reply(status=302, headers={"Location": app.url("/a.png")})
    assert fetch(bucket, app.url("/1")) == ("Success", "")
    assert [taken.line.split()[1] for taken in app.taken] == ["/1", "/2?a=%2F", "/a.png"]


@in_thread
def test_content_is_bounded(
    live: Live, bucket: oss2.Bucket, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = live.service.environment
    limits = replace(environment.limits, object=len(CONTENT) - 1)
    monkeypatch.setattr(live.service, "environment", environment._replace(limits=limits))
    state, message = fetch(bucket, app.url("/a.png"))
    assert (state, message) == ("Failed", f"The content is larger than {limits.object} bytes.")


# --- callbacks


@in_thread
def test_application_is_called_after_the_fetch(bucket: oss2.Bucket, app: Application) -> None:
    """P-81"""
    callback = callback_to(app.url("/done"))
    result = ended(bucket, begin(bucket, app.url("/a.png"), callback=callback))
    assert (result.task_state, result.task_config.callback) == ("Success", callback)
    etag = bucket.head_object("fetched").etag
    body = f"etag={etag}&object=fetched&bucket={bucket.bucket_name}"
    assert app.taken[1].body.decode() == body


@in_thread
def test_failed_callback_is_a_state_of_its_own(bucket: oss2.Bucket, app: Application) -> None:
    """P-81"""
    app.replies["/done"] = Reply(status=500)
    state, message = fetch(bucket, app.url("/a.png"), callback=callback_to(app.url("/done")))
    assert (state, message) == ("FetchSuccessCallbackFailed", "Error status : 500.")
    assert bucket.get_object("fetched").read() == CONTENT


@pytest.mark.skipif(
    "callback_when_failed" not in signature(AsyncFetchTaskConfiguration).parameters,
    reason="this oss2 is too old to say whether an application is told of a failure",
)
@pytest.mark.parametrize(("wanted", "calls"), [(None, 1), (True, 1), (False, 0)])
@in_thread
def test_application_is_told_of_a_failure_if_the_task_says_so(
    bucket: oss2.Bucket, app: Application, wanted: bool | None, calls: int
) -> None:
    """P-81"""
    app.replies["/none"] = Reply(status=404)
    callback = callback_to(app.url("/done"))
    options = {"callback": callback, "callback_when_failed": wanted}
    assert fetch(bucket, app.url("/none"), **options)[0] == "Failed"
    told = [taken.body for taken in app.taken if taken.line.startswith("POST")]
    assert told == [f"etag=&object=fetched&bucket={bucket.bucket_name}".encode()] * calls


@in_thread
def test_malformed_callback_is_refused_at_once(bucket: oss2.Bucket, app: Application) -> None:
    with pytest.raises(oss2.exceptions.InvalidArgument):
        begin(bucket, app.url("/a.png"), callback="no base64")


# --- URLs of the service itself


def test_signed_url_of_an_object_is_fetched(live: Live, bucket: oss2.Bucket) -> None:
    """P-81; at each kind of host, and without a connection to it."""
    bucket.put_object("source", CONTENT, headers={"Content-Type": "text/x-source"})
    urls = [bucket.sign_url("GET", "source", 60)]
    for endpoint in ("http://oss-cn-hangzhou.aliyuncs.com", "https://oss-accelerate.aliyuncs.com"):
        there = oss2.Bucket(bucket.auth, endpoint, bucket.bucket_name, region="cn-hangzhou")
        urls.append(there.sign_url("GET", "source", 60))
    for number, url in enumerate(urls):
        assert fetch(bucket, url, key=f"fetched-{number}") == ("Success", "")
        stored = bucket.get_object(f"fetched-{number}")
        assert (stored.read(), stored.headers["Content-Type"]) == (CONTENT, "text/x-source")


def test_hosts_below_localhost_need_not_be_resolved(
    live: Live, bucket: oss2.Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put_object("source", CONTENT, headers={"x-oss-object-acl": "public-read"})
    url = f"http://{bucket.bucket_name}.localhost:{live.port}/source"
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Any:
        if str(host).endswith(".localhost"):
            raise socket.gaierror
        return resolve(host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert fetch(bucket, url) == ("Success", "")


def test_address_that_cannot_be_checked_fails(live: Live, bucket: oss2.Bucket) -> None:
    state, message = fetch(bucket, f"http://[fe80::1]:{live.port}/")
    assert (state, message) == ("Failed", "The host fe80::1 cannot be resolved.")


def test_url_of_the_service_is_asked_without_rights(live: Live, bucket: oss2.Bucket) -> None:
    bucket.put_object("source", CONTENT)
    url = f"http://{bucket.bucket_name}.oss-cn-hangzhou.aliyuncs.com/source"
    assert fetch(bucket, url) == ("Failed", "The source answered 403.")
    asked = [entry for entry in live.controls.journal.entries() if entry.operation == "GetObject"]
    assert (asked[-1].key, asked[-1].caller.anonymous, asked[-1].status) == ("source", True, 403)


OWN = ["127.0.0.1", "127.1", "0.0.0.0", "localhost", "LocalHost", "[::1]", "self.example"]  # noqa: S104


@pytest.mark.parametrize(
    ("host", "path"),
    [*((host, "journal") for host in OWN), (OWN[0], "health"), (OWN[0], "accounts")],
)
@in_thread
def test_task_never_reaches_the_emulator_s_own_side(
    live: Live, bucket: oss2.Bucket, app: Application, host: str, path: str, names: Names
) -> None:
    url = f"http://{host}:{live.port}/_emulator/{path}"
    app.replies["/to"] = Reply(status=302, headers={"Location": url})
    for place in (url, app.url("/to")):
        state, message = fetch(bucket, place)
        assert state == "Failed"
        # The answers of OSS for a bucket `_emulator`, or for a host of somebody else.
        assert message in ("The source answered 400.", "The source answered 404.")


@in_thread
def test_task_that_is_reset_stores_nothing(
    live: Live, bucket: oss2.Bucket, app: Application
) -> None:
    app.holds.add("/a.png")
    task_id = begin(bucket, app.url("/a.png"))
    assert app.arrived.wait(20)
    name = f"asyncFetch/{task_id}"

    def discard_unreferenced() -> None:
        record = live.service.storage.bucket(bucket.bucket_name)
        assert record is not None
        kept = {key: text for key, text in record.documents.items() if key != name}
        live.service.storage.put_bucket(record._replace(documents=kept))

    live.run(discard_unreferenced)
    app.holds.clear()
    app.release()
    wait_for(lambda: len(app.taken) > 1)
    # Tasks run in turn, so the first has ended when four later ones have.
    for number in range(4):
        assert fetch(bucket, app.url("/a.png"), key=f"later-{number}") == ("Success", "")
    assert not bucket.object_exists("fetched")
    # The end of the task does not create its state again.
    with pytest.raises(oss2.exceptions.ServerError, match="NoSuchAsyncFetchTask"):
        bucket.get_async_fetch_task(task_id)


# --- errors and limits


def test_unknown_task_is_missing(bucket: oss2.Bucket) -> None:
    with pytest.raises(oss2.exceptions.ServerError) as caught:
        bucket.get_async_fetch_task("0123")
    assert caught.value.code == "NoSuchAsyncFetchTask"
    with pytest.raises(oss2.exceptions.InvalidArgument, match="x-oss-task-id"):
        bucket.get_async_fetch_task("")


@in_thread
def test_task_that_a_restart_interrupts_is_resumed(tmp_path: Path, app: Application) -> None:
    settings, name = Settings(data=tmp_path / "data"), "AsyncFetchTaskConfiguration"
    ask = Caller()  # without a server, the task does not run
    ask.service, ask.now = Controls(settings, open_storage(settings)).service, time.time()
    ask("PUT", "/examplebucket")
    body = f"<{name}><Url>{app.url('/a.png')}</Url><Object>fetched</Object></{name}>"
    task_id = ask("POST", "/examplebucket?asyncFetch", body).text("TaskId")
    ask.service.storage.close()
    assert task_id is not None
    with Emulator(data=tmp_path / "data") as emulator:
        bucket = emulator.bucket("examplebucket")
        assert ended(bucket, task_id).task_state == "Success"
        assert bucket.get_object("fetched").read() == CONTENT


@in_thread
def test_crash_after_the_object_was_put_does_not_fail_the_task(
    tmp_path: Path, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The object and the state of the task are stored together or not at all."""
    crashed = threading.Event()

    def crash(*_: object) -> None:
        crashed.set()
        raise OSError(errno.ENOSPC, "as if the process had ended here")

    with monkeypatch.context() as patch, Emulator(data=tmp_path / "data") as emulator:
        patch.setattr(fetching, "update", crash)
        task_id = begin(emulator.bucket("examplebucket"), app.url("/a.png"))
        assert crashed.wait(20)
    with Emulator(data=tmp_path / "data") as emulator:
        bucket = emulator.bucket("examplebucket")
        result = ended(bucket, task_id)
        assert (result.task_state, result.error_msg) == ("Success", "")
        assert bucket.get_object("fetched").read() == CONTENT


@in_thread
def test_end_of_the_server_during_a_callback_keeps_the_object(
    tmp_path: Path, app: Application
) -> None:
    app.holds.add("/done")
    with Emulator(data=tmp_path / "data") as emulator:
        bucket = emulator.bucket("examplebucket")
        task_id = begin(bucket, app.url("/a.png"), callback=callback_to(app.url("/done")))
        wait_for(lambda: len(app.taken) == 2)
        assert bucket.get_async_fetch_task(task_id).task_state == "Running"
    with Emulator(data=tmp_path / "data") as emulator:
        bucket = emulator.bucket("examplebucket")
        result = ended(bucket, task_id)
        assert result.task_state == "FetchSuccessCallbackFailed"
        assert result.error_msg == "The task was interrupted before its callback was answered."
        assert bucket.get_object("fetched").read() == CONTENT
    assert len(app.taken) == 2
    app.release()


@pytest.mark.parametrize("on_disk", [False, True])
@in_thread
def test_task_that_a_snapshot_brings_back_runs_again(
    on_disk: bool, tmp_path: Path, app: Application
) -> None:
    with Emulator(data=tmp_path / "data" if on_disk else None) as emulator:
        bucket, snapshots = emulator.bucket("examplebucket"), emulator.controls.snapshots
        app.holds.add("/a.png")
        task_id = begin(bucket, app.url("/a.png"), callback=callback_to(app.url("/done")))
        assert app.arrived.wait(20)
        emulator.run(lambda: snapshots.take("running"))
        app.holds = {"/done"}
        app.release()
        wait_for(lambda: bucket.object_exists("fetched"))
        for _ in range(2):  # during its callback, and after its end
            emulator.run(lambda: snapshots.restore("running"))
            assert app.holds == set() or not bucket.object_exists("fetched")
            app.holds.clear()
            app.release()
            assert ended(bucket, task_id).task_state == "Success"
            assert bucket.get_object("fetched").read() == CONTENT


@in_thread
def test_time_limit_of_a_fetch_does_not_end_its_callback(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT", 2.0)  # a busy machine takes long to fetch
    monkeypatch.setattr(callback, "TIMEOUT", 2.5)
    app.holds.add("/done")
    with Emulator() as emulator:
        bucket = emulator.bucket("examplebucket")
        task_id = begin(bucket, app.url("/a.png"), callback=callback_to(app.url("/done")))
        assert ended(bucket, task_id).task_state == "FetchSuccessCallbackFailed"
    assert [taken.line.split()[1] for taken in app.taken] == ["/a.png", "/done"]
    app.release()


@in_thread
def test_task_that_runs_or_should_have_ended_long_ago_is_not_begun_again(
    bucket: oss2.Bucket, live: Live, app: Application
) -> None:
    snapshots = live.controls.snapshots
    app.holds.add("/a.png")
    task_id = begin(bucket, app.url("/a.png"))
    assert app.arrived.wait(20)
    live.run(lambda: snapshots.take("running"))
    live.run(lambda: snapshots.restore("running"))
    app.holds.clear()
    app.release()
    assert ended(bucket, task_id).task_state == "Success"
    assert len(app.taken) == 2  # the request without a reply, and the next attempt
    live.controls.clock.shift = async_fetch.MAX_AGE
    live.run(lambda: snapshots.restore("running"))
    live.run(lambda: None)  # wait for the callbacks that the restore scheduled on the loop
    live.controls.clock.shift = 0.0
    assert fetch(bucket, app.url("/a.png"), key="later") == ("Success", "")
    assert len(app.taken) == 3


def test_tasks_of_a_bucket_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """P-81; with few tasks here, because each request reads all earlier ones."""
    few = 5
    for bound in ("MAX_RUNNING", "MAX_KEPT"):
        monkeypatch.setattr(f"oss_emulator.operations.async_fetch.{bound}", few)
    ask, name = Caller(), "AsyncFetchTaskConfiguration"
    ask("PUT", "/examplebucket")

    def post() -> Answer:
        url = f"<{name}><Url>http://a.invalid/</Url><Object>a</Object></{name}>"
        return ask("POST", "/examplebucket?asyncFetch", url)

    first = post().text("TaskId")
    assert first is not None
    for _ in range(few - 1):
        assert post().text("TaskId")
    assert post().code == "ServiceUnavailable"
    ask.now += async_fetch.MAX_AGE
    shown = ask("GET", "/examplebucket?asyncFetch", x_oss_task_id=first)
    assert (shown.text("State"), shown.text("ErrorMsg")) == ("Failed", "The task was interrupted.")
    assert post().text("TaskId")  # the oldest task is dropped
    gone = ask("GET", "/examplebucket?asyncFetch", x_oss_task_id=first)
    assert gone.code == "NoSuchAsyncFetchTask"
