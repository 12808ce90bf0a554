"""`serve --workers`: several processes with one port and one folder, and how they end."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import urllib.request
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import oss2
import pytest
from oss2.models import AsyncFetchTaskConfiguration, BucketReferer
from oss_emulator.settings import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET
from oss_emulator.storage import opening

from tests.cli.process import EMULATOR, Running, children, serving, told, wait_for, wait_for_ends
from tests.cli.refusal import fail
from tests.client import PATIENCE, Answer
from tests.http import application
from tests.http.application import Application, Reply, StartServer, in_thread

pytestmark = pytest.mark.system

AUTH = oss2.AuthV4(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET)
SEED = """
[[bucket]]
name = "examplebucket"
acl = "public-read"

[[bucket.object]]
key = "a"
text = "seeded"
"""


@pytest.fixture
async def app(aiohttp_server: StartServer) -> AsyncIterator[Application]:
    """The source of a fetch task."""
    async with application.run(aiohttp_server) as running:
        yield running


def is_alive(process: int) -> bool:
    state = told(process, "stat")
    return state != b"" and b") Z " not in state


def listeners(port: int) -> int:
    """Count the sockets that listen on a port of this machine."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)


def handles(process: int) -> int:
    """Count the open sockets of a process, one for each connection that it has accepted."""
    links = []
    for path in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed in the meantime
            links.append(os.readlink(path))
    return sum(link.startswith("socket:") for link in links)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "seed.toml").write_text(SEED)
    return tmp_path


@pytest.fixture
def running(folder: Path) -> Iterator[Running]:
    """A server that the test may end."""
    with serving(folder, *flags(folder)) as found:
        yield found


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("common")
    (folder / "seed.toml").write_text(SEED)
    tls = ("--tls-port", "0", "--ca-file", str(folder / "ca.pem"))
    with serving(folder, *flags(folder), *tls) as found:
        yield found


@pytest.fixture
def shared(common: Running) -> Running:
    """A server that several tests use one after the other; each finds only the seed."""
    assert common.ask("POST", "/_emulator/reset", x_oss_emulator="1").status == 200
    return common


def flags(folder: Path) -> tuple[str, ...]:
    data, seed = str(folder / "data"), str(folder / "seed.toml")
    return ("--data", data, "--workers", "2", "--seed", seed)


def client(running: Running) -> oss2.Bucket:
    """A client with its own connection, which one worker serves."""
    session = oss2.Session()
    return oss2.Bucket(
        AUTH, running.endpoint, "examplebucket", region="cn-hangzhou", session=session
    )


def is_told(running: Running, text: str) -> bool:
    return text in running.stderr.read_text()


def ask_each(running: Running, method: str, target: str, **headers: str) -> list[Answer]:
    """So many connections that each worker gets one, except once in 2^39 times."""
    return [running.ask(method, target, None, **headers) for _ in range(40)]


def test_connections_spread_over_the_workers(running: Running) -> None:
    """A server of its own: of a shared one, the workers may still close other connections."""
    workers = children(running.process.pid)
    assert len(workers) == 2
    before = {worker: handles(worker) for worker in workers}
    clients = [client(running) for _ in range(40)]
    for each in clients:
        assert each.get_object("a").read() == b"seeded"
    assert all(handles(worker) > before[worker] for worker in workers)


def test_rules_set_by_one_worker_apply_to_the_next_request_of_any(shared: Running) -> None:
    setter = client(shared)
    for number in range(5):
        allowed, denied = f"https://{number}.example/", f"https://{number - 1}.example/"
        setter.put_bucket_referer(BucketReferer(False, [allowed]))
        answers = ask_each(shared, "GET", "/examplebucket/a", Referer=allowed)
        assert {answer.status for answer in answers} == {200}
        answers = ask_each(shared, "GET", "/examplebucket/a", Referer=denied)
        assert {answer.status for answer in answers} == {403}
        setter.put_object("a", str(number))
        setter.put_bucket_acl(("private", "public-read")[number % 2])
        codes = {answer.status for answer in ask_each(shared, "GET", "/examplebucket/a")}
        assert codes == {403}
        setter.put_bucket_acl("public-read")
        answers = ask_each(shared, "GET", "/examplebucket/a", Referer=allowed)
        assert {answer.text for answer in answers} == {str(number)}


