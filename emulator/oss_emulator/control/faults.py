"""Planned faults for tests: errors, delays and broken answers to matching requests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from random import Random
from typing import Any, Final

from oss_referer.sources.nearest import nearest

from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.admission import Admission
from oss_emulator.protocol.errors import ErrorCase, ErrorSpec, OSSError


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault for matching requests; `operation`, `bucket` and `key` are globs."""

    operation: str = "*"
    bucket: str = "*"
    key: str = "*"
    every: int = 1
    """Strike every n-th matching request."""
    probability: float = 1.0
    """The probability that the fault strikes a selected request, from 0 to 1."""
    times: int = 0
    """Remove the fault after it struck this many times; 0 never removes it."""
    latency: float = 0.0
    """Seconds to wait before the request is performed."""
    status: int = 0
    """Answer with this status without performing the request; 0 performs it."""
    code: str = "InternalError"
    message: str = "A fault planned this error."
    case: str = ""
    """Answer with this error of the service instead, by its name in `ErrorCase`."""
    throttle: int = 0
    """Milliseconds to delay the request, as `x-oss-qos-delay-time` in the answer says (S-01)."""
    cut_body: int = -1
    """Close the connection after this many bytes of the body; -1 sends the whole body."""
    reset: bool = False
    """Reset the connection instead of answering."""
    wrong_crc: bool = False
    """Answer with a wrong `x-oss-hash-crc64ecma`."""

    @property
    def error(self) -> OSSError | None:
        if self.case:
            return OSSError(ErrorCase[self.case])
        return OSSError(ErrorSpec(self.code, self.status, self.message)) if self.status else None


class FaultError(ValueError):
    """An invalid description of a fault; the text says why."""


EFFECTS: Final = ("status", "case", "latency", "throttle", "cut_body", "reset", "wrong_crc")
"""The fields with effects, of which a fault needs at least one."""

_KINDS: Mapping[type, tuple[type, ...]] = {float: (int, float), int: (int,)}
BOUNDS: Mapping[str, tuple[float, float]] = {
    "every": (1, 10**9),
    "probability": (0, 1),
    "times": (0, 10**9),
    "latency": (0, 3600),
    "throttle": (0, 3_600_000),
    "status": (300, 599),
    "cut_body": (-1, 2**53 - 1),
}
"""The minimum and maximum of a field; its default may be outside."""


def read(description: Mapping[str, Any]) -> Fault:
    """Convert a JSON object to a fault; raises `FaultError`."""
    defaults = {field.name: field.default for field in fields(Fault)}
    for name, value in description.items():
        if name not in defaults:
            raise FaultError(f"{name} is unknown; use {', '.join(sorted(defaults))}")
        kind = type(defaults[name])
        if type(value) not in _KINDS.get(kind, (kind,)):
            raise FaultError(f"{name} must be of type {kind.__name__}, not {value!r}")
        low, high = BOUNDS.get(name, (value, value))
        if not low <= value <= high and value != defaults[name]:
            raise FaultError(f"{name} must be from {low:g} to {high:g}, not {value!r}")
    fault = Fault(**description)
    if all(getattr(fault, name) == defaults[name] for name in EFFECTS):
        raise FaultError(f"it has no effect; set one of {', '.join(EFFECTS)}")
    if not any(fnmatchcase(operation.name, fault.operation) for operation in OPERATIONS):
        near = _nearest(fault.operation, [operation.name for operation in OPERATIONS], "GetObject")
        raise FaultError(f"no operation is called {fault.operation!r}; use {near}")
    if fault.case and fault.case not in ErrorCase.__members__:
        near = _nearest(fault.case, ErrorCase.__members__, "USER_DISABLE")
        raise FaultError(f"no error is called {fault.case!r}; use {near}")
    return fault


def _nearest(name: str, known: Iterable[str], example: str) -> str:
    """Return the most similar known name; without a similar name, words with an example."""
    folded = {one.lower(): one for one in known}
    found = nearest(name.lower().strip("*?"), folded)
    return folded.get(found, f"a name such as {example}")


@dataclass(slots=True)
class Planned:
    """A fault, and the numbers of requests that it matched (`fitted`) and struck (`met`)."""

    id: int
    fault: Fault
    fitted: int = 0
    met: int = 0


class Faults:
    """The planned faults in the order they were added; the first that strikes a request counts."""

    def __init__(self) -> None:
        self.planned: list[Planned] = []
        self._random = Random(0)  # noqa: S311
        self._count = 0

    def add(self, fault: Fault) -> Planned:
        self._count += 1
        planned = Planned(self._count, fault)
        self.planned.append(planned)
        return planned

    def remove(self, number: int) -> bool:
        """Remove the fault with an id; returns whether it existed."""
        before = len(self.planned)
        self.planned = [planned for planned in self.planned if planned.id != number]
        return len(self.planned) < before

    def clear(self) -> None:
        """Remove all faults and restart the random numbers, so that tests are independent."""
        self.planned.clear()
        self._random.seed(0)

    def match(self, admission: Admission) -> Fault | None:
        """Return the fault that strikes this request; None for none."""
        struck = (one.fault for one in self.planned if self._strikes(one, admission))
        return next(struck, None)

    def _strikes(self, planned: Planned, admission: Admission) -> bool:
        fault = planned.fault
        if not (
            fnmatchcase(admission.operation.name, fault.operation)
            and fnmatchcase(admission.target.bucket, fault.bucket)
            and fnmatchcase(admission.target.key, fault.key)
        ):
            return False
        planned.fitted += 1
        if planned.fitted % fault.every or self._random.random() >= fault.probability:
            return False
        planned.met += 1
        if planned.met == fault.times:
            self.remove(planned.id)
        return True
