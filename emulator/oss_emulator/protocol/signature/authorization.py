"""The parts of an Authorization header, and the parameters of a signed URL."""

from collections.abc import Mapping

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument


def fields(text: str, separator: str, names: frozenset[str], ec: str) -> dict[str, str]:
    """Parse a header of V2 or V4: `name=value,name=value` in any order, with or without blanks.

    Raises `InvalidArgument` with `ec` for a malformed part, an unknown or a repeated name (P-15).
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        name, _, value = part.strip().partition(separator)
        if name not in names or name in found:
            raise OSSError(ErrorCase.INVALID_AUTHORIZATION, ec=ec)
        found[name] = value
    return found


def header_names(text: str) -> tuple[str, ...]:
    """Parse a list of additional headers, `range;host`, into sorted names in lower case."""
    return tuple(sorted(text.lower().split(";"))) if text else ()


def find_gap(
    query: Mapping[str, str], parameters: Mapping[str, tuple[str, str]]
) -> tuple[str, str] | None:
    """Find the first of `parameters` that is missing or empty in a signed URL.

    `parameters` maps names to the EC of a missing one and the EC of an empty one. Returns the name
    and its EC, or None if there is no gap.
    """
    for name, (missing, empty) in parameters.items():
        if not query.get(name):
            return name, empty if name in query else missing
    return None


def refuse_parameter(name: str, value: str, ec: str = "") -> OSSError:
    """Make the error for a parameter of a signed URL of version 4."""
    message = f"The parameter {name} of the signature in the URL is missing or invalid."
    return invalid_argument(name, value, message, ErrorCase.INVALID_URL_SIGNATURE, ec=ec)
