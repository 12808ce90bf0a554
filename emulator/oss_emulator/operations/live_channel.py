"""Live channels: put, read, list, delete and switch them, and request playlists (P-63).

The emulator does not listen for RTMP, so no channel is ever live, and no playlist has a ts file.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import quote, unquote

from oss_referer.sources.account import is_bucket_name

from oss_emulator.operations.call import Call
from oss_emulator.operations.document import Documents
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.protocol import dates, paging, parameters, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError, listed
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.parameters import is_number
from oss_emulator.protocol.xml import DocumentError, Node

STATUSES: Final = ("enabled", "disabled")
PLAYLIST_SUFFIX: Final = ".m3u8"

MAX_NAME: Final = 63
"""Maximum length of a channel's name in bytes."""

_DAY: Final = 24 * 60 * 60
"""Maximum seconds that a playlist can cover."""

_PREFIX: Final = "live/"
_ROOT: Final = "LiveChannelConfiguration"
_SHOWN: Final = ("Description", "Status", "Target")
_SNAPSHOT: Final = ("RoleName", "DestBucket", "NotifyTopic", "Interval")
_DEFAULT_FRAGMENTS: Final = {"FragDuration": "5", "FragCount": "3"}
"""Length of a ts file in seconds, and number of ts files in the playlist."""


def _is_up_to_100(text: str) -> bool:
    return is_number(text, 1, 100)


def _has_bytes(least: int, most: int) -> Callable[[str], bool]:
    return lambda text: least <= len(text.encode()) <= most


_NUMBER: Final = "must be an integer from 1 to 100"
_RULES: Final[tuple[tuple[str, str, str, Callable[[str], bool]], ...]] = (
    ("Description", "0044-00000001", "must have at most 128 bytes", _has_bytes(0, 128)),
    ("Status", "0044-00000002", f"must be {listed(STATUSES)}", lambda text: text in STATUSES),
    ("Snapshot/Interval", "0044-00000005", _NUMBER, _is_up_to_100),
    ("Snapshot/NotifyTopic", "0044-00000006", "must not be empty", bool),
    ("Snapshot/RoleName", "0044-00000007", "must not be empty", bool),
    ("Snapshot/DestBucket", "0044-00000008", "must be the name of a bucket", is_bucket_name),
    ("Target/Type", "0044-00000013", "must be HLS", lambda text: text == "HLS"),
    ("Target/FragDuration", "0044-00000014", _NUMBER, _is_up_to_100),
    ("Target/FragCount", "0044-00000015", _NUMBER, _is_up_to_100),
    ("Target/PlaylistName", "0044-00000016", "must not have a slash", lambda text: "/" not in text),
    ("Target/PlaylistName", "0044-00000017", "must have 6 to 128 bytes", _has_bytes(6, 128)),
    (
        "Target/PlaylistName",
        "0044-00000018",
        f"must end with {PLAYLIST_SUFFIX}",
        lambda text: text.endswith(PLAYLIST_SUFFIX),
    ),
)
"""What each element must be, and the EC of its help page; the order of the checks is assumed."""


def count(documents: Documents) -> int:
    """Return the number of channels of a bucket."""
    return sum(name.startswith(_PREFIX) for name in documents)


def _parse(call: Call) -> dict[str, xml.Value]:
    """Parse the configuration that a request puts; unknown elements are ignored.

    Raises `DocumentError`, and `InvalidArgument` for an invalid element.
    """
    node = xml.parse(call.body.read(), _ROOT)
    if node.first("Target") is None:
        raise DocumentError("The element Target is missing in LiveChannelConfiguration.")
    if len(node.all("Snapshot")) > 1:
        message = "There may be at most one Snapshot."
        raise invalid_argument("Snapshot", "", message, ec="0044-00000003")
    found = _fill(node)
    for path, ec, sentence, holds in _RULES:
        value = found.get(path)
        if value is not None and not holds(value):
            name = path.rpartition("/")[2]
            raise invalid_argument(name, value, f"The {name} {sentence}.", ec=ec)
    destination = found.get("Snapshot/DestBucket")
    if destination is not None and call.storage.bucket(destination) is None:
        message = "The bucket for snapshots does not exist; create it first."
        raise invalid_argument("DestBucket", destination, message, ec="0044-00000009")
    target, snapshot = (
        [(path.rpartition("/")[2], text) for path, text in found.items() if path.startswith(group)]
        for group in ("Target/", "Snapshot/")
    )
    shown = {name: found[name] for name in ("Description", "Status")}
    return {**shown, "Target": target, "Snapshot": snapshot or None}


