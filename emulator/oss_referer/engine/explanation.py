"""A decision in words for people and as plain data for programs."""

from collections.abc import Mapping
from enum import StrEnum

from .assumptions import (
    FACTS,
    CheckedRequests,
    CheckOrder,
    CutEntries,
    CutPath,
    EmptyWhitelist,
    JoinedEntry,
    LetterCase,
    MissingList,
    ProcessingOrder,
    RepeatedHeader,
    SourceOfCopy,
    TruncationConflict,
    WhiteSpace,
)
from .decision import Decision, Outcome, Stage, Step
from .sentence import Sentence

# `describe` shortens longer Referers and entries; `to_dict` does not.
_LINE_LENGTH = 200


def describe(decision: Decision) -> str:
    """Describe a decision in plain text: the verdict, a line for each step, the assumptions."""
    verdict = "Allowed" if decision.allowed else f"Denied, EC {decision.ec}"
    lines = [f"{verdict}: {decision.reason}"]
    lines += [f"  {_shorten(sentence(step))} [{', '.join(step.facts)}]" for step in decision.steps]
    lines += [
        f"  Assumed, not documented: {SENTENCES[variant]}. [{FACTS[name]}, {variant}]"
        for name, variant in decision.variants
    ]
    return "\n".join(lines)


def to_dict(decision: Decision) -> dict[str, object]:
    """Return a decision as values that json.dumps accepts."""
    return {
        "allowed": decision.allowed,
        "ec": decision.ec,
        "reason": decision.reason.value,
        "entry": decision.entry,
        "referer": decision.referer,
        "basis": decision.basis.value,
        "facts": list(decision.facts),
        "assumed": list(decision.assumed),
        "variants": {name: variant.value for name, variant in decision.variants},
        "steps": [
            {
                "stage": step.stage.value,
                "outcome": step.outcome.value,
                "sentence": sentence(step),
                "facts": list(step.facts),
            }
            for step in decision.steps
        ],
    }


def _shorten(line: str) -> str:
    return line if len(line) <= _LINE_LENGTH else f"{line[:_LINE_LENGTH]}…"


def sentence(step: Step) -> str:
    """Return a step in one sentence."""
    return _STEPS[step.stage, step.outcome].format(step.detail)


_STEPS = {
    (Stage.REQUEST, Outcome.CHECKED): "The rules are consulted for {}.",
    (Stage.REQUEST, Outcome.NOT_CHECKED): "The rules are not consulted for {}.",
    (Stage.EMPTY, Outcome.ALLOWED): "The Referer is empty and AllowEmptyReferer is true.",
    (Stage.EMPTY, Outcome.WITHOUT_WHITELIST): (
        "The Referer is empty; AllowEmptyReferer is false, which has no effect without a whitelist."
    ),
    (Stage.EMPTY, Outcome.DENIED): (
        "The Referer is empty, AllowEmptyReferer is false and there is a whitelist."
    ),
    (Stage.QUERY, Outcome.CUT): "AllowTruncateQueryString cut the Referer to {!r}.",
    (Stage.PATH, Outcome.CUT): "TruncatePath cut the Referer to {!r}.",
    (Stage.BLACKLIST, Outcome.NO_ENTRIES): "There is no blacklist.",
    (Stage.BLACKLIST, Outcome.MATCHED): "The blacklist entry {!r} matches.",
    (Stage.BLACKLIST, Outcome.UNMATCHED): "No blacklist entry matches.",
    (Stage.WHITELIST, Outcome.NO_ENTRIES): "There is no whitelist, so every Referer is allowed.",
    (Stage.WHITELIST, Outcome.DENIED): (
        "There is a blacklist but no whitelist, so every Referer is denied."
    ),
    (Stage.WHITELIST, Outcome.MATCHED): "The whitelist entry {!r} matches.",
    (Stage.WHITELIST, Outcome.UNMATCHED): "No whitelist entry matches.",
}

SENTENCES: Mapping[StrEnum, Sentence] = {
    CheckedRequests.GET_AND_HEAD: Sentence("signed URLs are checked if they get or head an object"),
    CheckedRequests.GET_ONLY: Sentence("signed URLs are checked if they get an object"),
    CheckedRequests.ALL_SIGNED_URLS: Sentence(
        "signed URLs are checked whatever they do to an object"
    ),
    CheckedRequests.PREFLIGHTS_TOO: Sentence("CORS preflights are checked as well"),
    CheckedRequests.FORMS_TOO: Sentence("signed forms are checked as well"),
    CheckedRequests.BUCKETS_TOO: Sentence("requests to buckets are checked as well"),
    CheckOrder.BEFORE_ACL: Sentence("the Referer is checked before the ACL"),
    CheckOrder.AFTER_ACL: Sentence("the Referer is checked after the ACL"),
    CheckOrder.AFTER_OBJECT: Sentence("the Referer is checked after the object was looked for"),
    EmptyWhitelist.ALLOWS: Sentence(
        "with a blacklist, an empty whitelist allows every Referer that is not blacklisted"
    ),
    EmptyWhitelist.DENIES: Sentence("with a blacklist, an empty whitelist denies every Referer"),
    LetterCase.QUERY_INSENSITIVE: Sentence("upper and lower case differ, except in the query"),
    LetterCase.SENSITIVE: Sentence("upper and lower case differ"),
    LetterCase.INSENSITIVE: Sentence("upper and lower case do not differ"),
    WhiteSpace.TRIMMED: Sentence("entries are trimmed, and blank entries are ignored"),
    WhiteSpace.BLANK_COUNTS: Sentence(
        "entries are trimmed, and a list of blank entries is not empty"
    ),
    WhiteSpace.BLANK_MATCHES: Sentence(
        "entries are trimmed, and a blank entry matches every Referer"
    ),
    WhiteSpace.VERBATIM: Sentence("entries are compared with their white space"),
    CutPath.WITHOUT_SLASH: Sentence("TruncatePath leaves no '/' after the host"),
    CutPath.WITH_SLASH: Sentence("TruncatePath leaves the '/' after the host"),
    TruncationConflict.CUT: Sentence("TruncatePath cuts without AllowTruncateQueryString as well"),
    TruncationConflict.NOT_CUT: Sentence(
        "TruncatePath has no effect without AllowTruncateQueryString"
    ),
    TruncationConflict.REFUSED: Sentence(
        "TruncatePath is refused without AllowTruncateQueryString"
    ),
    CutEntries.UNCUT: Sentence("truncation cuts the Referer and not the entries"),
    CutEntries.CUT: Sentence("truncation cuts the entries as it cuts the Referer"),
    RepeatedHeader.FIRST: Sentence("the first of several Referer headers counts"),
    RepeatedHeader.LAST: Sentence("the last of several Referer headers counts"),
    RepeatedHeader.JOINED: Sentence("several Referer headers count as one, joined by commas"),
    MissingList.REFUSED: Sentence("a document without RefererList is refused"),
    MissingList.ACCEPTED: Sentence("a document without RefererList has an empty whitelist"),
    JoinedEntry.TEXT: Sentence("a comma within an entry is text"),
    JoinedEntry.SEPARATED: Sentence("a comma within an entry separates two entries"),
    ProcessingOrder.BEFORE: Sentence("the Referer is checked before image processing"),
    ProcessingOrder.AFTER: Sentence("the Referer is checked after image processing"),
    SourceOfCopy.UNCHECKED: Sentence("a copy is checked by the rules of its own bucket only"),
    SourceOfCopy.CHECKED: Sentence("a copy is checked by the rules of its source as well"),
}
"""What each variant says."""
