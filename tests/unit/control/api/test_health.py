"""`health` and `metrics`."""

from __future__ import annotations

from oss_emulator.version import __version__

from tests.unit.control.api.caller import ApiCaller


def test_health(ask: ApiCaller) -> None:
    assert ask("GET", "health") == (200, {"status": "ok", "version": __version__})
    assert ask("HEAD", "health").status == 200


def test_metrics(ask: ApiCaller) -> None:
    ask.record("/bucket/a", "http://good.test/")
    ask.metrics.count(ask.journal.entries()[-1])
    response = ask.response("GET", "metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert isinstance(response.body, bytes)
    assert b'operation="GetObject",verdict="allowed",status="200"} 1' in response.body
