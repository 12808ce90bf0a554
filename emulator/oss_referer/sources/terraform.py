"""Terraform's JSON: plans and states of `terraform show -json`, raw states, and `*.tf.json` files.

A plan states each resource before and after, and which values are known only after `terraform
apply` (`after_unknown`). Such a value is refused, not read as a missing one. A value that is marked
as sensitive is refused too, since reports show rules. For the formats see
https://developer.hashicorp.com/terraform/internals/json-format, and for raw states (version 4) the
source of Terraform. OpenTofu uses the same formats.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import zip_longest
from typing import Any

from oss_referer.engine import RefererConfiguration
from oss_referer.sources import json_text, resources
from oss_referer.sources.places import error_at
from oss_referer.sources.resources import (
    BUCKET,
    CONFIG,
    KINDS,
    NAMES,
    REFERER,
    ErrorAt,
    ReadRules,
    Unknown,
    as_dict,
    as_list,
    escape_template,
    evaluate,
)
from oss_referer.sources.toml import Path, SourceError, decode, format_path

SHOW = "terraform plan -out=plan.bin && terraform show -json plan.bin > plan.json"
"""The command that writes a readable plan."""
_SHOW_STATE = "terraform show -json > state.json"
_MAJORS = {"0", "1"}
"""The known major versions of the format of `terraform show -json`."""
_STATE_VERSION = 4


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """The change of a plan to one resource that sets rules before the plan or after it."""

    address: str
    kind: str
    actions: tuple[str, ...]
    bucket: str | None
    """The name of the bucket; None if it is sensitive or known only after apply."""
    before: ReadRules | None
    after: ReadRules | None
    """A reader for the rules; None if the resource sets none or no longer exists."""

    @property
    def deletes_bucket(self) -> bool:
        return self.kind == BUCKET and "delete" in self.actions

    def rules(self) -> tuple[RefererConfiguration, RefererConfiguration]:
        """Return the rules before and after. Raises SourceError for a value that is not known.

        Terraform knows no rules for a resource that it is going to create. When the resource of
        rules is deleted, the provider sets empty lists and keeps the switches (R-38).
        """
        before = self.before() if self.before else RefererConfiguration()
        if self.after:
            return before, self.after()
        if "forget" in self.actions:
            return before, before
        if self.kind == REFERER:
            return before, replace(before, whitelist=(), blacklist=())
        return before, RefererConfiguration()


def find(document: bytes) -> dict[str, ReadRules]:
    """Return a reader for the rules of each resource, by its address. Raises SourceError.

    For a plan, these are the rules after it.
    """
    text = decode(document)
    members = json_text.parse(text)
    if _is_plan(members):
        return {item.address: item.after for item in _find_changes(members, text) if item.after}
    stated = {item.address: _reader(item) for item in _find_stated(members, text)}
    return {address: read for address, read in stated.items() if read}


def is_plan(document: bytes) -> bool:
    """Return whether a document is a plan in JSON."""
    try:
        text = decode(document)
        return text.lstrip().startswith("{") and _is_plan(json_text.parse(text))
    except SourceError:
        return False


def find_changes(text: str) -> list[PlannedChange]:
    """Return the changes of a plan to resources that set rules. Raises SourceError."""
    if not text.lstrip().startswith("{"):
        raise SourceError(f"the document is not a plan of Terraform; run {SHOW}")
    members = json_text.parse(text)
    if not _is_plan(members):
        raise SourceError(
            f"the document is not a plan, so it does not say what changes; run {SHOW}"
        )
    return list(_find_changes(members, text))


@dataclass(frozen=True, slots=True)
class _Stated:
    """A resource in a document: its type, its address and its values."""

    kind: str
    address: str
    values: Any
    error: ErrorAt
    path: Path = ()

    def read(self) -> RefererConfiguration:
        return resources.read(self.kind, self.values, self.path, self.error)


def _find_stated(members: Any, text: str) -> Iterator[_Stated]:
    yield from _find_declared(members, text)
    if isinstance(as_dict(members).get("values"), dict):
        _check_format(members, text)
        for address, resource in _walk(members["values"].get("root_module")):
            values = _hide(resource.get("values", {}), resource.get("sensitive_values"))
            error = partial(_error_in, text, address, (address,))
            yield _Stated(resource["type"], address, values, error)
    elif "lineage" in as_dict(members) or "serial" in as_dict(members):
        yield from _find_in_state(members, text)
    elif "encrypted_data" in as_dict(members):
        raise SourceError("the state is encrypted; run tofu show -json > state.json and read that")


def _find_declared(members: Any, text: str) -> Iterator[_Stated]:
    error = partial(error_at, text)
    seen: set[str] = set()
    for block in as_list(as_dict(members).get("resource", {})):
        for kind in KINDS:
            named = map(as_dict, as_list(as_dict(block).get(kind)))
            for name, values in (item for one in named for item in one.items()):
                address = f"{kind}.{name}"
                if address in seen or len(as_list(values)) > 1:
                    raise error((kind, name), f"{address} is written twice; write it once")
                seen.add(address)
                (value,) = as_list(values) or [None]
                yield _Stated(kind, address, _evaluate(kind, value), error, (kind, name))


def _evaluate(kind: str, values: Any) -> Any:
    """Return the values of a resource in a `*.tf.json` file, or Unknown if they are computed."""
    written = as_dict(values)
    dynamic = any(CONFIG in as_dict(item) for item in as_list(written.get("dynamic", [])))
    if not dynamic and not resources.has_rules(kind, values):
        return values
    for name in ("count", "for_each"):
        if written.get(name) is not None:
            return resources.computed(name)
    if dynamic:
        return resources.computed("dynamic")
    for lifecycle in map(as_dict, as_list(written.get("lifecycle"))):
        if resources.ignores_rules(kind, json.dumps(lifecycle.get("ignore_changes"))):
            return resources.computed("ignore_changes")
    return evaluate(values)


def _walk(root: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the address and content of each resource of all modules that may set rules."""
    modules = [root]
    while modules:
        module = as_dict(modules.pop(0))
        for resource in map(as_dict, as_list(module.get("resources", []))):
            if resource.get("type") in KINDS and resource.get("mode", "managed") == "managed":
                yield str(resource.get("address", "")), resource
        modules += as_list(module.get("child_modules", []))


