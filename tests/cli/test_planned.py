"""Plans of Terraform: what they change, and values that are known only after apply."""

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


def test_certificate_of_a_plan_is_verified(
    ask: Any, write: Callable[..., str], tmp_path: Path
) -> None:
    again = {**SITE, "referer_list": ["https://www.example.com/", "https://www.example.com/?"]}
    path = write(change(f"{KIND}.site", OPEN, SITE), change(f"{KIND}.again", SITE, again))
    proof = tmp_path / "proof.json"
    assert ask("diff", path, "--certificate", str(proof))[0] == 1
    status, out, errors = ask("verify", str(proof), path)
    assert (status, errors) == (0, "")
    assert out.splitlines() == [
        f"{KIND}.site",
        "Proved: the rules decide differently on each Referer that the certificate names.",
        f"{KIND}.again",
        "Proved: both rules decide alike on every Referer there can be.",
    ]
    one = f"{path}#{KIND}.again"
    assert json.loads(ask("verify", str(proof), one, "--json")[1]) == [
        {"resource": f"{KIND}.again", "proved": "equal", "z3": None}
    ]
    # The certificate of one resource proves nothing about another one.
    certificates = json.loads(proof.read_text())
    proof.write_text(json.dumps(certificates[:1]))
    status, out, errors = ask("verify", str(proof), path)
    assert (status, out) == (1, "")
    assert f"there is no certificate for {KIND}.again" in errors
    proof.write_text(json.dumps([{**certificates[0], "resource": f"{KIND}.again"}]))
    assert "it was changed" in ask("verify", str(proof), one)[2]
    others: list[Any] = [1, {}, [1], certificates[0]]
    for other in others:
        proof.write_text(json.dumps(other))
        assert ask("verify", str(proof), path)[0] == 1


def test_certificate_of_a_plan_that_is_not_known_is_not_written(
    ask: Any, write: Callable[..., str], tmp_path: Path
) -> None:
    proof = tmp_path / "proof.json"
    path = write(
        change(f"{KIND}.site", SITE, SITE), change(f"{KIND}.a", None, SITE, {"referer_list": True})
    )
    status, _, errors = ask("diff", path, "--certificate", str(proof))
    assert (status, proof.exists()) == (2, False)
    assert f"{proof} is not written: not all rules are known" in errors
    proof.write_text("[]")
    assert ask("verify", str(proof), write()) == (0, "The plan has no rules.\n", "")
    assert "NEW is missing" in ask("verify", str(proof), str(proof))[2]


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