def test_concurrent_changes_by_workers_are_all_kept(shared: Running) -> None:
    """Each worker reads the bucket, changes its own configuration and writes the bucket back."""
    clients = [client(shared) for _ in range(8)]
    for number, each in enumerate(clients):
        each.put_object(f"b{number}", b"x")
        if number % 2:
            each.put_bucket_referer(BucketReferer(True, [f"https://{number}.example/"]))
        else:
            each.put_bucket_acl("public-read-write")
    assert clients[0].get_bucket_referer().referers == ["https://7.example/"]
    assert clients[1].get_bucket_acl().acl == "public-read-write"
    assert len(clients[2].list_objects().object_list) == 9


def test_killed_worker_is_replaced(running: Running) -> None:
    for _ in range(4):  # more often than the limit on workers that end before they listen
        victim = min(children(running.process.pid))
        os.kill(victim, signal.SIGKILL)
        told = f"worker {victim} ended with status -9; a new one replaces it"
        wait_for(partial(is_told, running, told))
        wait_for(lambda: listeners(running.port) == 2)
        answers = ask_each(running, "GET", "/examplebucket/a")
        assert {answer.text for answer in answers} == {"seeded"}
    assert running.end() == 0


@in_thread
def test_fetch_tasks_of_killed_workers_are_resumed_once(running: Running, app: Application) -> None:
    """P-81"""
    app.replies["/a"] = Reply(b"fetched")
    app.holds.add("/a")
    task = AsyncFetchTaskConfiguration(app.url("/a"), "fetched")
    task_id = client(running).put_async_fetch_task(task).task_id
    assert app.arrived.wait(PATIENCE)
    victims = children(running.process.pid)
    for victim in victims:
        os.kill(victim, signal.SIGKILL)
    wait_for_ends(victims, 2)
    wait_for(lambda: listeners(running.port) == 2)
    wait_for(lambda: len(app.taken) == 2)
    ask_each(running, "GET", "/examplebucket/a")  # both workers have begun to answer
    app.holds.clear()
    app.release()  # the source breaks off the request that it held
    bucket = client(running)
    wait_for(lambda: bucket.get_async_fetch_task(task_id).task_state == "Success")
    assert bucket.get_object("fetched").read() == b"fetched"
    # By the killed worker, and by one of the new ones, which had to ask again.
    assert len(app.taken) == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_all_workers_cleanly(running: Running, number: signal.Signals) -> None:
    workers = children(running.process.pid)
    assert running.end(number) == 0
    assert not any(map(is_alive, workers))
    assert running.stderr.read_text() == ""


def test_terminal_signal_to_the_group_ends_all_cleanly(running: Running) -> None:
    workers = children(running.process.pid)
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.process.wait(60) == 0
    assert not any(map(is_alive, workers))
    assert running.stderr.read_text() == ""


def test_workers_end_with_their_parent(running: Running, folder: Path) -> None:
    workers = children(running.process.pid)
    running.end(signal.SIGKILL)
    wait_for_ends(workers, 2)
    with serving(folder, *flags(folder)) as again:  # the folder and the port are free again
        assert again.ask("GET", "/examplebucket/a").text == "seeded"