def _find_in_state(members: Any, text: str) -> Iterator[_Stated]:
    version = members.get("version")
    if version != _STATE_VERSION:
        raise error_at(
            text,
            ("version",),
            f"the state has version {version}, and only version {_STATE_VERSION} is known; "
            f"run {_SHOW_STATE} and read that",
        )
    for resource in map(as_dict, as_list(members.get("resources", []))):
        kind = resource.get("type")
        if kind not in KINDS or resource.get("mode") != "managed":
            continue
        module = f"{resource['module']}." if resource.get("module") else ""
        for instance in map(as_dict, as_list(resource.get("instances", []))):
            if instance.get("deposed"):
                continue  # Terraform replaced this instance and will delete it
            key = instance.get("index_key")
            index = "" if key is None else f"[{json.dumps(key, ensure_ascii=False)}]"
            address = f"{module}{kind}.{resource.get('name')}{index}"
            where = (str(kind), str(resource.get("name")))
            values = instance.get("attributes")
            if not isinstance(values, dict):
                values = Unknown("", f"has no attributes; run {_SHOW_STATE} and read that")
            values = _hide(values, _sensitive_in_state(instance))
            yield _Stated(str(kind), address, values, partial(_error_in, text, address, where))


def _sensitive_in_state(instance: Mapping[str, Any]) -> dict[str, bool]:
    paths = map(as_list, as_list(instance.get("sensitive_attributes") or []))
    return {str(as_dict(path[0]).get("value")): True for path in paths if path}


