"""Live channels: the configuration of a stream that a client may push (PutLiveChannel, P-63).

The emulator has no RTMP server: a channel is stored, but cannot receive a stream.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from oss_referer.sources.account import is_bucket_name

from oss_emulator.documents.document import Documents
from oss_emulator.protocol import dates, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError, listed
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.parameters import is_number
from oss_emulator.protocol.xml import DocumentError, Node
from oss_emulator.storage.base import Storage

PREFIX: Final = "live/"

STATUSES: Final = ("enabled", "disabled")
DEFAULT_PLAYLIST: Final = "playlist.m3u8"
PLAYLIST_SUFFIX: Final = ".m3u8"

MAX_NAME: Final = 63
"""Maximum length of a channel's name in bytes."""

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
