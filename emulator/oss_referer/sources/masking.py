"""Masks secrets in text that is shown or written: signatures and the tokens of temporary keys.

The first four characters of a secret stay, so that readers can distinguish two values.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final

_SECRETS: Final = (
    *(f"{prefix}security-token" for prefix in ("", "x-oss-", "x-amz-", "x-acs-")),
    "securitytoken",
    *("signature", "x-oss-signature", "x-amz-signature"),
)
"""Names of parameters and headers, in lower case: those of OSS and S3, and of STS and KMS."""

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
    rf"(?P<kept>{_IN_VALUE}{{4}}){_IN_VALUE}+",
    re.IGNORECASE | re.ASCII,
)
_HINTS: Final = ("ignature", "oken", "tosignbytes")
"""Parts of these names in lower case; most texts contain none and need no search."""

_ESCAPED: Final = re.compile("(%(?:25)*[0-9a-f]{2})", re.IGNORECASE)
"""A percent-encoded character, also in a URL that is a parameter of another."""

_CODED: Final = re.compile(
    # At the start of a value, which may be within another URL; JSON begins with a blank or `{`.
    r"(?:(?<![\w+/-])|(?<=[%5][0-9A-Fa-f]{2}))(?:e[wy]|I[ACH]|C[QXgin]|D[Qn])"
    r"(?:[A-Za-z0-9+/]|%(?:25)*2[BbFf]){30,}(?:=|%(?:25)*3[Dd])*",
    re.ASCII,
)
"""A JSON object in base64: the policy of a form, which contains a token, or a callback."""

_DOCUMENT: Final = re.compile(r"(?P<mark><SignatureProvided>)(?P<kept>[^<]{4})[^<]+")
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
    text = _CODED.sub(_mask_coded, text)
    plain, starts = _decode(text) if "%" in text else (text, range(len(text) + 1))
    lower = plain.lower()
    if not any(hint in lower for hint in _HINTS):
        return text
    parts, end = [], 0
    for found in _SECRET.finditer(plain):
        parts.append(text[end : starts[found.end("kept")]])
        end = starts[found.end()]
    text = "****".join([*parts, text[end:]])
    if "<" in text:
        text = _DOCUMENT.sub(_replace, _BYTES.sub(_mask_bytes, text))
    return text


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


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Mask the secrets in headers. The names must be in lower case."""
    return {name: _mask_header(name, value) for name, value in headers.items()}


def _mask_header(name: str, value: str) -> str:
    if name in _SECRETS:
        return f"{value[:4]}****" if len(value) > 4 else value
    if name in ("authorization", "proxy-authorization"):
        return _AUTHORIZATION.sub(_replace, value)
    return mask(value)


def mask_values(value: Any) -> Any:
    """Mask the secrets in all strings of a JSON value."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [mask_values(one) for one in value]
    if isinstance(value, dict):
        return {name: mask_values(one) for name, one in value.items()}
    return value
