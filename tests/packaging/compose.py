"""A reader of docker-compose.yml: mappings, lists and quoted text. It refuses all other YAML."""

import json
import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./:-]*")
_KEY = re.compile(r"([A-Za-z0-9_-]+):(?: (.+))?")
_VARIABLE = re.compile(r"\$\{([A-Z_]+):-([^}]*)\}")


def parse(text: str) -> Any:
    """Parse a document; raises `ValueError` for other YAML than the subset that we write."""
    lines = [
        (len(line) - len(line.lstrip(" ")), line.strip())
        for line in text.splitlines()
        if line.strip() and not line.strip().startswith("#")
    ]
    value, rest = _block(lines)
    if rest:
        raise ValueError(f"This line has the wrong indentation: {rest[0][1]}")
    return value


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Replace each `${NAME:-default}`."""
    return _VARIABLE.sub(lambda match: variables.get(match[1]) or match[2], text)


def _block(lines: list[tuple[int, str]]) -> tuple[Any, list[tuple[int, str]]]:
    """Return the value that begins with the first line, and the lines after the value."""
    indent = lines[0][0]
    if lines[0][1].startswith("- "):
        items = []
        while lines and lines[0][0] == indent and lines[0][1].startswith("- "):
            items.append(_scalar(lines[0][1][2:]))
            lines = lines[1:]
        return items, lines
    mapping: dict[str, Any] = {}
    while lines and lines[0][0] == indent:
        match = _KEY.fullmatch(lines[0][1])
        if match is None or match[1] in mapping:
            raise ValueError(f"This line has no key, or one that was used before: {lines[0][1]}")
        lines = lines[1:]
        if match[2] is not None:
            mapping[match[1]] = _scalar(match[2])
        elif lines and lines[0][0] > indent:
            mapping[match[1]], lines = _block(lines)
        else:
            mapping[match[1]] = None
    return mapping, lines


def _scalar(text: str) -> Any:
    if text.startswith(('"', "[")):
        return json.loads(text)  # YAML reads these two as JSON does
    if not _PLAIN.fullmatch(text):
        raise ValueError(f"This text needs quotes: {text}")
    return int(text) if text.isdigit() else text
