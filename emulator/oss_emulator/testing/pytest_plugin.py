"""The pytest plugin: fixtures for tests against the emulator. pytest loads it automatically.

It imports no other module of the package until a test uses a fixture.
"""

import re
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, Union
from urllib.parse import quote
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    import oss2
    from oss_referer import RefererConfiguration

    from oss_emulator import Emulator
    from oss_emulator.testing.remote import RemoteEmulator, ServerSession

AnyEmulator: TypeAlias = Union["Emulator", "RemoteEmulator"]

_INI = {
    "oss_emulator_region": "the region of the emulator (default: cn-hangzhou)",
    "oss_emulator_access_key_id": "the id of the access key (default: oss-emulator)",
    "oss_emulator_access_key_secret": "the secret of the access key (default: oss-emulator-secret)",
    "oss_emulator_auth": "how signatures are verified: strict (default), relaxed or off",
    "oss_emulator_accounts": "a file of accounts instead of the key, relative to the root folder",
    "oss_emulator_assumptions": "a file of assumptions (letter_case = …), relative to the root",
    "oss_emulator_seed": "a seed file that each test starts with, relative to the root folder",
    "oss_emulator_acl": "the ACL of oss_bucket (default: public-read)",
}


_URL = "oss_emulator_url"
_RUNNING = pytest.StashKey[list["Emulator | ServerSession"]]()
"""The servers that tests currently use."""

_REMOTE = pytest.StashKey[dict[str, "RemoteEmulator"]]()
"""The emulator of each fixture, by its name, if the server runs in another process."""

_TEST = pytest.StashKey[str]()

_MARK = "oss_rules"

_WRITTEN = pytest.StashKey[int]()
"""The number of marks at a test itself; a conftest may add one that these override."""

_RULES = pytest.StashKey["RefererConfiguration"]()
"""The rules of a test's mark until `oss_bucket` takes them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    for name, text in _INI.items():
        parser.addini(name, text)
    parser.getgroup("oss-emulator").addoption(
        "--oss-emulator-url",
        dest=_URL,
        metavar="URL",
        help="use the server at URL, which oss-emulator serve has started, and link its console",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{_MARK}(rules): the hotlink protection of oss_bucket, as a file relative to the test or "
        "to the root folder, as text (XML, JSON, TOML), a mapping or a RefererConfiguration",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Tell the servers which test sends the following requests."""
    item.config.stash[_TEST] = item.nodeid
    for emulator in item.config.stash.get(_RUNNING, ()):
        with suppress(ConnectionError, ValueError):  # tests that use an ended server fail
            emulator.mark(item.nodeid)


def pytest_itemcollected(item: pytest.Item) -> None:
    item.stash[_WRITTEN] = sum(mark.name == _MARK for mark in item.own_markers)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Read the rules of a test's mark, also if it may not need them; raises UsageError."""
    for node in item.listchain():
        found = sum(mark.name == _MARK for mark in node.own_markers)
        if node.stash.get(_WRITTEN, found) > 1:
            where = node.nodeid or "the session"
            raise pytest.UsageError(f"{where} has several marks {_MARK}; keep one of them")
    mark = item.get_closest_marker(_MARK)
    if mark is not None:
        item.stash[_RULES] = _read_rules(item, mark)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Fail a test that passes although no bucket has its own rules."""
    yield
    if said := _unused_rules(item):
        pytest.fail(said, pytrace=False)


def _unused_rules(item: pytest.Item) -> str:
    """Say that no bucket has the rules of a test's own mark; "" if one may have them.

    A mark of a class, a module or a conftest may also reach tests without a bucket.
    """
    is_own, names = item.stash.get(_WRITTEN, 0), getattr(item, "fixturenames", ())
    if not is_own or _RULES not in item.stash or "oss_bucket" in names:
        return ""
    return (
        f"{_MARK}: no bucket has these rules, because the test does not use oss_bucket; use it, or "
        "remove the mark and create a bucket with oss_emulator.bucket(NAME, rules=…)"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report where the requests of a failed test are, and a hint for a mismatch of scopes."""
    report = yield
    if report.failed:
        # A server of this process can be inspected only while pdb runs.
        said = [] if _is_debugged(item.config) else _links(item, only_remote=True)
        said += [*_scope_hints(report), *filter(None, [_unused_rules(item)])]
        report.sections += [("oss-emulator", text) for text in said]
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """Print where the requests of the failed test are before pdb begins."""
    if _is_debugged(node.config) and isinstance(node, pytest.Item):
        for text in _links(node, only_remote=False):
            node.config.get_terminal_writer().line(text)


def _is_debugged(config: pytest.Config) -> bool:
    return bool(config.getoption("usepdb", default=False))


_EMULATORS = ("Emulator", "RemoteEmulator")  # names, because the classes may not be imported


def _links(item: pytest.Item, *, only_remote: bool) -> list[str]:
    """Return sentences with links to the requests of a test."""
    if only_remote and not item.config.getoption(_URL):
        return []
    used = getattr(item, "funcargs", {}).values()
    servers = {value.endpoint for value in used if type(value).__name__ in _EMULATORS}
    name = f'"{item.nodeid}"' if " " in item.nodeid else item.nodeid
    test = quote(name, safe="/:")
    return [f"The requests of this test: {at}/_emulator/requests?q=test:{test}" for at in servers]


