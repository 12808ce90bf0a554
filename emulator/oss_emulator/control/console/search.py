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
from oss_emulator.control.traffic import (
    ALLOWED,
    DENIED,
    EMBED_SITE,
    EMBED_TEST,
    UNCHECKED,
    Failure,
    SiteOf,
    Tally,
    Traffic,
    find_failure,
    key_of,
)
from oss_emulator.protocol import dates

Fits: TypeAlias = Callable[[JournalEntry], bool]

NO_REFERER: Final = "none"
"""The value of `site:` for requests without a Referer."""
UTC: Final = "Z"
_NAMES: Final[Mapping[str, str]] = {"": NO_REFERER, EMBED_SITE: EMBED_TEST}
"""The values of `site:` for sites without an address."""
_HINTS: Final = 6
"""Maximum number of hosts to suggest."""


def format_site(site: str) -> str:
    """Return the value of `site:` that finds exactly this site."""
    return _NAMES.get(site, site.rstrip("/"))


def _is(value: str) -> Fits:
    if value in {*Failure}:
        return lambda entry: find_failure(entry) == value
    wanted = RefererResult(value)
    return lambda entry: entry.verdict is wanted


def _status(value: str) -> Fits:
    if re.fullmatch(r"[1-5]xx", value):
        return lambda entry: entry.status // 100 == int(value[0])
    if not re.fullmatch(r"[1-5][0-9][0-9]", value):
        raise ValueError
    return lambda entry: entry.status == int(value)


def _site(value: str) -> Fits:
    return lambda entry: (key := key_of(entry)) is not None and is_site(key.site, value)


def is_site(site: str, wanted: str) -> bool:
    """Return whether `wanted` is the address, the host, some labels of it, or the appid of a site.

    `example.com` is also each host below it.
    """
    if wanted == format_site(site):
        return True
    parts = site.rstrip("/").split("/")
    return wanted == parts[-1] or f".{wanted}." in f".{parts[-1].partition(':')[0]}."


