"""Resources of Terraform, Pulumi and ROS that set rules, with the defaults of their provider.

Pulumi's provider wraps Terraform's, so both send the same. `BucketReferer` sends every switch, and
false for one that is left out (R-38). The older `referer_config` of a bucket sends only whether an
empty Referer is allowed, which its documentation says is false if it is left out, and a list.

A bucket of ROS has these two as well. Its documentation does not say what it sends if
`AllowEmptyReferer` is left out, so it must be written.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, make_dataclass
from functools import cache
from typing import Any

from oss_emulator.referer.header import WHITE_SPACE
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer_xml import LISTS, SWITCHES
from oss_emulator.toml import Path, SourceError, convert, format_path, show

ErrorAt = Callable[[Path, str], SourceError]


class NoRulesError(SourceError):
    """A document may be right for another purpose, but has no rules."""


Reader = Callable[[], RefererConfiguration]
"""Reads the rules of one resource; raises SourceError."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only Terraform or Pulumi can know, such as a variable."""

    text: str
    why: str = ""
    """Why it is not known and what to do, for a message; "" for an expression."""


@dataclass(slots=True)
class Declared:
    """A resource as it is declared: its type, its name, its values and their places in the text."""

    kind: str
    name: str
    values: Any
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    find: Callable[[Path], tuple[int, int]] | None = None
    """Finds a place in the text, if `places` has none."""

    def error(self, path: Path, sentence: str) -> SourceError:
        """Return the error for a mistake at a path, or at the nearest place above it."""
        if self.find is not None:
            return SourceError(sentence, *self.find((self.name, *path)))
        known = (path[:length] for length in range(len(path), -1, -1))
        place = next((self.places[item] for item in known if item in self.places), (1, 1))
        return SourceError(sentence, *place)


@cache
def _members(names: tuple[tuple[str, str], ...]) -> type[Any]:
    """Make a class of fields of RefererConfiguration, each with its name in a document.

    The first one is required. A switch that is left out is false, and a list is empty.
    """
    made: list[tuple[str, Any, Any]] = []
    for name, written in names:
        is_list = name in LISTS.values()
        kind, default = (tuple[str, ...], ()) if is_list else (bool, False)
        left_out: Any = default if made else MISSING
        made.append((name, kind, field(default=left_out, metadata={"name": written})))
    return make_dataclass("Members", made)


@dataclass(frozen=True, slots=True)
class Tool:
    """The names that a tool gives to the resources and to their members."""

    referers: frozenset[str]
    """The types of the resource that has only rules."""
    buckets: frozenset[str]
    """The types of a bucket."""
    config: str
    """The member of a bucket that has rules."""
    others: frozenset[str]
    """Members that are not rules."""
    advice: str
    """What to do about an unknown value."""
    config_names: Mapping[str, str]
    """The fields of RefererConfiguration that `config` has, by their names there."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The fields of the resource that has only rules, by their names there."""


TERRAFORM = Tool(
    referers=frozenset({"alicloud_oss_bucket_referer"}),
    buckets=frozenset({"alicloud_oss_bucket"}),
    config="referer_config",
    others=frozenset("// bucket id timeouts depends_on provider lifecycle count for_each".split()),
    advice="use a plan: terraform plan -out=plan.bin && terraform show -json plan.bin > plan.json",
    names={
        **{name: name for name in SWITCHES.values()},
        "whitelist": "referer_list",
        "blacklist": "referer_blacklist",
    },
    config_names={"whitelist": "referers", "allow_empty_referer": "allow_empty"},
)
PULUMI = Tool(
    referers=frozenset({"alicloud:oss:BucketReferer", "alicloud:oss/bucketReferer:BucketReferer"}),
    buckets=frozenset({"alicloud:oss:Bucket", "alicloud:oss/bucket:Bucket"}),
    config="refererConfig",
    others=frozenset({"bucket"}),
    advice="write its value",
    names={
        "allow_empty_referer": "allowEmptyReferer",
        "allow_truncate_query_string": "allowTruncateQueryString",
        "truncate_path": "truncatePath",
        "whitelist": "refererLists",
        "blacklist": "refererBlacklists",
    },
    config_names={"whitelist": "referers", "allow_empty_referer": "allowEmpty"},
)
ROS = Tool(
    referers=frozenset(),
    buckets=frozenset({"ALIYUN::OSS::Bucket"}),
    config="RefererConfiguration",
    others=frozenset(),
    advice="write its value",
    config_names={"allow_empty_referer": "AllowEmptyReferer", "whitelist": "RefererList"},
)


