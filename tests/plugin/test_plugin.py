"""The pytest plugin, tested in separate pytest runs; most tests share one run."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from oss_emulator import Emulator

from tests.docs.markdown import blocks
from tests.plugin.process import Outcomes, run_here, run_pytest
from tests.rows import rows

ROOT = Path(__file__).parents[2]
PAGES = {"readme": ROOT / "README.md", "testing": ROOT / "docs" / "testing.md"}
"""Pages with a test each."""

with (ROOT / "fixtures" / "tests" / "plugin.toml").open("rb") as file:
    PROJECTS = tomllib.load(file)
"""The projects whose tests are run, each with the texts of its files."""

RULES = """<RefererConfiguration>
  <AllowEmptyReferer>false</AllowEmptyReferer>
  <RefererList><Referer>http://www.example.com/</Referer></RefererList>
</RefererConfiguration>
"""

FAILURES = [
    (
        'assert_denied(oss_bucket, "a", referer="http://www.example.com/x")',
        [
            "*Error: allowed (200), should be denied: GET *'http://www.example.com/x'.",
            "*The rules allowed it (whitelisted, documented):",
            "*The whitelist entry 'http://www.example.com/' matches. ?R-13*",
        ],
    ),
    (
        'assert_allowed(oss_bucket, "a")',
        [
            "*Error: denied by the rules (403, EC 0003-00000501), should be allowed: GET *",
            "*The rules denied it (empty-denied, documented):",
            "*AllowEmptyReferer is false and there is a whitelist. ?R-10, R-11*",
        ],
    ),
    (
        'assert_denied(oss_bucket, "a", referer="http://evil/", ec="0003-00000502")',
        ["*EC 0003-00000503), should be denied with 0003-00000502: *", "*No whitelist entry*"],
    ),
    (
        'assert_allowed(oss_bucket, "none", referer="http://www.example.com/")',
        ["*answered with 404, EC *, should be allowed: *", "*The rules allowed it*"],
    ),
    (
        'oss_bucket.put_bucket_acl("private"); '
        'assert_denied(oss_bucket, "a", referer="http://www.example.com/")',
        ["*EC 0003-00000001, should be denied: *", '*acl="public-read", or pass signed=True.'],
    ),
    (
        'oss_bucket.put_object_acl("a", "private"); '
        'assert_allowed(oss_bucket, "a", referer="http://www.example.com/")',
        ["*EC 0003-00000005, should be allowed: *", '*acl="public-read", or pass signed=True.'],
    ),
]
"""Failing assertions, and the lines of their messages in order."""

BAD_RULES = [
    ('"none.xml"', "oss_rules: none.xml does not exist in *; name it from one of these folders"),
    ('"bad.xml"', "*bad.xml, line 2, column 3: *Refererlist*"),
    ('"two.toml"', "*two.toml holds several rules: one, two; give one of them"),
    ("", 'oss_rules takes one value: @pytest.mark.oss_rules("rules.xml")'),
    ('"<RefererConfiguration/>"', "rules, line 1, column 1: AllowEmptyReferer is missing; write *"),
    ('{"whitelist": [3]}', "rules: whitelist[[]0] is 3; write a string"),
    ("3", "rules are of the type int; give a file, a text, a mapping or a RefererConfiguration"),
]
"""Arguments of the marker, and the errors that they cause."""

UNUSED = "oss_rules: no bucket has these rules, because the test does not use oss_bucket; *"
MARKS = [
    ("missing", "oss_rules: missing.xml does not exist in *; name it from one of these folders"),
    ("missing_with_intercept", "oss_rules: missing.xml does not exist in *"),
    ("missing_without_a_fixture", "oss_rules: missing.xml does not exist in *"),
    ("of_the_function", UNUSED),
    ("of_the_function_with_intercept", UNUSED),
    ("of_a_parameter[1]", UNUSED),
    ("of_the_class", ""),
    ("of_the_class_missing", "oss_rules: missing.xml does not exist in *"),
    ("of_the_module", ""),
    ("of_the_module_with_a_bucket", ""),
    ("of_a_conftest", ""),
    ("used_at_run_time", ""),
    ("used_by_a_fixture", ""),
    ("skipped", ""),
    ("twice", "test_marks.py::test_twice has several marks oss_rules; keep one of them"),
    ("twice_with_a_parameter[1]", "*test_twice_with_a_parameter* has several marks oss_rules; *"),
    ("of_a_subclass", "test_marks.py::TestDerived has several marks oss_rules; keep one of them"),
]
"""Tests with marks, and the errors of those that would otherwise not mean what they say."""

WIDER = [
    ("module", "oss_emulator", "ask for module_oss_emulator."),
    ("package", "oss_emulator", "ask for session_oss_emulator."),
    ("class", "oss_bucket", "ask for class_oss_emulator and create a bucket with *"),
    ("session", "oss_intercept", "*oss_emulator.testing.intercept(session_oss_emulator*"),
]
"""The scope of a fixture, the fixture that it requests, and the one that it is told to use."""

HEADER = """
import pytest
from oss_emulator.testing import assert_allowed, assert_denied
"""
FAILING = """
@pytest.mark.oss_rules("rules.xml")
def test_{number}(oss_bucket):
    oss_bucket.put_object("a", b"1")
    {assertion}
