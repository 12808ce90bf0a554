"""Live channels: put, read, list, delete and switch them, and request playlists (P-63).

The emulator does not listen for RTMP, so no channel is ever live, and no playlist has a ts file.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple
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
from oss_emulator.storage.base import Storage

PREFIX: Final = "live/"

STATUSES: Final = ("enabled", "disabled")
DEFAULT_PLAYLIST: Final = "playlist.m3u8"
PLAYLIST_SUFFIX: Final = ".m3u8"

MAX_NAME: Final = 63
"""Maximum length of a channel's name in bytes."""

_DAY: Final = 24 * 60 * 60
"""Maximum seconds that a playlist can cover."""

_ROOT: Final = "LiveChannelConfiguration"
_SNAPSHOT: Final = ("RoleName", "DestBucket", "NotifyTopic", "Interval")
_DEFAULT_FRAGMENTS: Final = {"FragDuration": "5", "FragCount": "3"}


class LiveChannel(NamedTuple):
    description: str
    status: str
    frag_duration: str
    """Length of a ts file in seconds."""
    frag_count: str
    """Number of ts files in the playlist."""
    playlist_name: str
    snapshot: Sequence[tuple[str, str]] = ()
    """The elements of Snapshot; empty without snapshots."""
    modified: float = 0.0
    """When it was last put, in seconds since the epoch."""

    @property
    def shown(self) -> xml.Children:
        """The elements that GetLiveChannelInfo returns, without the snapshots."""
        return [
            ("Description", self.description),
            ("Status", self.status),
            (
                "Target",
                [
                    ("Type", "HLS"),
                    ("FragDuration", self.frag_duration),
                    ("FragCount", self.frag_count),
                    ("PlaylistName", self.playlist_name),
                ],
            ),
        ]


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

_TWO_SNAPSHOTS: Final = "0044-00000003"


def check_name(name: str) -> None:
    """Raise `InvalidArgument` for an invalid name of a channel."""
    if "/" in name or len(name.encode()) > MAX_NAME:
        sentence = f"The name of a live channel must have up to {MAX_NAME} bytes and no slash."
        raise invalid_argument("ChannelName", name, sentence)


def parse(document: bytes, now: float, storage: Storage) -> LiveChannel:
    """Parse a configuration that is put; unknown elements are ignored.

    Raises `DocumentError`, and `InvalidArgument` for an invalid element.
    """
    node = xml.parse(document, _ROOT)
    if node.first("Target") is None:
        raise DocumentError("The element Target is missing in LiveChannelConfiguration.")
    if len(node.all("Snapshot")) > 1:
        message = "There may be at most one Snapshot."
        raise invalid_argument("Snapshot", "", message, ec=_TWO_SNAPSHOTS)
    found = _fill(node)
    for path, ec, sentence, holds in _RULES:
        value = found.get(path)
        if value is not None and not holds(value):
            name = path.rpartition("/")[2]
            raise invalid_argument(name, value, f"The {name} {sentence}.", ec=ec)
    destination = found.get("Snapshot/DestBucket")
    if destination is not None and storage.bucket(destination) is None:
        message = "The bucket for snapshots does not exist; create it first."
        raise invalid_argument("DestBucket", destination, message, ec="0044-00000009")
    snapshot = [(name, found[f"Snapshot/{name}"]) for name in _SNAPSHOT if "Snapshot" in found]
    return LiveChannel(
        description=found["Description"],
        status=found["Status"],
        frag_duration=found["Target/FragDuration"],
        frag_count=found["Target/FragCount"],
        playlist_name=found["Target/PlaylistName"],
        snapshot=snapshot,
        modified=now,
    )


def _fill(node: Node) -> dict[str, str]:
    """Return the texts of all elements by path, with the defaults of those that are missing."""
    found = {
        "Description": node.text("Description"),
        "Status": node.text("Status") or STATUSES[0],
        "Target/Type": node.text("Target/Type"),
        "Target/PlaylistName": node.text("Target/PlaylistName") or DEFAULT_PLAYLIST,
    }
    sent = {name: node.text(f"Target/{name}") for name in _DEFAULT_FRAGMENTS}
    # The two are required together: one without the other is refused (PutLiveChannel).
    fragments = sent if any(sent.values()) else _DEFAULT_FRAGMENTS
    found |= {f"Target/{name}": text for name, text in fragments.items()}
    if node.first("Snapshot") is not None:
        found["Snapshot"] = ""
        found |= {f"Snapshot/{name}": node.text(f"Snapshot/{name}") for name in _SNAPSHOT}
    return found


