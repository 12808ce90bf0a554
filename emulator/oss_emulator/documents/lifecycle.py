"""What the rules of a lifecycle configuration must be beyond its schema (PutBucketLifecycle)."""

from collections.abc import Iterable
from itertools import combinations, pairwise
from typing import Final

from oss_emulator.protocol import headers, tagging
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.xml import DocumentError, Node

ALLOW_OVERLAP: Final = "x-oss-allow-same-action-overlap"
MAX_ID: Final = 255

_ACTIONS: Final = (
    "Expiration",
    "Transition",
    "AbortMultipartUpload",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
)
_COLDER: Final = ("IA", "Archive", "ColdArchive", "DeepColdArchive")
"""The classes objects can be moved to, each only later than the one before."""

_TIMES: Final = {
    "Days": "days",
    "CreatedBeforeDate": "date",
    "Date": "date",
    "ExpiredObjectDeleteMarker": "",
}
"""The elements that say when an action is due, and of what kind they are."""


def check(configuration: Node, *, overlap: bool) -> None:
    """Raise `InvalidArgument`, `InvalidRequest` or `DocumentError` for rules that will not do.

    `overlap` allows the same action for objects with the same beginning.
    """
    rules = configuration.all("Rule")
    _check_ids(rule.text("ID") for rule in rules)
    for rule in rules:
        _check_tags(rule)
        _check_times(rule)
        _check_order(rule, "Transition", "Days", rule.text("Expiration/Days"))
        _check_order(
            rule,
            "NoncurrentVersionTransition",
            "NoncurrentDays",
            rule.text("NoncurrentVersionExpiration/NoncurrentDays"),
        )
    if not overlap:
        for one, other in combinations(rules, 2):
            _check_overlap(one, other)


def _check_ids(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in filter(None, ids):
        if len(name.encode()) > MAX_ID:
            raise _invalid("ID", name, f"The ID of a rule has {MAX_ID} bytes at most.")
        if name in seen:
            raise _invalid("ID", name, "Two rules have the same ID.")
        seen.add(name)


def _check_tags(rule: Node) -> None:
    """No rule can have a tag that no object can have; how long it may be is not held against it."""
    for tag in rule.all("Tag"):
        for name in ("Key", "Value"):
            if not tagging.is_written_in_signs(tag.text(name)):
                message = "A tag holds letters, digits, spaces and +-=._:/ only."
                raise _invalid(name, tag.text(name), message)


def _check_times(rule: Node) -> None:
    """An action has one time; those of one rule are either dates or numbers of days."""
    for upload in rule.all("AbortMultipartUpload"):
        _time(upload)
    moves = [*rule.all("Expiration"), *rule.all("Transition")]
    if {_TIMES[_time(node)] for node in moves} >= {"days", "date"}:
        storage_class = rule.text("Transition/StorageClass")
        raise OSSError(
            Code.MIXED_LIFECYCLE_TIMES,
            "Found mixed CreatedBeforeDate and Days based Expiration and Transition "
            f"for StorageClass {storage_class} actions",
        )


def _time(action: Node) -> str:
    """The name of the element that says when an action is due; `false` says nothing."""
    names = [child.name for child in action if child.name in _TIMES and child.value != "false"]
    if len(names) != 1:
        raise DocumentError(f"The {action.name} has {len(names)} times; it must have one.")
    return names[0]


def _check_order(rule: Node, action: str, unit: str, expiration: str) -> None:
    """Colder classes come later, and expiration last."""
    moves = sorted(
        (_rank(node.text("StorageClass")), int(node.text(unit)))
        for node in rule.all(action)
        if node.first(unit) is not None
    )
    days = [*(day for _, day in moves), *([int(expiration)] if expiration else [])]
    for earlier, later in pairwise(days):
        if later <= earlier:
            message = f"An object must stay longer than {earlier} days before it moves on."
            raise _invalid(unit, str(later), message)


def _rank(storage_class: str) -> int:
    if storage_class not in _COLDER:
        message = f"Objects cannot be moved to the storage class {storage_class}."
        raise _invalid("StorageClass", storage_class, message)
    return _COLDER.index(storage_class)


def _check_overlap(one: Node, other: Node) -> None:
    prefixes = sorted([one.text("Prefix"), other.text("Prefix")])
    if not prefixes[1].startswith(prefixes[0]) or _tags(one) != _tags(other):
        return
    for action in _ACTIONS:
        if one.first(action) is not None and other.first(action) is not None:
            raise OSSError(Code.INVALID_ARGUMENT, f"Overlap for same action type {action}")


def _tags(rule: Node) -> set[tuple[str, str]]:
    return {(tag.text("Key"), tag.text("Value")) for tag in rule.all("Tag")}


def _invalid(name: str, value: str, message: str) -> OSSError:
    return headers.invalid_argument(name, value, message)
