"""What the journal knows of the tests that use the plugin, and where a failed test leads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from oss_emulator import Emulator

from tests.plugin.process import Outcomes, run_pytest

FILES = {
    "pytest.ini": "[pytest]\n",
    "test_sent.py": """
import pytest
import requests
from oss_emulator.testing import assert_denied

@pytest.fixture(scope="module")
def shared(module_oss_emulator):
    return module_oss_emulator.bucket("shared")

@pytest.mark.parametrize("key", ["a/b", "c d"])
def test_put(oss_bucket, shared, key):
    oss_bucket.put_object(key, b"1")
    shared.put_object(key, b"1")

def test_denied(oss_bucket):
    oss_bucket.put_object("a", b"1")
    assert_denied(oss_bucket, "a")

def test_other_failure(oss_emulator):
    bucket = oss_emulator.bucket("fixed", acl="private")
    address = f"{oss_emulator.endpoint}/fixed/none"
    assert requests.get(address, timeout=20).status_code == 404

def test_fixed_name_is_new_again(oss_emulator):
    bucket = oss_emulator.bucket("fixed")
    assert not list(bucket.list_objects().object_list)
    bucket.put_object("a", b"1")
    bucket.delete_object("a")
    bucket.delete_bucket()  # nothing is left to be removed
    assert [entry.operation for entry in oss_emulator.journal][-1] == "DeleteBucket"

def test_member_of_this_process(oss_emulator):
    oss_emulator.controls

@pytest.mark.oss_rules({"allow_empty_referer": False, "whitelist": ["http://a/"]})
def test_passes_without_a_request_of_its_own(oss_bucket):
    pass
""",
}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        folder.joinpath(name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    """A server that is not in the process of the tests."""
    with Emulator() as emulator:
        emulator.bucket("mine").put_object("kept", b"1")
        yield emulator


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory, server: Emulator) -> Outcomes:
    """Run the tests of the project once against the server."""
    folder = tmp_path_factory.mktemp("project")
    write(folder, FILES)
    return run_pytest(folder, "-rN", "--oss-emulator-url", server.endpoint)


def sent_by(server: Emulator, test: str) -> list[tuple[str, str]]:
    """Return the operations and keys of a test."""
    return [(entry.operation, entry.key) for entry in server.journal if entry.test == test]


def test_journal_names_each_parameter_of_a_test(server: Emulator, outcomes: Outcomes) -> None:
    for key in ("a/b", "c d"):
        puts = [("PutObject", key)] * 2
        assert sent_by(server, f"test_sent.py::test_put[{key}]")[-2:] == puts, outcomes.output


def test_failed_test_links_its_requests(server: Emulator, outcomes: Outcomes) -> None:
    for name in ("test_denied", "test_other_failure"):
        link = f"{server.endpoint}/_emulator/requests?test=test_sent.py::{name}"
        assert outcomes.output.count(f"The requests of this test: {link}\n") == 1
    assert outcomes.output.count("The requests of this test") == 3
    assert sent_by(server, "test_sent.py::test_denied")[-1] == ("GetObject", "a")


def test_link_leads_to_the_requests_of_that_test(server: Emulator, outcomes: Outcomes) -> None:
    assert outcomes.tests
    link = f"{server.endpoint}/_emulator/requests?test=test_sent.py::test_denied"
    page = requests.get(link, headers={"Accept": "text/html"}, timeout=20).text
    assert '<option value="test_sent.py::test_denied" selected>' in page
    shown = re.findall(r'<small class="test"><bdi class="data">([^<]*)<', page)
    assert shown == ["test_sent.py::test_denied"] * 2
    number = re.findall(r'data-number="(\d+)"', page)[0]
    at = f"{server.endpoint}/_emulator/requests/{number}"
    story = requests.get(at, headers={"Accept": "text/html"}, timeout=20).text
    assert 'requests?test=test_sent.py%3A%3Atest_denied"' in story


def test_buckets_of_earlier_tests_are_gone_and_those_of_others_stay(
    server: Emulator, outcomes: Outcomes
) -> None:
    assert outcomes.of("test_sent")["test_fixed_name_is_new_again"] == ""
    left = [bucket.name for bucket in server.service.storage.buckets()]
    assert {name.partition("-")[0] for name in left} == {"mine", "shared", "test"}
    assert len(left) == 3  # the last test's bucket can still be looked at
    assert server.bucket("mine").get_object("kept").read() == b"1"


def test_members_of_a_server_in_this_process_say_so(outcomes: Outcomes) -> None:
    text = outcomes.of("test_sent")["test_member_of_this_process"]
    assert "controls is not available for the server of another process: use its API" in text


def test_requests_after_the_session_are_of_no_test(server: Emulator, outcomes: Outcomes) -> None:
    assert outcomes.tests
    server.bucket("mine").get_object("kept").read()
    assert server.journal[-1].test == ""


def test_journal_in_process_names_the_test_and_no_link_leads_to_a_server_that_ends(
    tmp_path: Path,
) -> None:
    files = {
        "pytest.ini": "[pytest]\n",
        "test_here.py": """
