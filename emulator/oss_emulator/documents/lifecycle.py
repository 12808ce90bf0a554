"""When objects move to colder storage classes or expire (PutBucketLifecycle).

The rules are checked and stored; nothing ever moves or expires.
"""

from collections.abc import Iterable
from itertools import combinations, pairwise
from random import getrandbits
from typing import Final

from oss_emulator.documents.document import Document, Documents, PutContext, parse_schema
from oss_emulator.protocol import headers, tagging, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError, listed
from oss_emulator.protocol.xml import DocumentError, Node

ALLOW_OVERLAP: Final = "x-oss-allow-same-action-overlap"
"""The header that allows the same action for objects with the same prefix."""

MAX_ID: Final = 255

_ACTIONS: Final = (
    "Expiration",
    "Transition",
    "AbortMultipartUpload",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
)
_COLDER: Final = ("IA", "Archive", "ColdArchive", "DeepColdArchive")
"""The classes that objects move to, in the order of the moves."""

_TIMES: Final = {
    "Days": "days",
    "CreatedBeforeDate": "date",
    "Date": "date",
    "ExpiredObjectDeleteMarker": "",
}
"""The elements that say when an action is due, and the kind of each."""

_OLD_TIMES: Final = ("Days", "Date")

_SCHEMA: Final = parse_schema("""
LifecycleConfiguration
  Rule{1,1000}
    ID? name
    Prefix? text
    Status Enabled|Disabled
    Days? 1..
    Date? date
    Filter?
      ObjectSizeGreaterThan? 0..
      ObjectSizeLessThan? 1..
      Not*
        Prefix? text
        Tag?
          Key name
          Value? text
    Tag*
      Key name
      Value? text
    Expiration?
      Days? 1..
      Date? date
      CreatedBeforeDate? date
      ExpiredObjectDeleteMarker? boolean
    Transition*
      Days? 1..
      CreatedBeforeDate? date
      StorageClass Standard|IA|Archive|ColdArchive|DeepColdArchive
      IsAccessTime? boolean
      ReturnToStdWhenVisit? boolean
      AllowSmallFile? boolean
    AbortMultipartUpload?
      Days? 1..
      CreatedBeforeDate? date
    NoncurrentVersionExpiration?
      NoncurrentDays 1..
    NoncurrentVersionTransition*
      NoncurrentDays 1..
      StorageClass Standard|IA|Archive|ColdArchive|DeepColdArchive
      IsAccessTime? boolean
      ReturnToStdWhenVisit? boolean
      AllowSmallFile? boolean
    AtimeBase? 0..
""")


def _validate(node: Node, context: PutContext) -> xml.Value:
    rules = [_move_times(rule) for rule in node.all("Rule")]
    _check_ids(rule.text("ID") for rule in rules)
    for rule in rules:
        _check_tags(rule)
        _check_times(rule)
        _check_order(rule, "Transition", "Days", "Expiration")
        _check_order(
            rule, "NoncurrentVersionTransition", "NoncurrentDays", "NoncurrentVersionExpiration"
        )
    allowed = headers.flag(context.headers, ALLOW_OVERLAP)
    check = _check_conflict if allowed else _check_overlap
    for one, other in combinations(rules, 2):
        if _overlaps(one, other):
            check(one, other)
    return [("Rule", _normalize_rule(rule, context.now)) for rule in rules]


def _move_times(rule: Node) -> Node:
    """Move times in the old form, directly in the rule, to its Expiration (P-58).

    ali-oss sends both forms; the Expiration counts then.
    """
    old = [(child.name, child.content) for child in rule if child.name in _OLD_TIMES]
    if not old:
        return rule
    content = [(child.name, child.content) for child in rule if child.name not in _OLD_TIMES]
    if rule.first("Expiration") is None:
        content.append(("Expiration", old))
    return xml.parse(xml.format("Rule", content), "Rule")


def _normalize_rule(rule: Node, now: float) -> xml.Children:
    """Return a rule with an ID; one by access time also gets the start of access tracking."""
    content = [(child.name, child.content) for child in rule]
    if rule.first("ID") is None:
        content.insert(0, ("ID", f"{getrandbits(128):032x}"))
    if any(move.text("IsAccessTime") == "true" for move in rule):
        content = [child for child in content if child[0] != "AtimeBase"]
        content.append(("AtimeBase", int(now)))
    return content