def _hide(value: Any, sensitive: Any) -> Any:
    """Return a value in which each sensitive part is Unknown."""
    if isinstance(value, dict) and isinstance(sensitive, dict):
        return {name: _hide(one, sensitive.get(name)) for name, one in value.items()}
    if isinstance(value, list) and isinstance(sensitive, list):
        return [_hide(*parts) for parts in zip_longest(value, sensitive[: len(value)])]
    return Unknown("", _SENSITIVE) if _has_true(sensitive) else value


_SENSITIVE = (
    "is marked as sensitive, and reports show rules; if it is not a secret, write nonsensitive(…) "
    f"around it and run {SHOW}"
)


def format(configuration: RefererConfiguration) -> str:
    """Format rules as a resource in JSON."""
    written = {
        name: escape_template(getattr(configuration, field)) for field, name in NAMES.items()
    }
    document = {"resource": {REFERER: {"default": {"bucket": "YOUR-BUCKET", **written}}}}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


# Plans


def _is_plan(members: Any) -> bool:
    return bool({"planned_values", "resource_changes"} & as_dict(members).keys())


def _find_changes(members: dict[str, Any], text: str) -> Iterator[PlannedChange]:
    _check_format(members, text)
    if members.get("errored"):
        raise error_at(
            text, ("errored",), f"the plan ended with an error; correct it and run {SHOW}"
        )
    changes = members.get("resource_changes")
    if changes is None:
        for address, _ in _walk(as_dict(members.get("planned_values")).get("root_module")):
            raise error_at(
                text,
                (address,),
                "the plan has no resource_changes, so an unknown value cannot be told from a "
                f"missing one; run {SHOW}",
            )
    for item in map(as_dict, as_list(changes or [])):
        if _concerns(item):
            yield from _read_change(item, members, text)
    for deferred in map(as_dict, as_list(members.get("deferred_changes") or [])):
        item = as_dict(deferred.get("resource_change"))
        if _concerns(item):
            yield _defer(item, text)


def _concerns(item: Mapping[str, Any]) -> bool:
    """Return whether a change concerns a resource that may set rules."""
    managed = item.get("mode", "managed") == "managed"
    return item.get("type") in KINDS and managed and not item.get("deposed")


def _read_change(
    item: dict[str, Any], members: dict[str, Any], text: str
) -> Iterator[PlannedChange]:
    kind, address = item["type"], str(item.get("address", ""))
    change = as_dict(item.get("change"))
    before = _hide(change.get("before"), change.get("before_sensitive"))
    after = change.get("after")
    configured = _configured(item, members)
    if isinstance(after, dict) or change.get("after_unknown") is True:
        module = f"{item['module_address']}." if item.get("module_address") else ""
        why = partial(_why, module, configured)
        after = _mark((), after, change.get("after_unknown"), configured, why)
    after = _hide(after, change.get("after_sensitive"))
    error, later = (
        partial(_error_in, text, address, ("resource_changes", address, part))
        for part in ("before", "after")
    )
    actions = change.get("actions", [])
    bucket = (after if isinstance(after, dict) else as_dict(before)).get("bucket")
    found = PlannedChange(
        address=address,
        kind=kind,
        actions=tuple(map(str, as_list(actions))),
        bucket=bucket if isinstance(bucket, str) else None,
        before=_reader(_Stated(kind, address, before, error)),
        after=_reader(_Stated(kind, address, after, later)),
    )
    if found.before or found.after or found.deletes_bucket:
        yield found


def _reader(stated: _Stated) -> ReadRules | None:
    """Return a reader for the rules of a resource; None if it sets none."""
    return stated.read if resources.has_rules(stated.kind, stated.values) else None


def _defer(item: dict[str, Any], text: str) -> PlannedChange:
    address = str(item.get("address", ""))
    sentence = f"Terraform defers it to a later plan; apply this one, then run {SHOW}"

    def refuse() -> RefererConfiguration:
        raise _error_in(text, address, ("deferred_changes", address), (), sentence)

    return PlannedChange(address, item["type"], ("defer",), None, before=None, after=refuse)


