"""Masks secrets in text that is shown or written: signatures and the tokens of temporary keys.

The first four characters stay, so that two values can be told apart.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

_SECRETS: Final = (
    *(f"{prefix}security-token" for prefix in ("", "x-oss-", "x-amz-", "x-acs-")),
    "securitytoken",
    *("signature", "x-oss-signature", "x-amz-signature"),
)
"""Names of parameters and headers, in lower case: those of OSS and S3, and of STS and KMS."""


_ESCAPE: Final = "%(?:25)*"
"""What begins an encoded character, also in a URL that is a parameter of another."""


def _spell(name: str) -> str:
    """Return a pattern for a name of which each character may be percent-encoded."""
    spelled = (f"{_ESCAPE}(?:{ord(c):x}|{ord(c.upper()):x})" for c in name)
    return "".join(f"(?:{re.escape(c)}|{code})" for c, code in zip(name, spelled, strict=True))


@cache
def _parameters() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds secrets in parameters of other parameters, and in parameters.

    They are compiled on first use, since that takes milliseconds.
    """
    # A name that is not the end of another one.
    name = rf"(?:(?<![\w-])|{_ESCAPE}[0-9a-f]{{2}})(?:{'|'.join(map(_spell, _SECRETS))})"
    # In JSON both are in quotes. In prose, after `Signature: `, no word is as long as a secret.
    quote, space = rf"(?:[\"']|{_ESCAPE}2[27])", rf"(?:[\s+]|{_ESCAPE}20)*"
    name += rf"(?:{quote}{space})?"
    after = rf"(?:{space}{quote}|\s+(?=\S{{16}}))?"
    # Four characters, of which each may be percent-encoded, and the rest.
    kept = r"(?P<kept>(?:%[0-9a-f]{2}|[^%&#\s\"'<>]){0,4})"
    # In a parameter of another parameter, or in the string that STS and KMS sign.
    rest = rf"(?:(?!{_ESCAPE}2[26])[^&#\s\"'<>\]])+"
    encoded = rf"(?P<mark>{name}{_ESCAPE}3[ad]{after}){kept}{rest}"
    plain = rf"(?P<mark>{name}[=:]{after}){kept}[^&#\s\"'<>]+"
    return re.compile(encoded, re.IGNORECASE), re.compile(plain, re.IGNORECASE)


_HINTS: Final = ("ignature", "oken", "%", "tosignbytes")
"""Text without any of these, in lower case, has no such name; almost all text has none."""

_DOCUMENT: Final = re.compile(r"(?P<mark><SignatureProvided>)(?P<kept>[^<]{4})[^<]+")
_BYTES: Final = re.compile(r"(<StringToSignBytes>)([0-9A-F ]+)")
# With a signature, or with a secret of another scheme, such as `Bearer`.
_AUTHORIZATION: Final = re.compile(
    r"(?P<mark>^(?:OSS|AWS) [^:]*:\s*|Signature\s*[=:]\s*|^(?!.*Credential=)(?:\S+\s+)?)"
    r"(?P<kept>.{4}).+",
    re.IGNORECASE,
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
    if name in _SECRETS:
        return f"{value[:4]}****" if len(value) > 4 else value
    if name in ("authorization", "proxy-authorization"):
        return _AUTHORIZATION.sub(_replace, value)
    return mask(value)


def mask_values(value: Any) -> Any:
    """Mask the secrets in each text of a value for JSON."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list):
        return [mask_values(one) for one in value]
    if isinstance(value, dict):
        return {name: mask_values(one) for name, one in value.items()}
    return value
