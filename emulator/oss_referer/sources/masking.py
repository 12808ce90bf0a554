"""Masks secrets in text that is shown or written: signatures, tokens, keys, passwords, cookies.

The first four characters of a secret stay, so that readers can distinguish two values; of a
password in a URL, none.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

_SECRETS: Final = (
    *(f"{prefix}security-token" for prefix in ("", "x-oss-", "x-amz-", "x-acs-")),
    *("securitytoken", "oidctoken", "plaintext", "x-oss-emulator-token"),
    *("signature", "x-oss-signature", "x-amz-signature"),
    *(
        f"x-{vendor}{copied}-server-side-encryption-customer-key"
        for vendor in ("oss", "amz")
        for copied in ("", "-copy-source")
    ),
)
"""Names of parameters and headers, in lower case: those of OSS and S3, and of STS and KMS."""
_CREDENTIALS: Final = ("cookie", "set-cookie")
"""Names of headers whose values contain secrets of other servers."""

_QUOTE: Final = r"(?:\\*(?:[\"']|u002[27])|&quot;)"
"""A quotation mark, also in JSON within JSON or in HTML."""

_IN_VALUE: Final = r"(?:[^&#\s\"'<>\]\\]|\\+(?:/|u(?!002[27])[0-9a-f]{4}))"
"""A character of a secret; PHP escapes `/` in JSON, and .NET `+`."""

_SECRET: Final = re.compile(
    # A name that is not the end of a longer one. In JSON it is in quotes; in a condition of a
    # form's policy, a comma follows it.
    rf"(?:(?<![\w-])|(?<=u002[27]))(?:{'|'.join(_SECRETS)})(?:[=:]|{_QUOTE}[\s+]*[=:,])"
    # In JSON the value is in quotes too. In prose, after `Signature: `, words are shorter.
    rf"(?:[\s+]*{_QUOTE}|[\s+]+(?=\S{{16}}))?"
    # The last delimiter ends the string that STS and KMS sign.
    rf"{_IN_VALUE}{{4}}(?P<masked>{_IN_VALUE}+)",
    re.IGNORECASE | re.ASCII,
)
_LINE: Final = re.compile(
    # A header in a canonical request or in the string to sign.
    rf"^(?:{'|'.join((*_SECRETS, *_CREDENTIALS))}):\S.{{3}}(?P<masked>.+)$",
    re.IGNORECASE | re.ASCII | re.MULTILINE,
)
_PASSWORD: Final = re.compile(
    # Before the last `@` of an authority, which begins after `//` or is the target of a CONNECT.
    r"(?:(?<=//)|(?<=\\/\\/))[^\s/?#@:\"'<>\\]*:(?P<masked>[^\s/?#\"'<>\\]+)@"
    r"|(?<![^\s'\">])[^\s/?#@:\"'<>]*:(?P<tunnel>[^\s/?#\"'<>]+)@[^\s/@\"'<>:]+"
    r"(?::\d+(?![^\s/\"'<])|(?=[\"'<]))",
    re.ASCII,
)
_ELEMENT: Final = re.compile(
    rf"<(?:SignatureProvided|{'|'.join(_SECRETS)})>[^<]{{4}}(?P<masked>[^<]+)", re.IGNORECASE
)
_PATTERNS: Final = (_SECRET, _LINE, _PASSWORD, _ELEMENT)
_ESCAPED: Final = re.compile("(%(?:25)*[0-9a-f]{2})", re.IGNORECASE)
"""A percent-encoded character, also in a URL that is a parameter of another."""

_CODED: Final = re.compile(
    # At the start of a value, which may be within another URL; JSON begins with a blank or `{`,
    # XML with `<`.
    r"(?:(?<![\w+/-])|(?<=[%5][0-9A-Fa-f]{2}))(?:e[wy]|I[ACH]|C[QXgin]|D[Qn]|P[A-P])"
    r"(?:[A-Za-z0-9+/]|%(?:25)*2[BbFf]){30,}(?:=|%(?:25)*3[Dd])*",
    re.ASCII,
)
"""JSON or XML in base64: a policy of a form, which has a token, a callback, or `x-oss-err`."""

_SHORTEST_CODE: Final = 32
"""The characters of the shortest match of `_CODED`."""

_BYTES: Final = re.compile(r"(<StringToSignBytes>)((?:[0-9A-F]{2} ?)+)")
# A header with a signature, or with a secret of another scheme, such as `Bearer`.
_AUTHORIZATION: Final = re.compile(
    r"(?P<mark>^(?:OSS|AWS) [^:]*:\s*|Signature\s*[=:]\s*|^(?!.*Credential=)(?:\S+\s+)?)"
    r"(?P<kept>.{4}).+",
    re.IGNORECASE,
)


def _replace(found: re.Match[str]) -> str:
    return f"{found['mark']}{found['kept']}****"


def mask(text: str) -> str:
    """Mask the secrets in a text, such as a URL, an error document or a string to sign."""
    if len(text) >= _SHORTEST_CODE:
        text = _CODED.sub(_mask_coded, text)
    plain, starts = _decode(text) if "%" in text else (text, range(len(text) + 1))
    lower = plain.lower()
    # Most texts contain no part of what is masked; a loop would take twice as long.
    if not (
        "@" in lower
        or "oken" in lower
        or "ignature" in lower
        or "tosignbytes" in lower
        or "plaintext" in lower
        or "customer-key" in lower
        or "cookie" in lower
    ):
        return text
    parts, end = [], 0
    for first, last in sorted(_find(plain, starts)):
        if starts[first] >= end:
            parts.append(text[end : starts[first]])
        end = max(end, starts[last])
    text = "****".join([*parts, text[end:]])
    return _BYTES.sub(_mask_bytes, text) if "<" in text else text


_DEPTHS: Final = 6
"""How many depths are searched besides the deepest; more would only take time."""


def _find(plain: str, starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Find the secrets in a decoded text: where their masked parts begin and end.

    A character that ends a secret belongs to it if it is encoded more often than what precedes the
    secret: `Plaintext=a%26b`, but `u=%3FPlaintext%3Da%26b`. So each depth of encoding is searched
    with the deeper characters replaced.
    """
    depths = [] if isinstance(starts, range) else _depths(starts)
    deepest = max(depths, default=0)
    for depth in (*sorted({0, *depths} - {deepest})[:_DEPTHS], deepest):
        shadow = plain
        if depth < deepest:
            shadow = "".join(
                "~" if deep > depth and not (char.isalnum() or char in "-_") else char
                for char, deep in zip(plain, depths, strict=True)
            )
        for pattern in _PATTERNS:
            for found in pattern.finditer(shadow):
                yield found.span(found.lastgroup or 0)