"""
MISUSING = """
@pytest.mark.oss_rules({given})
def test_{number}(oss_bucket):
    pass
"""

FILES = {
    **PROJECTS["project"],
    "rules.xml": RULES,
    "rules.json": '{"AllowEmptyReferer": "false", "RefererList": {"Referer": ["http://a/"]}}',
    "rules.toml": '[rules.a]\nallow_empty_referer = false\nwhitelist = ["b"]\n',
    "bad.xml": "<RefererConfiguration>\n  <Refererlist/></RefererConfiguration>",
    "two.toml": "[rules.one]\nwhitelist = []\n[rules.two]\nwhitelist = []\n",
    "test_failures.py": HEADER
    + "".join(
        FAILING.format(number=number, assertion=assertion)
        for number, (assertion, _) in enumerate(FAILURES)
    ),
    "test_bad_rules.py": HEADER
    + "".join(
        MISUSING.format(number=number, given=given) for number, (given, _) in enumerate(BAD_RULES)
    ),
    "test_wider.py": "import pytest\n"
    + "".join(
        f"@pytest.fixture(scope={scope!r})\ndef wide{number}({name}):\n    pass\n"
        f"def test_{number}(wide{number}): pass\n"
        for number, (scope, name, _) in enumerate(WIDER)
    ),
}
"""A project with tests that pass and tests that fail."""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Run the tests of the project once."""
    folder = tmp_path_factory.mktemp("project")
    write(folder, FILES)
    folder.joinpath("pages").mkdir()
    shutil.copy(ROOT / "examples" / "pytest" / "rules.xml", folder / "pages")
    for name, page in PAGES.items():
        found = [block for block in blocks(page.read_text("utf-8")) if block.language == "python"]
        (code,) = [block.text for block in found if "def test_" in block.text]
        folder.joinpath("pages", f"test_{name}.py").write_text(code, encoding="utf-8")
    return run_here(folder, "-W", "ignore::DeprecationWarning")


