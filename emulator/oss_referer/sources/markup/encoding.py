"""The encoding of an XML document: from its first bytes, its declaration, or else UTF-8."""

import re
from codecs import BOM_UTF8

from oss_referer.sources import toml
from oss_referer.sources.toml import SourceError, place_of

_DECLARED = re.compile(rb"<\?xml\s[^>]{0,100}?encoding\s*=\s*[\"']([\w.-]{1,40})[\"']")
_MARKS = {
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
"""First bytes that tell an encoding, whatever is declared."""
_CODECS = {
    "big5": "big5",
    "gb18030": "gb18030",
    "gb2312": "gb2312",
    "gbk": "gbk",
    "iso-8859-1": "latin-1",
    "us-ascii": "ascii",
    "windows-1252": "cp1252",
}
"""Declared encodings besides UTF-8, with Python's names for them."""
_UTF = frozenset({"utf-8", "utf8", "utf-16"})
"""UTF-16 is told by its first bytes; a document that only declares it was encoded anew."""


def decode(document: bytes) -> str:
    """Decode a document, without its byte order mark. Raises SourceError."""
    if document.startswith(BOM_UTF8):
        return toml.decode(document)
    codec = _MARKS.get(document[:2])
    name = "UTF-16"
    if codec is None:
        found = _DECLARED.match(document)
        name = found[1].decode() if found else "UTF-8"
        if name.lower() in _UTF:
            return toml.decode(document)
        codec = _CODECS.get(name.lower())
        if codec is None:
            raise SourceError(f"the encoding {name} is not known here; use UTF-8")
    try:
        return document.decode(codec).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        place = place_of(document[: error.start].decode(codec, errors="replace"))
        wrong = f"0x{document[error.start]:02x}"
        raise SourceError(f"the byte {wrong} is not valid {name}", *place) from None
