"""Pulumi's YAML: the resources in it, as far as they are known here."""

import json
from collections.abc import Iterator

from oss_emulator.referer.model import RefererConfiguration

from . import yaml_tree
from .resources import PULUMI, Declared, escape_template, evaluate


def parse(text: str) -> Iterator[Declared]:
    """Yield the resources of a program. Raises SourceError."""
    return yaml_tree.resources(text, ("resources", "type", "properties"), evaluate)


def format(configuration: RefererConfiguration) -> str:
    """Format rules as a resource of Pulumi."""
    lines = [
        "resources:",
        "  bucketReferer:",
        "    type: alicloud:oss:BucketReferer",
        "    properties:",
        "      bucket: YOUR-BUCKET",
    ]
    for field, name in PULUMI.names.items():
        value = getattr(configuration, field)
        if isinstance(value, bool):
            lines.append(f"      {name}: {json.dumps(value)}")
        else:
            lines.append(f"      {name}:" if value else f"      {name}: []")
            lines += [f"        - {_quote(entry)}" for entry in value]
    return "\n".join(lines) + "\n"


def _quote(entry: str) -> str:
    """Return a text in double quotes; YAML takes the escapes of JSON."""
    text = json.dumps(escape_template(entry), ensure_ascii=False)
    return "".join(item if item.isprintable() else json.dumps(item)[1:-1] for item in text)
