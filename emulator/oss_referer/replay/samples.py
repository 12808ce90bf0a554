"""Sample lines of revoked hosts, found in the files by their Referer."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from . import accesslog, lines, sources
from .verdict import Judge, Verdict, letters_of

SAMPLES = 2
"""Lines for each host."""
LONGEST = 500  # characters
Selects = Callable[[accesslog.LogLine], bool]
"""Whether a line counts."""
_BLOCK = 1 << 20
_MOST_TRIED = 10_000
"""Lines with the Referer that are tried before a host stays without a sample."""
_SECRET = re.compile(r"(?i)((?:signature|security-token)=)[^&\s\"]+")
"""What opens an object to whoever reads a report, as long as a signed URL holds."""


def find_samples(
    logs: Sequence[Path], wanted: Mapping[str, str], judge: Judge, selects: Selects
) -> dict[str, list[str]]:
    """Return the first lines of files that are revoked, for each host.

    `wanted` maps each host to one of its Referers as logged, up to where it was cut.
    """
    needles = {host: f'"{referer}'.encode() for host, referer in wanted.items()}
    found: dict[str, list[str]] = {host: [] for host in wanted}
    tried = dict.fromkeys(wanted, 0)
    for path in logs:
        if not needles:
            break
        for block in _blocks(path):
            for host, needle in list(needles.items()):
                for raw in _lines_with(block, needle):
                    tried[host] += 1
                    if (text := _revoked(raw, host, judge, selects)) is not None:
                        found[host].append(text)
                    if len(found[host]) == SAMPLES or tried[host] == _MOST_TRIED:
                        del needles[host]
                        break
            if not needles:
                break
    return found


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield a file in blocks of whole lines."""
    with sources.reading(path) as file:
        rest = b""
        while block := file.read(_BLOCK):
            whole, newline, tail = (rest + block).rpartition(b"\n")
            yield whole + newline
            rest = tail
        yield rest


def _lines_with(block: bytes, needle: bytes) -> Iterator[bytes]:
    place = block.find(needle)
    while place >= 0:
        start = block.rfind(b"\n", 0, place) + 1
        end = block.find(b"\n", place)
        yield block[start : end if end >= 0 else len(block)]
        place = block.find(needle, end) if end >= 0 else -1


def _revoked(raw: bytes, host: str, judge: Judge, selects: Selects) -> str | None:
    """Return the text of a line of a host that is revoked."""
    text = lines.content(raw).decode("utf-8", "surrogateescape")
    try:
        line = lines.parse(text)
    except accesslog.LogLineError:
        return None
    if not selects(line):
        return None
    judged = judge.judge_sent(line.referer, letters_of(line))
    if judged.verdict is not Verdict.REVOKED or judged.host != host:
        return None
    shown = _SECRET.sub(r"\1…", text).encode("utf-8", "backslashreplace").decode()
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
