"""Live channels: put, read, list, delete and switch them, and request playlists (P-63).

The emulator does not listen for RTMP, so no channel is ever live, and no playlist has a ts file.
"""

from typing import Final
from urllib.parse import quote, unquote

from oss_emulator.documents import live_channel
from oss_emulator.documents.live_channel import LiveChannel
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.protocol import dates, paging, parameters, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError, listed
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Response

_DAY: Final = 24 * 60 * 60
"""Maximum seconds that a playlist can cover."""


@answers("PUT /bucket/key?live", "PutLiveChannel")
def put_live_channel(call: Call) -> Response:
    """Create or replace a channel; returns its addresses. Raises `InvalidArgument`."""
    live_channel.check_name(call.key)
    channel = live_channel.parse(call.body.read(), call.request.received, call.storage)
    _keep(call, channel)
    return xml.respond("CreateLiveChannelResult", *_urls(call, call.key, channel))


@answers("GET /bucket/key?live", "GetLiveChannelInfo", action="oss:GetLiveChannel")
def get_live_channel_info(call: Call) -> Response:
    """Return the configuration of a channel; raises `NoSuchLiveChannel`."""
    return xml.respond("LiveChannelConfiguration", *_find(call).shown)


@answers("GET /bucket/key?live&comp=stat", "GetLiveChannelStat")
def get_live_channel_stat(call: Call) -> Response:
    """Return the state of a channel: Idle or Disabled, never Live."""
    idle = _find(call).status == "enabled"
    return xml.respond("LiveChannelStat", ("Status", "Idle" if idle else "Disabled"))


@answers("GET /bucket/key?live&comp=history", "GetLiveChannelHistory")
def get_live_channel_history(call: Call) -> Response:
    """Return the last streams of a channel: an empty list."""
    _find(call)
    return xml.respond("LiveChannelHistory")


@answers("PUT /bucket/key?live&status", "PutLiveChannelStatus", takes=Takes.NOTHING)
def put_live_channel_status(call: Call) -> Response:
    """Enable or disable a channel; raises `NoSuchLiveChannel`, `InvalidArgument`."""
    status = call.request.query["status"]
    if status not in live_channel.STATUSES:
        sentence = f"The status must be {listed(live_channel.STATUSES)}."
        raise invalid_argument("status", status, sentence, ec="0017-00000255")
    _keep(call, _find(call)._replace(status=status, modified=call.request.received))
    return Response()


@answers("DELETE /bucket/key?live", "DeleteLiveChannel")
def delete_live_channel(call: Call) -> Response:
    """Remove a channel; answers 204 even if there was none."""
    live_channel.check_name(call.key)
    call.keep(live_channel.PREFIX + call.key, None)
    return Response(204)


@answers("GET /bucket?live", "ListLiveChannel")
def list_live_channel(call: Call) -> Response:
    """List a page of the channels of a bucket, by name."""
    query = call.request.query
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    limit = parameters.max_keys(query)
    channels = call.documents_below(live_channel.PREFIX).items()
    found = (channel for channel in channels if channel[0].startswith(prefix))
    page, following = paging.after(found, marker, limit)
    return xml.respond(
        "ListLiveChannelResult",
        ("Prefix", prefix),
        ("Marker", marker),
        ("MaxKeys", limit),
        ("IsTruncated", bool(following)),
        ("NextMarker", following),
        *(
            ("LiveChannel", _entry(call, name, live_channel.read(document)))
            for name, document in page
        ),
    )


@answers("POST /bucket/key?vod", "PostVodPlaylist", takes=Takes.NOTHING)
def post_vod_playlist(call: Call) -> Response:
    """Raise `InvalidArgument` instead of writing a playlist: no channel has ts files."""
    channel, _, playlist = call.key.partition("/")
    if not playlist.endswith(live_channel.PLAYLIST_SUFFIX):
        raise OSSError(ErrorCase.PLAYLIST_NAME)
    _check_name(channel if "/" not in playlist else call.key)
    raise _find_no_files(call)


@answers("GET /bucket/key?vod", "GetVodPlaylist")
def get_vod_playlist(call: Call) -> Response:
    """Raise `InvalidArgument` instead of returning a playlist: no channel has ts files."""
    _check_name(call.key)
    raise _find_no_files(call)


def _check_name(channel: str) -> None:
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
    live_channel.check_name(call.key)
    return live_channel.find(call.documents, call.key)


def _keep(call: Call, channel: LiveChannel) -> None:
    call.keep(live_channel.PREFIX + call.key, live_channel.format(channel))


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