def _depths(starts: Sequence[int]) -> list[int]:
    """Return how often each character is encoded: `%25` has three characters, `%2525` five."""
    return [(end - start) // 2 for start, end in pairwise(starts)]


def _decode(text: str) -> tuple[str, Sequence[int]]:
    """Return a text with each encoded byte as one character, and the offset of each character.

    An encoded space becomes `+`, so that it does not end a signature: some clients send `+` as a
    space.
    """
    characters: list[str] = []
    starts: list[int] = []
    here = 0
    for number, piece in enumerate(_ESCAPED.split(text)):
        escaped = number % 2 == 1
        characters.append(chr(int(piece[-2:], 16)).replace(" ", "+") if escaped else piece)
        starts += [here] if escaped else range(here, here + len(piece))
        here += len(piece)
    return "".join(characters), [*starts, here]


def _mask_coded(found: re.Match[str]) -> str:
    code = _decode(found[0])[0].rstrip("=")
    if len(code) % 4 == 1:  # the text was cut within a group of four
        code = code[:-1]
    said = b64decode(f"{code}==").decode("utf-8", "surrogateescape")
    masked = mask(said)
    if masked == said:
        return found[0]
    return b64encode(masked.encode("utf-8", "surrogateescape")).decode()


def _mask_bytes(found: re.Match[str]) -> str:
    said = bytes.fromhex(found[2]).decode("utf-8", "surrogateescape")
    masked = mask(said)
    if masked == said:
        return found[0]
    return found[1] + masked.encode("utf-8", "surrogateescape").hex(" ").upper()


def mask_host(host: str) -> str:
    """Mask the password in a host, which a client may send with one."""
    return mask(f"//{host}")[2:]


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Mask the secrets in headers. The names must be in lower case."""
    return {name: _mask_header(name, value) for name, value in headers.items()}


def _mask_header(name: str, value: str) -> str:
    if name in _SECRETS or name in _CREDENTIALS:
        return f"{value[:4]}****" if len(value) > 4 else value
    if name in ("authorization", "proxy-authorization"):
        return _AUTHORIZATION.sub(_replace, value)
    return mask_host(value) if name == "host" else mask(value)


def mask_values(value: Any) -> Any:
    """Mask the secrets in all strings of a JSON value."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [mask_values(one) for one in value]
    if isinstance(value, dict):
        return {name: mask_values(one) for name, one in value.items()}
    return value
