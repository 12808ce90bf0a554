"""The canonical forms of the signed parts of a request, and checks that they are unambiguous."""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from urllib.parse import quote

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Request, parse_query, repeated_names

BLANKS = " \t"
"""The characters around the value of a header that do not belong to it (RFC 9110, 5.5)."""


def path(bucket: str, key: str) -> str:
    """Format `/bucket/key`, `/bucket/` or `/`, for any addressing style."""
    return f"/{bucket}/{key}" if bucket else "/"


@lru_cache(1024)
def resource(bucket: str, key: str) -> str:
    """Format the path, percent-encoded except for its slashes."""
    return percent(path(bucket, key), "/")


def headers(fields: Mapping[str, str], also: tuple[str, ...] = ()) -> str:
    """Format `name:value` lines, sorted: the `x-oss-*` headers and those named in `also`."""
    return "".join(
        [f"{name}:{fields[name].strip(BLANKS)}\n" for name in _signed(tuple(fields), also)]
    )


@lru_cache(256)  # clients send the same headers many times
def _signed(names: tuple[str, ...], also: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if name.startswith("x-oss-") or name in also))


@lru_cache(256)
def query(query_string: str) -> str:
    """Format the query without `x-oss-signature`, percent-encoded, then sorted (P-13, P-14).

    Raises `InvalidArgument` for a name that is given twice.
    """
    for name in repeated_names(query_string):
        raise given_twice(name)
    return join(
        (percent(name), percent(value))
        for name, value in parse_query(query_string).items()
        if name != "x-oss-signature"
    )


def join(pairs: Iterable[tuple[str, str]]) -> str:
    """Format pairs as `a=1&b&c=3`, sorted; a name without a value stands alone (P-04)."""
    return "&".join([f"{name}={value}" if value else name for name, value in sorted(pairs)])


@lru_cache(1024)  # names repeat, and so do credentials
def percent(text: str, safe: str = "") -> str:
    """Percent-encode all characters but letters, digits, `-._~` and those in `safe`."""
    return quote(text, safe, errors="surrogateescape")


def check_once(request: Request, signed: tuple[str, ...], prefixes: tuple[str, ...]) -> None:
    """Raise `InvalidArgument` if a header that is signed was sent more than once.

    One of its values would be signed, and another one might be used. Headers with one of the
    `prefixes` are always signed.
    """
    for name in request.repeated:
        if name in signed or name.startswith(prefixes):
            raise given_twice(name)


def check_readable(text: str, names: Iterable[str], is_signed: Callable[[str], bool]) -> None:
    """Raise `InvalidArgument` if signed parameters can be read as parameters other than `names`.

    Versions 1 and 2 do not encode them, so a value that contains `&acl` is signed like `acl`.
    """
    found = [name for name, _, _ in (part.partition("=") for part in text.split("&"))]
    if sorted(names) != [name for name in found if is_signed(name)]:
        message = f"{text!r} can be read as other parameters, with the same signature."
        raise OSSError(ErrorCase.INVALID_ARGUMENT, message, ArgumentName=found[0])


def given_twice(name: str) -> OSSError:
    """Make the error for a name that is signed and was given twice, perhaps in two spellings."""
    message = f"The signature covers {name}, which must be given only once."
    return OSSError(ErrorCase.GIVEN_TWICE, message, ArgumentName=name)
