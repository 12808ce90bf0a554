"""The JSON schemas of requests and answers of the API, in the form of OpenAPI 3.1."""

from collections.abc import Mapping
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON parser represents exactly."""

COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER}


def record(**properties: Schema) -> Schema:
    """Make the schema of an object that has all of these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def array(items: Schema) -> Schema:
    """Make the schema of a list."""
    return {"type": "array", "items": items}


def one_of(*schemas: Schema) -> Schema:
    """Make a schema that accepts exactly one of several."""
    return {"oneOf": list(schemas)}


def described(schema: Schema, description: str) -> Schema:
    """Add a description to a schema."""
    return {**schema, "description": description}


def reference(name: str) -> Schema:
    """Refer to a schema among the components of the document."""
    return {"$ref": f"#/components/schemas/{name}"}
