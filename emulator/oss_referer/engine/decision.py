"""Decision: whether the rules allow one request, and why.

A decision lists the steps that led to it, and each step names the facts that it rests on. It rests
on an *assumed* fact, one that the service does not document, if another variant of that fact would
give another verdict. Such a decision has the basis ASSUMED; every other one is DOCUMENTED.
"""

from dataclasses import dataclass
from enum import StrEnum

from .assumptions import FACTS


class Basis(StrEnum):
    """Whether a decision rests on documented facts only."""

    DOCUMENTED = "documented"
    ASSUMED = "assumed"


class Reason(StrEnum):
    """Why a request is allowed or denied. A reason with an EC denies; every other one allows."""

    # Not checked.
    SIGNED_BY_HEADER = "signed-by-header"
    SIGNED_BY_FORM = "signed-by-form"
    NOT_AN_OBJECT = "not-an-object"
    PREFLIGHT = "preflight"
    SIGNED_URL_TO_WRITE = "signed-url-to-write"
    SIGNED_URL_TO_HEAD = "signed-url-to-head"
    # Step 1, R-11.
    EMPTY_ALLOWED = "empty-allowed"
    EMPTY_WITHOUT_WHITELIST = "empty-without-whitelist"
    EMPTY_DENIED = "empty-denied"
    # Step 2, R-12.
    BLACKLISTED = "blacklisted"
    # Step 3, R-13 and R-14.
    WHITELISTED = "whitelisted"
    NOT_WHITELISTED = "not-whitelisted"
    NO_WHITELIST = "no-whitelist"

    @property
    def ec(self) -> str | None:
        """The error code (EC) of a denial; None if the request is allowed."""
        return _ECS.get(self)

    @property
    def allows(self) -> bool:
        """Whether a request is allowed for this reason."""
        return self not in _ECS


_ECS = {
    Reason.EMPTY_DENIED: "0003-00000501",
    Reason.BLACKLISTED: "0003-00000502",
    Reason.NOT_WHITELISTED: "0003-00000503",
}


class Stage(StrEnum):
    """What a step examines."""

    REQUEST = "request"
    EMPTY = "empty"
    QUERY = "query"
    PATH = "path"
    BLACKLIST = "blacklist"
    WHITELIST = "whitelist"


class Outcome(StrEnum):
    """What a step finds."""

    CHECKED = "checked"
    NOT_CHECKED = "not-checked"
    CUT = "cut"
    ALLOWED = "allowed"
    WITHOUT_WHITELIST = "without-whitelist"
    DENIED = "denied"
    NO_ENTRIES = "no-entries"
    MATCHED = "matched"
    UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way to a decision."""

    stage: Stage
    outcome: Outcome
    facts: tuple[str, ...] = ()
    """The numbers of the documented facts that it rests on."""
    detail: str = ""
    """What the sentence is about: a kind of request, a truncated Referer, an entry verbatim."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a request is allowed, and why."""

    reason: Reason
    steps: tuple[Step, ...]
    referer: str | None = None
    """The Referer as it was compared, after truncation; None if the rules were not consulted."""
    variants: tuple[tuple[str, StrEnum], ...] = ()
    """The chosen variants of the assumed facts that it rests on: field and value of Assumptions."""

    @property
    def entry(self) -> str | None:
        """The entry that settled it, verbatim: the first that matches, in configured order."""
        last = self.steps[-1]
        return last.detail if last.outcome is Outcome.MATCHED else None

    @property
    def allowed(self) -> bool:
        """Whether the request is allowed."""
        return self.reason not in _ECS

    @property
    def ec(self) -> str | None:
        """The error code (EC) of a denial; None if the request is allowed."""
        return self.reason.ec

    @property
    def facts(self) -> tuple[str, ...]:
        """The numbers of all facts that led to it, in the order of the steps."""
        numbers = [number for step in self.steps for number in step.facts]
        return tuple(dict.fromkeys([*numbers, *self.assumed]))

    @property
    def assumed(self) -> tuple[str, ...]:
        """The numbers of the assumed facts that it rests on."""
        return tuple(dict.fromkeys(FACTS[name] for name, _ in self.variants))

    @property
    def basis(self) -> Basis:
        """ASSUMED if it rests on an assumed fact, else DOCUMENTED."""
        return Basis.ASSUMED if self.variants else Basis.DOCUMENTED
