"""The recorded answers of the service and those of help pages: the server returns each of them."""

from __future__ import annotations

import re
import ssl
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from pathlib import Path

import pytest
from oss_emulator.cli.client import ServiceClient, Signer
from oss_emulator.cli.play import Player
from oss_emulator.recording import scenario
from oss_emulator.recording.scenario import RecordedScenario, Recording
from oss_emulator.testing import Emulator
from oss_referer.sources.account import GivenKey

FOLDER = Path(__file__).parents[2] / "fixtures" / "recorded"
RECORDING, ERRORS = (scenario.read(FOLDER / name) for name in ("blob.json", "errors.json"))

Differences = dict[tuple[str, int], str]
"""The reasons of steps with different answers, by scenario and number."""


def _read_differences(name: str) -> Differences:
    document = tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
    items = document.get("difference", [])
    return {(item["scenario"], item["step"]): item["reason"] for item in items}


EXPECTED = _read_differences("differences.toml")
ERRORS_EXPECTED = _read_differences("errors.toml")

SCENARIOS = [
    (file, expected, each)
    for file, expected in ((RECORDING, EXPECTED), (ERRORS, ERRORS_EXPECTED))
    for each in file.scenarios
]

MakePlayer = Callable[[], Player]
Serve = Callable[[Recording, bool], tuple[Emulator, MakePlayer]]


@pytest.fixture(scope="module")
def serve() -> Iterator[Serve]:
    """Return the emulator for a file, and a function for a player over http or, if True, https."""
    made: dict[int, tuple[Emulator, dict[bool, MakePlayer]]] = {}
    with ExitStack() as stack:

        def serve(recording: Recording, tls: bool) -> tuple[Emulator, MakePlayer]:
            if id(recording) not in made:
                emulator = stack.enter_context(Emulator(tls_port=0, region=recording.region))
                made[id(recording)] = emulator, _players(emulator, recording)
            emulator, players = made[id(recording)]
            return emulator, players[tls]

        yield serve


def _players(emulator: Emulator, recording: Recording) -> dict[bool, MakePlayer]:
    key = GivenKey(emulator.access_key_id, emulator.access_key_secret, None)
    signer, host = Signer(key, recording.region), recording.endpoint
    context = ssl.create_default_context(cafile=emulator.ca_file)
    plain = ServiceClient(emulator.endpoint, host=host)
    secure = ServiceClient(emulator.https_endpoint, host=host, context=context)
    clients = {False: plain, True: secure}
    return {tls: partial(Player, client, signer, recording) for tls, client in clients.items()}


@pytest.mark.parametrize(
    ("file", "expected", "recorded"), SCENARIOS, ids=[each.name for _, _, each in SCENARIOS]
)
def test_answers_are_those_of_the_service(
    file: Recording, expected: Differences, recorded: RecordedScenario, serve: Serve
) -> None:
    """Only scenarios whose answers name https are played over https, which costs more."""
    emulator, make_player = serve(file, "Location=https://" in repr(recorded))
    emulator.reset()
    different = {
        (step.scenario, step.number): [str(item) for item in step.differences]
        for step in make_player().play(recorded)
        if step.differences
    }
    known = {place for place in expected if place[0] == recorded.name}
    assert {place: said for place, said in different.items() if place not in known} == {}
    assert known - different.keys() == set(), "the answer is equal: it is not an exception"


def test_at_least_530_answers_must_be_equal() -> None:
    answers = sum(len(recorded.steps) for recorded in RECORDING.scenarios)
    assert answers == 549
    assert answers - len(EXPECTED) >= 530


def test_exceptions_name_recorded_steps_and_a_reason() -> None:
    steps = {recorded.name: len(recorded.steps) for _, _, recorded in SCENARIOS}
    assert len(steps) == len(SCENARIOS), "two scenarios have one name"
    for (name, step), reason in (EXPECTED | ERRORS_EXPECTED).items():
        assert step < steps[name]
        assert reason.endswith(".")


# --- The cases of the help pages of ECs name their sources, and each EC of the server its basis

EC = r"00\d\d-0000\d{4}"
CASES = [(each.name.partition(":")[0], each.steps[-1].answer) for each in ERRORS.scenarios]
PAGES = tomllib.loads((FOLDER / "errors.toml").read_text(encoding="utf-8"))
UNPLAYED = {
    page.rpartition("/")[2]: (page, item["reason"])
    for item in PAGES["unplayed"]
    for page in item["pages"]
}
"""The pages that cannot be played, each with the reason, by EC."""


class ECBasis(StrEnum):
    """The evidence that the service answers with an EC, the strongest first."""

    RECORDED = "recorded"
    """It is in a recorded answer (fixtures/recorded/blob.json)."""
    PAGE = "page"
    """It has a help page (errors.json or errors.toml in fixtures/recorded)."""
    SUITE = "suite"
    """It is in the tests of an SDK."""
    ASSUMED = "assumed"
    """None of these: it was chosen, or its page is not kept here."""


BASES = {ec: ECBasis(name) for name, text in PAGES["basis"].items() for ec in text.split()}


def basis_of(ec: str) -> ECBasis:
    """Return the evidence that the service answers with an EC; most have a help page."""
    return BASES.get(ec, ECBasis.PAGE)


def ecs_of_the_server() -> set[str]:
    """Return the ECs in strings and after marks of schemas; those of images lack the module."""
    package = Path(__file__).parents[2] / "emulator"
    sources = [path.read_text(encoding="utf-8") for path in package.rglob("*.py")]
    images = (package / "oss_emulator/protocol/process.py").read_text(encoding="utf-8")
    ends = re.findall(r'(?:_ec\("|[ ?!])([0-9]{3})(?:"\)|$| (?=[?!]))', images, re.MULTILINE)
    written = {ec for source in sources for ec in re.findall(f'["?*!~<]({EC})', source)}
    return written.union(re.findall(f" ({EC})", images), (f"0040-00000{end}" for end in ends))


def test_each_case_is_named_by_its_ec_and_gets_it() -> None:
    for ec, answer in CASES:
        assert re.fullmatch(EC, ec)
        assert f"Error/EC={ec}" in answer.xml, ec


def test_each_case_names_its_page() -> None:
    cases = [(item["source"], item.get("reason", ".")) for item in ERRORS.document["scenarios"]]
    address = r"https://[a-z.]+/(help|zh|en|document_detail)/(.+/)?(00\d\d-0000\d{4}|[0-9]+\.html)"
    for page, reason in (*cases, *UNPLAYED.values()):
        assert re.fullmatch(address, page), page
        assert reason.endswith("."), page


def test_pages_that_are_not_played_have_no_case() -> None:
    assert UNPLAYED.keys().isdisjoint(ec for ec, _ in CASES)


def test_each_ec_of_the_server_says_its_basis() -> None:
    """Recorded answers and pages prove themselves; the basis of other ECs is stated."""
    ecs = ecs_of_the_server()
    recorded = set(re.findall(EC, (FOLDER / "blob.json").read_text(encoding="utf-8")))
    pages = {ec for ec, _ in CASES} | UNPLAYED.keys()
    stated = {basis: {ec for ec in ecs if basis_of(ec) is basis} for basis in ECBasis}
    assert stated[ECBasis.RECORDED] == recorded & ecs
    assert stated[ECBasis.PAGE] == (pages - recorded) & ecs


def test_only_ecs_of_the_server_have_a_basis() -> None:
    assert BASES.keys() <= ecs_of_the_server()
