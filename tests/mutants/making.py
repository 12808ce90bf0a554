"""Mutants of a file: its text with one small change, made by the operators of Cosmic Ray."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from cosmic_ray.plugins import get_operator
from parso.python.tree import Name, PythonNode

# Each makes a visible change, and none repeats another one: an equality becomes its opposite, but
# none of the seven other comparisons; `|` is left alone, because it mostly joins types.
OPERATORS = """
AddNot ExceptionReplacer NumberReplacer ZeroIterationForLoop
ReplaceAndWithOr ReplaceOrWithAnd ReplaceUnaryOperator_Delete_Not
ReplaceTrueWithFalse ReplaceFalseWithTrue ReplaceBreakWithContinue ReplaceContinueWithBreak
ReplaceComparisonOperator_Eq_NotEq ReplaceComparisonOperator_NotEq_Eq
ReplaceComparisonOperator_Is_IsNot ReplaceComparisonOperator_IsNot_Is
ReplaceComparisonOperator_Lt_LtE ReplaceComparisonOperator_LtE_Lt
ReplaceComparisonOperator_Gt_GtE ReplaceComparisonOperator_GtE_Gt
ReplaceBinaryOperator_Add_Sub ReplaceBinaryOperator_Sub_Add ReplaceBinaryOperator_Mul_Add
ReplaceBinaryOperator_FloorDiv_Mul ReplaceBinaryOperator_Mod_FloorDiv
ReplaceBinaryOperator_BitAnd_BitOr ReplaceBinaryOperator_LShift_RShift
ReplaceBinaryOperator_RShift_LShift
""".split()


class RemoveCall(Operator):  # type: ignore[misc]  # Cosmic Ray has no types
    """Replaces a call by `pass` if its result is not used."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        if isinstance(node, PythonNode) and node.type == "simple_stmt":
            (statement, *_) = node.children
            if statement.type in ("atom_expr", "power"):
                yield statement.start_pos, statement.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        (statement, *_) = node.children
        node.children[0] = Name(f"{statement.get_first_leaf().prefix}pass", statement.start_pos)
        return node

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return (Example("f(x)", "pass"),)


@dataclass(frozen=True)
class Mutant:
    """A file with one change."""

    file: str
    """Its path, which begins with the package."""
    number: int
    """The first line that changed."""
    line: str
    """The lines that changed, without the white space around each."""
    changed: str
    text: str
    """The whole file after the change."""

    @property
    def key(self) -> tuple[str, str, str]:
        """The key of the mutant in the table of survivors, which does not have line numbers."""
        return self.file, self.line, self.changed


def mutants(file: str, path: Path) -> list[Mutant]:
    """Return the mutants of a file, in the order of their lines."""
    source = path.read_text(encoding="utf-8")
    operators = [get_operator(f"core/{name}")() for name in OPERATORS] + [RemoveCall()]
    texts = dict.fromkeys(text for operator in operators for text in _texts(source, operator))
    made = (_mutant(file, source, text) for text in texts)
    # No answer depends on the size of a cache, or on other arguments of a decorator.
    tested = (
        mutant
        for mutant in made
        if not mutant.line.startswith("@") and "lru_cache(" not in mutant.line
    )
    return sorted(tested, key=lambda mutant: mutant.number)


def _texts(source: str, operator: Operator) -> Iterator[str]:
    for occurrence in count():
        text = mutate_code(source, operator, occurrence)
        if text is None:
            return
        if text != source and _is_python(text):
            yield text


def _is_python(text: str) -> bool:
    """Whether a text can be compiled; `not` cannot stand before `name := value`."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _mutant(file: str, source: str, text: str) -> Mutant:
    before, after = source.splitlines(), text.splitlines()
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    ((_, start, end, first, last), *_) = [
        change for change in matcher.get_opcodes() if change[0] != "equal"
    ]
    return Mutant(file, start + 1, _join(before[start:end]), _join(after[first:last]), text)


def _join(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)
