"""Plans and states of Terraform, made by the documented formats.

No `terraform` is available where these tests run, so nothing here was written by Terraform itself.
The members are those of https://developer.hashicorp.com/terraform/internals/json-format, and of the
source of the raw state (`version4.go`).
"""

import json
import re
from typing import Any, Final

KIND: Final = "alicloud_oss_bucket_referer"
SITE: Final = {
    "allow_empty_referer": False,
    "allow_truncate_query_string": True,
    "bucket": "examplebucket",
    "referer_blacklist": None,
    "referer_list": ["https://www.example.com/"],
    "timeouts": None,
    "truncate_path": False,
}
VERSIONS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "0.1": ("0.12.31", {}),
    "0.2": ("0.15.5", {"variables": {"sites": {"value": ["https://www.example.com/"]}}}),
    "1.0": ("1.1.9", {"resource_drift": [], "relevant_attributes": []}),
    "1.2": (
        "1.14.0",
        {
            "timestamp": "2026-11-20T08:00:00Z",
            "checks": [],
            "applyable": True,
            "complete": True,
            "errored": False,
        },
    ),
}
"""The versions of the format, with a Terraform that writes each, and what it adds."""


def change(
    address: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    unknown: dict[str, Any] | None = None,
    actions: tuple[str, ...] | None = None,
) -> dict[str, Any]:
    """Return the change of a resource."""
    module, kind, name, index = _parse(address)
    usual = ("delete",) if after is None else ("create",) if before is None else ("update",)
    return {
        "address": address,
        **({"module_address": module} if module else {}),
        "mode": "managed",
        "type": kind,
        "name": name,
        **({"index": index} if index is not None else {}),
        "provider_name": "registry.terraform.io/aliyun/alicloud",
        "change": {
            "actions": list(actions or (("no-op",) if before == after else usual)),
            "before": before,
            "after": after,
            "after_unknown": unknown or {},
            "before_sensitive": False,
            "after_sensitive": {},
        },
    }


def plan(
    *changes: dict[str, Any],
    version: str = "1.2",
    configuration: dict[str, Any] | None = None,
    **members: Any,
) -> dict[str, Any]:
    """Return a plan with changes, in a version of the format."""
    terraform, more = VERSIONS[version]
    planned = [
        {**_resource(item), "values": item["change"]["after"]}
        for item in changes
        if item["change"]["after"] is not None
    ]
    prior = [
        {**_resource(item), "values": item["change"]["before"]}
        for item in changes
        if item["change"]["before"] is not None
    ]
    return {
        "format_version": version,
        "terraform_version": terraform,
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": list(changes),
        "prior_state": {"format_version": "1.0", "values": {"root_module": {"resources": prior}}},
        "configuration": {"root_module": configuration or {}},
        **more,
        **members,
    }


def configured(address: str, **expressions: Any) -> dict[str, Any]:
    """Return the configuration of a module with one resource."""
    _, kind, name, _ = _parse(address)
    resource = {
        "address": f"{kind}.{name}",
        "mode": "managed",
        "type": kind,
        "name": name,
        "provider_config_key": "alicloud",
        "expressions": expressions,
        "schema_version": 0,
    }
    return {"resources": [resource]}


def state(*instances: tuple[str, dict[str, Any]], version: int = 4) -> dict[str, Any]:
    """Return a raw `terraform.tfstate` with instances, each an address and its attributes."""
    resources = []
    for address, attributes in instances:
        module, kind, name, index = _parse(address)
        instance = {"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}
        resources.append(
            {
                **({"module": module} if module else {}),
                "mode": "managed",
                "type": kind,
                "name": name,
                "provider": 'provider["registry.terraform.io/aliyun/alicloud"]',
                "instances": [{**({} if index is None else {"index_key": index}), **instance}],
            }
        )
    return {
        "version": version,
        "terraform_version": "1.9.8",
        "serial": 7,
        "lineage": "3f6f1ae8-27a5-7a5b-1f4a-8a7f8f1f2a60",
        "outputs": {},
        "resources": resources,
        "check_results": None,
    }


def _resource(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("change", "module_address")}


def _parse(address: str) -> tuple[str, str, str, Any]:
    found = re.fullmatch(r"(?:(.+)\.)?(\w+)\.([\w-]+)(?:\[(.+)\])?", address)
    assert found, address
    return found[1] or "", found[2], found[3], json.loads(found[4]) if found[4] else None