_MOMENT: Final = r"(?:(\d{4}-\d\d-\d\d)T)?(\d\d:\d\d(?::\d\d)?)"
_ZONE: Final = r"(Z|[+-]\d\d:\d\d)?"
ZONE: Final = re.compile(_ZONE)
"""An offset from UTC, such as +08:00."""
_PERIOD: Final = re.compile(rf"{_MOMENT}{_ZONE}\.\.{_MOMENT}{_ZONE}")
_SINGLE: Final = re.compile(rf"{_MOMENT}{_ZONE}")
_RECENT: Final = re.compile(r"(\d{1,4})([smh])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}


def parse_period(value: str, now: float, zone: str = UTC) -> tuple[float, float]:
    """Parse the beginning and the end of a period, in seconds since the epoch.

    `5m` means the last five minutes, `10:30` that minute. `10:30:00..10:31:00` is within the last
    day, and in a `zone` unless an offset such as +08:00 follows. Raises ValueError.
    """
    if recent := _RECENT.fullmatch(value):
        return now - int(recent[1]) * _SECONDS[recent[2]], float("inf")
    if single := _SINGLE.fullmatch(value):
        begin = _read_moment(single[1], single[2], single[3] or zone, now)
        return begin, begin + (60 if len(single[2]) == len("10:30") else 1)
    found = _PERIOD.fullmatch(value)
    if found is None:
        raise ValueError
    zone = found[6] or found[3] or zone
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


_TIME: Final = Sentence("a time such as 5m, 10:30 or 10:30:00..10:31:00, and perhaps +08:00")

TOKENS: Final[Mapping[str, tuple[Callable[[str], Fits] | None, str]]] = {
    "is": (_is, ", ".join([*RefererResult, *Failure])),
    "bucket": (
        lambda value: lambda entry: entry.bucket == value,
        Sentence("the name of a bucket"),
    ),
    "site": (_site, Sentence("a host such as blog.example.com, an address, an appid, or none")),
    "ec": (
        lambda value: lambda entry: entry.ec.endswith(value),
        Sentence("an EC such as 0003-00000503"),
    ),
    "status": (_status, Sentence("a status such as 403, or 4xx")),
    "method": (
        lambda value: lambda entry: entry.method.lower() == value.lower(),
        Sentence("a method such as GET"),
    ),
    "test": (
        lambda value: lambda entry: is_within(entry.test, value),
        Sentence("a test, or a file, class or folder of tests"),
    ),
    "time": (None, _TIME),
}
"""The tokens by name: the function that parses a value, except for a time, and valid values."""

_WORD: Final = re.compile(r'(?:([a-z]+):)?(?:"([^"]*)"|(\S+))')


class Word(NamedTuple):
    """A token such as `bucket:img`, or a word of free text with an empty name."""

    name: str
    value: str


class Found(NamedTuple):
    """The requests that a search finds, and the tallies of those."""

    entries: list[JournalEntry]
    traffic: Traffic
    whole: Tally
    """Also of requests at other times."""

    def take(self, search: "Search", entries: Iterable[JournalEntry]) -> None:
        """Add the requests among later ones that a search finds."""
        for fits in search.fitting:
            entries = filter(fits, entries)
        for entry in entries:
            self.whole.add(entry.request.received, _VERDICTS[entry.verdict])
            if search.is_in_time(entry):
                self.traffic.add(entry, 0)
                self.entries.append(entry)


_VERDICTS: Final = {
    RefererResult.ALLOWED: ALLOWED,
    RefererResult.DENIED: DENIED,
    RefererResult.NOT_CHECKED: UNCHECKED,
}


class Search(NamedTuple):
    """A search; a request must match all of its words."""

    words: tuple[Word, ...]
    fitting: tuple[Fits, ...]
    """What its words except for the time require."""
    since: float = 0.0
    until: float = float("inf")

    @classmethod
    def parse(cls, text: str, now: float, zone: str = UTC) -> "Search":
        """Parse a search; `now` is in seconds since the epoch. Raises `ApiError`."""
        words = tuple(_split(text))
        periods = [_read_time(word, now, zone) for word in words if word.name == "time"]
        fitting = tuple(_read(word) for word in words if word.name != "time")
        begins, ends = zip(*periods, (0.0, float("inf")), strict=True)
        return cls(words, fitting, max(begins), min(ends))

    def fits(self, entry: JournalEntry) -> bool:
        return self.is_in_time(entry) and all(fit(entry) for fit in self.fitting)

    def is_in_time(self, entry: JournalEntry) -> bool:
        return self.since <= entry.request.received < self.until

    def find(self, entries: Iterable[JournalEntry]) -> list[JournalEntry]:
        return [entry for entry in entries if self.fits(entry)]

    def suggest(self, keys: Iterable[SiteOf]) -> list[tuple[str, str]]:
        """Return hosts that the last word may mean, each with the search for it."""
        if not self.words or self.words[-1].name not in ("", "site"):
            return []
        *others, last = self.words
        rest = [format_word(word) for word in others]
        part, hosts = last.value.lower(), dict.fromkeys(key.site.split("/")[-1] for key in keys)
        found = [host for host in hosts if len(part) > 1 and part in host and part != host]
        return [(one, " ".join([*rest, format_word(Word("site", one))])) for one in found[:_HINTS]]

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


def _read(word: Word) -> Fits:
    if not word.name:
        return partial(_contains, word.value.casefold())
    read, _ = TOKENS[word.name]
    try:
        if not word.value or read is None:
            raise ValueError
        return read(word.value)
    except ValueError:
        raise _refuse(word) from None


def _read_time(word: Word, now: float, zone: str) -> tuple[float, float]:
    try:
        return parse_period(word.value, now, zone)
    except ValueError:
        raise _refuse(word) from None


def _refuse(word: Word) -> ApiError:
    known = TOKENS[word.name][1]
    if word.value:
        return ApiError(400, Sentence("{}: takes {}, not {}.", word.name, known, repr(word.value)))
    return ApiError(400, Sentence("{}: takes {}, and needs a value.", word.name, known))


def _contains(text: str, entry: JournalEntry) -> bool:
    return text in searched(entry)
