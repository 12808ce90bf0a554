"""Solver: what z3, a theorem prover, says about a certificate, as a second opinion.

It has the rules as `verifier.py` reads them, but no automaton: each entry is a regular expression
over whole Referers, and z3 looks for one that only one of the two rules allows.
"""

from collections.abc import Iterable
from typing import Any

from oss_emulator.verifier import BLANKS, UNSENT, ReadRules

PATIENCE = 60
"""Seconds that z3 may take."""


class SolverMissingError(Exception):
    """The package z3-solver is not installed."""


def ask(given: dict[str, Any], seconds: float = PATIENCE) -> str:
    """Return "equal", "different", or "unknown" if z3 does not know it in some seconds.

    `given` is that of `verify`. Raises SolverMissingError.
    """
    try:
        import z3
    except ImportError:
        raise SolverMissingError from None
    old, new = (ReadRules(given[name], given["assumptions"]) for name in ("old", "new"))
    if old.allows_empty != new.allows_empty:
        return "different"
    language = _Language(z3)
    solver = z3.Solver()
    solver.set("timeout", int(1000 * seconds))
    referer = z3.String("referer")
    solver.add(z3.InRe(referer, language.sent))
    allowed = [z3.InRe(referer, language.allowed(rules)) for rules in (old, new)]
    solver.add(allowed[0] != allowed[1])
    return {"sat": "different", "unsat": "equal"}.get(str(solver.check()), "unknown")


class _Language:
    """Regular expressions over Referers."""

    def __init__(self, z3: Any) -> None:
        self._z3 = z3
        characters = z3.ReSort(z3.StringSort())
        self._one, self._any = z3.AllChar(characters), z3.Full(characters)
        unblank = self._without(BLANKS + UNSENT)
        inner = z3.Star(self._without(UNSENT))
        self.sent = z3.Union(unblank, z3.Concat(unblank, inner, unblank))

    def allowed(self, rules: ReadRules) -> Any:
        """The Referers, not empty, that rules allow (R-12, R-13)."""
        z3 = self._z3
        black, white = (
            self._union(self._matched(rules, entry) for entry in entries) for entries in rules.lists
        )
        return z3.Intersect(z3.Complement(black), self._any if rules.allows_others else white)

    def _matched(self, rules: ReadRules, entry: str) -> Any:
        """The Referers that an entry matches."""
        if rules.cut == "lower":
            return self._in_any_case(entry)
        seen = self._sequence(*map(self._letter, entry), self._any)
        if rules.cut == "query":
            return self._until(seen, self._some("?"), "?")
        if rules.cut == "path":
            return self._to_path(seen, rules.slash)
        return seen

    def _until(self, seen: Any, allowed: Any, ends: str) -> Any:
        """Texts that begin with what is seen, before the first of some characters."""
        z3 = self._z3
        rest = z3.Concat(self._among(ends), self._any)
        return z3.Concat(z3.Intersect(seen, allowed), z3.Option(rest))

    def _to_path(self, seen: Any, slash: bool) -> Any:
        z3 = self._z3
        part = self._some("/?#")
        scheme = z3.Concat(part, z3.Re("://"))
        others = z3.Complement(z3.Concat(scheme, self._any))
        ends = "?#" if slash else "/?#"
        found = []
        for origin, wanted in ((z3.Concat(scheme, part), self._any), (part, others)):
            whole = self._until(seen, origin, ends)
            if slash:
                with_slash = z3.Intersect(seen, z3.Concat(origin, z3.Re("/")))
                whole = z3.Union(whole, z3.Concat(with_slash, self._any))
            found.append(z3.Intersect(whole, wanted))
        return z3.Union(*found)

    def _in_any_case(self, entry: str) -> Any:
        """The Referers that an entry matches, whose query is in any case (R-41)."""
        before = self._some("?")
        exact = [
            {"*": before, "?": self._without("?")}.get(letter, self._letter(letter))
            for letter in entry
        ]
        loose = [self._loose(letter) for letter in entry]
        found = [self._sequence(*exact, self._any)]
        for place, letter in enumerate(entry):
            mark = self._z3.Re("?")
            if letter == "?":
                found.append(self._sequence(*exact[:place], mark, *loose[place + 1 :], self._any))
            elif letter == "*":
                found.append(self._sequence(*exact[: place + 1], mark, *loose[place:], self._any))
        return self._union(found)

    def _letter(self, letter: str) -> Any:
        wild = {"*": self._any, "?": self._one}
        return wild.get(letter) if letter in wild else self._z3.Re(self._text(letter))

    def _loose(self, letter: str) -> Any:
        if letter.isascii() and letter.isalpha():
            return self._among(letter + letter.swapcase())
        return self._letter(letter)

    def _some(self, ends: str) -> Any:
        """Any characters but some."""
        return self._z3.Star(self._without(ends))

    def _without(self, characters: str) -> Any:
        """One character that is none of some."""
        z3 = self._z3
        return z3.Intersect(self._one, z3.Complement(self._among(characters)))

    def _among(self, characters: str) -> Any:
        return self._union(self._z3.Re(self._text(character)) for character in characters)

    def _sequence(self, *parts: Any) -> Any:
        return parts[0] if len(parts) == 1 else self._z3.Concat(*parts)

    def _union(self, parts: Iterable[Any]) -> Any:
        z3 = self._z3
        found = list(parts) or [z3.Empty(z3.ReSort(z3.StringSort()))]
        return found[0] if len(found) == 1 else z3.Union(*found)

    def _text(self, text: str) -> Any:
        """A text in which z3 finds no escapes of its own."""
        return self._z3.StringVal("".join(f"\\u{{{ord(one):x}}}" for one in text))
