"""When objects move to colder storage classes or expire (PutBucketLifecycle).

The rules are checked and stored, but no object moves or expires.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise
from random import getrandbits
from typing import Final, TypeAlias

from oss_emulator.operations.call import Call
from oss_emulator.operations.configurations import access_monitor
from oss_emulator.operations.document import Documents, document
from oss_emulator.protocol import headers, tagging, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError, listed
from oss_emulator.protocol.xml import DocumentError, Node

ALLOW_OVERLAP: Final = "x-oss-allow-same-action-overlap"
"""The header that allows the same action for objects with the same prefix."""

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

_TIME_ECS: Final = {
    "Expiration": ("0014-00000060", "0014-00000061"),
    "Transition": ("0014-00000048", "0014-00000050"),
    "AbortMultipartUpload": ("0014-00000073", "0014-00000074"),
}
"""The ECs of an action without a time and of an action with two times."""

_OLD_TIMES: Final = ("Days", "Date")


@document("""
PUT GET DELETE /bucket?lifecycle BucketLifecycle kept
absent: NO_SUCH_LIFECYCLE
LifecycleConfiguration ?0014-00000012 !0014-00000015 <0014-00000011
  Rule{1,1000} ?0014-00000013 *0014-00000014
    ID? name:255 ~0014-00000019
    Prefix text:1023 ?0014-00000021 *0014-00000010 ~0014-00000022
    Status Enabled|Disabled ?0014-00000025 !0014-00000024
    Days? 1..
    Date? date
    Filter?
      ObjectSizeGreaterThan? 0.. !0014-00000039 ~0014-00000039
      ObjectSizeLessThan? 1.. !0014-00000040 ~0014-00000040
      Not? *0014-00000089
        Prefix text ?0014-00000088
        Tag?
          Key name
          Value? text
    Tag*
      Key name ?0014-00000028 !0014-00000030
      Value? text
    Expiration? !0014-00000057
      Days? 1.. ~0014-00000086
      Date? date
      CreatedBeforeDate? date !0014-00000087
      ExpiredObjectDeleteMarker? boolean
    Transition{0,3} !0014-00000017 *0014-00000043
      Days? 1..
      Date{0,0} date *0014-00000046
      CreatedBeforeDate? date
      StorageClass Standard|IA|Archive|ColdArchive|DeepColdArchive ?0014-00000045 !0014-00000044
      IsAccessTime? boolean
      ReturnToStdWhenVisit? boolean
      AllowSmallFile? boolean
    AbortMultipartUpload? !0014-00000071
      Days? 1..
      CreatedBeforeDate? date
    NoncurrentVersionExpiration?
      NoncurrentDays 1.. ?0014-00000070
    NoncurrentVersionTransition{0,3} *0014-00000067
      NoncurrentDays 1.. ?0014-00000064
      StorageClass Standard|IA|Archive|ColdArchive|DeepColdArchive ?0014-00000063 !0014-00000062
      IsAccessTime? boolean
      ReturnToStdWhenVisit? boolean
      AllowSmallFile? boolean
    AtimeBase? 0..
