"""HCL, the language of Terraform's `*.tf` files: the resources in it that have rules."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.toml import Path, SourceError

from . import resources
from .hcl_functions import CannotComputeError, HclSet, members
from .hcl_module import NO_FOLDER, Folder, HclModule
from .hcl_syntax import HclText, format_string
from .hcl_values import HclEvaluator, Names, has_unknown
from .resources import TERRAFORM, Declared, Reader, Unknown

if TYPE_CHECKING:
    from tree_sitter import Node

_MOST_INSTANCES = 1_000


def find(text: str, folder: Folder = NO_FOLDER) -> dict[str, Reader]:
    """Return what reads the rules of each resource, by its address. Raises SourceError."""
    found: dict[str, Reader] = {}
    for block in find_blocks(text, folder):
        for instance in block.expand():
            if instance.has_rules():
                found[instance.address] = instance.read
    return found


def find_blocks(text: str, folder: Folder = NO_FOLDER) -> Iterator[ResourceBlock]:
    """Yield the resources in a file that may have rules. Raises SourceError."""
    source = HclText(text)
    module = HclModule(source, folder)
    for node in source.blocks():
        labels = source.labels(node)
        if labels[0] == "resource" and len(labels) == 3:
            block = ResourceBlock(source, module, node, labels[1], labels[2])
            if block.may_have_rules():
                yield block


@dataclass(frozen=True, slots=True)
class ResourceBlock:
    """A resource in a file, or one of its instances."""

    source: HclText
    module: HclModule
    node: Node
    kind: str
    name: str
    names: Names = field(default_factory=dict)
    index: str = ""
    hidden: Unknown | None = None
    """Why nothing is known of it."""

    @property
    def address(self) -> str:
        """The address of the instance."""
        return f"{self.kind}.{self.name}{self.index}"

    def may_have_rules(self) -> bool:
        """Return whether the resource can set rules."""
        if self.kind not in TERRAFORM.buckets:
            return self.kind in TERRAFORM.referers
        inner = (self.source.labels(block)[-1] for block in self.source.blocks(self.node))
        written = (name for name, _, _ in self.source.attributes(self.node))
        return TERRAFORM.config in (*inner, *written)

    def expand(self) -> Iterator[ResourceBlock]:
        """Yield the instances of the resource: none if its count is 0."""
        if override := self.module.find_override(self.kind, self.name):
            why = f"may be overridden by {override}; {TERRAFORM.advice}"
            yield replace(self, hidden=Unknown(override, why))
            return
        for name, node, _ in self.source.attributes(self.node):
            if name in ("count", "for_each"):
                value = HclEvaluator(self.source, self.module).evaluate(node)
                yield from self._repeat(name, value)
                return
        yield self

    def _repeat(self, name: str, value: Any) -> Iterator[ResourceBlock]:
        instances = _count(value) if name == "count" else _each(value)
        if instances is None or len(instances) > _MOST_INSTANCES:
            shown = value.text if isinstance(value, Unknown) else name
            why = f"has {name} = {shown}, which is not known here; {TERRAFORM.advice}"
            yield replace(self, hidden=Unknown(shown, why))
            return
        for key, names in instances:
            index = f"[{json.dumps(key, ensure_ascii=False)}]"
            yield replace(self, names=names, index=index)

    def has_rules(self) -> bool:
        """Return whether the resource sets rules; if that is not known, it may."""
        if self.hidden is not None or self.kind in TERRAFORM.referers:
            return True
        return resources.has_rules(TERRAFORM, self.kind, self._declare().values)

    def read(self) -> RefererConfiguration:
        """Return the rules. Raises SourceError."""
        declared = self._declare()
        return resources.read(TERRAFORM, self.kind, declared.values, (), declared.error)

    def _declare(self) -> Declared:
        declared = Declared(self.kind, self.address, {}, {(): self.source.place(self.node)})
        if self.hidden is not None:
            declared.values = self.hidden
            return declared
        declared.values = self._read_attributes(self.node, self.names, declared, ())
        for block in self.source.blocks(self.node):
            labels = self.source.labels(block)
            if not self._concerns(labels[-1]):
                continue
            declared.places[labels[-1],] = self.source.place(block)
            if labels[0] == "dynamic":
                declared.values[labels[-1]] = self._read_dynamic(labels[-1], block, declared)
            else:
                found = self._read_attributes(block, self.names, declared, (labels[-1],))
                declared.values.setdefault(labels[-1], []).append(found)
        return declared

    def _concerns(self, name: str) -> bool:
        """Return whether an attribute or a block is about rules."""
        if self.kind in TERRAFORM.buckets:
            return name == TERRAFORM.config
        return name not in TERRAFORM.others

    def _read_attributes(
        self, block: Node, names: Names, declared: Declared, path: Path
    ) -> dict[str, Any]:
        evaluator = HclEvaluator(self.source, self.module, names)
        values: dict[str, Any] = {}
        seen: set[str] = set()
        for name, node, place in self.source.attributes(block):
            if name in seen:
                raise SourceError(f"{name} is written twice; write it once", *place)
            seen.add(name)
            if path or self._concerns(name):
                declared.places[*path, name] = place
                values[name] = evaluator.evaluate(node)
        return values

    def _read_dynamic(self, name: str, block: Node, declared: Declared) -> Any:
        """Return the blocks that a `dynamic` block makes, or Unknown."""
        written = {key: node for key, node, _ in self.source.attributes(block)}
        contents = self.source.blocks(block)
        if set(written) != {"for_each"} or len(contents) != 1:
            return Unknown(f"dynamic {name}")
        over = HclEvaluator(self.source, self.module, self.names).evaluate(written["for_each"])
        if has_unknown(over):
            return Unknown(f"dynamic {name}")
        try:
            rows = members(over)
        except CannotComputeError:
            return Unknown(f"dynamic {name}")
        return [
            self._read_attributes(
                contents[0], {**self.names, name: {"key": key, "value": value}}, declared, (name,)
            )
            for key, value in rows
        ]


def _count(value: Any) -> list[tuple[Any, Names]] | None:
    """Return the keys of the instances by a count, with what is known in them; None if unknown."""
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,4}", str(value), re.ASCII):
        return None
    return [(number, {"count": {"index": number}}) for number in range(int(value))]


def _each(value: Any) -> list[tuple[Any, Names]] | None:
    """Return the keys of the instances by `for_each`, with what is known in them."""
    if not isinstance(value, (dict, HclSet)) or has_unknown([*value]):
        return None
    try:
        return [(key, {"each": {"key": key, "value": one}}) for key, one in members(value)]
    except CannotComputeError:
        return None


def format(configuration: RefererConfiguration) -> str:
    """Format rules as a resource of Terraform."""
    (kind,) = TERRAFORM.referers
    lines = [f'resource "{kind}" "default" {{', '  bucket                      = "YOUR-BUCKET"']
    for field_name, name in TERRAFORM.names.items():
        value = getattr(configuration, field_name)
        if isinstance(value, bool):
            lines.append(f"  {name:<27} = {json.dumps(value)}")
        else:
            entries = "".join(f"    {format_string(entry)},\n" for entry in value)
            lines.append(f"  {name} = [\n{entries}  ]" if value else f"  {name} = []")
    return "\n".join([*lines, "}"]) + "\n"
