"""Masks secrets in text that is shown or written: signatures and the tokens of temporary keys.

The first four characters stay, so that two values can be told apart.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

_TOKENS: Final = tuple(f"{prefix}security-token" for prefix in ("", "x-oss-", "x-amz-", "x-acs-"))
_SECRETS: Final = (
    *_TOKENS,
    "securitytoken",
    *("signature", "x-oss-signature", "x-amz-signature"),
)
"""The names of parameters, in lower case: those of OSS and S3, and of STS and KMS."""


def _spell(name: str) -> str:
    """Return a pattern for a name of which each character may be percent-encoded."""
    return "".join(f"(?:{re.escape(c)}|%{ord(c):x}|%{ord(c.upper()):x})" for c in name)


@cache
def _parameters() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds secrets in parameters of other parameters, and in parameters.

    They are compiled on first use, since that takes milliseconds.
    """
    name = f"(?P<name>{'|'.join(map(_spell, _SECRETS))})"
    # Four characters, of which each may be percent-encoded, and the rest.
    kept = r"(?P<kept>(?:%[0-9a-f]{2}|[^%&#\s\"'<>]){0,4})"
    # In a parameter of another parameter, or in the string that STS and KMS sign.
    encoded = (
        rf"(?P<mark>%(?:25)*(?:26|3f){name}%(?:25)*3d){kept}"
        r"(?:(?!%(?:25)*26)[^&#\s\"'<>\]])+"
    )
    plain = rf"(?P<mark>(?<![\w-]){name}[=:]){kept}[^&#\s\"'<>]+"
    return re.compile(encoded, re.IGNORECASE), re.compile(plain, re.IGNORECASE)


_HINTS: Final = ("ignature", "oken", "%", "tosignbytes")
"""Text without any of these, in lower case, has no such name; almost all text has none."""

_DOCUMENT: Final = re.compile(r"(?P<mark><SignatureProvided>)(?P<kept>[^<]{4})[^<]+")
_BYTES: Final = re.compile(r"(<StringToSignBytes>)([0-9A-F ]+)")
_AUTHORIZATION: Final = re.compile(
    r"(?P<mark>^(?:OSS|AWS) [^:]*:|Signature[=:])(?P<kept>.{4}).+", re.IGNORECASE
)


def _replace(found: re.Match[str]) -> str:
    return f"{found['mark']}{found['kept']}****"


def mask(text: str) -> str:
    """Mask the secrets in a text, such as a URL, an error document or a string to sign."""
    lower = text.lower()
    if not any(hint in lower for hint in _HINTS):
        return text
    for pattern in _parameters():
        text = pattern.sub(_replace, text)
    if "<" in text:
        text = _DOCUMENT.sub(_replace, _BYTES.sub(_mask_bytes, text))
    return text


def _mask_bytes(found: re.Match[str]) -> str:
    said = bytes.fromhex(found[2]).decode("utf-8", "surrogateescape")
    masked = mask(said)
    if masked == said:
        return found[0]
    return found[1] + masked.encode("utf-8", "surrogateescape").hex(" ").upper()


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Mask the secrets in headers, whose names are in lower case."""
    return {name: _mask_header(name, value) for name, value in headers.items()}


def _mask_header(name: str, value: str) -> str:
    if name in _TOKENS:
        return f"{value[:4]}****" if len(value) > 4 else value
    return _AUTHORIZATION.sub(_replace, value) if name == "authorization" else mask(value)


def mask_values(value: Any) -> Any:
    """Mask the secrets in each text of a value for JSON."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [mask_values(one) for one in value]
    if isinstance(value, dict):
        return {name: mask_values(one) for name, one in value.items()}
    return value
