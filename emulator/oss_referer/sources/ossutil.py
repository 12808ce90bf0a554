"""Rules in JSON as `ossutil api put-bucket-referer` reads them, with the names of the XML."""

import json
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from oss_referer.engine import RefererConfiguration
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.sources import json_text
from oss_referer.sources.places import error_at
from oss_referer.sources.referer_xml import SWITCHES
from oss_referer.sources.resources import ReadRules
from oss_referer.sources.toml import convert, decode


@dataclass(frozen=True, slots=True)
class _List:
    entries: tuple[str, ...] = field(default=(), metadata={"name": "Referer"})


@dataclass(frozen=True, slots=True)
class _Rules:
    allow_empty_referer: bool = field(metadata={"name": "AllowEmptyReferer"})
    allow_truncate_query_string: bool = field(
        default=True, metadata={"name": "AllowTruncateQueryString"}
    )
    truncate_path: bool = field(default=False, metadata={"name": "TruncatePath"})
    whitelist: _List = field(default=_List(), metadata={"name": "RefererList"})
    blacklist: _List = field(default=_List(), metadata={"name": "RefererBlacklist"})


def find(document: bytes) -> dict[str, ReadRules]:
    """Return a reader for the rules, which have no name."""
    return {"": partial(_read, document)}


def _read(document: bytes) -> RefererConfiguration:
    text = decode(document)
    return convert_members(json_text.parse(text), text)


def convert_members(members: object, text: str = "") -> RefererConfiguration:
    """Convert parsed JSON; `text` is the JSON itself, to place errors in.

    A boolean may be a string, as in ossutil. Raises SourceError.
    """
    rules: _Rules = convert(_parse_flags(members), _Rules, (), partial(error_at, text))
    return RefererConfiguration(
        rules.allow_empty_referer,
        rules.allow_truncate_query_string,
        rules.truncate_path,
        rules.whitelist.entries,
        rules.blacklist.entries,
    )


def _parse_flags(members: object) -> object:
    """Replace the strings "true" and "false" by booleans, in any letter case."""
    if not isinstance(members, dict):
        return members
    return {
        name: _FLAGS.get(value.strip(WHITE_SPACE).lower(), value)
        if isinstance(value, str)
        else value
        for name, value in members.items()
    }


_FLAGS = {"true": True, "false": False}


def to_members(configuration: RefererConfiguration) -> dict[str, Any]:
    """Return rules as values for JSON, with both lists."""
    return {
        **{name: getattr(configuration, field) for name, field in SWITCHES.items()},
        "RefererList": {"Referer": list(configuration.whitelist)},
        "RefererBlacklist": {"Referer": list(configuration.blacklist)},
    }


def format(configuration: RefererConfiguration) -> str:
    """Format rules without an empty blacklist."""
    members = to_members(configuration)
    if not configuration.blacklist:
        del members["RefererBlacklist"]
    return json.dumps(members, ensure_ascii=False, indent=2) + "\n"