import asyncio
import aiohttp
import pytest

@pytest.fixture(scope="module")
def used(module_oss_emulator):
    module_oss_emulator.bucket("shared", acl="public-read").put_object("a", b"1")
    return module_oss_emulator

async def fetch(emulator):
    async with aiohttp.ClientSession() as session:
        await session.get(f"{emulator.endpoint}/shared/a")

def test_first(used):
    asyncio.run(fetch(used))

@pytest.mark.parametrize("n", [1, 2])
def test_second(used, n):
    asyncio.run(fetch(used))

def test_journal(used):
    sent = [(e.operation, e.test) for e in used.journal if e.operation.endswith("Object")]
    assert sent == [
        ("PutObject", "test_here.py::test_first"),
        ("GetObject", "test_here.py::test_first"),
        ("GetObject", "test_here.py::test_second[1]"),
        ("GetObject", "test_here.py::test_second[2]"),
    ]

def test_failure(oss_emulator):
    assert False
""",
    }
    write(tmp_path, files)
    outcomes = run_pytest(tmp_path)
    assert [name for name, text in outcomes.of("test_here").items() if text] == ["test_failure"]
    assert "The requests of this test" not in outcomes.output


@pytest.mark.system
def test_pdb_says_where_the_requests_are_while_it_asks(tmp_path: Path) -> None:
    files = {
        "pytest.ini": "[pytest]\n",
        "test_here.py": "def test_failure(oss_emulator):\n    assert False\n",
        "silent_pdb.py": """
import pdb

class Pdb(pdb.Pdb):
    def interaction(self, *frame_and_traceback):
        pass
""",
    }
    write(tmp_path, files)
    flags = ("--pdb", "--pdbcls=silent_pdb:Pdb")
    outcomes = run_pytest(tmp_path, *flags, PYTHONPATH=str(tmp_path))
    link = "/_emulator/requests?test=test_here.py::test_failure\n"
    assert outcomes.output.count(link) == 1


@pytest.mark.system
def test_url_without_an_emulator_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\n", "test_a.py": "def test_a(oss_emulator): pass\n"})
    flags = ("--oss-emulator-url", "http://127.0.0.1:9")
    text = run_pytest(tmp_path, *flags).of("test_a")["test_a"]
    sentence = "*--oss-emulator-url: http://127.0.0.1:9 is not an emulator that answers: *refused*"
    pytest.LineMatcher(text.splitlines()).fnmatch_lines([sentence])


WIDER = [
    ("module", "oss_emulator", "ask for module_oss_emulator."),
    ("package", "oss_emulator", "ask for session_oss_emulator."),
    ("class", "oss_bucket", "ask for class_oss_emulator and create a bucket with *"),
    ("session", "oss_intercept", "*oss_emulator.testing.intercept(session_oss_emulator*"),
]
"""The scope of a fixture, what it asks for, and what it is told."""


def test_wider_fixture_learns_which_one_to_ask_for(tmp_path: Path) -> None:
    text = "import pytest\n" + "".join(
        f"@pytest.fixture(scope={scope!r})\ndef wide{number}({name}):\n    pass\n"
        f"def test_{number}(wide{number}): pass\n"
        for number, (scope, name, _) in enumerate(WIDER)
    )
    write(tmp_path, {"pytest.ini": "[pytest]\n", "test_a.py": text})
    lines = run_pytest(tmp_path).output.splitlines()
    expected = [f"{name} starts anew before each test*{said}" for _, name, said in WIDER]
    pytest.LineMatcher(lines).fnmatch_lines(expected)


@pytest.mark.system
def test_workers_of_xdist_share_a_server_and_the_journal_tells_their_tests_apart(
    tmp_path: Path, server: Emulator
) -> None:
    files = {
        "pytest.ini": "[pytest]\n",
        "test_workers.py": """
import pytest

@pytest.mark.parametrize("number", range(12))
def test_put(oss_bucket, number):
    for count in range(5):
        oss_bucket.put_object(f"w{number}", b"1")
""",
    }
    write(tmp_path, files)
    flags = ("-n", "2", "--oss-emulator-url", server.endpoint)
    outcomes = run_pytest(tmp_path, *flags, loaded=("xdist",))
    outcomes.check("test_workers", passed=12)
    for number in range(12):
        sent = sent_by(server, f"test_workers.py::test_put[{number}]")
        assert [key for _, key in sent if key] == [f"w{number}"] * 5
