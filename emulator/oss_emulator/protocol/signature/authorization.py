"""What a request brings to prove who sent it, taken apart: named fields and parameters."""

from collections.abc import Mapping

from oss_emulator.protocol.errors import Code, OSSError


def fields(text: str, separator: str, names: frozenset[str], ec: str) -> dict[str, str]:
    """Split a header of V2 or V4: `name=value,name=value` in any order, blanks or not (P-15).

    Raises `InvalidArgument` with `ec` for a part that is no pair, an unknown or a repeated name.
    """
    found: dict[str, str] = {}
    for part in text.split(","):
        name, _, value = part.strip().partition(separator)
        if name not in names or name in found:
            raise OSSError(Code.INVALID_AUTHORIZATION, ec=ec)
        found[name] = value
    return found


def header_names(text: str) -> tuple[str, ...]:
    """Split a list of additional headers, `range;host`, into sorted lower-case names."""
    return tuple(sorted(text.lower().split(";"))) if text else ()


def find_gap(
    query: Mapping[str, str], parameters: Mapping[str, tuple[str, str]]
) -> tuple[str, str] | None:
    """Look for the first of `parameters` that a signed URL has not.

    `parameters` are their names with the EC where one is missing and the EC where it is empty.
    Returns the name and its EC, or None when all are there.
    """
    for name, (missing, empty) in parameters.items():
        if not query.get(name):
            return name, empty if name in query else missing
    return None