def _fill(node: Node) -> dict[str, str]:
    """Return the texts of all elements by path, with the defaults of those that are missing."""
    found = {
        "Description": node.text("Description"),
        "Status": node.text("Status") or STATUSES[0],
        "Target/Type": node.text("Target/Type"),
    }
    sent = {name: node.text(f"Target/{name}") for name in _DEFAULT_FRAGMENTS}
    # The two are required together: one without the other is refused (PutLiveChannel).
    fragments = sent if any(sent.values()) else _DEFAULT_FRAGMENTS
    found |= {f"Target/{name}": text for name, text in fragments.items()}
    found["Target/PlaylistName"] = node.text("Target/PlaylistName") or "playlist.m3u8"
    if node.first("Snapshot") is not None:
        found |= {f"Snapshot/{name}": node.text(f"Snapshot/{name}") for name in _SNAPSHOT}
    return found


@answers("PUT /bucket/key?live", "PutLiveChannel", kept=True)
def put_live_channel(call: Call) -> Response:
    """Create or replace a channel; returns its addresses. Raises `InvalidArgument`."""
    _check_name(call.key)
    node = _keep(call, _parse(call))
    return xml.respond("CreateLiveChannelResult", *_urls(call, call.key, node))


@answers("GET /bucket/key?live", "GetLiveChannelInfo", action="oss:GetLiveChannel", kept=True)
def get_live_channel_info(call: Call) -> Response:
    """Return the configuration of a channel without snapshots; raises `NoSuchLiveChannel`."""
    shown = [(each.name, each.content) for each in _find(call) if each.name in _SHOWN]
    return xml.respond(_ROOT, *shown)


@answers("GET /bucket/key?live&comp=stat", "GetLiveChannelStat", kept=True)
def get_live_channel_stat(call: Call) -> Response:
    """Return the state of a channel: Idle or Disabled, never Live."""
    idle = _find(call).text("Status") == STATUSES[0]
    return xml.respond("LiveChannelStat", ("Status", "Idle" if idle else "Disabled"))


@answers("GET /bucket/key?live&comp=history", "GetLiveChannelHistory", kept=True)
def get_live_channel_history(call: Call) -> Response:
    """Return the last streams of a channel: an empty list."""
    _find(call)
    return xml.respond("LiveChannelHistory")


@answers("PUT /bucket/key?live&status", "PutLiveChannelStatus", takes=Takes.NOTHING, kept=True)
def put_live_channel_status(call: Call) -> Response:
    """Enable or disable a channel; raises `NoSuchLiveChannel`, `InvalidArgument`."""
    status = call.request.query["status"]
    if status not in STATUSES:
        sentence = f"The status must be {listed(STATUSES)}."
        raise invalid_argument("status", status, sentence, ec="0017-00000255")
    content = {each.name: each.content for each in _find(call)}
    _keep(call, {**content, "Status": status})
    return Response()


@answers("DELETE /bucket/key?live", "DeleteLiveChannel", kept=True)
def delete_live_channel(call: Call) -> Response:
    """Remove a channel; answers 204 even if there was none."""
    _check_name(call.key)
    call.keep(_PREFIX + call.key, None)
    return Response(204)


@answers("GET /bucket?live", "ListLiveChannel", kept=True)
def list_live_channel(call: Call) -> Response:
    """List a page of the channels of a bucket, by name."""
    query = call.request.query
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    limit = parameters.max_keys(query)
    channels = call.documents_below(_PREFIX).items()
    found = (channel for channel in channels if channel[0].startswith(prefix))
    page, following = paging.after(found, marker, limit)
    return xml.respond(
        "ListLiveChannelResult",
        ("Prefix", prefix),
        ("Marker", marker),
        ("MaxKeys", limit),
        ("IsTruncated", bool(following)),
        ("NextMarker", following),
        *(("LiveChannel", _entry(call, name, xml.parse(text, _ROOT))) for name, text in page),
    )