def write(folder: Path, files: dict[str, str]) -> None:
    folder.joinpath("pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    for name, text in files.items():
        folder.joinpath(name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_tests_of_the_pages_pass(outcomes: Outcomes, name: str) -> None:
    outcomes.check(f"test_{name}", passed=1)


def test_fixtures_provide_a_server_and_a_new_bucket(outcomes: Outcomes) -> None:
    outcomes.check("test_fixtures", passed=2)


def test_marker_sets_the_rules(outcomes: Outcomes) -> None:
    outcomes.check("test_marker", passed=1)


def test_rules_can_be_files_texts_and_values(outcomes: Outcomes) -> None:
    outcomes.check("test_formats", passed=7)


def test_wider_scopes_have_servers_of_their_own(outcomes: Outcomes) -> None:
    outcomes.check("test_scopes", passed=3)


def test_intercept_redirects_code_for_the_real_service(outcomes: Outcomes) -> None:
    outcomes.check("test_intercept", passed=2)


@pytest.mark.parametrize("number", range(len(FAILURES)))
def test_failure_prints_every_step_of_the_decision(outcomes: Outcomes, number: int) -> None:
    text = outcomes.of("test_failures")[f"test_{number}"]
    pytest.LineMatcher(text.splitlines()).fnmatch_lines(FAILURES[number][1])


@pytest.mark.parametrize("number", range(len(BAD_RULES)))
def test_bad_rules_are_reported_in_one_sentence(outcomes: Outcomes, number: int) -> None:
    text = outcomes.of("test_bad_rules")[f"test_{number}"]
    sentence = f"E *UsageError: *{BAD_RULES[number][1]}"
    pytest.LineMatcher(text.splitlines()).fnmatch_lines([sentence])


@rows(("name", "said"), *MARKS)
def test_mark_that_does_nothing_is_an_error(outcomes: Outcomes, name: str, said: str) -> None:
    tests = {**outcomes.of("test_marks"), **outcomes.of("TestClass")}
    tests |= {**outcomes.of("TestMissing"), **outcomes.of("TestDerived")}
    text = tests[f"test_{name}"]
    if said:
        pytest.LineMatcher(re.sub(r"^E +", "", text, flags=re.M).splitlines()).fnmatch_lines(
            [f"*{said}"]
        )
    else:
        assert text == ""


def test_failure_says_that_no_bucket_has_the_rules(outcomes: Outcomes) -> None:
    assert "with a reason of its own" in outcomes.of("test_marks")["test_failing"]
    pytest.LineMatcher(outcomes.output.splitlines()).fnmatch_lines(["*test_failing*", UNUSED])


def test_journal_in_process_names_the_test_and_no_link_leads_to_a_server_that_ends(
    outcomes: Outcomes,
) -> None:
    assert [name for name, text in outcomes.of("test_here").items() if text] == ["test_failure"]
    assert "The requests of this test" not in outcomes.output


def test_wider_fixture_learns_which_one_to_ask_for(outcomes: Outcomes) -> None:
    expected = [f"{name} is reset before each test*{said}" for _, name, said in WIDER]
    pytest.LineMatcher(outcomes.output.splitlines()).fnmatch_lines(expected)


INI = """[pytest]
oss_emulator_region = cn-beijing
oss_emulator_access_key_id = somebody
oss_emulator_access_key_secret = secret
oss_emulator_auth = relaxed
oss_emulator_assumptions = assumptions.toml
oss_emulator_seed = seed.toml
oss_emulator_acl = private
"""


def test_ini_options_configure_the_server(tmp_path: Path) -> None:
    files = {
        **PROJECTS["ini_options_configure_the_server"],
        "pytest.ini": INI,
        "seed.toml": '[[bucket]]\nname = "seeded"\nacl = "public-read"\n',
        "assumptions.toml": 'letter_case = "case-insensitive"\n',
    }
    write(tmp_path, files)
    run_here(tmp_path).check("test_settings", passed=2)


@pytest.mark.system
def test_each_worker_of_xdist_has_its_own_server(tmp_path: Path) -> None:
    files = PROJECTS["each_worker_of_xdist_has_its_own_server"]
    write(tmp_path, files)
    run_pytest(tmp_path, "-n", "2", loaded=("xdist",)).check("test_workers", passed=8)


def test_unused_plugin_imports_nothing_else(tmp_path: Path) -> None:
    files = PROJECTS["unused_plugin_imports_nothing_else"]
    write(tmp_path, files)
    run_pytest(tmp_path).check("test_unused", passed=1)


# --- a server of another process

SENT = PROJECTS["sent"]


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    """A server that is not in the process of the tests."""
    with Emulator() as emulator:
        emulator.bucket("mine").put_object("kept", b"1")
        yield emulator


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory, server: Emulator) -> Outcomes:
    """Run the tests of the project once against the server."""
    folder = tmp_path_factory.mktemp("project")
    write(folder, SENT)
    return run_here(folder, "-rN", "--oss-emulator-url", server.endpoint)


def sent_by(server: Emulator, test: str) -> list[tuple[str, str]]:
    """Return the operations and keys of a test."""
    return [(entry.operation, entry.key) for entry in server.journal if entry.test == test]


def test_journal_names_each_parameter_of_a_test(server: Emulator, remote: Outcomes) -> None:
    for key in ("a/b", "c d"):
        puts = [("PutObject", key)] * 2
        assert sent_by(server, f"test_sent.py::test_put[{key}]")[-2:] == puts, remote.output


def test_failed_test_links_its_requests(server: Emulator, remote: Outcomes) -> None:
    for name in ("test_denied", "test_other_failure"):
        link = f"{server.endpoint}/_emulator/requests?q=test:test_sent.py::{name}"
        assert remote.output.count(f"The requests of this test: {link}\n") == 1
    assert remote.output.count("The requests of this test") == 2
    assert sent_by(server, "test_sent.py::test_denied")[-1] == ("GetObject", "a")


def test_link_leads_to_the_requests_of_that_test(server: Emulator, remote: Outcomes) -> None:
    assert remote.tests
    link = f"{server.endpoint}/_emulator/requests?q=test:test_sent.py::test_denied"
    page = requests.get(link, headers={"Accept": "text/html"}, timeout=20).text
    assert 'name="q" value="test:test_sent.py::test_denied"' in page
    assert re.findall(r'title="(test_sent[^"]*)"', page) == ["test_sent.py::test_denied"] * 2
    number = re.findall(r'data-number="(\d+)"', page)[-1]
    at = f"{server.endpoint}/_emulator/requests/{number}"
    story = requests.get(at, headers={"Accept": "text/html"}, timeout=20).text
    assert 'requests?q=test:test_sent.py%3A%3Atest_denied"' in story


def test_buckets_of_earlier_tests_are_gone_and_those_of_others_stay(
    server: Emulator, remote: Outcomes
) -> None:
    assert remote.of("test_sent")["test_fixed_name_is_new_again"] == ""
    left = [bucket.name for bucket in server.service.storage.buckets()]
    assert {name.partition("-")[0] for name in left} == {"mine", "shared", "test"}
    assert len(left) == 3  # the bucket of the last test stays for inspection
    assert server.bucket("mine").get_object("kept").read() == b"1"


def test_requests_after_the_session_are_of_no_test(server: Emulator, remote: Outcomes) -> None:
    assert remote.tests
    server.bucket("mine").get_object("kept").read()
    assert server.journal[-1].test == ""


@pytest.mark.system
def test_pdb_says_where_the_requests_are_while_it_asks(tmp_path: Path) -> None:
    files = {
        **PROJECTS["pdb_says_where_the_requests_are_while_it_asks"],
        "test_here.py": "def test_failure(oss_emulator):\n    assert False\n",
    }
    write(tmp_path, files)
    flags = ("--pdb", "--pdbcls=silent_pdb:Pdb")
    remote = run_pytest(tmp_path, *flags, PYTHONPATH=str(tmp_path))
    link = "/_emulator/requests?q=test:test_here.py::test_failure\n"
    assert remote.output.count(link) == 1


@pytest.mark.system
def test_url_without_an_emulator_is_one_sentence(tmp_path: Path) -> None:
    write(tmp_path, {"test_a.py": "def test_a(oss_emulator): pass\n"})
    flags = ("--oss-emulator-url", "http://127.0.0.1:9")
    text = run_pytest(tmp_path, *flags).of("test_a")["test_a"]
    sentence = "*--oss-emulator-url: http://127.0.0.1:9 is not an emulator that answers: *refused*"
    pytest.LineMatcher(text.splitlines()).fnmatch_lines([sentence])


@pytest.mark.system
def test_workers_of_xdist_share_a_server_and_the_journal_tells_their_tests_apart(
    tmp_path: Path, server: Emulator
) -> None:
    files = PROJECTS["workers_of_xdist_share_a_server_and_the_journal_tells_their_tests_apart"]
    write(tmp_path, files)
    flags = ("-n", "2", "--oss-emulator-url", server.endpoint)
    remote = run_pytest(tmp_path, *flags, loaded=("xdist",))
    remote.check("test_workers", passed=12)
    for number in range(12):
        sent = sent_by(server, f"test_workers.py::test_put[{number}]")
        assert [key for _, key in sent if key] == [f"w{number}"] * 5
