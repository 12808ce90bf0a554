"""Terraform: plans, states, `*.tf.json` and HCL, their unknown values, and editing."""

from __future__ import annotations

import json
import re
import tomllib
from contextlib import suppress
from pathlib import Path
from time import process_time
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer import RefererConfiguration
from oss_referer.sources import forms, hcl, terraform
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.terraform import PlannedChange
from oss_referer.sources.toml import SourceError

from tests.plans import KIND, SITE, VERSIONS, change, configured, plan, state
from tests.rows import read_cases, rows

TABLE_CASES = read_cases("referer.sources")

ADDRESS = f"{KIND}.site"
BUCKET = "alicloud_oss_bucket.site"
RULES = RefererConfiguration(False, True, whitelist=("https://www.example.com/",))
REPLAN = "terraform plan -out=plan.bin && terraform show -json plan.bin > plan.json"


def find(document: Any) -> dict[str, RefererConfiguration]:
    return dict(forms.parse(json.dumps(document).encode()))


def changes(document: Any) -> list[PlannedChange]:
    return forms.find_changes(json.dumps(document).encode())


def refusal(document: Any) -> str:
    with pytest.raises(SourceError) as refused:
        find(document)
    return refused.value.sentence


@rows("version", *VERSIONS)
def test_plan_of_each_version_has_the_rules_after_it(version: str) -> None:
    module = f'module.a["x.y"].module.b.{KIND}.site[0]'
    quoted = f'{KIND}.other["a\\"é"]'
    found = find(
        plan(
            change(ADDRESS, None, SITE),
            change(module, {**SITE, "referer_list": ["old"]}, SITE),
            change(quoted, SITE, SITE),
            change(f"{KIND}.gone", SITE, None),
            version=version,
        )
    )
    assert found == {ADDRESS: RULES, module: RULES, quoted: RULES}


def test_unknown_list_is_refused_with_its_address_and_what_to_run() -> None:
    """The plan leaves an unknown list out of the values, as if it were empty."""
    after = {name: value for name, value in SITE.items() if name != "referer_list"}
    configuration = configured(
        ADDRESS, referer_list={"references": ["local.x", "random_pet.host.id", "random_pet.host"]}
    )
    item = change(ADDRESS, None, after, {"id": True, "referer_list": True})
    said = refusal(plan(item, configuration=configuration))
    assert said == (
        f"{ADDRESS}: referer_list is known only after apply; run terraform apply "
        f"-target=random_pet.host && {REPLAN}"
    )
    assert refusal(plan(item)) == (
        f"{ADDRESS}: referer_list is known only after apply; run terraform apply && "
        "terraform show -json > state.json, and read that"
    )


@rows(
    ("values", "unknown", "part"),
    ({"referer_list": None}, {"referer_list": True}, "referer_list"),
    ({"referer_list": ["a", None]}, {"referer_list": [False, True]}, "referer_list[1]"),
    ({"referer_list": ["a"]}, {"referer_list": [False, True]}, "referer_list[1]"),
    ({"allow_empty_referer": None}, {"allow_empty_referer": True}, "allow_empty_referer"),
    ({}, {"truncate_path": True}, "truncate_path"),
    ({}, {"referer_blacklist": True}, "referer_blacklist"),
    ({}, {"allow_truncate_query_string": True}, "allow_truncate_query_string"),
)
def test_every_unknown_part_is_refused(values: Any, unknown: Any, part: str) -> None:
    item = change(ADDRESS, SITE, {**SITE, **values}, unknown)
    assert refusal(plan(item)).startswith(f"{ADDRESS}: {part} is known only after apply")


@rows("unknown", {}, {"id": True, "bucket": True}, {"referer_list": [False]})
def test_unknown_values_beside_the_rules_do_not_matter(unknown: Any) -> None:
    assert find(plan(change(ADDRESS, None, SITE, unknown))) == {ADDRESS: RULES}


