"""YAML as a tree of values with their places.

The text is read as events, so that neither deep nesting nor an alias that repeats itself many times
costs more than the text is long. Aliases and merge keys are not followed.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from oss_emulator import extras
from oss_emulator.toml import Path, SourceError

from .resources import Declared, NoRulesError, Unknown

_DEEPEST = 100
_DEEPEST_VALUE = 4


@dataclass(slots=True)
class YamlNode:
    """A value in YAML, with the place where it begins."""

    value: Any
    """A text, a boolean, None, Unknown, a list of items, or a dictionary of items."""
    place: tuple[int, int]
    tag: str = ""
    """A tag of its own, such as `!Ref`; "" for the types of YAML itself."""


def read(text: str) -> YamlNode:
    """Read the first document. Raises SourceError."""
    try:
        import yaml
    except ImportError:
        sentence = f"YAML needs the package PyYAML; run {extras.command('lab')}"
        raise SourceError(sentence) from None
    try:
        return _parse(yaml, text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        if r"'\t'" in str(error.problem):  # which libyaml takes in more places
            raise SourceError("a tab is not allowed here; use spaces", *place) from None
        raise SourceError(f"this is not valid YAML: {error.problem}", *place) from None
    except yaml.YAMLError as error:  # such as a control character
        sentence = f"this is not valid YAML: {str(error).splitlines()[0]}"
        raise SourceError(sentence) from None


_EXPLAINED = 100_000
"""The characters of the longest text that is read again to explain it, which takes a second."""


def _parse(yaml: Any, text: str) -> YamlNode:
    """Read with libyaml; a mistake gets the words and the place of the parser in Python.

    Both are different, and libyaml is not everywhere.
    """
    if yaml.__with_libyaml__:
        try:
            return _build(yaml, yaml.parse(text, Loader=yaml.CSafeLoader))
        except yaml.YAMLError:
            if len(text) > _EXPLAINED:
                raise
    return _build(yaml, yaml.parse(text, Loader=yaml.SafeLoader))


def _build(yaml: Any, events: Iterator[Any]) -> YamlNode:
    root = YamlNode([], (1, 1))
    open_items: list[YamlNode] = [root]
    keys: list[str | None] = [None]
    for event in events:
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            open_items.pop()
            keys.pop()
            continue
        if isinstance(event, yaml.DocumentEndEvent):
            break
        item = _item(yaml, event, place)
        if item is None:
            continue
        above = open_items[-1].value
        if isinstance(above, list):
            above.append(item)
        elif keys[-1] is None:
            keys[-1] = _key(item, above)
            if not isinstance(item.value, (dict, list)):
                continue
            raise SourceError("a key is not a string; write a string", *place)
        else:
            above[keys[-1]] = item
            keys[-1] = None
        if isinstance(item.value, (dict, list)):
            open_items.append(item)
            keys.append(None)
            if len(open_items) > _DEEPEST:
                raise SourceError("this YAML is nested too deeply", *place)
    return root.value[0] if root.value else root


def _key(item: YamlNode, above: dict[str, YamlNode]) -> str:
    key = item.value.text if isinstance(item.value, Unknown) else str(item.value)
    if key in above:
        raise SourceError(f"{key} is written twice; write it once", *item.place)
    return key


def _item(yaml: Any, event: Any, place: tuple[int, int]) -> YamlNode | None:
    if isinstance(event, yaml.AliasEvent):
        return YamlNode(Unknown(f"*{event.anchor}"), place)
    written = getattr(event, "tag", None) or ""
    tag = written if len(written) > 1 and written[0] == "!" else ""
    if isinstance(event, yaml.MappingStartEvent):
        return YamlNode({}, place, tag)
    if isinstance(event, yaml.SequenceStartEvent):
        return YamlNode([], place, tag)
    if isinstance(event, yaml.ScalarEvent):
        plain = not event.style and event.tag is None
        value = _PLAIN.get(event.value, event.value) if plain else event.value
        return YamlNode(value, place, tag)
    return None


_PLAIN = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
"""Plain scalars of YAML 1.2 that are not texts; numbers stay texts."""


def member(node: YamlNode, name: str) -> YamlNode:
    """Return a member of a mapping; for a missing one, an item without a value."""
    found = node.value.get(name) if isinstance(node.value, dict) else None
    return found or YamlNode(None, node.place)


def plain(
    node: YamlNode,
    path: Path,
    places: dict[Path, tuple[int, int]],
    evaluate: Callable[[Any], Any],
) -> Any:
    """Return a value without its nodes, and note their places; nested too deeply, it is None.

    `evaluate` evaluates the values that are neither lists nor mappings.
    """
    places.setdefault(path, node.place)
    if node.tag:
        return Unknown(f"{node.tag} {node.value}" if isinstance(node.value, str) else node.tag)
    if len(path) > _DEEPEST_VALUE:
        return None
    if isinstance(node.value, dict):
        return {k: plain(one, (*path, k), places, evaluate) for k, one in node.value.items()}
    if isinstance(node.value, list):
        return [plain(one, (*path, n), places, evaluate) for n, one in enumerate(node.value)]
    return evaluate(node.value)


def resources(
    text: str, members: tuple[str, str, str], evaluate: Callable[[Any], Any]
) -> Iterator[Declared]:
    """Yield the resources of a document, each value evaluated.

    `members` are the names of all resources, and of the type and the properties of one. Raises
    SourceError.
    """
    everything, kind, properties = members
    found = member(read(text), everything)
    if not isinstance(found.value, dict):
        raise NoRulesError(f"the document has no {everything}; add them", *found.place)
    for name, node in found.value.items():
        resource = Declared(str(member(node, kind).value), name, None, {(): node.place})
        resource.values = plain(member(node, properties), (), resource.places, evaluate)
        yield resource
