"""Judges the effect of new rules on requests of a log, once for each Referer and kind."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from itertools import chain
from typing import NamedTuple

from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    Reason,
    RefererConfiguration,
    RefererPolicy,
    RequestKind,
    Scope,
    Sentence,
    Signing,
)
from oss_referer.engine.decision import EXEMPTIONS, classify
from oss_referer.engine.header import WHITE_SPACE
from oss_referer.traffic.accesslog import SIGNATURE, LogLine, unescape


class Verdict(StrEnum):
    """The effect of new rules on a request."""

    REVOKED = "revoked"
    GAINED = "gained"
    UNCHANGED = "unchanged"
    NOT_CHECKED = "not_checked"
    UNKNOWN = "unknown"


class Network(StrEnum):
    """The destination of a response, which decides the price of its traffic (P-93)."""

    INTERNET = "internet"
    CDN = "cdn"
    """To a CDN with the bucket as its origin."""
    INTERNAL = "internal"
    """Into the network of the region, through an internal endpoint."""


NETWORKS = {"I": Network.INTERNET, "C": Network.CDN, "N": Network.INTERNAL}
"""The networks by the last letter of a kind."""

WHO_DENIED = Sentence(
    "the log says AccessDenied but not whether the Referer rules or the permissions denied; "
    "name the rules of that time with --against"
)

UNKNOWN = {
    str(WHO_DENIED): Sentence(
        "The log says AccessDenied but not whether the Referer rules or the permissions denied"
    )
}
"""Reasons for an unknown result, for readers of the page, by the text for users of the command."""


class CountedDecision(NamedTuple):
    """The parts of a decision that a report counts."""

    reason: Reason
    entry: str | None
    """The entry that decided, as it was configured; None if none did."""
    assumed: bool
    """Whether the decision rests on an assumption."""


class GroupResult(NamedTuple):
    """The result for requests with the same Referer and of the same kind."""

    result: Verdict
    why: str
    """The reason why the result is unknown; "" if it is known."""
    assumed: bool
    """Whether a decision rests on an assumption."""
    checked: bool
    """Whether the rules are consulted."""
    allowed: bool
    """Whether the new rules allow the requests."""
    entry: str
    """The entry of the new rules that decided; "" without one."""
    host: str
    """The host and port of the Referer, or the beginning of one without a host; "" for none."""
    origin: str
    """The Referer up to its host and port."""
    bare: bool
    """Whether the requests have no Referer and are served before and after the change."""
    own: bool
    """Whether the requests are locked out although their host belongs to a site of the rules."""


_SIGNING = {"N": Signing.NONE, "H": Signing.HEADER, "U": Signing.URL, "F": Signing.FORM}
_METHOD = {"G": "GET", "H": "HEAD", "O": "OPTIONS", "P": "PUT"}
_SCOPE = {"O": Scope.OBJECT, "B": Scope.BUCKET, "S": Scope.SERVICE}
_SERVED, _DENIED = "S", "D"
_ORIGIN = re.compile(r"([^/?#]*://)?([^/?#]*)")
_LONGEST_HOST = 255
STRANGER = "https://another-site.invalid/"
"""The representative of all Referers that no entry can match."""
_FIXED = re.compile("[a-z0-9.-]{3,}")
"""A fixed text of an entry; a matching Referer contains the same text in some letter case."""
_LONGEST_NEEDED = 4_000
"""The most characters of an expression that the engines search quickly."""
_NOT_PLAIN = "[^ -Z_-~]"
"""A character outside ASCII or the start of an escape, written without a backslash for SQL."""
_EXEMPT = frozenset(EXEMPTIONS.values())


@dataclass(frozen=True)
class Judge:
    """Judges requests by new rules, against the outcome in the log or against other rules."""

    rules: RefererConfiguration
    against: RefererConfiguration | None = None
    assumptions: Assumptions = DEFAULT
    sites: frozenset[str] = frozenset()
    """The domains of the sites that the new rules allow."""

    @cached_property
    def policy(self) -> RefererPolicy:
        return RefererPolicy.compile(self.rules, self.assumptions)

    @cached_property
    def _old(self) -> RefererPolicy | None:
        rules = self.against
        return None if rules is None else RefererPolicy.compile(rules, self.assumptions)

    @cached_property
    def _endings(self) -> tuple[str, ...]:
        return tuple(f".{site}" for site in self.sites)

    @cached_property
    def _of_stranger(self) -> dict[str, GroupResult]:
        """The results for STRANGER by the letters of a kind."""
        return {}

    @property
    def _policies(self) -> list[RefererPolicy]:
        return [self.policy] if self._old is None else [self.policy, self._old]

    @property
    def cut(self) -> str:
        """The statement that cuts the part of a Referer that changes no decision in any reading."""
        if all(policy.sees_only_origins for policy in self._policies):
            return "cut_path"
        rules = [policy.configuration for policy in self._policies]
        if not all(item.allow_truncate_query_string for item in rules):
            return "cut_nothing"
        return "cut_path" if all(item.truncate_path for item in rules) else "cut_query"

    @property
    def needed(self) -> str | None:
        """A regular expression that occurs in every Referer that an entry matches in any reading,
        and in every Referer that is not plain ASCII; None if there is none.

        An http or https Referer without a match has the result of STRANGER.
        """
        texts: set[str] = set()
        for reading in chain.from_iterable(policy.readings for policy in self._policies):
            for entry in (*reading.whitelist.patterns, *reading.blacklist.patterns):
                body = entry.body.lower()
                fixed = _FIXED.findall(body.partition("://")[2] or body)
                texts.add(max(fixed, key=len, default=""))
        found = "|".join(sorted(text.replace(".", "[.]") for text in texts))
        if "" in texts or len(found) > _LONGEST_NEEDED or any(text in STRANGER for text in texts):
            return None
        return f"(?i){found}|{_NOT_PLAIN}" if texts else _NOT_PLAIN

    def judge(self, text: str, letters: str, foreign: bool = False) -> GroupResult:
        """Judge requests by the Referer as it is logged and the letters of their kind.

        A `foreign` Referer has the result of STRANGER.
        """
        if foreign:
            return self._judge_foreign(text.strip(WHITE_SPACE), letters)
        return self.judge_sent("" if text == "-" else unescape(text), letters)

    def judge_sent(self, referer: str, letters: str) -> GroupResult:
        """Judge requests by the Referer as it was sent."""
        sent = referer.strip(WHITE_SPACE)
        kind = _kind_of(letters)
        new = decide(self.policy, kind, sent)
        checked = new.reason not in _EXEMPT
        result, why, assumed = self._compare(new, kind, sent, letters[3])
        origin, host = split(sent)
        return GroupResult(
            result,
            why,
            assumed,
            checked,
            allowed=new.reason.allows,
            entry=new.entry or "",
            host=_writable(host),
            origin=_writable(origin),
            bare=checked and not sent and letters[3] == _SERVED and new.reason.allows,
            own=result is Verdict.REVOKED and self._is_own(host),
        )

    def _judge_foreign(self, sent: str, letters: str) -> GroupResult:
        """Return the result for STRANGER with the host of a Referer; a cache makes this fast."""
        if letters not in self._of_stranger:
            self._of_stranger[letters] = self.judge_sent(STRANGER, letters)
        known = self._of_stranger[letters]
        origin, host = split(sent)
        own = known.result is Verdict.REVOKED and self._is_own(host)
        return known._replace(host=_writable(host), origin=_writable(origin), own=own)

    def _is_own(self, host: str) -> bool:
        return f".{host.partition(':')[0].lower()}".endswith(self._endings)

    def _compare(
        self, new: CountedDecision, kind: RequestKind, sent: str, outcome: str
    ) -> tuple[Verdict, str, bool]:
        allows = new.reason.allows
        if new.reason in _EXEMPT:
            return Verdict.NOT_CHECKED, "", new.assumed
        if self._old is not None:
            old = decide(self._old, kind, sent)
            assumed = new.assumed or old.assumed
            fails = outcome != _SERVED and (outcome != _DENIED or old.reason.allows)
            if fails or old.reason.allows == allows:
                return Verdict.UNCHANGED, "", assumed
            return (Verdict.GAINED if allows else Verdict.REVOKED), "", assumed
        if outcome == _SERVED:
            return (Verdict.UNCHANGED if allows else Verdict.REVOKED), "", new.assumed
        if outcome == _DENIED and allows:
            return Verdict.UNKNOWN, WHO_DENIED, new.assumed
        return Verdict.UNCHANGED, "", new.assumed


def decide(policy: RefererPolicy, kind: RequestKind, sent: str) -> CountedDecision:
    """Decide on a trimmed Referer as `RefererPolicy.decide` does, without the steps."""
    judged = policy.reading.decide(sent)
    assumed = any(policy.rests_on(kind, sent, judged))
    if kind not in policy.checked:
        return CountedDecision(EXEMPTIONS[kind], None, assumed)
    return CountedDecision(judged.reason, judged.entry.text if judged.entry else None, assumed)


def split(sent: str) -> tuple[str, str]:
    """Return a Referer up to its host, and the host or the beginning of a Referer without one."""
    found = _ORIGIN.match(sent)
    assert found is not None  # noqa: S101 - each part may be empty
    return found[0], found[2] or sent[: found.end() + 1]


def _writable(host: str) -> str:
    """Return a shortened host in which escapes replace characters that UTF-8 cannot encode."""
    if host.isascii():
        return host[:_LONGEST_HOST]
    return host[:_LONGEST_HOST].encode("utf-8", "backslashreplace").decode()


def request_of(letters: str) -> tuple[Signing, str, Scope]:
    """Return the signing, the method and the scope of a request from the letters of its kind."""
    return _SIGNING[letters[0]], _METHOD[letters[1]], _SCOPE[letters[2]]


@cache
def _kind_of(letters: str) -> RequestKind:
    return classify(*request_of(letters))


def letters_of(line: LogLine) -> str:
    """Return the letters of a line, as the statement `kind` does."""
    method = line.request.partition(" ")[0]
    if SIGNATURE.search(line.request):
        signed = "U"
    elif not line.access_key_id and not line.requester_id:
        signed = "N"
    else:
        signed = "F" if line.operation == "PostObject" else "H"
    scope = "O" if line.key else "B" if line.bucket else "S"
    served = 200 <= line.status < 400
    denied = line.status == 403 and line.error_code == "AccessDenied"
    outcome = _SERVED if served else _DENIED if denied else "F"
    letter = {"GET": "G", "HEAD": "H", "OPTIONS": "O"}.get(method, "P")
    return f"{signed}{letter}{scope}{outcome}{_network_of(line)}"


def _network_of(line: LogLine) -> str:
    if line.sync == "cdn":
        return "C"
    internal = line.host.partition(":")[0].endswith("-internal.aliyuncs.com")
    return "N" if internal else "I"