def test_switch_that_the_configuration_leaves_out_is_what_the_provider_sends() -> None:
    """R-38"""
    after = {name: value for name, value in SITE.items() if name != "allow_truncate_query_string"}
    item = change(ADDRESS, None, after, {"allow_truncate_query_string": True, "id": True})
    written = configured(ADDRESS, referer_list={"constant_value": SITE["referer_list"]})
    assert not find(plan(item, configuration=written))[ADDRESS].allow_truncate_query_string
    other = configured(ADDRESS, allow_truncate_query_string={"references": ["var.x"]})
    assert "is known only after apply" in refusal(plan(item, configuration=other))
    assert "is known only after apply" in refusal(plan(item))


@rows("sensitive, part", *TABLE_CASES["sensitive_rules_are_refused_and_not_shown"])
def test_sensitive_rules_are_refused_and_not_shown(sensitive: Any, part: str) -> None:
    planned = change(ADDRESS, None, SITE)
    planned["change"]["after_sensitive"] = sensitive
    shown = {"type": KIND, "address": ADDRESS, "values": SITE, "sensitive_values": sensitive}
    for document in (plan(planned), {"values": {"root_module": {"resources": [shown]}}}):
        said = refusal(document)
        assert said.startswith(f"{ADDRESS}: {part} is marked as sensitive")
        assert "example.com" not in said


def test_sensitive_list_of_a_raw_state_is_refused() -> None:
    document = state((ADDRESS, SITE))
    path = [{"type": "get_attr", "value": "referer_list"}]
    document["resources"][0]["instances"][0]["sensitive_attributes"] = [path]
    assert "referer_list is marked as sensitive" in refusal(document)


def test_sensitive_rules_before_a_plan_are_refused() -> None:
    item = change(ADDRESS, SITE, {**SITE, "referer_list": []})
    item["change"]["before_sensitive"] = {"referer_list": True}
    (found,) = changes(plan(item))
    with pytest.raises(SourceError, match="referer_list is marked as sensitive"):
        found.rules()


def test_sensitive_name_of_a_bucket_is_not_known() -> None:
    item = change(ADDRESS, None, SITE)
    item["change"]["after_sensitive"] = {"bucket": True}
    (found,) = changes(plan(item))
    assert found.bucket is None
    assert found.rules()[1] == RULES


def test_configuration_of_a_module_is_found() -> None:
    address = f'module.a["x"].module.b.{KIND}.site'
    inner = configured(ADDRESS, referer_list={"references": ["random_pet.x.id", "random_pet.x"]})
    calls = {"a": {"module": {"module_calls": {"b": {"module": inner}}}}}
    item = change(address, None, SITE, {"referer_list": True})
    said = refusal(plan(item, configuration={"module_calls": calls}))
    assert """-target='module.a["x"].module.b.random_pet.x' &&""" in said


BLOCK = {"allow_empty": True, "referers": ["https://www.example.com/"]}


@rows(
    ("block", "unknown", "expected"),
    (BLOCK, {}, RefererConfiguration(whitelist=("https://www.example.com/",))),
    ({"referers": ["a"]}, {"allow_empty": True}, RefererConfiguration(False, whitelist=("a",))),
    ({"allow_empty": True}, {"referers": True}, "referer_config.referers"),
    ({"referers": ["a", None]}, {"referers": [False, True]}, "referer_config.referers[1]"),
)
def test_older_block_is_read_or_refused(block: Any, unknown: Any, expected: Any) -> None:
    item = change(BUCKET, None, {"referer_config": [block]}, {"referer_config": [unknown]})
    written = configured(BUCKET, referer_config=[{"referers": {"references": []}}])
    document = plan(item, configuration=written)
    if isinstance(expected, str):
        assert refusal(document).startswith(f"{BUCKET}: {expected} is known only after apply")
    else:
        assert find(document) == {BUCKET: expected}


def test_dynamic_block_with_unknown_content_is_refused() -> None:
    """The configuration of a plan leaves dynamic blocks out."""
    item = change(BUCKET, None, {"bucket": "b"}, {"referer_config": True})
    assert "referer_config is known only" in refusal(plan(item, configuration=configured(BUCKET)))


def test_one_resource_is_read_whatever_is_unknown_in_another() -> None:
    unknown = change(f"{KIND}.unknown", None, SITE, {"referer_list": True})
    found = forms.find(json.dumps(plan(unknown, change(ADDRESS, None, SITE))).encode())
    assert list(found) == [f"{KIND}.unknown", ADDRESS]
    assert found[ADDRESS]() == RULES
    with pytest.raises(SourceError):
        found[f"{KIND}.unknown"]()


