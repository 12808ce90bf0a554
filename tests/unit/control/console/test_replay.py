"""The replay page without a browser: a sample log, the report as files, the way to the editor."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from oss_emulator.accesslog import parse
from oss_emulator.control.console.replay import run_replay

from tests.unit.control.api.caller import ApiCaller

pytest.importorskip("duckdb")

BUCKET = "examplebucket"
RULES = {
    "AllowEmptyReferer": False,
    "RefererList": {"Referer": ["https://www.shop.example/", "https://*.partner.example/"]},
}


@pytest.fixture
def ask() -> ApiCaller:
    caller = ApiCaller()
    caller.oss("PUT", f"/{BUCKET}")
    caller("PUT", f"rules/{BUCKET}", {"rules": RULES})
    return caller


def replay(ask: ApiCaller, body: dict[str, Any], folder: Path) -> str:
    """Replay a sample log; returns the id."""
    log = folder / "sample.log"
    log.write_text(ask("POST", "replay/sample", body).json["log"])
    name: str = ask("POST", "replay", body).json["replay"]
    asked = ask.asked("PUT", f"replay/{name}?name=sample.log", accept="text/html")
    answer = asyncio.run(run_replay(asked._replace(file=log)))
    assert answer.status == 200
    return name


def test_sample_log_is_of_the_sites_that_the_rules_name(ask: ApiCaller) -> None:
    text = ask("POST", "replay/sample", {"bucket": BUCKET}).json["log"]
    lines = [parse(line) for line in text.splitlines()]
    assert {line.bucket for line in lines} == {BUCKET}
    referers = {line.referer for line in lines}
    assert {"https://www.shop.example/", "https://m.shop.example/", ""} <= referers
    assert "https://www.partner.example/" in referers
    assert [line.time for line in lines] == sorted(line.time for line in lines)
    now = ask.controls.clock.now()
    assert now - 86_400 <= lines[0].time <= lines[-1].time <= now


@pytest.mark.parametrize("body", [{}, {"text": "]"}, {"bucket": "missing"}, {"bucket": "' OR"}])
def test_sample_log_of_bad_rules_gets_one_sentence(ask: ApiCaller, body: dict[str, Any]) -> None:
    answer = ask("POST", "replay/sample", body)
    assert answer.status in (400, 404)
    assert answer.json["error"].endswith(".")


def test_report_is_a_file_in_html_and_json(ask: ApiCaller, tmp_path: Path) -> None:
    name = replay(ask, {"bucket": BUCKET}, tmp_path)
    page = ask.response("GET", f"replay/{name}?download=html", accept_language="zh")
    text = bytes(page.body).decode()  # type: ignore[arg-type]
    assert text.startswith("<!DOCTYPE html>")
    assert '<html lang="zh">' in text
    assert text.index("每天节省") < text.index("<table>")  # money first
    assert f'filename="replay-{name}.html"' in page.headers["Content-Disposition"]
    report = ask("GET", f"replay/{name}?download=json").json
    assert report == ask("GET", f"replay/{name}").json["report"]
    assert report["names"] == {"rules": BUCKET, "against": "", "logs": ["sample.log"]}
    for path in (f"replay/{name}?download=pdf", "replay/missing?download=json"):
        assert ask("GET", path).status in (400, 404)


def test_unchanged_requests_are_still_allowed_still_denied_or_failed(
    ask: ApiCaller, tmp_path: Path
) -> None:
    name = replay(ask, {"bucket": BUCKET}, tmp_path)
    report = ask("GET", f"replay/{name}").json["report"]
    still = {name: item["requests"] for name, item in report["unchanged"].items()}
    assert still == {"allowed": 180, "denied": 10, "failed": 8}
    assert sum(still.values()) == report["totals"]["unchanged"]["requests"]
    shown = ask.response("GET", f"replay/{name}", accept="text/html")
    text = bytes(shown.body).decode()  # type: ignore[arg-type]
    for part in ("still allowed", "still denied", "failed for another reason"):
        assert part in text


@pytest.mark.parametrize(
    "body",
    [{"bucket": BUCKET}, {"bucket": BUCKET, "rules": RULES}, {"text": json.dumps(RULES)}],
)
def test_report_leads_to_the_editor_with_what_it_locks_out(
    ask: ApiCaller, tmp_path: Path, body: dict[str, Any]
) -> None:
    name = replay(ask, body, tmp_path)
    shown = ask.response("GET", f"replay/{name}", accept="text/html")
    text = bytes(shown.body).decode()  # type: ignore[arg-type]
    assert f'href="/_emulator/rules/{BUCKET}"' in text
    case = text.partition('data-case="')[2].partition('"')[0].replace("&#34;", '"')
    carried = json.loads(case)
    assert carried["rules"]["RefererList"] == RULES["RefererList"]
    assert "https://m.shop.example/" in carried["referers"].split("\n")
    assert carried["site"] == "https://www.shop.example"
    is_saved = body == {"bucket": BUCKET}
    assert (ask("GET", f"replay/{name}").json["report"]["names"]["rules"] == BUCKET) is is_saved
