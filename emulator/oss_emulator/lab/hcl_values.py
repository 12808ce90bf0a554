"""The values of HCL's expressions, as far as the files of one folder tell them.

A value that only Terraform can know is `Unknown`: one of a resource, a data source or a module, or
of a function that is not computed here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .hcl_functions import CannotComputeError, HclSet, call, check_size, compare, members, to_text
from .hcl_syntax import HclText, inner, unescape
from .resources import Unknown

if TYPE_CHECKING:
    from tree_sitter import Node

    from .hcl_module import HclModule

_DEEPEST = 60
_PLAIN = re.compile(r'"[^"\\\n$%]*"')
_LITERALS: Mapping[str, Any] = {"true": True, "false": False, "null": None}
_WRAPPERS = frozenset(
    "expression literal_value collection_value template_expr operation variable_expr".split()
)
Names = Mapping[str, Any]
"""The values of `each`, `count`, and of the names that `for` introduces."""


class HclEvaluator:
    """Evaluates the expressions of one file."""

    def __init__(self, source: HclText, module: HclModule, names: Names | None = None) -> None:
        self._source = source
        self._module = module
        self._names: Names = names or {}

    def evaluate(self, node: Node, depth: int = 0) -> Any:
        """Return a value, or Unknown; a list or an object may contain Unknown."""
        text = self._source.text(node)
        if _PLAIN.fullmatch(text):
            return text[1:-1]  # most values are plain, so this reads long lists quickly
        if depth > _DEEPEST:
            return Unknown(text)
        try:
            return check_size(self._compute(node, text, depth + 1))
        except (CannotComputeError, ValueError):  # of a form that is not expected here
            return Unknown(text)

    def _compute(self, node: Node, text: str, depth: int) -> Any:
        parts = inner(node)
        if node.type in _WRAPPERS and len(parts) == 1 and parts[0].type != "identifier":
            return self.evaluate(parts[0], depth)
        match node.type:
            case "expression" | "variable_expr":
                return self._follow(parts, depth)
            case "string_lit":
                return unescape(text[1:-1])
            case "quoted_template":
                pieces = self._cut(node, node.start_byte + 1, node.end_byte - 1)
                decoded = [unescape(item) if isinstance(item, str) else item for item in pieces]
                return self._fill(decoded, depth)
            case "heredoc_template":
                return self._fill(self._cut_heredoc(node), depth)
            case "numeric_lit" if re.fullmatch(r"\d{1,18}", text):
                return int(text)
            case "tuple":
                return [self.evaluate(item, depth) for item in parts if item.type == "expression"]
            case "object":
                return dict(self._member(item, depth) for item in parts if "elem" in item.type)
            case "function_call":
                return self._call(parts, depth)
            case "conditional":
                condition, yes, no = (item for item in parts if item.type == "expression")
                is_true = compare("&&", self._known(condition, depth), True)
                return self.evaluate(yes if is_true else no, depth)
            case "binary_operation" | "unary_operation":
                return self._operate(parts, depth)
            case "for_expr":
                return self._loop(parts[0], depth)
        if text not in _LITERALS:
            raise CannotComputeError
        return _LITERALS[text]

    def _known(self, node: Node, depth: int) -> Any:
        """Return a value that is known as a whole. Raises CannotComputeError."""
        value = self.evaluate(node, depth)
        if has_unknown(value):
            raise CannotComputeError
        return value

    def _operate(self, parts: Sequence[Node], depth: int) -> bool:
        """Return the value of an operation; its operands are not nodes of their own."""
        (at,) = (number for number, item in enumerate(parts) if not item.is_named)
        operands = [
            self._known(side[0], depth) if len(side) == 1 else self._follow(side, depth)
            for side in (parts[:at], parts[at + 1 :])
            if side
        ]
        if has_unknown(operands):
            raise CannotComputeError
        operator = self._source.text(parts[at])
        if operator == "!":
            return not compare("&&", operands[0], True)
        left, right = operands
        return compare(operator, left, right)

    def _follow(self, parts: Sequence[Node], depth: int) -> Any:
        """Return the value of `local.name`, `var.name["key"]`, `each.value.name` and the like."""
        first, *steps = parts
        value: Any
        name = self._source.text(first)
        if name in ("local", "var") and steps and steps[0].type == "get_attr":
            attribute = self._source.text(steps.pop(0).children[-1])
            value = self._module.value(name, attribute, depth)
        elif name in self._names:
            value = self._names[name]
        elif first.type in ("collection_value", "function_call", "expression"):
            value = self.evaluate(first, depth)
        else:
            raise CannotComputeError
        for step in steps:
            value = self._step(value, step, depth)
        return value

    def _step(self, value: Any, step: Node, depth: int) -> Any:
        if isinstance(value, (Unknown, HclSet)):
            return value if isinstance(value, Unknown) else self._refuse()
        if step.type == "get_attr":
            key: Any = self._source.text(step.children[-1])
        elif step.type == "index" and step.children[0].type == "new_index":
            (key,) = (
                self._known(item, depth)
                for item in step.children[0].children
                if item.type == "expression"
            )
        else:
            raise CannotComputeError
        is_key = isinstance(value, dict) and isinstance(key, str) and key in value
        is_index = isinstance(value, list) and type(key) is int and key < len(value)
        return value[key] if is_key or is_index else self._refuse()

    def _refuse(self) -> Any:
        raise CannotComputeError

    def _member(self, item: Node, depth: int) -> tuple[str, Any]:
        name, value = (child for child in item.children if child.type == "expression")
        written = self._source.text(name)
        if re.fullmatch(r"[^\W\d][\w-]*", written):
            return written, self.evaluate(value, depth)
        return to_text(self._known(name, depth)), self.evaluate(value, depth)

    def _call(self, parts: Sequence[Node], depth: int) -> Any:
        name, *others = parts
        given = [item for child in others for item in child.children if item.type != "comment"]
        arguments = [self.evaluate(item, depth) for item in given if item.type == "expression"]
        if any(item.type == "ellipsis" for item in given):
            arguments[-1:] = arguments[-1] if isinstance(arguments[-1], list) else self._refuse()
        function = self._source.text(name)
        if function in _KEEPING and not any(isinstance(item, Unknown) for item in arguments):
            return call(function, arguments)
        return self._refuse() if has_unknown(arguments) else call(function, arguments)

    # Templates

    def _cut(self, node: Node, start: int, end: int) -> list[str | Node]:
        """Return the pieces of a template: what is written between its expressions, and these.

        The tree has no white space between them, so the text is cut.
        """
        pieces: list[str | Node] = []
        for child in node.children:
            if child.type == "template_interpolation":
                expressions = [item for item in child.children if item.type == "expression"]
                if any(item.type == "strip_marker" for item in child.children):
                    raise CannotComputeError
                pieces += [self._source.between(start, child.start_byte), *expressions]
                start = child.end_byte
            elif child.type == "template_directive":
                raise CannotComputeError
        return [*pieces, self._source.between(start, end)]

    def _cut_heredoc(self, node: Node) -> list[str | Node]:
        """Return the pieces of a heredoc, without the indentation that `<<-` takes away."""
        opening, *_, closing = (item for item in node.children if "heredoc" in item.type)
        text = self._source.text(node)
        first = node.start_byte + len(text.partition("\n")[0].encode()) + 1
        last = text.rpartition("\n")[0]
        end = node.start_byte + len(last.encode()) + 1
        if "\r" in text or "\0" in text or closing.type != "heredoc_identifier":
            raise CannotComputeError
        pieces = self._cut(node, first, max(first, end))
        whole = "\0".join(item for item in pieces if isinstance(item, str))
        if self._source.text(opening).startswith("<<-"):
            lines = [line for line in whole.split("\n") if line.strip()]
            width = min((len(line) - len(line.lstrip()) for line in lines), default=0)
            whole = re.sub(rf"(?m)^[^\S\n]{{{width}}}(?=[^\n]*\S)", "", whole)
        cut = iter(re.sub(r"([$%])\1(?=\{)", r"\1", whole).split("\0"))
        return [next(cut) if isinstance(item, str) else item for item in pieces]

    def _fill(self, pieces: Sequence[str | Node], depth: int) -> Any:
        expressions = [item for item in pieces if not isinstance(item, str)]
        if len(expressions) == 1 and pieces[0] == pieces[-1] == "":
            return self.evaluate(expressions[0], depth)  # "${…}" is the value itself
        shown = ""
        for item in pieces:
            shown += item if isinstance(item, str) else to_text(self._known(item, depth))
            check_size(shown)
        return shown

    # For

    def _loop(self, node: Node, depth: int) -> Any:
        """Return the value of `[for … : …]` or `{for … : … => …}`."""
        (intro,) = (item for item in node.children if item.type == "for_intro")
        condition = [item for item in node.children if item.type == "for_cond"]
        if any(item.type in ("ellipsis", "comment") for item in node.children):
            raise CannotComputeError
        names = [self._source.text(item) for item in intro.children if item.type == "identifier"]
        (over,) = (item for item in intro.children if item.type == "expression")
        results = [item for item in node.children if item.type == "expression"]
        rows = []
        for key, value in members(self._known(over, depth)):
            bound = dict(zip(names, (key, value) if len(names) == 2 else (value,), strict=True))
            within = HclEvaluator(self._source, self._module, {**self._names, **bound})
            if condition and within._known(condition[0].children[-1], depth) is not True:
                continue
            rows.append([within._known(item, depth) for item in results])
        if node.type == "for_tuple_expr":
            return [value for (value,) in rows]
        return {to_text(key): value for key, value in rows}


_KEEPING = frozenset({"tolist", "toset"})
"""Functions that keep the items of a list, so these may be unknown."""


def has_unknown(value: Any) -> bool:
    """Return whether a value is unknown, or has a part that is."""
    if isinstance(value, (list, dict)):
        return any(map(has_unknown, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Unknown)