def _check_name(name: str) -> None:
    """Raise `InvalidArgument` for an invalid name of a channel."""
    if "/" in name or len(name.encode()) > MAX_NAME:
        sentence = f"The name of a live channel must have up to {MAX_NAME} bytes and no slash."
        raise invalid_argument("ChannelName", name, sentence)


def _find(call: Call) -> Node:
    _check_name(call.key)
    stored = call.document(_PREFIX + call.key, OSSError(ErrorCase.NO_SUCH_LIVE_CHANNEL))
    return xml.parse(stored, _ROOT)


def _keep(call: Call, content: dict[str, xml.Value]) -> Node:
    modified = dates.format_iso(call.request.received)
    stored = xml.format(_ROOT, list({**content, "LastModified": modified}.items()))
    call.keep(_PREFIX + call.key, stored)
    return xml.parse(stored, _ROOT)


def _entry(call: Call, name: str, channel: Node) -> xml.Children:
    shown = ("Description", "Status", "LastModified")
    own = ((element, channel.text(element)) for element in shown)
    return [("Name", name), *own, *_urls(call, name, channel)]


def _urls(call: Call, name: str, channel: Node) -> xml.Children:
    """Return the addresses of a channel with the host and the path style of the request."""
    request, playlist = call.request, channel.text("Target/PlaylistName")
    path = unquote(request.path.replace("+", " ")).removesuffix(call.key).rstrip("/")
    place, scheme = f"{request.host}{quote(path)}", "https" if request.secure else "http"
    play = f"{scheme}://{place}/{quote(name)}/{quote(playlist)}"
    return [
        ("PublishUrls", [("Url", f"rtmp://{place}/live/{quote(name)}")]),
        ("PlayUrls", [("Url", play)]),
    ]


@answers("POST /bucket/key?vod", "PostVodPlaylist", takes=Takes.NOTHING, kept=True)
def post_vod_playlist(call: Call) -> Response:
    """Raise `InvalidArgument` instead of writing a playlist: no channel has ts files."""
    channel, _, playlist = call.key.partition("/")
    if not playlist.endswith(PLAYLIST_SUFFIX):
        raise OSSError(ErrorCase.PLAYLIST_NAME)
    _check_stream(channel if "/" not in playlist else call.key)
    raise _find_no_files(call)


@answers("GET /bucket/key?vod", "GetVodPlaylist", kept=True)
def get_vod_playlist(call: Call) -> Response:
    """Raise `InvalidArgument` instead of returning a playlist: no channel has ts files."""
    _check_stream(call.key)
    raise _find_no_files(call)


def _check_stream(channel: str) -> None:
    if "/" in channel or not channel:
        message = "The name of the channel is invalid."
        raise invalid_argument("ChannelName", channel, message, ec="0044-00000302")


def _find_no_files(call: Call) -> OSSError:
    """Check the times of a playlist and return the error for a channel without ts files.

    The service looks for ts files before it looks for the channel (ali-oss).
    """
    start, end = _time(call, "startTime", "0044-00000304"), _time(call, "endTime", "0044-00000305")
    if start > end:
        sentence = "The startTime must be before the endTime."
        raise invalid_argument("startTime", str(start), sentence, ec="0044-00000306")
    if end - start > _DAY:
        sentence = "The startTime and the endTime must be at most a day apart."
        raise invalid_argument("endTime", str(end), sentence, ec="0044-00000307")
    return OSSError(ErrorCase.NO_TS_FILE)


def _time(call: Call, name: str, ec: str) -> int:
    text = call.request.query.get(name, "")
    if not parameters.is_number(text):
        message = f"The {name} must be a Unix timestamp."
        raise invalid_argument(name, text, message, ec=ec)
    return int(text)
