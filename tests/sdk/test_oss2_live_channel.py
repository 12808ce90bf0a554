"""P-63: live channels through oss2."""

from __future__ import annotations

import oss2
import pytest
import requests
from oss2.models import LiveChannelInfo, LiveChannelInfoTarget


def channel(playlist: str = "test.m3u8") -> LiveChannelInfo:
    return LiveChannelInfo(target=LiveChannelInfoTarget(playlist_name=playlist))


def test_channel_is_created_read_switched_and_deleted(bucket: oss2.Bucket) -> None:
    created = bucket.create_live_channel("ch", channel())
    signed = bucket.sign_rtmp_url("ch", "test.m3u8", 60)
    assert signed.partition("?")[0] == created.publish_url
    found = bucket.get_live_channel("ch")
    target = found.target
    assert (found.status, target.type, target.frag_duration, target.frag_count) == (
        "enabled",
        "HLS",
        "5",
        "3",
    )
    assert target.playlist_name == "test.m3u8"
    assert bucket.get_live_channel_stat("ch").status == "Idle"
    bucket.put_live_channel_status("ch", "disabled")
    assert bucket.get_live_channel_stat("ch").status == "Disabled"
    assert bucket.get_live_channel_history("ch").records == []
    bucket.delete_live_channel("ch")
    with pytest.raises(oss2.exceptions.NoSuchLiveChannel):
        bucket.get_live_channel("ch")


def test_address_to_play_is_that_of_the_playlist(bucket: oss2.Bucket) -> None:
    url = bucket.create_live_channel("live channel", channel()).play_url
    headers = {"x-oss-object-acl": "public-read"}
    bucket.put_object("live channel/test.m3u8", b"#EXTM3U", headers=headers)
    assert requests.get(url, timeout=10).content == b"#EXTM3U"
    bucket.delete_live_channel("live channel")


def test_iterator_lists_all_channels(bucket: oss2.Bucket) -> None:
    names = [f"ch-{number}" for number in range(5)]
    for name in names:
        bucket.create_live_channel(name, channel())
    assert [info.name for info in oss2.LiveChannelIterator(bucket, "ch-", max_keys=2)] == names
    assert bucket.get_bucket_stat().live_channel_count == len(names)
    for name in names:
        bucket.delete_live_channel(name)


def test_playlist_without_files_is_an_invalid_argument(bucket: oss2.Bucket) -> None:
    bucket.create_live_channel("ch", channel())
    for ask, names in (
        (bucket.post_vod_playlist, ("ch", "vod.m3u8")),
        (bucket.get_vod_playlist, ("ch",)),
    ):
        with pytest.raises(oss2.exceptions.InvalidArgument) as caught:
            ask(*names, 1, 60)
        assert caught.value.ec == "0044-00000308"
    bucket.delete_live_channel("ch")