def read(tool: Tool, kind: str, values: Any, path: Path, error: ErrorAt) -> RefererConfiguration:
    """Return the rules of a resource that has some. Raises SourceError."""
    _refuse_unknown(tool, values, path, error)
    if kind in tool.referers:
        if isinstance(values, Mapping):
            values = {name: value for name, value in values.items() if name not in tool.others}
        return _convert(tool, values, tool.names, path, error)
    config = values[tool.config]
    path = (*path, tool.config)
    if isinstance(config, list) and len(config) == 1:
        config = config[0]
    return _convert(tool, config, tool.config_names, path, error)


def has_rules(tool: Tool, kind: str, values: Any) -> bool:
    """Return whether a resource has rules; an unknown one may have some."""
    if isinstance(values, Unknown):
        return True
    if kind not in tool.buckets or not isinstance(values, Mapping):
        return kind in tool.referers and values is not None
    return values.get(tool.config) not in (None, [])


def _convert(
    tool: Tool, values: Any, names: Mapping[str, str], path: Path, error: ErrorAt
) -> RefererConfiguration:
    _refuse_unknown(tool, values, path, error)
    if isinstance(values, Mapping):  # null means not set
        values = {name: value for name, value in values.items() if value is not None}
        for name, value in values.items():
            items = value if isinstance(value, list) else []
            for number, item in enumerate(items):
                _refuse_unknown(tool, item, (*path, name, number), error)
            _refuse_unknown(tool, value, (*path, name), error)
    found = convert(parse_flags(values), _members((*names.items(),)), path, error)
    return RefererConfiguration(**vars(found))


def _refuse_unknown(tool: Tool, value: object, path: Path, error: ErrorAt) -> None:
    if isinstance(value, Unknown):
        about = format_path(path) if path else "the resource"
        expression = f"is the expression {_shorten(value.text)}, which is not known here"
        raise error(path, f"{about} {value.why or f'{expression}; {tool.advice}'}")


def _shorten(text: str) -> str:
    """Return an expression on one line."""
    line = " ".join(text.split())
    line = "".join(item if item.isprintable() else f"\\u{ord(item):04x}" for item in line)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


_LONGEST = 60
"""Characters of an expression in a message."""


def parse_flags(members: object) -> object:
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


def evaluate_ros(value: Any, depth: int = 0) -> Any:
    """Evaluate a value of a ROS template; a function such as `{"Ref": …}` becomes Unknown."""
    if isinstance(value, dict) and len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref" or name.startswith("Fn::"):
            return Unknown(f"{name} {show(argument)}")
    if isinstance(value, list) and depth < _DEEPEST:
        return [evaluate_ros(item, depth + 1) for item in value]
    if isinstance(value, dict) and depth < _DEEPEST:
        return {name: evaluate_ros(item, depth + 1) for name, item in value.items()}
    return value


def evaluate(value: Any, depth: int = 0) -> Any:
    """Evaluate a value of JSON or YAML; strings with an expression `${…}` become Unknown."""
    if isinstance(value, str):
        plain = value.replace("$${", "").replace("%%{", "")
        if "${" in plain or "%{" in plain:
            return Unknown(value)
        return value.replace("$${", "${").replace("%%{", "%{")
    if isinstance(value, list) and depth < _DEEPEST:
        return [evaluate(item, depth + 1) for item in value]
    if isinstance(value, dict) and depth < _DEEPEST:
        return {name: evaluate(item, depth + 1) for name, item in value.items()}
    return value


_DEEPEST = 4


def escape_template(value: Any) -> Any:
    """Double the sign before a brace, which would begin an expression."""
    if isinstance(value, tuple):
        return tuple(map(escape_template, value))
    return re.sub(r"([$%])(?=\{)", r"\1\1", value) if isinstance(value, str) else value


def as_dict(value: Any) -> dict[str, Any]:
    """Return an object of JSON; anything else has no members."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list of JSON; anything else is the only item of one."""
    return value if isinstance(value, list) else [value]
