"""Checks the built documentation site: `python -m tests.docs.site build/site`, as `make site` does.

Sphinx checks links within one language. This check covers both, and what pages load.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import etree, html

_LOADS = "//@src | //@srcset | //@poster | //@data | //link/@href | //form/@action"
_LOADS_CSS = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""")
_LOADS_SCRIPT = re.compile(
    r"""(?:fetch\(|import\(|importScripts\(|\.src\s*=|\.open\()\s*["'`](?:https?:)?//[^"'`]+"""
)


def problems(site: Path) -> Iterator[str]:
    """Yield a line for each broken link of a built site, and for each request to another host."""
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site)
        page = _parse(path)
        for address in _select(page, _LOADS):
            if _is_remote(address):
                yield f"{name}: loads {address}"
        for style in _select(page, "//style/text() | //@style"):
            yield from (f"{name}: loads {found}" for found in _LOADS_CSS.findall(style))
        for link in _select(page, "//a/@href | //link/@href | //@src"):
            if missing := _missing(path, link):
                yield f"{name}: {link}: {missing}"
    for path in sorted([*site.rglob("*.css"), *site.rglob("*.js")]):
        pattern = _LOADS_CSS if path.suffix == ".css" else _LOADS_SCRIPT
        text = path.read_text(encoding="utf-8")
        yield from (f"{path.relative_to(site)}: loads {found}" for found in pattern.findall(text))


def _is_remote(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc or parts.scheme not in ("", "data"))


def _missing(page: Path, link: str) -> str:
    """Return why a link to this site is broken; "" if it works, or leads to another site."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return ""
    if parts.path.startswith("/"):
        return "an absolute path does not work below a sub-path"
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.is_file():
        return "no such file"
    if parts.fragment.startswith(("case=", "sample=")):
        return ""  # the script of the lab reads it
    if parts.fragment and target.suffix == ".html":
        return "" if unquote(parts.fragment) in _anchors(target) else "no such heading"
    return ""


@cache
def _parse(path: Path) -> etree._Element:
    return html.document_fromstring(path.read_bytes())


def _select(page: etree._Element, path: str) -> list[str]:
    """Return the texts and attributes at an XPath."""
    found = page.xpath(path)
    assert isinstance(found, list)
    return [str(text) for text in found]


@cache
def _anchors(path: Path) -> frozenset[str]:
    return frozenset(_select(_parse(path), "//@id | //a/@name"))


if __name__ == "__main__":
    found = list(problems(Path(sys.argv[1])))
    print("\n".join(found))
    sys.exit(1 if found else 0)
