"""SelectObject over HTTP: Referers, permissions, disk, frames on the wire, clients that leave."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import oss2
import pytest
from oss2 import xml_utils
from oss_emulator import Emulator

from tests.client import Answer, Client, Live
from tests.unit.selecting.cases import DATA, END, read, split

RULES = b"""<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>
<RefererList><Referer>http://www.example.com</Referer></RefererList></RefererConfiguration>"""
PAGE = "http://www.example.com/page"

TABLE = b"Ann,31\nBob,25\n"
LARGE = (b"Ann,31," + b"x" * 20_000 + b"\nBob,25\n") * 215
"""More than a storage keeps in memory."""
SELECT = "?x-oss-process=csv/select"
COUNT = xml_utils.to_select_object("select count(*) from ossobject", None)


@pytest.fixture
def protected(live: Live, make_bucket: Callable[..., str]) -> str:
    """A public bucket with rules and a table."""
    name = make_bucket("public-read")
    live.put(f"/{name}/a.csv", TABLE)
    live.put(f"/{name}?referer", RULES)
    return name


def post(client: Client, target: str, body: bytes, referer: str | None = PAGE) -> Answer:
    headers = [("Host", "localhost"), *([("Referer", referer)] if referer else [])]
    return client.request("POST", target, headers, body)


def test_visitor_may_select_but_not_create_a_meta(client: Client, protected: str) -> None:
    """Q-03: SelectObject reads an object, CreateSelectObjectMeta changes one"""
    answer = post(client, f"/{protected}/a.csv{SELECT}", COUNT)
    assert answer.status == 206
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert read(list(split(answer.body))).rows == b"2\n"
    body = xml_utils.to_get_select_object_meta(None)
    answer = post(client, f"/{protected}/a.csv?x-oss-process=csv/meta", body)
    assert answer.status == 403


def test_large_object_is_selected_from_while_it_is_replaced(tmp_path: Path) -> None:
    with Emulator(data=tmp_path / "data") as running:
        bucket = running.bucket("examplebucket")
        bucket.put_object("a.csv", LARGE)
        bucket.create_select_object_meta("a.csv")
        found = bucket.select_object("a.csv", "select _1 from ossobject where _2 > 30")
        bucket.put_object("a.csv", b"new\n")
        assert found.read() == b"Ann\n" * 215
        again = bucket.select_object("a.csv", "select * from ossobject")
        assert again.read() == b"new\n"


def test_requests_are_answered_at_once(live: Live, bucket: oss2.Bucket) -> None:
    bucket.put_object("a.csv", TABLE * 200)

    def ask(number: int) -> bytes:
        sql = f"select count(*) from ossobject where _2 > {number}"
        return bytes(bucket.select_object("a.csv", sql).read())

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(ask, [20, 30])) == [b"400\n", b"200\n"]


def test_client_may_leave(live: Live, bucket: oss2.Bucket) -> None:
    """The server continues, and the work of the client ends."""
    bucket.put_object("a.csv", LARGE)
    body = xml_utils.to_select_object("select * from ossobject", None)
    bucket.put_object_acl("a.csv", "public-read")
    with socket.create_connection(("127.0.0.1", live.port)) as connection:
        head = f"POST /{bucket.bucket_name}/a.csv{SELECT} HTTP/1.1\r\nHost: localhost\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert connection.recv(12) == b"HTTP/1.1 206"
    assert bucket.select_object("a.csv", "select count(*) from ossobject").read() == b"430\n"


def test_error_in_the_data_ends_the_frames(client: Client, bucket: oss2.Bucket) -> None:
    """Q-14"""
    bucket.put_object("a.csv", b"a,b\n" * 10 + b'"c\n', headers={"x-oss-object-acl": "public-read"})
    body = xml_utils.to_select_object("select _1 from ossobject", None)
    answer = post(client, f"/{bucket.bucket_name}/a.csv{SELECT}", body)
    frames = list(split(answer.body))
    assert (answer.status, [frame.type for frame in frames]) == (206, [DATA, END])
    assert (frames[-1].status, frames[-1].message.partition(".")[0]) == (400, "InvalidCsvLine")