def format(channel: LiveChannel) -> bytes:
    """Format the document that is stored with a bucket."""
    return xml.format(
        _ROOT,
        [
            *channel.shown,
            ("Snapshot", channel.snapshot or None),
            ("LastModified", dates.format_iso(channel.modified)),
        ],
    )


def read(document: bytes) -> LiveChannel:
    node = xml.parse(document, _ROOT)
    snapshot = node.first("Snapshot") or ()
    return LiveChannel(
        description=node.text("Description"),
        status=node.text("Status"),
        frag_duration=node.text("Target/FragDuration"),
        frag_count=node.text("Target/FragCount"),
        playlist_name=node.text("Target/PlaylistName"),
        snapshot=[(child.name, child.value) for child in snapshot],
        modified=dates.parse_iso(node.text("LastModified")) or 0.0,
    )


def find(documents: Documents, name: str) -> LiveChannel:
    """Return the channel with a name; raises `NoSuchLiveChannel`."""
    document = documents.get(PREFIX + name)
    if document is None:
        raise OSSError(ErrorCase.NO_SUCH_LIVE_CHANNEL)
    return read(document)


def count(documents: Documents) -> int:
    return sum(name.startswith(PREFIX) for name in documents)


@answers("PUT /bucket/key?live", "PutLiveChannel", kept=True)
def put_live_channel(call: Call) -> Response:
    """Create or replace a channel; returns its addresses. Raises `InvalidArgument`."""
    check_name(call.key)
    channel = parse(call.body.read(), call.request.received, call.storage)
    _keep(call, channel)
    return xml.respond("CreateLiveChannelResult", *_urls(call, call.key, channel))


@answers("GET /bucket/key?live", "GetLiveChannelInfo", action="oss:GetLiveChannel", kept=True)
def get_live_channel_info(call: Call) -> Response:
    """Return the configuration of a channel; raises `NoSuchLiveChannel`."""
    return xml.respond("LiveChannelConfiguration", *_find(call).shown)


@answers("GET /bucket/key?live&comp=stat", "GetLiveChannelStat", kept=True)
def get_live_channel_stat(call: Call) -> Response:
    """Return the state of a channel: Idle or Disabled, never Live."""
    idle = _find(call).status == "enabled"
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
    _keep(call, _find(call)._replace(status=status, modified=call.request.received))
    return Response()


@answers("DELETE /bucket/key?live", "DeleteLiveChannel", kept=True)
def delete_live_channel(call: Call) -> Response:
    """Remove a channel; answers 204 even if there was none."""
    check_name(call.key)
    call.keep(PREFIX + call.key, None)
    return Response(204)


@answers("GET /bucket?live", "ListLiveChannel", kept=True)
def list_live_channel(call: Call) -> Response:
    """List a page of the channels of a bucket, by name."""
    query = call.request.query
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    limit = parameters.max_keys(query)
    channels = call.documents_below(PREFIX).items()
    found = (channel for channel in channels if channel[0].startswith(prefix))
    page, following = paging.after(found, marker, limit)
    return xml.respond(
        "ListLiveChannelResult",
        ("Prefix", prefix),
        ("Marker", marker),
        ("MaxKeys", limit),
        ("IsTruncated", bool(following)),
        ("NextMarker", following),
        *(("LiveChannel", _entry(call, name, read(document))) for name, document in page),
    )


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


def _find(call: Call) -> LiveChannel:
    check_name(call.key)
    return find(call.documents, call.key)


def _keep(call: Call, channel: LiveChannel) -> None:
    call.keep(PREFIX + call.key, format(channel))


def _entry(call: Call, name: str, channel: LiveChannel) -> xml.Children:
    return [
        ("Name", name),
        ("Description", channel.description),
        ("Status", channel.status),
        ("LastModified", dates.format_iso(channel.modified)),
        *_urls(call, name, channel),
    ]


def _urls(call: Call, name: str, channel: LiveChannel) -> xml.Children:
    """Return the addresses of a channel with the host and the path style of the request."""
    request = call.request
    path = unquote(request.path.replace("+", " ")).removesuffix(call.key).rstrip("/")
    place, scheme = f"{request.host}{quote(path)}", "https" if request.secure else "http"
    play = f"{scheme}://{place}/{quote(name)}/{quote(channel.playlist_name)}"
    return [
        ("PublishUrls", [("Url", f"rtmp://{place}/live/{quote(name)}")]),
        ("PlayUrls", [("Url", play)]),
    ]
