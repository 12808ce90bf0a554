"""Finds the secrets of requests, and the texts in which one occurs, however it is encoded."""

import re
from base64 import b64decode, urlsafe_b64decode
from binascii import Error
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from urllib.parse import parse_qsl, unquote, unquote_plus

from oss_emulator.recording.exchange import Exchange

MASK = "masked"
"""What stands for a text with a secret in it."""

SECRET_NAMES = frozenset(
    """
    accesskeyid awsaccesskeyid credential ossaccesskeyid policy security-token securitytoken
    session_token signature token x-amz-credential x-amz-security-token x-amz-signature
    x-oss-access-key-id x-oss-credential x-oss-security-token x-oss-signature
    """.split()
)
"""The names of parameters, fields and headers whose values are secret, in lower case."""

_SHORTEST = 6
"""Characters of the shortest secret that is looked for; shorter ones occur by chance."""

_VARIABLE = re.compile("ACCESS_?KEY|SECRET|TOKEN|PASSWORD", re.IGNORECASE)
_SHORTEST_VARIABLE = 16
"""The names of secret variables of an environment, and the least length of their values: shorter
ones may be flags, such as `default`, which are texts of the service as well."""

_DEPTH = 3
"""How many encodings are taken off a text, one after another."""

_FIELD = re.compile(
    rb'content-disposition:[^\r\n]*[ ;]name="?([^";\r\n]+)"?[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n'
    rb"([^\r\n]{0,8192})\r\n",
    re.IGNORECASE,
)
_GIVEN = re.compile(
    rb"(?<![a-z0-9_-])(?:accesskeyid|accesskeysecret|access_key_id|access_key_secret|awsaccesskeyid"
    rb"|ossaccesskeyid|secretaccesskey|security-?token|sessiontoken|signature|sts_?token"
    rb"|x-(?:amz|oss)-(?:access-key-id|credential|security-token|signature))"
    rb"[\"']?\s*[:=>]\s*[\"']?([^\s\"'<>&,;]+)",
    re.IGNORECASE,
)
"""A secret in a body, such as an answer of STS, a file of settings or a signed URL."""
_PASSWORD = re.compile(rb"://[^\s\"'<>/@:]*:([^\s\"'<>/@]+)@")
_WORD = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_SEPARATOR = re.compile("[/_-]")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_PAIR = re.compile(r"(?:AccessKeyId:|Signature:|[A-Za-z0-9-]+=)\s*([^\s,]+)")


class Secrets:
    """The secrets that are known so far."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        # By their first characters: each request has a signature of its own.
        self._known: dict[str, set[str]] = {}
        for secret in known:
            self._add(secret)

    def learn_variables(self, variables: Mapping[str, str]) -> None:
        """Remember the values of variables of an environment that are called like secrets."""
        for name, value in variables.items():
            if _VARIABLE.search(name) and len(value) >= _SHORTEST_VARIABLE:
                self._add(value)

    def learn(self, exchange: Exchange) -> None:
        """Remember the keys, signatures and tokens of a request, and those in the answer."""
        for name, value in exchange.headers:
            if name.lower() == "authorization":
                self._learn_authorization(value)
            elif name.lower() in SECRET_NAMES:
                self._add(value)
            else:
                self._learn_url(value)
        self._learn_url(exchange.target)
        for _, value in exchange.answer_headers:
            self._learn_url(value)
        for data in (exchange.content.data, exchange.answer_content.data):
            for value in (*_GIVEN.findall(data), *_PASSWORD.findall(data)):
                self._add(unquote(value.decode("utf-8", "replace")))
        for found, value in _FIELD.findall(exchange.content.data):
            if found.decode("latin-1").lower() in SECRET_NAMES:
                self._add(value.decode("utf-8", "replace"))

    def is_in(self, text: str, depth: int = _DEPTH) -> bool:
        """Whether a secret occurs in a text as it is, or under up to `depth` encodings."""
        return any(
            form.startswith(secret, place)
            for form in forms(text, depth)
            for place in range(len(form) - _SHORTEST + 1)
            for secret in self._known.get(form[place : place + _SHORTEST], ())
        )

    def _learn_authorization(self, value: str) -> None:
        _, _, rest = value.partition(" ")
        # Version 1 has no names: `OSS id:signature`.
        for found in _PAIR.findall(rest) or rest.split(":", 1):
            self._add(found)

    def _learn_url(self, text: str) -> None:
        for value in _PASSWORD.findall(text.encode()):
            self._add(unquote(value.decode()))
        query = text.partition("?")[2].partition("#")[0]
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name.lower() in SECRET_NAMES:
                self._add(value)

    def _add(self, secret: str) -> None:
        """Remember a secret, and the id of the key that begins a credential."""
        for part in (secret, secret.partition("/")[0]):
            stripped = part.strip().lower()
            if len(stripped) >= _SHORTEST:
                self._known.setdefault(stripped[:_SHORTEST], set()).add(stripped)


def forms(text: str, depth: int = _DEPTH) -> Iterator[str]:
    """Yield a text in lower case, and what it says when encodings are taken off."""
    yield text.lower()
    if not depth:
        return
    decoded = {unquote(text), unquote_plus(text)} - {text}
    for word in _WORD.findall(text):
        decoded.update(_decode(word))
    for form in decoded:
        yield from forms(form, depth - 1)


def _decode(word: str) -> Iterator[str]:
    """Yield what a word may say in Base64 or in hex, or a part of it between `/`, `_` and `-`."""
    for part in {word, *_SEPARATOR.split(word)}:
        if len(part) % 2 == 0 and _HEX.fullmatch(part):
            yield bytes.fromhex(part).decode("latin-1")
        plain = part.rstrip("=")
        padded = plain + "=" * (-len(plain) % 4)
        for decode in (b64decode, urlsafe_b64decode):
            with suppress(Error, ValueError):
                yield decode(padded).decode("latin-1")
