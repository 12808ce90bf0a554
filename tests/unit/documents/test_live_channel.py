"""P-63: the configuration of a live channel: its checks, its defaults, and what is kept of it."""

from __future__ import annotations

import pytest
from oss_emulator.documents import live_channel
from oss_emulator.documents.live_channel import LiveChannel
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.xml import DocumentError
from oss_emulator.storage import MemoryStorage

from tests.unit.documents.putting import BUCKET, NOW

ROOT = "LiveChannelConfiguration"
HLS = "<Target><Type>HLS</Type>{}</Target>"
SNAPSHOT = (
    "<Snapshot><RoleName>{role}</RoleName><DestBucket>{bucket}</DestBucket>"
    "<NotifyTopic>{topic}</NotifyTopic><Interval>{interval}</Interval></Snapshot>"
)
GOOD = {"role": "r", "bucket": "bucket", "topic": "t", "interval": "1"}


def parse(content: str) -> LiveChannel:
    storage = MemoryStorage()
    storage.put_bucket(BUCKET)
    return live_channel.parse(f"<{ROOT}>{content}</{ROOT}>".encode(), NOW, storage)


def target(name: str, text: str) -> str:
    both = {"FragDuration": "2", "FragCount": "3"} if name.startswith("Frag") else {}
    elements = "".join(f"<{key}>{value}</{key}>" for key, value in {**both, name: text}.items())
    return HLS.format(elements)


def snapshot(**changes: str) -> str:
    return HLS.format("") + SNAPSHOT.format(**{**GOOD, **changes})


@pytest.mark.parametrize(
    "content",
    [
        HLS.format(""),
        "<Description/><Status/>" + target("PlaylistName", ""),
        HLS.format("<FragDuration/><FragCount/>"),
    ],
)
def test_missing_and_empty_elements_have_defaults(content: str) -> None:
    assert parse(content)[:5] == ("", "enabled", "5", "3", "playlist.m3u8")


def test_all_elements_are_kept_and_read_again() -> None:
    channel = parse(
        "<Description>my &amp; channel</Description><Status>disabled</Status>"
        + HLS.format(
            "<FragDuration>100</FragDuration><FragCount>1</FragCount>"
            "<PlaylistName>a.m3u8</PlaylistName>"
        )
        + SNAPSHOT.format(**GOOD)
    )
    snapshots = [
        ("RoleName", "r"),
        ("DestBucket", "bucket"),
        ("NotifyTopic", "t"),
        ("Interval", "1"),
    ]
    kept = LiveChannel("my & channel", "disabled", "100", "1", "a.m3u8", snapshots, NOW)
    assert channel == kept
    assert live_channel.read(live_channel.format(channel)) == channel
    without = channel._replace(snapshot=[])
    assert live_channel.read(live_channel.format(without)) == without


def test_unknown_elements_are_ignored() -> None:
    """The PHP SDK sends `PlayListName`, and its suite expects the default in the answer."""
    assert parse(target("PlayListName", "hello.m3u8")).playlist_name == "playlist.m3u8"


@pytest.mark.parametrize(
    ("content", "ec", "name"),
    [
        (f"<Description>{'é' * 65}</Description>" + HLS.format(""), "01", "Description"),
        ("<Status>Enabled</Status>" + HLS.format(""), "02", "Status"),
        (snapshot() + SNAPSHOT.format(**GOOD), "03", "Snapshot"),
        (snapshot(interval="0"), "05", "Interval"),
        (snapshot(interval="101"), "05", "Interval"),
        (snapshot(interval=""), "05", "Interval"),
        (snapshot(topic=""), "06", "NotifyTopic"),
        (snapshot(role=""), "07", "RoleName"),
        (snapshot(bucket="Bad_Name"), "08", "DestBucket"),
        (snapshot(bucket="missing"), "08", "DestBucket"),
        ("<Target><Type>RTMP</Type></Target>", "13", "Type"),
        ("<Target></Target>", "13", "Type"),
        (target("FragDuration", "0"), "14", "FragDuration"),
        (target("FragDuration", "200"), "14", "FragDuration"),
        (HLS.format("<FragCount>3</FragCount>"), "14", "FragDuration"),
        (target("FragCount", "0"), "15", "FragCount"),
        (target("FragCount", "+1"), "15", "FragCount"),
        (HLS.format("<FragDuration>3</FragDuration>"), "15", "FragCount"),
        (target("PlaylistName", "a/b.m3u8"), "16", "PlaylistName"),
        (target("PlaylistName", ".m3u8"), "17", "PlaylistName"),
        (target("PlaylistName", "a" * 124 + ".m3u8"), "17", "PlaylistName"),
        (target("PlaylistName", "abc.text"), "18", "PlaylistName"),
        (target("PlaylistName", "a.M3U8"), "18", "PlaylistName"),
    ],
)
def test_invalid_element_is_refused_with_its_ec(content: str, ec: str, name: str) -> None:
    with pytest.raises(OSSError) as caught:
        parse(content)
    error = caught.value
    assert (error.code, error.ec) == ("InvalidArgument", f"0044-000000{ec}")
    assert error.details["ArgumentName"] == name


def test_longest_values_are_accepted() -> None:
    channel = parse(
        f"<Description>{'é' * 64}</Description>" + target("PlaylistName", "b" * 123 + ".m3u8")
    )
    assert len(channel.playlist_name) == 128


def test_target_is_required() -> None:
    with pytest.raises(DocumentError, match="Target"):
        parse("<Status>enabled</Status>")


@pytest.mark.parametrize("name", ["a/b", "/", "a" * 64, "é" * 32])
def test_bad_name_of_a_channel_is_refused(name: str) -> None:
    with pytest.raises(OSSError, match="up to 63 bytes and no slash"):
        live_channel.check_name(name)


@pytest.mark.parametrize("name", ["a" * 63, "live channel 2", "测试"])
def test_name_of_a_channel_follows_those_of_objects(name: str) -> None:
    live_channel.check_name(name)