_MISMATCH = re.compile(r"ScopeMismatch: .* (oss_(?:emulator|bucket|intercept)) with a (\w+) scoped")
_INSTEAD = {
    "oss_emulator": "ask for {0}",
    "oss_bucket": 'ask for {0} and create a bucket with {0}.bucket("NAME")',
    "oss_intercept": "ask for {0} and use oss_emulator.testing.intercept({0}.endpoint)",
}
"""Advice for a fixture of a wider scope that uses these."""


def _scope_hints(report: pytest.TestReport) -> list[str]:
    found = _MISMATCH.search(report.longreprtext)
    if found is None:
        return []
    name, scope = found.groups()
    wider = f"{scope if scope in ('class', 'module') else 'session'}_oss_emulator"
    return [
        f"{name} is reset before each test, so a fixture for several tests would lose "
        f"its contents: {_INSTEAD[name].format(wider)}."
    ]


def _run_emulator(request: pytest.FixtureRequest) -> Iterator[AnyEmulator]:
    """Run an emulator with the options of the configuration, or use a server of another process."""
    if request.config.getoption(_URL):
        yield _use_remote(request)
        return
    from oss_emulator import Emulator

    settings = _key_settings(request.config)
    for name in ("auth", "accounts", "assumptions", "seed"):
        value = request.config.getini(f"oss_emulator_{name}")
        if value:
            settings[name] = value if name == "auth" else request.config.rootpath / value
    with Emulator(**settings) as running:
        yield from _note(running, request.config)


def _key_settings(config: pytest.Config) -> dict[str, Any]:
    names = ("region", "access_key_id", "access_key_secret")
    return {name: value for name in names if (value := config.getini(f"oss_emulator_{name}"))}


_T = TypeVar("_T", "Emulator", "ServerSession")


def _note(server: _T, config: pytest.Config) -> Iterator[_T]:
    """Tell a server which test runs while tests use it."""
    running = config.stash.setdefault(_RUNNING, [])
    server.mark(config.stash.get(_TEST, ""))
    running.append(server)
    yield server
    running.remove(server)


@pytest.fixture(scope="session")
def _oss_session(pytestconfig: pytest.Config) -> Iterator["ServerSession"]:
    """The session of this process with the server of --oss-emulator-url."""
    from oss_emulator.testing.remote import ServerSession

    try:
        with closing(ServerSession(pytestconfig.getoption(_URL))) as session:
            yield from _note(session, pytestconfig)
    except (ConnectionError, ValueError) as error:
        raise pytest.UsageError(f"--oss-emulator-url: {error}") from None


def _use_remote(request: pytest.FixtureRequest) -> "RemoteEmulator":
    """Return the server for a fixture, after removing the buckets of its last use."""
    from oss_emulator.testing.remote import RemoteEmulator

    session: ServerSession = request.getfixturevalue("_oss_session")
    used = request.config.stash.setdefault(_REMOTE, {})
    name = request.fixturename or ""
    if name not in used:
        used[name] = RemoteEmulator(session, **_key_settings(request.config))
    used[name].reset()
    return used[name]


# Separate servers, so that a test does not reset the contents of a wider fixture.
class_oss_emulator = pytest.fixture(scope="class", name="class_oss_emulator")(_run_emulator)
module_oss_emulator = pytest.fixture(scope="module", name="module_oss_emulator")(_run_emulator)
session_oss_emulator = pytest.fixture(scope="session", name="session_oss_emulator")(_run_emulator)

_oss_emulator = pytest.fixture(scope="session", name="_oss_emulator")(_run_emulator)
"""The emulator of this process; each worker of pytest-xdist has its own."""


@pytest.fixture
def oss_emulator(_oss_emulator: AnyEmulator) -> AnyEmulator:
    """A running emulator, reset before each test, so that a failed test can be inspected."""
    _oss_emulator.reset()
    return _oss_emulator


_NUMBERS = count(1)


@pytest.fixture
def oss_bucket(oss_emulator: AnyEmulator, request: pytest.FixtureRequest) -> "oss2.Bucket":
    """A new, empty bucket with the rules of the test's `oss_rules` marker."""
    acl = request.config.getini("oss_emulator_acl") or "public-read"
    rules = request.node.stash.get(_RULES, None)
    if rules is not None:
        del request.node.stash[_RULES]
    # Workers and earlier sessions may use the same server.
    number = uuid4().hex[:12] if request.config.getoption(_URL) else next(_NUMBERS)
    return oss_emulator.bucket(f"test-bucket-{number}", acl=acl, rules=rules)


@pytest.fixture
def oss_intercept(oss_emulator: AnyEmulator) -> Iterator[AnyEmulator]:
    """Send requests to endpoints of OSS and STS to the emulator; its key must sign them."""
    from oss_emulator.testing.interception import intercept

    with intercept(oss_emulator.endpoint):
        yield oss_emulator


def _read_rules(item: pytest.Item, mark: pytest.Mark) -> "RefererConfiguration":
    from oss_referer.sources import assumptions

    from oss_emulator.testing import rules

    if len(mark.args) != 1 or mark.kwargs:
        raise pytest.UsageError(f'{_MARK} takes one value: @pytest.mark.{_MARK}("rules.xml")')
    root = item.config.rootpath
    file = "" if item.config.getoption(_URL) else item.config.getini("oss_emulator_assumptions")
    try:
        assumed = {"assumptions": assumptions.read(root / file)} if file else {}
        return rules.read(mark.args[0], item.path.parent, root, **assumed)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"{_MARK}: {error}") from None
