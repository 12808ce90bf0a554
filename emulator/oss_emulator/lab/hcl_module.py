"""What the files of one folder say together: the locals and the variables of a Terraform module.

A variable has its default here, unless a file that Terraform reads by itself sets it
(`terraform.tfvars`, `*.auto.tfvars`). The environment, `-var` and the caller of a module may set it
too, and nobody here can know: whoever takes a default is told so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from oss_emulator import json_text
from oss_emulator.toml import SourceError, decode

from .hcl_functions import HclSet
from .hcl_syntax import HclText
from .hcl_values import HclEvaluator
from .resources import TERRAFORM, Unknown

if TYPE_CHECKING:
    from tree_sitter import Node


def _read_nothing(name: str) -> bytes:
    raise FileNotFoundError(name)


def _tell_nobody(sentence: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Folder:
    """The other files of a folder, and who is told what was assumed."""

    names: tuple[str, ...] = ()
    read: Callable[[str], bytes] = _read_nothing
    """Returns a file; raises OSError."""
    tell: Callable[[str], None] = _tell_nobody

    def quiet(self) -> Self:
        """Return the same folder for another reading, of which nobody is told again."""
        return replace(self, tell=_tell_nobody)


NO_FOLDER = Folder()


class Definition(NamedTuple):
    """Where a local or a variable gets its value."""

    source: HclText
    node: Node
    block: Node
    """The block that has it."""

    def attributes(self) -> Iterator[tuple[str, Node, tuple[int, int]]]:
        """Yield the attributes beside it."""
        return self.source.attributes(self.block)


def _index(source: HclText) -> Mapping[tuple[str, str], Definition]:
    """Return the definitions in a file: of `("local", NAME)` and of `("var", NAME)`."""
    found: dict[tuple[str, str], Definition] = {}
    for block in source.blocks():
        labels = source.labels(block)
        if labels[0] not in ("locals", "variable"):
            continue
        for name, node, _ in source.attributes(block):
            if labels[0] == "locals":
                found.setdefault(("local", name), Definition(source, node, block))
            elif name == "default":
                found.setdefault(("var", labels[-1]), Definition(source, node, block))
    return found


class HclModule:
    """The definitions in the file that is read, and in those beside it."""

    def __init__(self, source: HclText, folder: Folder) -> None:
        self._folder = folder
        self._values: dict[tuple[str, str], Any] = {}
        self._problem = ""
        names = sorted(folder.names)
        overriding = [name for name in reversed(names) if _OVERRIDE.search(name)]
        self._overriding = [*self._read_all(overriding)]
        self._indexes = [_index(item) for item in (*self._overriding, source)]
        self._unread = [name for name in names if name.endswith(".tf") and name not in overriding]
        self._given: dict[str, Any] = {}
        for name in (*_SETTINGS, *(name for name in names if _AUTOMATIC.search(name))):
            if name in names:
                self._given |= self._read_settings(name)

    def find_override(self, kind: str, name: str) -> str:
        """Return the name of a file that overrides parts of a resource; "" if none does."""
        for source in self._overriding:
            if ["resource", kind, name] in map(source.labels, source.blocks()):
                return source.name
        return next(iter(name for name in self._folder.names if _OVERRIDING_JSON.search(name)), "")

    def value(self, kind: str, name: str, depth: int = 0) -> Any:
        """Return the value of `local.name` or `var.name`, or Unknown."""
        key = (kind, name)
        if key not in self._values:
            self._values[key] = self._unknown(kind, name)  # also while it is computed
            self._values[key] = self._compute(kind, name, depth)
        return self._values[key]

    def find(self, kind: str, name: str) -> Definition | None:
        """Return what defines `local.name`, or the default of `var.name`."""
        found = (index.get((kind, name)) for index in self._each_index())
        return next(filter(None, found), None)

    def is_given(self, name: str) -> bool:
        """Return whether a file of settings gives a variable its value."""
        return name in self._given

    def _each_index(self) -> Iterator[Mapping[tuple[str, str], Definition]]:
        yield from self._indexes
        while self._unread:
            for source in self._read_all([self._unread.pop(0)]):
                self._indexes.append(_index(source))
                yield self._indexes[-1]

    def _read_all(self, names: Sequence[str]) -> Iterator[HclText]:
        for name in names:
            try:
                yield HclText(decode(self._folder.read(name)), name)
            except SourceError as error:
                self._problem = f"{name} cannot be read: {error}"
            except OSError as error:
                self._problem = f"{name} cannot be read: {error.strerror}"

    def _read_settings(self, name: str) -> dict[str, Any]:
        if name.endswith(".json"):
            try:
                found = json_text.parse(self._folder.read(name))
            except (SourceError, OSError) as error:
                self._problem = f"{name} cannot be read: {error}"
                return {}
            return found if isinstance(found, dict) else {}
        return {
            variable: HclEvaluator(source, self).evaluate(node)
            for source in self._read_all([name])
            for variable, node, _ in source.attributes()
        }

    def _compute(self, kind: str, name: str, depth: int) -> Any:
        if kind == "var" and (name in self._given or self._problem):
            return self._given.get(name, self._unknown(kind, name))
        found = self.find(kind, name)
        if found is None:
            return self._unknown(kind, name)
        value = HclEvaluator(found.source, self).evaluate(found.node, depth)
        if kind == "var":
            line, _ = found.source.place(found.node)
            where = f"{found.source.name}, line {line}" if found.source.name else f"line {line}"
            self._folder.tell(
                f"var.{name} has its default here ({where}); only a plan knows its value"
            )
            types = [
                found.source.text(node) for key, node, _ in found.attributes() if key == "type"
            ]
            if isinstance(value, list) and any(text.startswith("set(") for text in types):
                return HclSet(value)
        return value

    def _unknown(self, kind: str, name: str) -> Unknown:
        text = f"{kind}.{name}"
        if not self._problem:
            return Unknown(text)
        return Unknown(text, f"is the expression {text}, and {self._problem}; {TERRAFORM.advice}")


_OVERRIDE = re.compile(r"(?:\A|_)override\.tf\Z")
_OVERRIDING_JSON = re.compile(r"(?:\A|_)override\.tf\.json\Z")
_AUTOMATIC = re.compile(r"\.auto\.tfvars(?:\.json)?\Z")
_SETTINGS = ("terraform.tfvars", "terraform.tfvars.json")
"""Files that set variables, the last one winning: these, and then the automatic ones."""
