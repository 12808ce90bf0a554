"""Reads the Referer rules of a test: a file, a text, a mapping or a configuration."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from oss_referer import Assumptions, RefererConfiguration
from oss_referer.engine.assumptions import DEFAULT
from oss_referer.sources import forms, ossutil
from oss_referer.sources.toml import SourceError, convert, join, read_file

Rules: TypeAlias = RefererConfiguration | Mapping[str, Any] | str | bytes | os.PathLike[str]
"""Rules as `read` accepts them. A string with a line break, or one that begins with `<` or `{`,
contains the rules; any other string is the path of a file."""


def read(given: Rules, *folders: Path, assumptions: Assumptions = DEFAULT) -> RefererConfiguration:
    """Read rules; a file is searched in the `folders`, then in the current folder.

    Text may have any form that the rule lab reads. A mapping has the names of
    `RefererConfiguration` or of ossutil's JSON. Raises ValueError with the place and description
    of a mistake, and TypeError for values of other types.
    """
    if isinstance(given, RefererConfiguration):
        return _convert({name: getattr(given, name) for name in _FIELDS})
    if isinstance(given, Mapping):
        return _convert(given)
    if isinstance(given, (bytes, bytearray)):
        return _parse(bytes(given), "rules", assumptions)
    if isinstance(given, str) and _is_text(given):
        return _parse(given.encode(), "rules", assumptions)
    if not isinstance(given, (str, os.PathLike)):
        raise TypeError(
            f"rules are of the type {type(given).__name__}; give a file, a text, a mapping or a "
            "RefererConfiguration"
        )
    path = next(filter(Path.exists, (folder / given for folder in (*folders, Path()))), Path(given))
    if not path.is_absolute() and not path.exists():
        searched = join([*dict.fromkeys(str(folder.absolute()) for folder in (*folders, Path()))])
        raise ValueError(f"{given} does not exist in {searched}; name it from one of these folders")
    try:
        document = read_file(path)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    return _parse(document, str(path), assumptions)


_FIELDS = tuple(RefererConfiguration.__dataclass_fields__)


def _is_text(given: str) -> bool:
    begin = given.lstrip("\ufeff \t\r\n")[:1]
    return "\n" in given or begin in ("", "<", "{")


def _parse(document: bytes, name: str, assumptions: Assumptions) -> RefererConfiguration:
    try:
        found = forms.find_in_file(Path(name), document, None, assumptions)
        named = {item: read() for item, read in found.items()}
    except SourceError as error:
        raise ValueError(f"{name}, {error}") from None
    if len(named) != 1:
        raise ValueError(f"{name} holds several rules: {', '.join(named)}; give one of them")
    return next(iter(named.values()))


def _convert(given: Mapping[str, Any]) -> RefererConfiguration:
    """Convert a mapping with the names of `RefererConfiguration` or of ossutil's JSON."""
    members = _as_plain(given)
    try:
        if any(name[:1].isupper() for name in members):
            return ossutil.convert_members(members)
        # The sentence names the member.
        found: RefererConfiguration = convert(
            members, RefererConfiguration, (), lambda _, sentence: SourceError(sentence)
        )
    except SourceError as error:
        raise ValueError(f"rules: {error.sentence}") from None
    return found


def _as_plain(value: Any) -> Any:
    """Convert mappings and sequences to dicts and lists, as a JSON parser returns them."""
    if isinstance(value, Mapping):
        return {str(name): _as_plain(member) for name, member in value.items()}
    return [_as_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
