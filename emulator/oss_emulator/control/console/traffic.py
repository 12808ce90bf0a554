"""A made-up access log of a day, to see what a replay says before one has a log of one's own."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from oss_emulator import accesslog
from oss_emulator.accesslog import LogLine
from oss_emulator.lab.trial import DEFAULT_SITE, MOST_SITES, name_sites
from oss_emulator.lab.url import WebURL
from oss_emulator.referer import RefererConfiguration

_DAY: Final = 24 * 3600
_ZONE: Final = "oss-cn-hangzhou.aliyuncs.com"
_BROWSER: Final = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0"
_THIEF: Final = "https://pictures.thief.test/"
_PHOTO, _VIDEO = 420_000, 9_500_000


class Visitors(NamedTuple):
    """Requests of one kind."""

    referer: str
    requests: int
    key: str = "img/photo.jpg"
    size: int = _PHOTO
    status: int = 200
    error: str = ""
    agent: str = _BROWSER


def write(bucket: str, rules: RefererConfiguration, end: float) -> bytes:
    """Write the log of the 24 hours before a time, in seconds since the epoch.

    The rules name the own sites; one of their hosts is forgotten. Others are strangers.
    """
    lines: list[tuple[float, str]] = []
    for visitors in _visitors(rules):
        for number in range(visitors.requests):
            moment = end - _DAY + _DAY * (number + 0.5) / visitors.requests
            lines.append((moment, accesslog.format(_line(bucket, visitors, moment, len(lines)))))
    return "".join(f"{text}\n" for _, text in sorted(lines)).encode()


def _visitors(rules: RefererConfiguration) -> Iterator[Visitors]:
    own = list(islice(name_sites(rules.whitelist), MOST_SITES)) or [DEFAULT_SITE]
    for number, site in enumerate(own):
        yield Visitors(f"{site}/", 120 // (number + 1))
        yield Visitors(f"{site}/gone.html", 4, "img/gone.jpg", status=404, error="NoSuchKey")
    first = WebURL.parse(own[0])
    if not first.is_address:
        yield Visitors(first.at(f"m.{first.host.removeprefix('www.')}").origin + "/", 40)
    yield Visitors(_THIEF, 90, "videos/film.mp4", size=_VIDEO)
    yield Visitors(_THIEF, 10, status=403, error="AccessDenied")
    yield Visitors("https://www.search.test/", 30)
    yield Visitors("", 45)
    yield Visitors("", 25, agent="okhttp/4.12.0")


def _line(bucket: str, visitors: Visitors, moment: float, number: int) -> LogLine:
    return LogLine(
        remote_ip=f"192.0.2.{number % 250 + 1}",
        time=moment,
        request=f"GET /{visitors.key} HTTP/1.1",
        status=visitors.status,
        sent_bytes=0 if visitors.error else visitors.size,
        request_time=60,
        referer=visitors.referer,
        user_agent=visitors.agent,
        host=f"{bucket}.{_ZONE}",
        request_id=f"{number:024}",
        requester_id="",
        operation="GetObject",
        bucket=bucket,
        key=visitors.key,
        object_size=None if visitors.error else visitors.size,
        server_cost=5,
        error_code=visitors.error,
        request_length=0,
        owner_id="1000000000000001",
        delta_size=None,
        access_key_id="",
        bucket_arn=f"acs:oss:cn-hangzhou:1000000000000001:{bucket}",
    )