def test_folder_stays_locked_until_the_last_worker_ends(
    running: Running, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workers of a killed server finish their requests; no new server cleans up the folder."""
    client(running).put_bucket_acl("public-read-write")
    workers = children(running.process.pid)
    address = ("127.0.0.1", running.port)
    with socket.create_connection(address, PATIENCE) as upload, upload.makefile("rb") as answer:
        upload.sendall(
            b"PUT /examplebucket/late HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        )
        # A worker has begun to read the body.
        assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert answer.readline() == b"\r\n"
        upload.sendall(b"la")
        running.end(signal.SIGKILL)
        wait_for_ends(workers, 1)
        monkeypatch.setattr(opening, "WORKERS_END", 0.1)
        status, sentence = fail("serve", "--data", str(folder / "data"), "--port", "0")
        assert (status, "in use by another oss-emulator" in sentence) == (1, True)
        upload.sendall(b"te")
        assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
        wait_for_ends(workers, 2)
    with serving(folder, *flags(folder)) as again:
        assert client(again).get_object("late").read() == b"late"


def test_second_server_is_refused_port_and_folder(shared: Running, folder: Path) -> None:
    workers = ("--workers", "2")
    data = str(shared.stderr.parent / "data")
    status, sentence = fail("serve", "--data", data, "--port", "0", *workers)
    assert status == 1
    assert "in use by another oss-emulator" in sentence
    port = str(shared.port)
    status, sentence = fail("serve", "--data", str(folder / "other"), "--port", port, *workers)
    assert status == 1
    assert f"cannot listen on 127.0.0.1 port {port}: " in sentence


def test_workers_without_a_folder_are_refused() -> None:
    assert fail("serve", "--workers", "2") == (
        2,
        "oss-emulator: several workers need a folder that they share: give --data as well\n",
    )


def test_server_ends_if_workers_fail_at_once(folder: Path) -> None:
    """The workers load a module that ends them; their parent does not load it."""
    site = folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import os, sys\nif '--multiprocessing-fork' in sys.orig_argv: os._exit(3)\n"
    )
    done = subprocess.run(
        [*EMULATOR, "serve", "--port", "0", *flags(folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{site}{os.pathsep}{os.getcwd()}"},
        timeout=60,
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("oss-emulator: workers end before they listen: worker ")
    assert last.endswith(" ended with status 3")


@pytest.mark.parametrize("path", ["journal", "faults", "clock", "metrics", "snapshot"])
def test_requests_that_concern_one_worker_are_refused(shared: Running, path: str) -> None:
    for answer in ask_each(shared, "GET", f"/_emulator/{path}")[:4]:
        assert answer.status == 409
        assert "start the server with one worker" in answer.text


def test_reset_restores_the_seed_for_all_workers(shared: Running) -> None:
    client(shared).put_object("b", b"x")
    client(shared).put_object("a", b"changed")
    assert shared.ask("POST", "/_emulator/reset", x_oss_emulator="1").status == 200
    answers = ask_each(shared, "GET", "/examplebucket/a")
    assert {answer.text for answer in answers} == {"seeded"}
    assert {answer.status for answer in ask_each(shared, "GET", "/examplebucket/b")} == {404}


def test_callback_never_reaches_another_worker(shared: Running) -> None:
    bucket = client(shared)
    callback = {"callbackUrl": f"{shared.endpoint}/_emulator/reset", "callbackBody": "x"}
    encoded = b64encode(json.dumps(callback).encode()).decode()
    for _ in range(8):
        result = bucket.put_object("b", b"kept", headers={"x-oss-callback": encoded})
        assert b"leads to the emulator itself" in result.resp.read()
    assert bucket.get_object("b").read() == b"kept"


def test_workers_share_one_ca(shared: Running) -> None:
    context = ssl.create_default_context(cafile=shared.ready["ca_file"])
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    for _ in range(20):
        url = f"{shared.ready['https_endpoint']}/examplebucket/a"
        with opener.open(url, timeout=60) as answer:
            assert answer.read() == b"seeded"


def test_all_workers_write_one_access_log(folder: Path) -> None:
    log = folder / "access.log"
    with serving(folder, *flags(folder), "--access-log", str(log)) as running:
        ask_each(running, "GET", "/examplebucket/a")
        assert running.end() == 0
    lines = log.read_text().splitlines()
    assert len(lines) == 40
    assert all('"GetObject"' in line for line in lines)
