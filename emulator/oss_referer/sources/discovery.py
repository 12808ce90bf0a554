"""Which of the files in a folder have rules or decision tables.

Other files are passed over. A file that names what only rules have is not, even if it cannot be
read: the mistake may be in its rules.
"""

import re
from collections.abc import Callable, Mapping
from functools import reduce
from operator import getitem
from pathlib import PurePath
from typing import Any

from . import json_text
from .referer_xml import LISTS, SWITCHES
from .resources import NoRulesError
from .sources import OSSUTIL_MEMBERS, RulesForm, detect, find_rules
from .toml import SourceError, TomlDocument

_MARKS: Mapping[str, re.Pattern[bytes]] = {
    ".xml": re.compile(rb"R\0?e\0?f\0?e\0?r\0?e\0?r\0?C\0?o\0?n\0?f\0?i\0?g"),  # also in UTF-16
    ".json": re.compile(
        rb'"(?:AllowEmptyReferer|Referer(?:List|Blacklist|Configuration))"'
        rb'|"(?:referer_config|alicloud_oss_bucket_referer)"'
    ),
    ".tf": re.compile(rb"alicloud_oss_bucket_referer|referer_config"),
    ".toml": re.compile(
        rb"allow_empty_referer|allow_truncate_query_string|truncate_path"
        rb"|^[ \t]*(?:white|black)list[ \t]*=[ \t]*\[",
        re.MULTILINE,
    ),
}
"""What the texts of rules have, by the endings of their files."""

ENDINGS = frozenset(_MARKS)
"""The endings of files that may have rules."""

_CASES = re.compile(rb"^[ \t]*\[\[[ \t]*case[ \t]*\]\]", re.MULTILINE)


def has_rules(path: PurePath, document: bytes) -> bool:
    """Return whether the document of a file seems to have rules."""
    ending = path.suffix.lower()
    if ending not in _MARKS or not _MARKS[ending].search(document):
        return False
    look = _LOOKS.get(ending)
    try:
        return look is None or look(document)
    except NoRulesError:
        return False
    except SourceError:
        return True  # whoever reads it says what is wrong


def has_cases(path: PurePath, document: bytes) -> bool:
    """Return whether the document of a file seems to be a decision table."""
    return (
        path.suffix.lower() == ".toml"
        and _CASES.search(document) is not None
        and b"verdict" in document
    )


def _look_at_json(document: bytes) -> bool:
    if detect(document) is not RulesForm.JSON:
        return True
    members = json_text.parse(document)
    return isinstance(members, dict) and not OSSUTIL_MEMBERS.isdisjoint(members)


def _look_at_toml(document: bytes) -> bool:
    tables: Any = TomlDocument.parse(document).tables
    return any(_is_rules(reduce(getitem, path, tables)) for _, path in find_rules(tables))


def _is_rules(table: Any) -> bool:
    """Return whether a table is of rules: other programs have lists of these names too."""
    if not isinstance(table, dict):
        return False
    has_switch = not {*SWITCHES.values()}.isdisjoint(table)
    return has_switch or (bool(table) and set(table) <= {*LISTS.values()})


_LOOKS: Mapping[str, Callable[[bytes], bool]] = {
    ".json": _look_at_json,
    ".toml": _look_at_toml,
}