def _mark(path: Path, value: Any, unknown: Any, configured: Any, why: Callable[[Path], str]) -> Any:
    """Return a value in which each part that is known only after apply is Unknown.

    If the configuration of a new resource omits a switch, the plan marks it as unknown, since the
    provider could read it from the service. The provider sends false (R-38), so the switch counts
    as missing.
    """
    if unknown is True:
        return Unknown(format_path(path), why(path))
    if isinstance(unknown, dict):
        marked = dict(as_dict(value))
        for name, one in unknown.items():
            left_out = isinstance(configured, dict) and name not in configured
            if one is True and left_out and name in _COMPUTED:
                marked[name] = None
            elif _has_true(one):
                written = as_dict(configured).get(name)
                marked[name] = _mark((*path, name), marked.get(name), one, written, why)
        return marked
    if isinstance(unknown, list):
        written = configured if isinstance(configured, list) else []
        given = value if isinstance(value, list) else []
        items = enumerate(zip_longest(given, unknown, written[: max(len(given), len(unknown))]))
        return [_mark((*path, number), *parts, why) for number, parts in items]
    return value


_COMPUTED = frozenset({"allow_truncate_query_string", "allow_empty"})
"""The switches that the provider reads from the service if the configuration omits them."""


def _has_true(unknown: Any) -> bool:
    if isinstance(unknown, (dict, list)):
        inner = unknown.values() if isinstance(unknown, dict) else unknown
        return any(map(_has_true, inner))
    return unknown is True


def _why(module: str, configured: Any, path: Path) -> str:
    """Return why a value is not known, and what to run."""
    for name in _references(as_dict(configured).get(str(path[0])) if path else None):
        found = _TARGET.match(name)
        if found and found[1] not in _NO_TARGET:
            target = shlex.quote(f"{module}{found[0]}")
            return f"is known only after apply; run terraform apply -target={target} && {SHOW}"
    return f"is known only after apply; run terraform apply && {_SHOW_STATE}, and read that"


_TARGET = re.compile(r"(\w[\w-]*)\.\w[\w-]*")
_NO_TARGET = frozenset("var local data each count path self terraform".split())


def _references(expression: Any) -> Iterator[str]:
    if isinstance(expression, list):
        for one in expression:
            yield from _references(one)
    for name, value in as_dict(expression).items():
        yield from map(str, as_list(value)) if name == "references" else _references(value)


def _configured(item: Mapping[str, Any], members: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the expressions of a resource in the configuration of a plan; None if unknown."""
    module = as_dict(as_dict(members.get("configuration")).get("root_module"))
    for found in _MODULE.finditer(str(item.get("module_address", ""))):
        calls = as_dict(module.get("module_calls"))
        module = as_dict(as_dict(calls.get(found[1])).get("module"))
    for resource in map(as_dict, as_list(module.get("resources", []))):
        same = all(resource.get(name) == item.get(name) for name in ("type", "name"))
        if same and resource.get("mode", "managed") == "managed":
            expressions = resource.get("expressions")
            return expressions if isinstance(expressions, dict) else None
    return None


_MODULE = re.compile(r'module\.([\w-]+)(?:\[(?:\d+|"(?:\\.|[^"\\])*")\])?')


def _check_format(members: Mapping[str, Any], text: str) -> None:
    version = members.get("format_version")
    if version is not None and str(version).partition(".")[0] not in _MAJORS:
        known = " and ".join(f"{major}.x" for major in sorted(_MAJORS))
        raise error_at(
            text, ("format_version",), f"format_version is {version}, and only {known} are known"
        )


def _error_in(text: str, address: str, where: Path, path: Path, sentence: str) -> SourceError:
    """Return an error that names a resource of a plan or a state."""
    return error_at(text, (*where, *path), f"{address}: {sentence}")