def test_deposed_and_data_resources_are_left_out() -> None:
    deposed = {**change(f"{KIND}.old", SITE, None), "deposed": "deadbeef"}
    data = {**change(f"{KIND}.data", None, SITE), "mode": "data"}
    document = plan(deposed, data, change(ADDRESS, None, SITE))
    assert list(find(document)) == [ADDRESS]
    assert [item.address for item in changes(document)] == [ADDRESS]


def test_deferred_resource_is_refused() -> None:
    item = change(f"{KIND}.later", None, SITE)
    document = plan(deferred_changes=[{"reason": "unknown", "resource_change": item}])
    assert refusal(document).startswith(f"{KIND}.later: Terraform defers it to a later plan")


@rows(
    ("members", "words"),
    ({"errored": True}, "the plan ended with an error; correct it and run terraform plan"),
    ({"format_version": "2.0"}, "format_version is 2.0, and only 0.x and 1.x are known"),
    ({"resource_changes": None}, "the plan has no resource_changes, so an unknown value"),
)
def test_plan_that_cannot_be_trusted_is_refused(members: Any, words: str) -> None:
    document = {**plan(change(ADDRESS, None, SITE)), **members}
    assert words in refusal(document)
    with pytest.raises(SourceError, match=words[:20]):
        changes(document)


def test_plan_without_rules_has_no_changes() -> None:
    document = plan(change("random_pet.host", None, {"id": "x"}), change(BUCKET, {}, {}))
    assert changes(document) == []
    assert refusal(document).startswith("the document has no resource of the type")
    empty = plan()
    del empty["resource_changes"]
    assert changes(empty) == []


def test_mistake_is_placed_at_the_resource() -> None:
    document = plan(change(ADDRESS, None, {**SITE, "referer_list": [1]}))
    with pytest.raises(SourceError) as refused:
        forms.parse(json.dumps(document, indent=1).encode())
    line = json.dumps(document, indent=1).splitlines()[refused.value.line - 1]
    assert "referer_list" in line
    assert refused.value.sentence == f"{ADDRESS}: referer_list[0] is 1; write a string"


@rows(
    ("address", "before", "after", "actions", "expected"),
    (ADDRESS, None, SITE, ("create",), (RefererConfiguration(), RULES)),
    (ADDRESS, SITE, None, ("delete",), (RULES, RefererConfiguration(False))),
    (ADDRESS, SITE, None, ("forget",), (RULES, RULES)),
    (ADDRESS, SITE, SITE, ("delete", "create"), (RULES, RULES)),
    (
        BUCKET,
        {"bucket": "b", "referer_config": [BLOCK]},
        {"bucket": "b", "referer_config": []},
        ("update",),
        (RefererConfiguration(whitelist=("https://www.example.com/",)), RefererConfiguration()),
    ),
)
def test_change_has_the_rules_before_and_after(
    address: str, before: Any, after: Any, actions: Any, expected: Any
) -> None:
    """R-38"""
    (found,) = changes(plan(change(address, before, after, actions=actions)))
    assert found.rules() == expected
    assert found.actions == actions


def test_change_names_the_bucket_if_it_is_known() -> None:
    known, unknown, gone = changes(
        plan(
            change(ADDRESS, None, SITE),
            change(f"{KIND}.b", None, {**SITE, "bucket": None}, {"bucket": True}),
            change(f"{KIND}.c", SITE, None),
        )
    )
    assert (known.bucket, unknown.bucket, gone.bucket) == ("examplebucket", None, "examplebucket")


def test_deletion_of_a_bucket_is_reported() -> None:
    (found,) = changes(plan(change(BUCKET, {"bucket": "b"}, None)))
    assert found.deletes_bucket
    assert found.rules() == (RefererConfiguration(), RefererConfiguration())


@rows("read", forms.parse, forms.find_changes)
def test_plan_that_only_terraform_reads_is_named(read: Any) -> None:
    with pytest.raises(SourceError, match="run terraform show -json FILE"):
        read(b"PK\x03\x04\x00\xff")


