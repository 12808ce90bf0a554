"""The recorded answers of the service: the server gives each of them."""

from __future__ import annotations

import ssl
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from oss_emulator.cli.client import ServiceClient, Signer
from oss_emulator.cli.play import Player
from oss_emulator.recording import scenario
from oss_emulator.recording.scenario import RecordedScenario
from oss_emulator.testing import Emulator
from oss_referer.sources.account import GivenKey

FOLDER = Path(__file__).parents[2] / "fixtures" / "recorded"
RECORDING = scenario.read(FOLDER / "blob.json")
EXPECTED: dict[tuple[str, int], str] = {
    (item["scenario"], item["step"]): item["reason"]
    for item in tomllib.loads((FOLDER / "differences.toml").read_text())["difference"]
}


@pytest.fixture(scope="module")
def service() -> Iterator[tuple[Emulator, dict[bool, Callable[[], Player]]]]:
    """An emulator, and what makes a player over http or, for True, over https."""
    with Emulator(tls_port=0, region=RECORDING.region) as emulator:
        key = GivenKey(emulator.access_key_id, emulator.access_key_secret, None)
        signer, host = Signer(key, RECORDING.region), RECORDING.endpoint
        context = ssl.create_default_context(cafile=emulator.ca_file)
        plain = ServiceClient(emulator.endpoint, host=host)
        secure = ServiceClient(emulator.https_endpoint, host=host, context=context)
        clients = {False: plain, True: secure}
        players: dict[bool, Callable[[], Player]] = {
            tls: partial(Player, client, signer, RECORDING) for tls, client in clients.items()
        }
        yield emulator, players


@pytest.mark.parametrize("recorded", RECORDING.scenarios, ids=lambda recorded: recorded.name)
def test_answers_are_those_of_the_service(
    recorded: RecordedScenario, service: tuple[Emulator, dict[bool, Callable[[], Player]]]
) -> None:
    """Only scenarios whose answers say so are played over https, which costs more."""
    emulator, players = service
    emulator.reset()
    player = players["Location=https://" in repr(recorded)]()
    different = {
        (step.scenario, step.number): [str(item) for item in step.differences]
        for step in player.play(recorded)
        if step.differences
    }
    expected = {place for place in EXPECTED if place[0] == recorded.name}
    assert {place: said for place, said in different.items() if place not in expected} == {}
    assert expected - different.keys() == set(), "the answer is equal: it is not an exception"


def test_at_least_530_answers_must_be_equal() -> None:
    answers = sum(len(recorded.steps) for recorded in RECORDING.scenarios)
    assert answers == 549
    assert answers - len(EXPECTED) >= 530


def test_exceptions_name_recorded_steps_and_a_reason() -> None:
    steps = {recorded.name: len(recorded.steps) for recorded in RECORDING.scenarios}
    for (name, step), reason in EXPECTED.items():
        assert step < steps[name]
        assert reason.endswith(".")
