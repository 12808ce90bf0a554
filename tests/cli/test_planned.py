"""Plans of Terraform: their changes, and values that are known only after apply."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.plans import KIND, SITE, change, plan

OPEN = {**SITE, "referer_list": ["https://www.example.com"]}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., str]:
    def run(*changes: dict[str, Any]) -> str:
        path = tmp_path / "plan.json"
        path.write_text(json.dumps(plan(*changes)), encoding="utf-8")
        return str(path)

    return run


def test_check_does_not_decide_on_a_list_that_is_not_known(
    ask: Any, write: Callable[..., str]
) -> None:
    path = write(change(f"{KIND}.site", None, SITE, {"referer_list": True}))
    status, out, errors = ask("check", path, "--referer", "https://evil.test/")
    assert (status, out) == (2, "")
    assert f"{KIND}.site: referer_list is known only after apply; run terraform apply" in errors


def test_check_of_one_resource_does_not_look_at_the_others(
    ask: Any, write: Callable[..., str]
) -> None:
    path = write(
        change(f"{KIND}.unknown", None, SITE, {"referer_list": True}),
        change(f'{KIND}.site["a#b"]', None, SITE),
    )
    name = f'{path}#{KIND}.site["a#b"]'
    assert ask("check", name, "--referer", "https://www.example.com/")[0] == 0
    assert ask("check", f"{path}#{KIND}.unknown", "--no-referer")[0] == 2
    assert f"use one of {KIND}.unknown, {KIND}.site" in ask("check", f"{path}#x", "--no-referer")[2]


def test_diff_of_a_plan_compares_every_resource(ask: Any, write: Callable[..., str]) -> None:
    path = write(
        change(f"{KIND}.same", SITE, SITE),
        change(f"{KIND}.site", OPEN, SITE),
        change(f"{KIND}.new", None, {**SITE, "bucket": None}, {"bucket": True}),
    )
    status, out, errors = ask("diff", path)
    assert (status, errors) == (1, "")
    assert f"{KIND}.same  (no-op, oss://examplebucket)\nThese rules are equivalent" in out
    assert f"{KIND}.site  (update, oss://examplebucket)\n  - whitelist: https://www.exam" in out
    assert f"\n{KIND}.new  (create)\n  ~ AllowEmptyReferer: true -> false\n" in out
    status, out, _ = ask("diff", path, "--json")
    same, site, _ = json.loads(out)
    assert (same["resource"], same["equivalent"]) == (f"{KIND}.same", True)
    assert (site["actions"], site["bucket"]) == (["update"], "examplebucket")
    assert ask("diff", f"{path}#{KIND}.same")[0] == 0


def test_diff_of_a_plan_names_each_resource_that_is_not_known(
    ask: Any, write: Callable[..., str]
) -> None:
    path = write(
        change(f"{KIND}.a", None, SITE, {"referer_list": True}),
        change(f"{KIND}.site", SITE, SITE),
        change(f"{KIND}.b", None, SITE, {"allow_empty_referer": True}),
    )
    status, out, errors = ask("diff", path)
    assert status == 2
    assert out.startswith(f"{KIND}.site  (no-op")
    assert len(errors.splitlines()) == 2
    assert f"{KIND}.a: referer_list is known" in errors
    assert f"{KIND}.b: allow_empty_referer is known" in errors
    (known,) = json.loads(ask("diff", path, "--json")[1])
    assert known["resource"] == f"{KIND}.site"
    annotations = ask("diff", path, "--format", "github")[1]
    assert annotations.count("title=unreadable::") == 2


def test_lint_of_a_plan_looks_at_every_resource(ask: Any, write: Callable[..., str]) -> None:
    path = write(
        change(f"{KIND}.a", SITE, {**SITE, "referer_list": ["www.example.com"]}),
        change(f"{KIND}.b", None, OPEN),
        change(f"{KIND}.unknown", None, SITE, {"referer_list": True}),
        change(f"{KIND}.gone", OPEN, None),
    )
    status, out, errors = ask("lint", path, "--json")
    assert status == 2
    found = {item["name"]: item["rule"] for item in json.loads(out)}
    assert found == {f"{KIND}.a": "missing-scheme", f"{KIND}.b": "open-host"}
    assert f"{KIND}.unknown: referer_list is known only after apply" in errors


def test_diff_of_a_plan_without_rules_says_so(ask: Any, write: Callable[..., str]) -> None:
    assert ask("diff", write()) == (0, "The plan has no rules.\n", "")
    path = write(change("alicloud_oss_bucket.b", {"bucket": "b"}, None))
    assert "The bucket itself is deleted, with all its objects.\n" in ask("diff", path)[1]


def test_diff_with_one_argument_needs_a_plan(ask: Any, tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text('{"AllowEmptyReferer": true}')
    status, _, errors = ask("diff", str(path))
    assert status == 2
    assert f"NEW is missing, and {path}, line 1, column 1: the document is not a plan" in errors
    assert "NEW" not in ask("diff", str(tmp_path / "nowhere"))[2]