def test_document_without_changes_is_refused() -> None:
    with pytest.raises(SourceError, match="the document is not a plan of Terraform; run terraform"):
        forms.find_changes(b"<RefererConfiguration/>")
    with pytest.raises(SourceError, match="is not a plan, so it does not say what changes; run"):
        changes(state((ADDRESS, SITE)))


def test_raw_state_is_read() -> None:
    inner = f'module.a[0].{KIND}.site["x"]'
    document = state((ADDRESS, SITE), (inner, SITE), (BUCKET, {"referer_config": [BLOCK]}))
    assert list(find(document)) == [ADDRESS, inner, BUCKET]
    assert find(document)[inner] == RULES
    document["resources"][0]["instances"].append({"deposed": "x", "attributes": {}})
    assert list(find(document)) == [ADDRESS, inner, BUCKET]


@rows(
    ("document", "words"),
    (state(version=3), "the state has version 3, and only version 4 is known; run terraform"),
    (state((ADDRESS, {"referer_list": 1})), f"{ADDRESS}: referer_list is 1; write a list"),
    ({"encryption_version": "v0", "encrypted_data": "x"}, "the state is encrypted; run tofu"),
)
def test_state_that_cannot_be_read_is_refused(document: Any, words: str) -> None:
    assert refusal(document).startswith(words)


def test_state_without_attributes_is_refused() -> None:
    document = state((ADDRESS, SITE))
    document["resources"][0]["instances"] = [{"attributes_flat": {"referer_list.#": "1"}}]
    assert refusal(document).startswith(f"{ADDRESS}: the resource has no attributes; run")


COMPUTED = [
    {"count": 0},
    {"count": "${var.n}"},
    {"for_each": []},
    {"lifecycle": {"ignore_changes": "all"}},
    {"lifecycle": [{"ignore_changes": ["referer_list"]}]},
]


@rows("members", *COMPUTED)
def test_declared_resource_that_terraform_computes_is_refused(members: Any) -> None:
    said = refusal({"resource": {KIND: {"site": {**SITE, **members}, "other": {**SITE}}}})
    assert re.match(rf"{ADDRESS} has (count|for_each|ignore_changes), which only Terraform", said)


def test_dynamic_block_in_json_is_refused() -> None:
    dynamic = {"referer_config": {"for_each": [1], "content": {"referers": ["a"]}}}
    for has in ({"dynamic": dynamic}, {"dynamic": [dynamic]}):
        document = {"resource": {"alicloud_oss_bucket": {"site": {**has, "count": "${var.n}"}}}}
        assert refusal(document).startswith(f"{BUCKET} has count, which only Terraform")
    document = {"resource": {"alicloud_oss_bucket": {"site": {"dynamic": dynamic}}}}
    assert refusal(document).startswith(f"{BUCKET} has dynamic, which only Terraform computes")


def test_declared_resource_of_another_form_is_read() -> None:
    declared = {**SITE, "lifecycle": {"ignore_changes": ["bucket"]}, "bucket": "${var.b}"}
    assert find({"resource": {KIND: [{"site": declared}]}}) == {ADDRESS: RULES}
    counted = {"alicloud_oss_bucket": {"plain": {"count": "${var.n}"}}, KIND: {"site": [declared]}}
    assert find({"resource": counted}) == {ADDRESS: RULES}


@rows("resource", {KIND: {"site": [SITE, SITE]}}, [{KIND: {"site": SITE}}, {KIND: {"site": SITE}}])
def test_declared_resource_that_is_written_twice_is_refused(resource: Any) -> None:
    assert refusal({"resource": resource}) == f"{ADDRESS} is written twice; write it once"


@rows(("value", "words"), *TABLE_CASES["declared_switch_is_converted_as_terraform_does_or_refused"])
def test_declared_switch_is_converted_as_terraform_does_or_refused(value: str, words: str) -> None:
    declared = {KIND: {"site": {**SITE, "allow_empty_referer": value}}}
    assert refusal({"resource": declared}).startswith(f"{ADDRESS}.{words}")
    declared[KIND]["site"]["allow_empty_referer"] = "false"
    assert find({"resource": declared}) == {ADDRESS: RULES}


def test_comment_in_json_is_passed_over() -> None:
    assert find({"resource": {KIND: {"site": {"//": "why", **SITE}}}}) == {ADDRESS: RULES}


