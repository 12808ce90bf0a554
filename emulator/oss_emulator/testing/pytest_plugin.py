"""The pytest plugin: fixtures for tests against the emulator. pytest loads it by itself.

It imports nothing else of the package until a test uses a fixture.
"""

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import oss2

    from oss_emulator import Emulator
    from oss_emulator.referer import Assumptions, RefererConfiguration

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
        "oss_rules(rules): the hotlink protection of oss_bucket, as a file relative to the test or "
        "to the root folder, as text (XML, JSON, TOML), a mapping or a RefererConfiguration",
    )


def _run_emulator(pytestconfig: pytest.Config) -> Iterator["Emulator"]:
    """Run an emulator with the options of the configuration."""
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


# Servers of their own, so that what a test resets is not what a wider fixture has prepared.
class_oss_emulator = pytest.fixture(scope="class", name="class_oss_emulator")(_run_emulator)
module_oss_emulator = pytest.fixture(scope="module", name="module_oss_emulator")(_run_emulator)
session_oss_emulator = pytest.fixture(scope="session", name="session_oss_emulator")(_run_emulator)

_oss_emulator = pytest.fixture(scope="session", name="_oss_emulator")(_run_emulator)
"""The emulator of this process; each worker of pytest-xdist has its own."""


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
    assumed = oss_emulator.settings.assumptions
    rules = None if marker is None else _read_rules(request, marker, assumed)
    return oss_emulator.bucket(f"test-bucket-{next(_NUMBERS)}", acl=acl, rules=rules)


@pytest.fixture
def oss_intercept(oss_emulator: "Emulator") -> Iterator["Emulator"]:
    """Send requests for the endpoints of OSS and STS to the emulator, whose key must sign them."""
    from oss_emulator.testing.interception import intercept

    with intercept(oss_emulator.endpoint):
        yield oss_emulator


def _read_rules(
    request: pytest.FixtureRequest, marker: pytest.Mark, assumed: "Assumptions"
) -> "RefererConfiguration":
    from oss_emulator.testing import rules

    if len(marker.args) != 1 or marker.kwargs:
        raise pytest.UsageError('oss_rules takes one value: @pytest.mark.oss_rules("rules.xml")')
    folders = (request.path.parent, request.config.rootpath)
    try:
        return rules.read(marker.args[0], *folders, assumptions=assumed)
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"oss_rules: {error}") from None