""")
def lifecycle(node: Node, call: Call) -> xml.Value:
    """The rules of a bucket; those that contradict each other are refused."""
    rules = [_move_times(rule) for rule in node.all("Rule")]
    for name, times in Counter(rule.text("ID") for rule in rules).items():
        if name and times > 1:
            message = "Two rules have the same ID."
            raise headers.invalid_argument("ID", name, message, ec="0014-00000020")
    for rule in rules:
        _refuse(_mistakes(rule))
        _refuse(error for move in rule for error in _mistakes_of_move(move, call.documents))
        for upload in rule.all("AbortMultipartUpload"):
            _time(upload)  # raises unless it has exactly one time
        _check_mixture(rule)
        _check_order(rule, "Transition", "Days", "Expiration")
        _check_order(
            rule, "NoncurrentVersionTransition", "NoncurrentDays", "NoncurrentVersionExpiration"
        )
    allowed = headers.flag(call.request.headers, ALLOW_OVERLAP)
    for one, other in combinations(rules, 2):
        if _overlaps(one, other):
            _check_pair(one, other, allowed=allowed)
    return [("Rule", _normalize_rule(rule, call.request.received)) for rule in rules]


def _move_times(rule: Node) -> Node:
    """Move times in the old form, directly in the rule, to its Expiration (P-58).

    If both forms are sent, as by ali-oss, the Expiration counts.
    """
    old = [(child.name, child.content) for child in rule if child.name in _OLD_TIMES]
    if not old:
        return rule
    content = [(child.name, child.content) for child in rule if child.name not in _OLD_TIMES]
    if rule.first("Expiration") is None:
        content.append(("Expiration", old))
    return xml.parse(xml.format("Rule", content), "Rule")


def _normalize_rule(rule: Node, now: float) -> xml.Children:
    """Return a rule with an ID; a rule by access time also gets the current time as AtimeBase."""
    content = [(child.name, child.content) for child in rule]
    if rule.first("ID") is None:
        content.insert(0, ("ID", f"{getrandbits(128):032x}"))
    if any(move.text("IsAccessTime") == "true" for move in rule):
        content = [child for child in content if child[0] != "AtimeBase"]
        content.append(("AtimeBase", int(now)))
    return content


_Mistake: TypeAlias = tuple[bool, str, str]
"""Whether a mistake was made, the rule that it breaks, and the EC of its help page."""


def _refuse(mistakes: Iterable[_Mistake]) -> None:
    for made, rule, ec in mistakes:
        if made:
            raise DocumentError(rule, ec)


def _mistakes(rule: Node) -> Iterator[_Mistake]:
    """Find the missing and the conflicting elements of a rule.

    Tags that no object can have are refused (P-54); the number and length of tags are not checked.
    """
    tags = [(tag.text("Key"), tag.text("Value")) for tag in rule.all("Tag")]
    keys, values = [key for key, _ in tags], [value for _, value in tags]
    marker = rule.text("Expiration/ExpiredObjectDeleteMarker") == "true"
    other = marker or rule.first("AbortMultipartUpload") is not None
    least, most = (rule.text(f"Filter/ObjectSize{name}") for name in ("GreaterThan", "LessThan"))
    crossed = bool(least and most and int(least) > int(most))
    small = bool(most) and any(move.text("AllowSmallFile") == "true" for move in rule)
    signs = "may contain only letters, digits, spaces and +-=._:/"
    valid = tagging.has_allowed_characters
    idle = not any(child.name in _ACTIONS for child in rule)
    yield idle, f"A rule must have {listed(_ACTIONS)}.", "0014-00000026"
    yield len({*keys}) < len(keys), "The tags of a rule must have different keys.", "0014-00000029"
    yield not all(map(valid, keys)), f"The key of a tag {signs}.", "0014-00000031"
    yield not all(map(valid, values)), f"The value of a tag {signs}.", "0014-00000032"
    yield bool(tags) and other, "Uploads and delete markers cannot have tags.", "0014-00000027"
    yield crossed, "ObjectSizeGreaterThan must not exceed ObjectSizeLessThan.", "0014-00000041"
    yield small, "AllowSmallFile cannot be true with ObjectSizeLessThan.", "0014-00000054"
    excluded = rule.first("Filter/Not")
    if excluded is not None:
        inside = excluded.text("Prefix").startswith(rule.text("Prefix"))
        tag = (excluded.text("Tag/Key"), excluded.text("Tag/Value"))
        yield other, "Not cannot be used for uploads and delete markers.", "0014-00000034"
        yield not inside, "The Prefix in Not must begin with that of the rule.", "0014-00000035"
        yield tag in tags, "The Tag in Not must not be a tag of the rule.", "0014-00000036"


def _mistakes_of_move(move: Node, documents: Documents) -> Iterator[_Mistake]:
    """Find the conflicting elements of a move; some are valid only with access times."""
    if move.name not in ("Transition", "NoncurrentVersionTransition"):
        return
    accessed = move.text("IsAccessTime") == "true"
    tracked = access_monitor.is_enabled(documents)
    back = move.text("ReturnToStdWhenVisit")
    storage_class = move.text("StorageClass")
    cold = storage_class in ("ColdArchive", "DeepColdArchive")
    returned = storage_class != "IA" and back == "true"
    dated = move.first("CreatedBeforeDate") is not None
    small = not accessed and move.text("AllowSmallFile") == "true"
    # Terraform's provider sends both elements with false.
    unpaired = not back if accessed else back == "true"
    with_back = "If IsAccessTime is true, send ReturnToStdWhenVisit; otherwise it cannot be true."
    yield accessed and not tracked, "Enable access tracking first.", "0014-00000016"
    yield accessed and cold, "A move by access time must be to IA or Archive.", "0014-00000051"
    yield accessed and dated, "A move by access time must use Days.", "0014-00000047"
    yield unpaired, with_back, "0014-00000052"
    yield small, "AllowSmallFile can be true only if IsAccessTime is true.", "0014-00000055"
    yield returned, "ReturnToStdWhenVisit can be true only for IA.", "0014-00000053"


def _check_mixture(*rules: Node) -> None:
    """Check that rules for the same objects do not mix dates and days."""
    moves = [move for rule in rules for name in _ACTIONS[:2] for move in rule.all(name)]
    if {_TIMES[_time(node)] for node in moves} >= {"days", "date"}:
        classes = (rule.text("Transition/StorageClass") for rule in rules)
        raise OSSError(
            ErrorCase.MIXED_LIFECYCLE_TIMES,
            "Found mixed CreatedBeforeDate and Days based Expiration and Transition "
            f"for StorageClass {next(filter(None, classes), '')} actions",
        )


def _time(action: Node) -> str:
    """Return the name of the element that says when an action is due.

    `false` counts as missing. Raises `DocumentError` unless the action has exactly one time.
    """
    names = [child.name for child in action if child.name in _TIMES and child.value != "false"]
    if len(names) != 1:
        message = f"The {action.name} has {len(names)} times; it must have one."
        marker = "ExpiredObjectDeleteMarker" in names
        ec = "0014-00000059" if marker else _TIME_ECS[action.name][bool(names)]
        raise DocumentError(message, ec)
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


def _check_pair(one: Node, other: Node, *, allowed: bool) -> None:
    """Refuse rules for the same objects if they contradict each other or have the same action.

    Two moves are the same action if they are to the same class. The header (`allowed`) permits the
    same prefix and action, also with both kinds of times, but not two times for uploads (P-90).
    """
    if not allowed:
        _check_mixture(one, other)
    moves = _moves([*one.all("Transition"), *other.all("Transition")], "Days")
    ends = sorted(int(end) for rule in (one, other) if (end := rule.text("Expiration/Days")))
    steps = [*moves, *((len(_COLDER), end) for end in ends)]
    for (rank, days), (colder, later) in pairwise(steps):
        if rank < colder and later < days:
            raise OSSError(ErrorCase.LIFECYCLE_CONFLICT)
    for action in _ACTIONS:
        classes = [
            {move.text("StorageClass") for move in rule.all(action)} for rule in (one, other)
        ]
        if classes[0] & classes[1]:
            if not allowed:
                moving = action.endswith("Transition")
                case = ErrorCase.LIFECYCLE_SAME_MOVE if moving else ErrorCase.LIFECYCLE_OVERLAP
                raise OSSError(case, f"Overlap for same action type {action}")
            if action == "AbortMultipartUpload":
                raise OSSError(ErrorCase.LIFECYCLE_CONFLICT)
    if not allowed and one.text("Prefix") == other.text("Prefix"):
        raise OSSError(ErrorCase.LIFECYCLE_SAME_PREFIX)


def _tags(rule: Node) -> set[tuple[str, str]]:
    return {(tag.text("Key"), tag.text("Value")) for tag in rule.all("Tag")}
