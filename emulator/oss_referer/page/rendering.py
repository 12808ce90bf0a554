"""Renders the templates of pages, with their filters."""

import re
from functools import cache
from pathlib import Path
from time import gmtime
from typing import Any, Final
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from oss_referer.page import STATIC
from oss_referer.texts import Catalogue

FOLDER: Final = Path(__file__).with_name("templates")


def load(*folders: Path) -> Environment:
    """Return an environment with the templates of some folders and of `FOLDER`."""
    environment = Environment(
        loader=FileSystemLoader((*folders, FOLDER)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["style"] = read_style
    environment.filters["count"] = "{:,}".format
    environment.filters["utc"] = format_utc
    environment.filters["counted"] = count
    environment.filters["quoted"] = lambda text: quote(text, safe="", errors="surrogateescape")
    return environment


def read_style(name: str) -> str:
    """Return a style sheet, for a page that stands alone."""
    return (STATIC / name).read_text(encoding="utf-8")


def format_utc(seconds: float) -> str:
    """Format a time for readers without scripts, such as `2026-11-28 08:00:00 UTC`."""
    t = gmtime(int(seconds))  # unlike `datetime`, it has times around the years 1 and 9999
    day = f"{t.tm_year:04}-{t.tm_mon:02}-{t.tm_mday:02}"
    return f"{day} {t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} UTC"


_COUNTED: Final = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")
"""The variants of a text: for one entry (group 1), and for several (group 2)."""


def count(text: str, number: int) -> str:
    """Fill a number into a text such as `[1 entry lacks|{} entries lack] a closing /`."""
    chosen = _COUNTED.sub(lambda found: found[1 if number == 1 else 2], text)
    return chosen.replace("{}", f"{number:,}")


def render(template: str, language: str, **shown: Any) -> str:
    found = _environment().get_template(f"{template}.html")
    return found.render(**shown, t=Catalogue(language))


@cache
def _environment() -> Environment:
    return load()
