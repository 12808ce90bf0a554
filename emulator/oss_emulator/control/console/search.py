"""The search for requests, with words, and tokens such as `is:denied` or `bucket:img`."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from oss_referer.engine import Sentence

from oss_emulator.control.api.journal import is_within, searched
from oss_emulator.control.api.route import ApiError
from oss_emulator.control.journal import JournalEntry, RefererResult
from oss_emulator.control.traffic import Failure, SiteOf, find_failure, key_of
from oss_emulator.protocol import dates

Fits: TypeAlias = Callable[[JournalEntry], bool]

NO_REFERER: Final = "none"
"""The value of `site:` for requests without a Referer."""


def _is(value: str, now: float) -> Fits:
    if value in {*Failure}:
        return lambda entry: find_failure(entry) == value
    wanted = RefererResult(value)
    return lambda entry: entry.verdict is wanted


def _status(value: str, now: float) -> Fits:
    if re.fullmatch(r"[1-5]xx", value):
        return lambda entry: entry.status // 100 == int(value[0])
    if not re.fullmatch(r"[1-5][0-9][0-9]", value):
        raise ValueError
    return lambda entry: entry.status == int(value)


def _site(value: str, now: float) -> Fits:
    return lambda entry: (key := key_of(entry)) is not None and is_site(key.site, value)


def is_site(site: str, wanted: str) -> bool:
    """Return whether `wanted` is the address, the host or the appid of a site."""
    if wanted == NO_REFERER:
        return not site
    parts = site.rstrip("/").split("/")
    return wanted in (site, site.rstrip("/"), parts[-1], parts[-1].partition(":")[0])


_MOMENT: Final = r"(?:(\d{4}-\d\d-\d\d)T)?(\d\d:\d\d(?::\d\d)?)"
_ZONE: Final = r"(Z|[+-]\d\d:\d\d)?"
_PERIOD: Final = re.compile(rf"{_MOMENT}{_ZONE}\.\.{_MOMENT}{_ZONE}")
_RECENT: Final = re.compile(r"(\d{1,4})([smh])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


def _time(value: str, now: float) -> Fits:
    since, until = parse_period(value, now)
    return lambda entry: since <= entry.request.received < until


def parse_period(value: str, now: float) -> tuple[float, float]:
    """Parse the beginning and the end of a period, in seconds since the epoch.

    `5m` means the last five minutes. `10:30:00..10:31:00` is within the last day, and in UTC unless
    an offset such as +08:00 follows. Raises ValueError.
    """
    if recent := _RECENT.fullmatch(value):
        return now - int(recent[1]) * _SECONDS[recent[2]], float("inf")
    found = _PERIOD.fullmatch(value)
    if found is None:
        raise ValueError
    zone = found[6] or found[3] or "Z"
    begin = _read_moment(found[1], found[2], found[3] or zone, now)
    end = _read_moment(found[4] or found[1], found[5], zone, now)
    if found[4] is None and end <= begin:  # past midnight
        end += 24 * 3600
    if end <= begin:
        raise ValueError
    return begin, end


def _read_moment(date: str | None, clock: str, zone: str, now: float) -> float:
    """Parse a moment; without a date, the last moment with that time."""
    if date is not None:
        return datetime.fromisoformat(f"{date}T{clock}{zone}").timestamp()
    offset = datetime.fromisoformat(f"2000-01-01T00:00{zone}").utcoffset() or timedelta()
    today = dates.format_iso(now + offset.total_seconds()).partition("T")[0]
    moment = datetime.fromisoformat(f"{today}T{clock}{zone}").timestamp()
    return moment - 24 * 3600 if moment > now + 60 else moment


TOKENS: Final[Mapping[str, tuple[Callable[[str, float], Fits], str]]] = {
    "is": (_is, ", ".join([*RefererResult, *Failure])),
    "bucket": (
        lambda value, _: lambda entry: entry.bucket == value,
        Sentence("the name of a bucket"),
    ),
    "site": (_site, Sentence("a host such as blog.example.com, an address, an appid, or none")),
    "ec": (
        lambda value, _: lambda entry: entry.ec.endswith(value),
        Sentence("an EC such as 0003-00000503"),
    ),
    "status": (_status, Sentence("a status such as 403, or 4xx")),
    "method": (
        lambda value, _: lambda entry: entry.method.lower() == value.lower(),
        Sentence("a method such as GET"),
    ),
    "test": (
        lambda value, _: lambda entry: is_within(entry.test, value),
        Sentence("a test, or a file, class or folder of tests"),
    ),
    "time": (
        _time,
        Sentence("a time such as 5m, or 10:30:00..10:31:00 with an offset such as +08:00"),
    ),
}
"""The tokens by name: the function that parses a value, and a description of valid values."""

_WORD: Final = re.compile(r'(?:([a-z]+):)?(?:"([^"]*)"|(\S+))')


class Word(NamedTuple):
    """A token such as `bucket:img`, or a word of free text with an empty name."""

    name: str
    value: str


class Search(NamedTuple):
    """A search; a request must match all of its words."""

    words: tuple[Word, ...]
    fitting: tuple[Fits, ...]

    @classmethod
    def parse(cls, text: str, now: float) -> "Search":
        """Parse a search; `now` is in seconds since the epoch. Raises `ApiError`."""
        words = tuple(_split(text))
        return cls(words, tuple(_read(word, now) for word in words))

    def fits(self, entry: JournalEntry) -> bool:
        return all(fit(entry) for fit in self.fitting)

    def find(self, entries: Iterable[JournalEntry]) -> list[JournalEntry]:
        return [entry for entry in entries if self.fits(entry)]

    def fits_site(self, key: SiteOf) -> bool:
        """Return whether a site and bucket match the tokens `site:` and `bucket:`, if any."""
        return all(
            {"bucket": key.bucket == value, "site": is_site(key.site, value)}.get(name, True)
            for name, value in self.words
        )

    def value(self, name: str) -> str:
        """Return the value of a token, "" for none."""
        return next((word.value for word in self.words if word.name == name), "")

    def without(self, *names: str) -> str:
        """Return the text without some tokens."""
        return " ".join(format_word(word) for word in self.words if word.name not in names)

    def toggle(self, name: str, value: str) -> str:
        """Return the text with this token as the only one of its name, or without it if present."""
        rest = self.without(name)
        return (
            rest
            if self.value(name) == value
            else f"{rest} {format_word(Word(name, value))}".strip()
        )


def _split(text: str) -> Iterable[Word]:
    for name, quoted, plain in _WORD.findall(text):
        value = quoted or plain
        if name in TOKENS:
            yield Word(name, value)
        elif plain.endswith(":") and plain[:-1] in TOKENS:
            yield Word(plain[:-1], "")
        elif value or name:
            yield Word("", f"{name}:{value}" if name else value)


def format_word(word: Word) -> str:
    """Format a word so that it is parsed as the same word, in quotation marks if needed."""
    start = f"{word.name}:" if word.name else ""
    plain = start + word.value
    return plain if [*_split(plain)] == [word] else f'{start}"{word.value}"'


def _read(word: Word, now: float) -> Fits:
    if not word.name:
        return partial(_contains, word.value.casefold())
    read, known = TOKENS[word.name]
    try:
        if not word.value:
            raise ValueError
        return read(word.value, now)
    except ValueError:
        if word.value:
            said = Sentence("{}: takes {}, not {}.", word.name, known, repr(word.value))
        else:
            said = Sentence("{}: takes {}, and needs a value.", word.name, known)
        raise ApiError(400, said) from None


def _contains(text: str, entry: JournalEntry) -> bool:
    return text in searched(entry)
