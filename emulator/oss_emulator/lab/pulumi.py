"""Pulumi's YAML: the resources in it, as far as they are known here.

The text is read as events, so that neither deep nesting nor an alias that repeats itself many times
costs more than the text is long. Aliases and merge keys are not followed.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.toml import Path, SourceError

from .resources import Declared, Unknown, escape_template, evaluate

_DEEPEST = 100


@dataclass(slots=True)
class _Item:
    """A value in YAML."""

    value: Any
    """A text, a boolean, None, Unknown, a list of items, or a dictionary of items."""
    place: tuple[int, int]


def parse(text: str) -> Iterator[Declared]:
    """Yield the resources of a program. Raises SourceError."""
    root = _read(text)
    resources = _member(root, "resources")
    if not isinstance(resources.value, dict):
        raise SourceError("the document has no resources; add them", *resources.place)
    for name, item in resources.value.items():
        kind = _member(item, "type").value
        properties = _member(item, "properties")
        resource = Declared(str(kind), name, None, {(): item.place})
        resource.values = _plain(properties, (), resource.places)
        yield resource


def _member(item: _Item, name: str) -> _Item:
    """Return a member of a mapping; for a missing one, an item without a value."""
    found = item.value.get(name) if isinstance(item.value, dict) else None
    return found or _Item(None, item.place)


def _plain(item: _Item, path: Path, places: dict[Path, tuple[int, int]]) -> Any:
    """Return a value without its items, and note their places; nested too deeply, it is None."""
    places.setdefault(path, item.place)
    if len(path) > 3:
        return None
    if isinstance(item.value, dict):
        return {name: _plain(one, (*path, name), places) for name, one in item.value.items()}
    if isinstance(item.value, list):
        return [_plain(one, (*path, number), places) for number, one in enumerate(item.value)]
    return evaluate(item.value)


def _read(text: str) -> _Item:
    """Read the first document. Raises SourceError."""
    try:
        import yaml
    except ImportError:
        sentence = "YAML needs the package PyYAML; run pip install 'oss-emulator[lab]'"
        raise SourceError(sentence) from None
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    try:
        return _build(yaml, yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise SourceError(f"this is not valid YAML: {error.problem}", *place) from None
    except yaml.YAMLError as error:  # such as a control character
        sentence = f"this is not valid YAML: {str(error).splitlines()[0]}"
        raise SourceError(sentence) from None


def _build(yaml: Any, events: Iterator[Any]) -> _Item:
    root = _Item([], (1, 1))
    open_items: list[_Item] = [root]
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


def _key(item: _Item, above: dict[str, _Item]) -> str:
    key = item.value.text if isinstance(item.value, Unknown) else str(item.value)
    if key in above:
        raise SourceError(f"{key} is written twice; write it once", *item.place)
    return key


def _item(yaml: Any, event: Any, place: tuple[int, int]) -> _Item | None:
    if isinstance(event, yaml.MappingStartEvent):
        return _Item({}, place)
    if isinstance(event, yaml.SequenceStartEvent):
        return _Item([], place)
    if isinstance(event, yaml.AliasEvent):
        return _Item(Unknown(f"*{event.anchor}"), place)
    if isinstance(event, yaml.ScalarEvent):
        plain = not event.style and event.tag is None
        return _Item(_PLAIN.get(event.value, event.value) if plain else event.value, place)
    return None


_PLAIN = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
"""Plain scalars of YAML 1.2 that are not texts; numbers stay texts."""


def format(configuration: RefererConfiguration) -> str:
    """Format rules as a resource of Pulumi."""
    lines = [
        "resources:",
        "  bucketReferer:",
        "    type: alicloud:oss:BucketReferer",
        "    properties:",
        "      bucket: YOUR-BUCKET",
        f"      allowEmptyReferer: {json.dumps(configuration.allow_empty_referer)}",
        f"      allowTruncateQueryString: {json.dumps(configuration.allow_truncate_query_string)}",
        f"      truncatePath: {json.dumps(configuration.truncate_path)}",
    ]
    lists = {
        "refererLists": configuration.whitelist,
        "refererBlacklists": configuration.blacklist,
    }
    for name, entries in lists.items():
        lines.append(f"      {name}:" if entries else f"      {name}: []")
        lines += [f"        - {_quote(entry)}" for entry in entries]
    return "\n".join(lines) + "\n"


def _quote(entry: str) -> str:
    """Return a text in double quotes; YAML takes the escapes of JSON."""
    text = json.dumps(escape_template(entry), ensure_ascii=False)
    return "".join(item if item.isprintable() else json.dumps(item)[1:-1] for item in text)
