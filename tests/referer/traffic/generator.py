"""Random access logs from a seed, with a known answer: the oracle has each verdict."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from oss_referer import RefererConfiguration, Scope, Signing
from oss_referer.engine.assumptions import DEFAULT
from oss_referer.traffic import accesslog
from oss_referer.traffic.accesslog import LogLine

from tests.referer.engine import oracle

HOSTS = [
    "www.example.com",
    "shop.example.com",
    "example.com",
    "www.example.com.evil.test",
    "thief.test",
    "m.thief.test:8080",
    "例子.test",
]
PATHS = ["/", "/album/today.html", "/list?page=1", "/a?b=https://www.example.com/", "", '/"q"']
ODD_REFERERS = ["", " ", "about:blank", "https://", "www.example.com", "\\", "?", "-x", "\udcff"]
AGENTS = [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; rv:120.0) Gecko/20100101 Firefox/120.0",
    'curl/8.14 "quoted" \\ back',
    "Mozilla/5.0 (compatible; Googlebot/2.1)",
    "",
]
KEYS = ["img/a.jpg", "img/b c.jpg", "video/例.mp4", "top.html", "a/b/c/d.png", '"odd".txt']
SERVERS = [
    *["examplebucket.oss-cn-hangzhou.aliyuncs.com"] * 4,
    "examplebucket.oss-cn-hangzhou-internal.aliyuncs.com",
    "examplebucket.oss-cn-hangzhou-internal.aliyuncs.com:80",
    "x-internal.oss-cn-a.aliyuncs.com",
    "oss-internal.aliyuncs.com.example.com",
]
"""Two of them belong to the internal network (P-93)."""
OUTCOMES = [(200, ""), (206, ""), (304, ""), (403, "AccessDenied"), (404, "NoSuchKey"), (500, "x")]
START = 1_795_000_000
"""Seconds; the lines are within the two days that follow."""


@dataclass
class Answer:
    """The expected totals of a replay of the generated lines."""

    requests: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    networks: Counter[str] = field(default_factory=Counter)
    """Bytes by network."""
    revoked_hosts: Counter[str] = field(default_factory=Counter)
    gained_hosts: Counter[str] = field(default_factory=Counter)
    prefixes: Counter[str] = field(default_factory=Counter)
    hours: Counter[int] = field(default_factory=Counter)


@cache
def generate(
    seed: int, count: int, rules: RefererConfiguration, against: RefererConfiguration | None = None
) -> tuple[Sequence[LogLine], Answer]:
    """Return lines and the totals that a replay by the rules must find."""
    chance = random.Random(seed)  # noqa: S311 - reproducible
    lines = tuple(_line(chance, number) for number in range(count))
    return lines, answer_to(lines, rules, against)


def answer_to(
    lines: Sequence[LogLine],
    rules: RefererConfiguration,
    against: RefererConfiguration | None = None,
) -> Answer:
    """Return the totals that a replay of the lines by the rules must find."""
    answer = Answer()
    for line in lines:
        _count(answer, line, rules, against)
    return answer


def _line(chance: random.Random, number: int) -> LogLine:
    signed = chance.choice([Signing.NONE] * 6 + [Signing.HEADER, Signing.URL, Signing.FORM])
    method = "POST" if signed is Signing.FORM else chance.choice(["GET"] * 5 + ["HEAD", "PUT"])
    key = chance.choice([*KEYS, ""]) if signed is not Signing.FORM else "form.txt"
    status, code = chance.choice(OUTCOMES)
    query = {Signing.URL: chance.choice(["?Signature=x", "?a=1&x-oss-signature=y"])}
    host, path = chance.choice(HOSTS), chance.choice(PATHS)
    url = f"{chance.choice(['https', 'http'])}://{host}{path}"
    return LogLine(
        remote_ip=chance.choice(["192.0.2.1", "2001:db8::1"]),
        time=float(START + chance.randrange(2 * 86_400)),
        request=f"{method} /x{query.get(signed, chance.choice(['', '?mysignature=1']))} HTTP/1.1",
        status=status,
        sent_bytes=chance.randrange(1_000_000),
        request_time=3,
        referer=url if chance.random() < 0.7 else chance.choice(ODD_REFERERS),
        user_agent=chance.choice(AGENTS),
        host=chance.choice(SERVERS),
        request_id=f"{number:024X}",
        requester_id="1" if signed is Signing.HEADER and chance.random() < 0.5 else "",
        operation="PostObject" if signed is Signing.FORM else "GetObject",
        bucket="examplebucket",
        key=key,
        object_size=7,
        server_cost=1,
        error_code=code,
        request_length=0,
        owner_id="1",
        delta_size=None,
        access_key_id="" if signed is Signing.NONE else "LTAI",
        sync=chance.choice(["", "", "", "cdn", "x"]),
        bucket_arn=chance.choice([None, "acs:oss:cn-hangzhou:1:examplebucket"]),
    )


def _count(
    answer: Answer, line: LogLine, rules: RefererConfiguration, against: RefererConfiguration | None
) -> None:
    found = verdict(line, rules, against)
    answer.requests[found] += 1
    answer.bytes[found] += traffic(line)
    answer.networks[network(line)] += line.sent_bytes
    sent = line.referer.strip(" ")
    host = sent.partition("://")[2] if "://" in sent else sent
    for mark in "/?#":
        host = host.partition(mark)[0]
    host = host or sent
    shown = host.encode("utf-8", "backslashreplace").decode()
    if found == "revoked":
        answer.revoked_hosts[shown] += 1
        answer.prefixes[line.key.rpartition("/")[0].partition("/")[0]] += 1
        answer.hours[int(line.time) // 3600 * 3600] += 1
    if found == "gained":
        answer.gained_hosts[shown] += 1


def network(line: LogLine) -> str:
    """Return the network that got the answer."""
    if line.sync == "cdn":
        return "cdn"
    internal = re.fullmatch(r"[^:]*-internal\.aliyuncs\.com(:.*)?", line.host, re.DOTALL)
    return "internal" if internal else "internet"


def traffic(line: LogLine) -> int:
    """Return the bytes that are billed as traffic out to the Internet."""
    return line.sent_bytes if network(line) == "internet" else 0


def verdict(
    line: LogLine, rules: RefererConfiguration, against: RefererConfiguration | None
) -> str:
    """Return the verdict on a line, from its fields."""
    target = line.request.partition("?")[2]
    if any(part.startswith(("Signature=", "x-oss-signature=")) for part in target.split("&")):
        signed = Signing.URL
    elif not (line.access_key_id or line.requester_id):
        signed = Signing.NONE
    else:
        signed = Signing.FORM if line.operation == "PostObject" else Signing.HEADER
    asked = (signed, line.request.split(" ")[0], Scope.OBJECT if line.key else Scope.BUCKET)
    if not oracle.is_checked(*asked, rule=DEFAULT.checked_requests):
        return "not_checked"
    new = oracle.verdict(rules, [line.referer], DEFAULT, *asked) is None
    served = line.status < 400
    refused = line.error_code == "AccessDenied"
    if against is not None:
        old = oracle.verdict(against, [line.referer], DEFAULT, *asked) is None
        if old == new or not (served or (refused and not old)):
            return "unchanged"
        return "gained" if new else "revoked"
    if served:
        return "unchanged" if new else "revoked"
    return "unknown" if refused and new else "unchanged"


def text(lines: Sequence[LogLine]) -> bytes:
    """Return the lines as a file."""
    return "".join(f"{accesslog.format(line)}\n" for line in lines).encode()
