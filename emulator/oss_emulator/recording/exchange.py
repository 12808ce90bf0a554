"""An exchange with the service as it was seen on the wire: a request and its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Fields: TypeAlias = Sequence[tuple[str, str]]
"""Headers as they came, in order."""

MOST_BYTES = 2 * 1024**2
"""The most bytes of a body that is recorded, which are those of the largest document."""


@dataclass(frozen=True, slots=True)
class ExchangedBody:
    """A body: its size, and its bytes if there are no more than `MOST_BYTES`."""

    size: int = 0
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and the final answer to it."""

    method: str
    host: str
    """The host that the request was sent to, without a port."""
    target: str
    """The path and the query as they were sent."""
    headers: Fields
    content: ExchangedBody
    status: int
    answer_headers: Fields
    answer_content: ExchangedBody


@dataclass(frozen=True, slots=True)
class PlayedAnswer:
    """The answer to a request that was played; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