DOCUMENT: Final = Document(
    "BucketLifecycle", "lifecycle", _SCHEMA, absent=ErrorCase.NO_SUCH_LIFECYCLE, validate=_validate
)


def uses_access_time(documents: Documents) -> bool:
    """Return whether a rule depends on the time when objects were last read."""
    node = DOCUMENT.find(documents)
    rules = [] if node is None else node.all("Rule")
    return any(move.text("IsAccessTime") == "true" for rule in rules for move in rule)


def _check_ids(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in filter(None, ids):
        if len(name.encode()) > MAX_ID:
            raise headers.invalid_argument("ID", name, f"The ID of a rule may have {MAX_ID} bytes.")
        if name in seen:
            raise headers.invalid_argument("ID", name, "Two rules have the same ID.")
        seen.add(name)


def _check_tags(rule: Node) -> None:
    """Refuse tags that no object can have (P-54); their number and length are not checked."""
    tags = [(tag.text("Key"), tag.text("Value")) for tag in rule.all("Tag")]
    if not all(tagging.has_allowed_characters(text) for tag in tags for text in tag):
        raise DocumentError("A tag may have letters, digits, spaces and +-=._:/.")
    if len({key for key, _ in tags}) < len(tags):
        raise DocumentError("Two tags of a rule have the same key.")


def _check_times(rule: Node) -> None:
    """Check that each action has one time, and that a rule does not mix dates and days."""
    for upload in rule.all("AbortMultipartUpload"):
        _time(upload)
    moves = [*rule.all("Expiration"), *rule.all("Transition")]
    if {_TIMES[_time(node)] for node in moves} >= {"days", "date"}:
        storage_class = rule.text("Transition/StorageClass")
        raise OSSError(
            ErrorCase.MIXED_LIFECYCLE_TIMES,
            "Found mixed CreatedBeforeDate and Days based Expiration and Transition "
            f"for StorageClass {storage_class} actions",
        )


def _time(action: Node) -> str:
    """Return the name of the element that says when an action is due; `false` counts as missing."""
    names = [child.name for child in action if child.name in _TIMES and child.value != "false"]
    if len(names) != 1:
        raise DocumentError(f"The {action.name} has {len(names)} times; it must have one.")
    return names[0]


def _moves(nodes: Iterable[Node], unit: str) -> list[tuple[int, int]]:
    return sorted(
        (_rank(node.text("StorageClass")), int(node.text(unit)))
        for node in nodes
        if node.first(unit) is not None
    )


def _check_order(rule: Node, action: str, unit: str, expiration: str) -> None:
    """Check that colder classes come later and expiration comes last."""
    end = rule.text(f"{expiration}/{unit}")
    days = [*(day for _, day in _moves(rule.all(action), unit)), *([int(end)] if end else [])]
    for earlier, later in pairwise(days):
        if later <= earlier:
            message = f"The next action must follow after more than {earlier} days."
            raise headers.invalid_argument(unit, str(later), message)


def _rank(storage_class: str) -> int:
    if storage_class not in _COLDER:
        message = (
            f"Objects cannot move to the storage class {storage_class}; use {listed(_COLDER)}."
        )
        raise headers.invalid_argument("StorageClass", storage_class, message)
    return _COLDER.index(storage_class)


def _overlaps(one: Node, other: Node) -> bool:
    prefixes = sorted([one.text("Prefix"), other.text("Prefix")])
    return prefixes[1].startswith(prefixes[0]) and _tags(one) == _tags(other)


def _check_conflict(one: Node, other: Node) -> None:
    """Refuse what no header allows: two times for uploads, and a colder class first (P-90)."""
    if all(rule.first("AbortMultipartUpload") is not None for rule in (one, other)):
        raise OSSError(ErrorCase.LIFECYCLE_CONFLICT)
    moves = _moves([*one.all("Transition"), *other.all("Transition")], "Days")
    for (rank, days), (colder, later) in pairwise(moves):
        if rank < colder and later < days:
            raise OSSError(ErrorCase.LIFECYCLE_CONFLICT)


def _check_overlap(one: Node, other: Node) -> None:
    for action in _ACTIONS:
        if one.first(action) is not None and other.first(action) is not None:
            raise OSSError(ErrorCase.INVALID_ARGUMENT, f"Overlap for same action type {action}")


def _tags(rule: Node) -> set[tuple[str, str]]:
    return {(tag.text("Key"), tag.text("Value")) for tag in rule.all("Tag")}
