"""The rows of an object that a request reads."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """The rows of an object to read, and where reading begins."""

    offset: int = 0
    """The offset of the first byte that is read."""
    row: int = 0
    """The number of the first row that is read."""
    first: int = 0
    """The number of the first row of the window."""
    last: int | None = None
    """The number of the last row, None for the end of the object."""
    within: tuple[int, int] | None = None
    """A range of bytes in which the rows begin; both ends belong to it."""

    def ends_before(self, number: int) -> bool:
        """Return whether a row comes after the last one."""
        return self.last is not None and number > self.last
