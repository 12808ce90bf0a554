"""Terraform's resources that set rules, read as their provider sends them.

For `alicloud_oss_bucket_referer` the provider sends every switch, and false for a missing one
(R-38). For the older `referer_config` of an `alicloud_oss_bucket` it sends only a list and whether
an empty Referer is allowed, which is false if missing, as the documentation says.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, field, make_dataclass
from functools import cache
from typing import Any, NamedTuple
from unicodedata import normalize

from oss_referer.engine import RefererConfiguration
from oss_referer.sources.referer_xml import LISTS, SWITCHES
from oss_referer.sources.toml import Path, SourceError, convert, format_path

ErrorAt = Callable[[Path, str], SourceError]


class NoRulesError(SourceError):
    """A document contains no rules; it may be valid for another purpose."""


ReadRules = Callable[[], RefererConfiguration]
"""Reads the rules of one resource; raises SourceError."""

REFERER = "alicloud_oss_bucket_referer"
"""The type of the resource that contains only rules."""
BUCKET = "alicloud_oss_bucket"
CONFIG = "referer_config"
"""The block of a bucket that contains rules."""
KINDS = (REFERER, BUCKET)

NAMES: Mapping[str, str] = {
    **{name: name for name in SWITCHES.values()},
    "whitelist": "referer_list",
    "blacklist": "referer_blacklist",
}
"""The fields of RefererConfiguration, each with its attribute of `REFERER`."""
CONFIG_NAMES: Mapping[str, str] = {"whitelist": "referers", "allow_empty_referer": "allow_empty"}
"""Fields of RefererConfiguration, each with its attribute of `CONFIG`."""
OTHERS = frozenset("// bucket id timeouts depends_on provider lifecycle".split())
"""The other attributes of `REFERER`."""

ADVICE = "run terraform show -json PLAN > plan.json; oss-emulator lint plan.json"
"""The advice for a value that only Terraform can compute."""


class Unknown(NamedTuple):
    """A value that only Terraform can know, such as a variable."""

    text: str
    why: str = ""
    """The message: why the value is not known, and what to do; "" for an expression."""


def read(kind: str, values: Any, path: Path, error: ErrorAt) -> RefererConfiguration:
    """Return the rules of a resource that sets some. Raises SourceError."""
    _refuse_unknown(values, path, error)
    if kind == REFERER:
        if isinstance(values, Mapping):
            values = {name: value for name, value in values.items() if name not in OTHERS}
        return _convert(values, NAMES, path, error)
    config = values[CONFIG]
    path = (*path, CONFIG)
    if isinstance(config, list) and len(config) == 1:
        config = config[0]
    return _convert(config, CONFIG_NAMES, path, error)


def has_rules(kind: str, values: Any) -> bool:
    """Return whether a resource sets rules; True for an unknown resource."""
    if isinstance(values, Unknown):
        return True
    if kind != BUCKET or not isinstance(values, Mapping):
        return kind == REFERER and values is not None
    return values.get(CONFIG) not in (None, [])


def _convert(
    values: Any, names: Mapping[str, str], path: Path, error: ErrorAt
) -> RefererConfiguration:
    _refuse_unknown(values, path, error)
    if isinstance(values, Mapping):
        # null means missing, and the strings "true" and "false" are switches, as in Terraform. It
        # also accepts "1" and "0" as switches, and numbers and booleans as strings in a list; here
        # these are refused.
        values = {
            name: _FLAGS.get(value, value) if isinstance(value, str) else value
            for name, value in values.items()
            if value is not None
        }
        for name, value in values.items():
            items = value if isinstance(value, list) else []
            for number, item in enumerate(items):
                _refuse_unknown(item, (*path, name, number), error)
            _refuse_unknown(value, (*path, name), error)
    found = convert(values, _members((*names.items(),)), path, error)
    return RefererConfiguration(**vars(found))


_FLAGS = {"true": True, "false": False}


@cache
def _members(names: tuple[tuple[str, str], ...]) -> type[Any]:
    """Return a dataclass with fields of RefererConfiguration, each with its name in a document.

    The first field is required. A missing switch is false, a missing list is empty.
    """
    made: list[tuple[str, Any, Any]] = []
    for name, written in names:
        is_list = name in LISTS.values()
        kind, default = (tuple[str, ...], ()) if is_list else (bool, False)
        left_out: Any = default if made else MISSING
        made.append((name, kind, field(default=left_out, metadata={"name": written})))
    return make_dataclass("Members", made)


def computed(name: str) -> Unknown:
    """Return the unknown value of a resource with `count`, `for_each` or the like."""
    return Unknown(name, f"has {name}, which only Terraform computes; {ADVICE}")


def ignores_rules(kind: str, names: str) -> bool:
    """Return whether `ignore_changes` names attributes with rules, which then keep old values.

    `names` is the value of `ignore_changes` as it is written.
    """
    rules = {CONFIG} if kind == BUCKET else {*NAMES.values()}
    # Old versions accept "*" for all, and a name in quotes may contain escapes.
    return not (rules | {"all", "*", "\\"}).isdisjoint(re.findall(r"\w+|[*\\]", names))


def _refuse_unknown(value: object, path: Path, error: ErrorAt) -> None:
    if isinstance(value, Unknown):
        about = format_path(path) if path else "the resource"
        expression = f"is the expression {_shorten(value.text)}, which only Terraform computes"
        raise error(path, f"{about} {value.why or f'{expression}; {ADVICE}'}")


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    line = "".join(item if item.isprintable() else f"\\u{ord(item):04x}" for item in line)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


_LONGEST = 60
"""The most characters of an expression that a message shows."""


# Strings


def read_template(text: str, unescape: Callable[[str], str] = str) -> str | Unknown:
    """Return the value of a string; a string with `${…}` or `%{…}` is Unknown.

    `$${` stands for `${`, and `$$${` for `$${`: HCL drops one sign where a brace follows several.
    `unescape` replaces escapes with a backslash. Terraform normalizes every string to NFC.
    """
    if _BEGINNING.search(text):
        return Unknown(text)
    return normalize("NFC", unescape(_ESCAPED.sub(r"\1", text)))


_BEGINNING = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")
_ESCAPED = re.compile(r"[$%]([$%]\{)")


def escape_template(value: Any) -> Any:
    """Double a `$` or `%` before a brace, so that it begins no expression.

    Raises ValueError for a string that is not NFC, since Terraform would change it.
    """
    if isinstance(value, tuple):
        return tuple(map(escape_template, value))
    if not isinstance(value, str):
        return value
    if value != normalize("NFC", value):
        raise ValueError(f"Terraform would change {value} to NFC; write the entry in NFC")
    return re.sub(r"([$%])(?=\{)", r"\1\1", value)


def evaluate(value: Any, depth: int = 0) -> Any:
    """Return a value of a `*.tf.json` file in which each string with an expression is Unknown."""
    if isinstance(value, str):
        return read_template(value)
    if isinstance(value, list) and depth < _DEEPEST:
        return [evaluate(item, depth + 1) for item in value]
    if isinstance(value, dict) and depth < _DEEPEST:
        return {name: evaluate(item, depth + 1) for name, item in value.items()}
    return value


_DEEPEST = 4


def as_dict(value: Any) -> dict[str, Any]:
    """Return a JSON object unchanged, and {} for any other value."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a JSON array unchanged, and any other value as the only item of a list."""
    return value if isinstance(value, list) else [value]