def test_any_members_are_read_or_refused() -> None:
    odd: list[Any] = [None, 1, "x", [], {}, [None], {"x": None}]
    for value in odd:
        for document in (
            plan(change(ADDRESS, value, value)) | {"configuration": value},
            plan() | {"resource_changes": value},
            plan() | {"resource_changes": [value, {"type": KIND, "change": value}]},
            plan(change(ADDRESS, None, SITE, value)) | {"planned_values": value},
            {"serial": 1, "version": 4, "resources": value},
            {"resource": value, "values": value, "format_version": value},
        ):
            with suppress(SourceError):
                terraform.find(json.dumps(document).encode())
            with suppress(SourceError):
                for item in terraform.find_changes(json.dumps(document)):
                    item.rules()


# --- HCL: the literal rules in a file, and refusals that name a line


OTHER_ADDRESS = "alicloud_oss_bucket_referer.a"
FILE = Path(__file__).parents[3] / "fixtures" / "lab" / "hcl.toml"
CASES = tomllib.loads(FILE.read_text(encoding="utf-8"))["case"]


def text_of(case: dict[str, Any]) -> str:
    if "text" in case:
        return str(case["text"])
    body = case["body"]
    if "allow_empty_referer" not in body:
        body += "\nallow_empty_referer = true"
    return f'resource "alicloud_oss_bucket_referer" "a" {{\n{body}\n}}\n'


def expected(case: dict[str, Any]) -> Any:
    """Return the rules by their address, or the line and the beginning of the refusal."""
    if "refused" in case:
        return case["line"], case["refused"]
    switches = {"allow_empty_referer": True, "allow_truncate_query_string": False}
    rules: dict[str, Any] = switches | {
        name: tuple(case[name]) if isinstance(case[name], list) else case[name]
        for name in RefererConfiguration.__dataclass_fields__
        if name in case
    }
    return {case.get("address", OTHER_ADDRESS): RefererConfiguration(**rules)}


def read_hcl(case: dict[str, Any]) -> Any:
    try:
        return forms.parse(text_of(case).encode(), RulesForm.HCL)
    except SourceError as refusal:
        return refusal.line, refusal.sentence[: len(case.get("refused", refusal.sentence))]


def test_literal_is_read_and_everything_else_is_refused() -> None:
    assert {case["name"]: read_hcl(case) for case in CASES} == {
        case["name"]: expected(case) for case in CASES
    }


def test_unknown_attribute_of_another_resource_is_passed_over() -> None:
    text = text_of({"body": "referer_list = var.x"})
    found = hcl.find((text + text_of({"body": "bucket = var.y"}).replace('"a"', '"b"')).encode())
    assert found["alicloud_oss_bucket_referer.b"]() == RefererConfiguration(True, False)
    with pytest.raises(SourceError, match="referer_list is the expression"):
        found[OTHER_ADDRESS]()


SIGNS = (
    "locals {" + '"' * 20_000,
    "a = " + "[" * 20_000,
    "a {\n" * 5_000,
    'a = "' + '${"' * 5_000,
    "a = <<A\n${" * 1_000,
    "a = " + "[" * 90 + "]" * 90 + "[0",
    "/*" * 20_000,
    "a = <<-A\n" + "".join(f" {number}\n" for number in range(20_000)) + "A\n[",
)


@rows("text", *SIGNS)
def test_text_of_signs_is_refused_in_linear_time(text: str) -> None:
    began = process_time()
    with pytest.raises(SourceError):
        hcl.find(text.encode())
    assert process_time() - began < 0.5


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_string_is_read_as_it_is_written(entry: str) -> None:
    rules = RefererConfiguration(whitelist=(entry,))
    (read,) = hcl.find(hcl.format(rules).encode()).values()
    assert read().whitelist == (normalize("NFC", entry),)


@given(st.text(st.sampled_from('ab"\\$%{}[]()<>-=#/*\n\r ,.~:?')))
def test_any_text_is_read_or_refused_with_its_line(text: str) -> None:
    document = text_of({"body": text})
    try:
        for read in hcl.find(document.encode()).values():
            read()
    except SourceError as refusal:
        line = refusal.line
    else:
        line = 1
    assert 1 <= line <= document.count("\n") + 1
