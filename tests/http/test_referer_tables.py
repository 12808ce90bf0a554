"""Hotlink protection over HTTP: every decision table, and cases that do not fit into a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from oss_referer import Assumptions, RefererConfiguration
from oss_referer.sources import referer_xml, tables

from tests.client import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    SETTINGS,
    SIGNERS,
    Answer,
    Client,
    Live,
    check_error,
    serve,
    sign,
    write,
)
from tests.http import forms
from tests.rows import check_differences

FOLDER = Path(__file__).parents[2] / "fixtures" / "referer"
TABLES = {path.stem: tables.read(path) for path in sorted(FOLDER.glob("*.toml"))}

KEY = "dir/logo 中.png"
BODY = b"a picture"
ECS = {"0003-00000501", "0003-00000502", "0003-00000503"}
"""R-11 … R-13"""


def _signers(case: tables.Case) -> list[str]:
    # Forms have no signature of version 2.
    return {"none": [""], "form": ["v1", "v4"]}.get(case.signed, ["v1", "v2", "v4"])


def rules(live: Live, bucket: str, configuration: RefererConfiguration) -> None:
    live.put(f"/{bucket}?referer", referer_xml.format(configuration))


def signer(version: str) -> Any:
    return SIGNERS[version](ACCESS_KEY_ID, ACCESS_KEY_SECRET)


def ask(client: Client, case: tables.Case, bucket: str, version: str, key: str = KEY) -> Answer:
    """Send the request of a case."""
    bucket, key = {"object": (bucket, key), "bucket": (bucket, ""), "service": ("", "")}[case.scope]
    if case.method == "POST":
        return _post(client, case, bucket, version, key)
    auth = signer(version) if version else None
    target, headers = sign(auth, case.signed, case.method, bucket, key)
    headers = [(name, value) for name, value in headers if name.lower() != "referer"]
    headers += [("Referer", value) for value in case.referer]
    body = b"new" if case.method == "PUT" else None
    return client.request(case.method, target, headers, body)


def _post(client: Client, case: tables.Case, bucket: str, version: str, key: str) -> Answer:
    """Send the form that puts an object."""
    signers: dict[str, Callable[[str], forms.Fields]] = {
        "": lambda policy: [],
        "v1": forms.sign_v1,
        "v4": forms.sign_v4,
    }
    fields = [("key", key), *signers[version](forms.policy([["starts-with", "$key", ""]]))]
    referers = [("Referer", value) for value in case.referer]
    return forms.post(client, bucket, forms.form(fields), *referers)


def check_denied(answer: Answer, bucket: str, ec: str, host: str) -> None:
    """R-35 to the letter."""
    check_error(
        answer,
        403,
        "AccessDenied",
        "You are denied by bucket referer policy.",
        ec,
        BucketName=bucket,
    )
    assert answer.error["HostId"] == host


def expected_status(case: tables.Case) -> int:
    """Return the status if the rules allow a request: the ACL and the object decide."""
    anonymous = case.signed == "none"
    if case.scope != "object":
        return 403 if anonymous else 200
    reads = case.method in ("GET", "HEAD")
    if anonymous and not (case.acl == "public-read-write" or (case.acl == "public-read" and reads)):
        return 403
    if reads:
        return 200 if case.object == "present" else 404
    return {"PUT": 200, "POST": 204, "DELETE": 204}[case.method]


@pytest.fixture(scope="module")
def live_under() -> Iterator[Callable[[Assumptions], Live]]:
    """Return a function that returns the server for given assumptions; each starts once."""
    started: dict[Assumptions, Live] = {}
    with ExitStack() as stack:

        def start(assumptions: Assumptions) -> Live:
            if assumptions not in started:
                settings = replace(SETTINGS, assumptions=assumptions)
                started[assumptions] = stack.enter_context(serve(settings))
            return started[assumptions]

        yield start


@pytest.mark.parametrize("name", TABLES)
def test_table_holds_over_http(live_under: Callable[[Assumptions], Live], name: str) -> None:
    """Each case uses one of its signers in turn, because rules treat all signers alike."""
    wrong, table = {}, TABLES[name]
    for number, case in enumerate(table.cases):
        signers = _signers(case)
        try:
            check_case(
                live_under(case.assumptions),
                f"table-{number}",
                table.rules[case.rules],
                case,
                signers[number % len(signers)],
            )
        except AssertionError as error:
            wrong[case.name] = [str(error).partition("\n")[0]]
    check_differences(wrong)


def check_case(
    live: Live, bucket: str, configuration: RefererConfiguration, case: tables.Case, version: str
) -> None:
    live.drop_bucket(bucket)  # of another table
    live.put_bucket(bucket, case.acl)
    rules(live, bucket, configuration)
    if case.object == "present":
        live.put(f"/{bucket}/dir%2Flogo%20%E4%B8%AD.png", BODY)
    answer = ask(live.client, case, bucket, version)
    told = answer.headers.get("x-oss-ec")
    told = told if told in ECS else None
    assert told == case.ec, f"ec: expected {case.ec!r}, was {told!r}"
    if case.verdict == "deny":
        assert case.ec is not None, "the case does not say which ec it expects"
        check_denied(answer, bucket, case.ec, f"{live.host}:{live.port}")
        stored = live.run(lambda: live.service.storage.object(bucket, KEY))
        assert (stored is not None) == (case.object == "present")
        return
    if case.method == "OPTIONS":
        return  # CORS decides on preflights
    assert answer.status == expected_status(case)
    if answer.status == 200 and case.method == "GET" and case.scope == "object":
        assert answer.body == BODY


# --- cases that no table can express

SITE = RefererConfiguration(
    allow_empty_referer=False,
    whitelist=("https://www.example.com/",),
    blacklist=("https://www.example.com/embed",),
)
THIEF = ("Referer", "https://thief.example/")
GUEST = ("Referer", "https://www.example.com/")


@pytest.fixture
def site(live: Live, make_bucket: Callable[..., str]) -> str:
    """A public bucket that only www.example.com may embed, with the object `a`."""
    bucket = make_bucket("public-read")
    rules(live, bucket, SITE)
    live.put(f"/{bucket}/a", BODY)
    return bucket


def test_body_of_a_denied_upload_is_not_parsed_as_a_request(client: Client, site: str) -> None:
    body = write("DELETE", f"/{site}/a", [("Host", "localhost"), GUEST])
    with client.connect() as connection:
        head = [("Host", "localhost"), THIEF, ("Content-Length", "1000")]
        answer = connection.request("PUT", f"/{site}/a", head)
        check_denied(answer, site, "0003-00000503", "localhost")
        assert answer.headers["Connection"] == "close"
        connection.send(body)
        connection.finish()
        assert connection.ends()
    assert client.get(f"/{site}/a", GUEST).body == BODY


def test_long_referer_is_decided_in_time(live: Live, client: Client, make_bucket: Any) -> None:
    """8 KiB against an entry on which a backtracking matcher would never end."""
    bucket = make_bucket("public-read")
    rules(live, bucket, RefererConfiguration(whitelist=("*a*a*a*a*a*a*a*a*a*b",)))
    live.put(f"/{bucket}/a", BODY)
    long = "https://" + "a" * 8192
    assert client.get(f"/{bucket}/a", ("Referer", long)).status == 403
    assert client.get(f"/{bucket}/a", ("Referer", long + "b")).status == 200
