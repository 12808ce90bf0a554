"""The nginx configuration of the fixtures."""

from __future__ import annotations

from pathlib import Path

from oss_emulator.lab.translation.nginx import NginxRules


def test_example_of_the_fixtures_can_be_translated() -> None:
    path = Path(__file__).parents[4] / "fixtures" / "lab" / "nginx.conf"
    rules = NginxRules.parse(path.read_text(encoding="utf-8"))
    assert "https://img.example.com/" in rules.to_oss().whitelist
