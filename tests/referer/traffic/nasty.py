"""Random logs from a seed with every kind of damage, and a slow reader of them."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence

from oss_referer import RefererConfiguration
from oss_referer.traffic import accesslog
from oss_referer.traffic import log_files as definition
from oss_referer.traffic.accesslog import LogLine
from oss_referer.traffic.log_files import LONGEST_LINE, LONGEST_READ, PIECES

from tests.referer.traffic.generator import generate, traffic, verdict

GARBAGE = (
    b"not a line",
    b"x" * 300,
    b'a"' * (PIECES + 10),
    b'"',
    b"{",
    b"\x02hex:zz",
    b"\x01",
    b"-",
)
ZONES = ("+0000", "-0000", "+0800", "-0330", "+0545", "-0930", "+1445", "+1500", "+0017", "0800+")
ODD = (
    "\x01",
    "\x00",
    "\u2028",
    "\u0085",
    "\u00a0",
    "\ufeff",
    "\x1f",
    "%",
    "\\x22",
    '\\"',
    "\\",
    "é",
)

Change = Callable[[random.Random, bytes], bytes]


def _insert(chance: random.Random, line: bytes, piece: bytes) -> bytes:
    place = chance.randrange(len(line) + 1)
    return line[:place] + piece + line[place:]


def _at_quote(chance: random.Random, line: bytes, piece: bytes) -> bytes:
    """Insert a piece beside a quotation mark, where engines may split a line wrongly."""
    places = [place for place, byte in enumerate(line) if byte == ord('"')]
    place = chance.choice(places or [0]) + chance.randrange(2)
    return line[:place] + piece + line[place:]


def _zoned(chance: random.Random, line: bytes) -> bytes:
    return line.replace(b" +0000]", f" {chance.choice(ZONES)}]".encode())


def _record(chance: random.Random, line: bytes) -> bytes:
    """Write a line as a record of real-time log query, which may be damaged or hostile."""
    parsed = accesslog.parse(line.decode())
    record = {
        "__time__": chance.choice([str(int(parsed.time)), "9" * 5_000, "soon"]),
        "request_uri": parsed.request.split(" ")[1],
        "http_method": parsed.request.split(" ")[0],
        "http_status": parsed.status,
        "response_body_length": chance.choice([parsed.sent_bytes, 10**20]),
        "bucket": parsed.bucket,
        "object": parsed.key,
        "access_id": parsed.access_key_id,
        "operation": parsed.operation,
        "error_code": parsed.error_code,
        "host": parsed.host,
        "sync_request": parsed.sync,
        "referer": chance.choice([parsed.referer, '"\r\n"', "\x01"]),
    }
    written = json.dumps(record).replace("\\udcff", "")
    return chance.choice([written, written[:-9], '{"a":' * 2_000, "[" * 2_000]).encode()


CHANGES: Sequence[Change] = (
    lambda chance, line: line + b"\r" * chance.randrange(1, 3),
    lambda chance, line: chance.choice([b"\r", b" ", b"\t"]) + line,
    lambda chance, line: _insert(chance, line, b"\r"),
    lambda chance, line: _at_quote(chance, line, b"\r"),
    lambda chance, line: line + b"\r" + line,
    lambda chance, line: _insert(chance, line, chance.choice([b"\xff", b"\xc3", b"\xed\xa0\x80"])),
    lambda chance, line: _at_quote(chance, line, b"\xfe"),
    lambda chance, line: _insert(chance, line, chance.choice(ODD).encode()),
    lambda chance, line: _at_quote(chance, line, chance.choice(ODD).encode()),
    lambda chance, line: b"\xef\xbb\xbf" + line,
    lambda chance, line: line + b' "new" "newer"' + b" " * chance.randrange(2),
    lambda chance, line: line + b' 17 "newer"',
    lambda chance, line: line + b' "new"' * chance.randrange(PIECES),
    lambda chance, line: line[: chance.randrange(len(line))],
    lambda chance, line: _at_quote(chance, line, b" "),
    lambda chance, line: line.replace(b" - - ", b"  -  - "),
    lambda chance, line: line.replace(b'HTTP/1.1" ', b'HTTP/1.1" %d' % 10 ** chance.randrange(30)),
    lambda chance, line: _zoned(chance, line),
    lambda chance, line: _record(chance, line),
    lambda chance, line: chance.choice(GARBAGE),
)
BLANKS = (b"", b"\r", b" ", b" \t\r", b"\x0b\x0c", b"\r\r", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r")


def nasty(seed: int, count: int, rules: RefererConfiguration, *, long: bool = False) -> bytes:
    """Return a log of which half of the lines are changed, some of them twice or repeated."""
    chance = random.Random(seed)  # noqa: S311 - reproducible
    written: list[bytes] = []
    for line in generate(seed, count, rules)[0]:
        text = accesslog.format(line).encode()
        for _ in range(chance.choice([0, 0, 0, 1, 1, 2])):
            try:
                text = chance.choice(CHANGES)(chance, text)
            except (ValueError, IndexError):  # this change does not apply to the line any more
                break
        written += [text] * chance.choice([1] * 20 + [2, 5])
        if chance.random() < 0.1:
            written.append(chance.choice(BLANKS))
    if long:
        good = accesslog.format(generate(seed, 1, rules)[0][0]).encode()
        for length in (LONGEST_LINE - len(good), LONGEST_LINE, LONGEST_READ + 1):
            written += [good.replace(b"HTTP/1.1", b"x" * length), b"x" * length]
    return b"\n".join(written) + chance.choice([b"", b"\n", b"\r\n"])


def read(content: bytes) -> tuple[list[LogLine], Counter[bytes]]:
    """Return the lines of a log and the damaged ones, one by one, without an engine."""
    good: list[LogLine] = []
    damaged: Counter[bytes] = Counter()
    for raw in content.split(b"\n"):
        if len(raw) > LONGEST_READ:
            damaged[raw[: LONGEST_READ + 1]] += 1
        elif line := definition.content(raw):
            try:
                good.append(_split(line) or accesslog.parse(definition.rewrite(line)[:-1].decode()))
            except accesslog.LogLineError:
                damaged[line] += 1
    return good, damaged


PLAIN = re.compile(
    r'[^ "]+ - - \[([^"]*)\] "([^"]*)" ([0-9]{3}) ([0-9]{1,15}|-) (?:[0-9]{1,15}|-) "([^"]*)"'
    r' "[^"]*" "([^"]*)" "[^"]*" "[^"]*" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" [^"]* [^"]* '
    r'"([^"]*)" [^"]* "[^"]*" [^"]* "([^"]*)" "[^"]*" "[^"]*" "[^"]*" "([^"]+)(?:" ?(?:".*)?)?',
    re.ASCII | re.DOTALL,
)
"""A plain line in the documented form. Fields that nothing depends on are not checked."""


def _split(line: bytes) -> LogLine | None:
    """Read the fields of a plain line that matter; None if it is not in the documented form."""
    found = PLAIN.fullmatch(line.decode()) if definition.is_plain(line) else None
    if found is None:
        return None
    texts = ("" if text == "-" else text for text in found.groups())
    time, request, status, size, referer, host, requester, operation, *others = texts
    bucket, key, code, sync, access = others
    try:
        moment = float(accesslog.parse_time(time))
    except accesslog.LogLineError:
        return None
    return accesslog.parse(SOME_LINE)._replace(
        time=moment,
        request=request,
        status=int(status),
        sent_bytes=int(size or 0),
        referer=accesslog.unescape(referer),
        host=host,
        requester_id=requester,
        sync=sync,
        operation=operation,
        bucket=bucket,
        key=key,
        error_code=code,
        access_key_id=access,
    )


SOME_LINE = accesslog.format(generate(0, 1, RefererConfiguration())[0][0])


def totals(lines: Sequence[LogLine], rules: RefererConfiguration) -> dict[str, dict[str, int]]:
    """Return the totals that a replay of the lines by the rules must find."""
    requests: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for line in lines:
        found = verdict(line, rules, None)
        requests[found] += 1
        size[found] += traffic(line)
    return {name: {"requests": requests[name], "bytes": size[name]} for name in requests}
