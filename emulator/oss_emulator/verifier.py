"""Verifier: checks certificates of `oss-emulator diff`, and shares no code with what makes them."""

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TypeAlias

BLANKS, UNSENT = " \t", "\r\n\0"  # not around a Referer; not in a header
Places: TypeAlias = frozenset[int]  # in the text of an entry: where a Referer may be
State: TypeAlias = tuple[str, tuple[Places, ...]]  # of the truncation and of each entry
MATCHED: Places = frozenset({-1})  # final, because entries match by prefix


class ProofError(Exception):
    """A certificate does not prove its claim; the text says why."""


def verify(certificate: Any, given: dict[str, Any]) -> str:
    """Return what a certificate proves of given rules: "equal" or "different".

    `given` has `old`, `new` and `assumptions`, as JSON writes them. Raises ProofError.
    """
    try:
        sealed = {name: value for name, value in certificate.items() if name != "sha256"}
        if _digest(sealed) != certificate["sha256"]:
            raise ProofError("it was changed after it was written: its sha256 is another")
        if _digest({name: certificate[name] for name in given}) != _digest(given):
            raise ProofError("it is about other rules or assumptions than those given here")
        old, new = (ReadRules(given[name], given["assumptions"]) for name in ("old", "new"))
        if certificate["claim"] == "equal":
            _check_moves(old, new, certificate["letters"], certificate["moves"])
            return "equal"
        for witness in {"different": certificate["witnesses"]}[certificate["claim"]] or [{}]:
            decided = [rules.decide(witness["referer"]) for rules in (old, new)]
            if decided[0] == decided[1] or decided != [witness["old"], witness["new"]]:
                raise ProofError(f"{witness} is not how the rules decide: {decided}")
        return "different"
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ProofError(f"it does not have the form of a certificate: {error}") from error


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


class ReadRules:
    """Rules as the assumptions read them, which decide on a Referer letter by letter."""

    def __init__(self, rules: Any, assumed: Any) -> None:
        truncates, letters = rules["allow_truncate_query_string"], assumed["letter_case"]
        path = rules["truncate_path"] and (truncates or assumed["truncation_conflict"] != "not-cut")
        kept = "lower" if letters == "query-insensitive" else ""
        self.cut = "path" if path else "query" if truncates else kept
        self.folds = letters == "case-insensitive"
        self.slash = assumed["cut_path"] == "origin-with-slash"
        lists = [sorted({*self._read(rules[n], assumed)}) for n in ("blacklist", "whitelist")]
        self.entries, self.middle = lists[0] + lists[1], len(lists[0])
        counts = assumed["white_space"] == "blank-counts"
        black, white = (rules["blacklist"], rules["whitelist"]) if counts else lists
        denies = black and assumed["empty_whitelist"] == "empty-whitelist-denies"
        self.allows_empty = bool(rules["allow_empty_referer"] or not white)
        self.allows_others = not (white or denies)
        self.start: State = "scheme", tuple(_settle(entry, {0}) for entry in self.entries)

    def _read(self, entries: list[str], assumed: Any) -> Iterator[str]:
        separates, blanks = assumed["joined_entry"] == "comma-separates", assumed["white_space"]
        for part in ",".join(entries).split(",") if separates and entries else entries:
            entry = part if blanks == "verbatim" else part.strip(BLANKS + "\r\n")
            start = entry.find("/", entry.find("://") + 3 if "://" in entry else 0)
            if start >= 0 and assumed["cut_entries"] == "entries-cut":
                rest = entry[start:].partition("?")[0] if self.cut == "query" else entry[start:]
                entry = entry[:start] + ("/" * self.slash if self.cut == "path" else rest)
            if entry or blanks in ("verbatim", "blank-matches"):
                yield entry.casefold() if self.folds else entry

    def read(self, state: State, letter: str) -> State:
        """Return the state after one more letter."""
        (place, seen), reached = self._truncate(state[0], letter), state[1]
        for one in seen:
            both = zip(self.entries, reached, strict=True)
            reached = tuple(_read(entry, at, one, state[0] == "query") for entry, at in both)
        return place if any(at and at != MATCHED for at in reached) else "", reached

    def _truncate(self, place: str, letter: str) -> tuple[str, str]:
        """Return the next place, and what is compared of a letter (R-26, R-27)."""
        if place == "end" or (self.cut == "query" and letter == "?"):
            return "end", ""
        if self.cut != "path":
            return "query" if self.cut == "lower" and letter == "?" else place, letter
        if place in ("colon", "slash") and letter == "/":
            return ("slash", "/" * self.slash) if place == "colon" else ("host", "//"[self.slash :])
        if place == "slash" or letter in "/?#":
            return "end", "/" * (self.slash and place != "slash" and letter == "/")
        return place if place == "host" else "colon" if letter == ":" else "scheme", letter

    def allows(self, state: State) -> bool:
        """Decide on a Referer that is not empty (R-12, R-13)."""
        matched = [at == MATCHED for at in state[1]]
        return not any(matched[: self.middle]) and (any(matched) or self.allows_others)

    def decide(self, referer: str | None) -> str:
        """Decide on any Referer: "allowed" or "denied"."""
        sent, state = (referer or "").strip(BLANKS + "\r\n"), self.start
        for letter in sent.casefold() if self.folds else sent:
            state = self.read(state, letter)
        return "allowed" if (self.allows(state) if sent else self.allows_empty) else "denied"


@lru_cache(1 << 16)
def _read(entry: str, places: Places, letter: str, lowers: bool) -> Places:
    known = {"*", "?", letter, letter.swapcase() if lowers and letter.isascii() else letter}
    passed = {at + (entry[at] != "*") for at in places - MATCHED if entry[at] in known}
    return MATCHED if places == MATCHED else _settle(entry, passed)


def _settle(entry: str, places: set[int]) -> Places:
    """Pass each `*`: it may stand for nothing, and goes on as whatever stands before it does."""
    for place in sorted(places):
        while entry[place : place + 1] == "*":
            place += 1
            places.add(place)
    last = max((place for place in places if entry[place : place + 1] == "*"), default=0)
    return MATCHED if len(entry) in places else frozenset(at for at in places if at >= last)


def _check_moves(old: ReadRules, new: ReadRules, letters: str, moves: list[str]) -> None:
    """Check by induction that each Referer leads to a state in which both rules decide alike."""
    if old.allows_empty != new.allows_empty:
        raise ProofError("a request without a Referer is decided differently")
    if vars(old) == vars(new) and (letters, moves) == ("", []):
        return  # the same entries need no search
    known = {*"/:?#", *"".join(old.entries + new.entries)} - {"*", *UNSENT}
    if any(rules.cut == "lower" and rules.entries for rules in (old, new)):
        known |= {letter.swapcase() for letter in known if letter.isascii()}
    if letters != "".join(sorted(known)):
        raise ProofError("its letters are not those of the entries")
    other = chr(ord(max(known)) + 1)  # any letter that is in no entry
    states, numbers = [(old.start, new.start)], dict[tuple[State, State], int]()
    for number, row in enumerate(moves):
        for letter, after in zip(other + letters, map(int, row.split(" ")), strict=True):
            if number == 0 and letter in BLANKS and after == 0:
                continue
            state = old.read(states[number][0], letter), new.read(states[number][1], letter)
            differs = letter not in BLANKS and old.allows(state[0]) != new.allows(state[1])
            if differs or numbers.setdefault(state, len(states)) != after:
                raise ProofError(f"state {number} does not lead to {after} by {letter!r}")
            states += [state] if after == len(states) else []
    if len(states) != len(moves):
        raise ProofError(f"state {len(moves)} has no moves")
