"""The pytest plugin: fixtures for tests against the emulator. pytest loads it by itself.

It imports nothing else of the package until a test uses a fixture.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import oss2

    from oss_emulator import Emulator
    from oss_emulator.referer import RefererConfiguration

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


def pytest_addoption(parser: pytest.Parser) -> None:
    for name, text in _INI.items():
        parser.addini(name, text)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "oss_rules(file): the hotlink protection of oss_bucket, as a file of XML, JSON or TOML "
        "relative to the test or to the root folder",
    )


@pytest.fixture(scope="session")
def _oss_emulator(pytestconfig: pytest.Config) -> Iterator["Emulator"]:
    """The emulator of this process; each worker of pytest-xdist has its own."""
    from oss_emulator import Emulator

    settings: dict[str, Any] = {}
    for name in ("region", "access_key_id", "access_key_secret", "auth"):
        value = pytestconfig.getini(f"oss_emulator_{name}")
        if value:
            settings[name] = value
    for name in ("accounts", "assumptions", "seed"):
        path = pytestconfig.getini(f"oss_emulator_{name}")
        if path:
            settings[name] = pytestconfig.rootpath / path
    with Emulator(**settings) as running:
        yield running


@pytest.fixture
def oss_emulator(_oss_emulator: "Emulator") -> Iterator["Emulator"]:
    """A running emulator, reset after each test."""
    yield _oss_emulator
    _oss_emulator.reset()


_NUMBERS = count(1)


@pytest.fixture
def oss_bucket(oss_emulator: "Emulator", request: pytest.FixtureRequest) -> "oss2.Bucket":
    """A new, empty bucket with the rules of the test's `oss_rules` marker."""
    acl = request.config.getini("oss_emulator_acl") or "public-read"
    marker = request.node.get_closest_marker("oss_rules")
    rules = None if marker is None else _read_rules(request, *marker.args)
    return oss_emulator.bucket(f"test-bucket-{next(_NUMBERS)}", acl=acl, rules=rules)


@pytest.fixture
def oss_intercept(oss_emulator: "Emulator") -> Iterator["Emulator"]:
    """Send requests for the endpoints of OSS and STS to the emulator, whose key must sign them."""
    from oss_emulator.testing.interception import intercept

    with intercept(oss_emulator.endpoint):
        yield oss_emulator


def _read_rules(request: pytest.FixtureRequest, *names: str) -> "RefererConfiguration":
    from oss_emulator.lab import sources
    from oss_emulator.toml import SourceError, read_file

    if len(names) != 1:
        raise pytest.UsageError('oss_rules names one file: @pytest.mark.oss_rules("rules.xml")')
    beside, root = request.path.parent / names[0], request.config.rootpath / names[0]
    path: Path = beside if beside.exists() else root
    try:
        named = sources.parse(read_file(path))
    except OSError as error:
        raise pytest.UsageError(f"oss_rules: {path} cannot be read: {error.strerror}") from None
    except SourceError as error:
        raise pytest.UsageError(f"oss_rules: {path}, {error}") from None
    if len(named) != 1:
        raise pytest.UsageError(f"oss_rules: {path} holds several rules: {', '.join(named)}")
    return next(iter(named.values()))
