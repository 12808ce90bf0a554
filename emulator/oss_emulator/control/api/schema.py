"""JSON schemas of what the API takes and answers, written as OpenAPI 3.1 has them."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}

MAX_INTEGER = 2**53 - 1
"""The greatest integer that every JSON parser keeps exact."""

COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER}


def record(**properties: Schema) -> Schema:
    """An object that has all of these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def array(items: Schema) -> Schema:
    """A list of such items."""
    return {"type": "array", "items": items}


def one_of(*schemas: Schema) -> Schema:
    """Exactly one of several schemas."""
    return {"oneOf": list(schemas)}


def described(schema: Schema, description: str) -> Schema:
    """A schema with a sentence on what it means."""
    return {**schema, "description": description}


def reference(name: str) -> Schema:
    """A schema that the document lists by name among its components."""
    return {"$ref": f"#/components/schemas/{name}"}
