"""P-63: live channels: their addresses, their states, their list, and playlists without files."""

from __future__ import annotations

import json

import pytest

from tests.unit.operations.service import Answer, Caller, check_error

CHANNEL = (
    "<LiveChannelConfiguration><Description>d</Description><Status>{status}</Status>"
    "<Target><Type>HLS</Type><PlaylistName>{playlist}</PlaylistName></Target>"
    "</LiveChannelConfiguration>"
)


def put(ask: Caller, name: str = "ch", status: str = "enabled", **headers: str) -> Answer:
    body = CHANNEL.format(status=status, playlist="a.m3u8")
    answer = ask("PUT", f"/bucket/{name}?live", body, **headers)
    assert answer.status == 200
    return answer


def urls(answer: Answer, path: str = "") -> tuple[str | None, str | None]:
    return answer.text(f"{path}PublishUrls/Url"), answer.text(f"{path}PlayUrls/Url")


def test_created_channel_answers_its_addresses_and_is_read_back(ask: Caller) -> None:
    assert urls(put(ask)) == (
        "rtmp://localhost/bucket/live/ch",
        "http://localhost/bucket/ch/a.m3u8",
    )
    found = ask("GET", "/bucket/ch?live")
    names = ("Description", "Status", "Target/Type", "Target/FragDuration", "Target/FragCount")
    assert [found.text(name) for name in names] == ["d", "enabled", "HLS", "5", "3"]
    assert found.text("Target/PlaylistName") == "a.m3u8"
    assert found.texts("LastModified") == []


def test_addresses_have_the_host_and_the_style_of_the_request(ask: Caller) -> None:
    host = "bucket.oss-cn-hangzhou.localhost:9000"
    ask(
        "PUT",
        "/live%20channel?live",
        CHANNEL.format(status="enabled", playlist="é.m3u8"),
        Host=host,
    )
    expected = (
        f"rtmp://{host}/live/live%20channel",
        f"http://{host}/live%20channel/%C3%A9.m3u8",
    )
    assert urls(ask("GET", "/?live", Host=host), "LiveChannel/") == expected
    listed = ask("GET", "/bucket/?live", Host="10.0.0.7:9000")
    assert urls(listed, "LiveChannel/")[0] == "rtmp://10.0.0.7:9000/bucket/live/live%20channel"


def test_channel_named_like_its_bucket_has_both_in_its_address(ask: Caller) -> None:
    put(ask, "bucket")
    listed = ask("GET", "/bucket?live")
    assert urls(listed, "LiveChannel/")[1] == "http://localhost/bucket/bucket/a.m3u8"


def test_replaced_channel_has_the_new_configuration(ask: Caller) -> None:
    put(ask)
    ask.now += 60
    put(ask, status="disabled")
    assert ask("GET", "/bucket/ch?live").text("Status") == "disabled"
    listed = ask("GET", "/bucket?live")
    assert listed.texts("LiveChannel/LastModified") == ["2025-06-15T15:07:40.000Z"]


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("GET", "live"),
        ("GET", "live&comp=stat"),
        ("GET", "live&comp=history"),
        ("PUT", "live&status=enabled"),
    ],
)
def test_missing_channel_is_404_with_its_ec(ask: Caller, method: str, query: str) -> None:
    answer = ask(method, f"/bucket/ch?{query}")
    message = "The specified live channel does not exist."
    check_error(answer, 404, "NoSuchLiveChannel", message, "0026-00000021")


def test_status_switches_the_state(ask: Caller) -> None:
    put(ask)
    for status, state in (("disabled", "Disabled"), ("disabled", "Disabled"), ("enabled", "Idle")):
        assert ask("PUT", f"/bucket/ch?live&status={status}").status == 200
        assert ask("GET", "/bucket/ch?live").text("Status") == status
        assert ask("GET", "/bucket/ch?live&comp=stat").text("Status") == state
    answer = ask("PUT", "/bucket/ch?live&status=idle")
    assert (answer.code, answer.text("EC")) == ("InvalidArgument", "0017-00000255")


def test_history_is_empty(ask: Caller) -> None:
    put(ask)
    answer = ask("GET", "/bucket/ch?live&comp=history")
    assert (answer.status, answer.texts("LiveRecord")) == (200, [])


@pytest.mark.parametrize("query", ["live&comp=other", "live&comp="])
def test_unknown_component_is_501(ask: Caller, query: str) -> None:
    put(ask)
    assert ask("GET", f"/bucket/ch?{query}").status == 501


def test_deleted_channel_is_missing_and_a_missing_one_can_be_deleted(ask: Caller) -> None:
    """The C++ SDK's suite deletes a channel that does not exist."""
    put(ask)
    for _ in range(2):
        assert ask("DELETE", "/bucket/ch?live").status == 204
    assert ask("GET", "/bucket/ch?live").code == "NoSuchLiveChannel"


@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_name_with_a_slash_is_refused(ask: Caller, method: str) -> None:
    body = CHANNEL.format(status="enabled", playlist="a.m3u8")
    assert ask(method, "/bucket/a/b?live", body).code == "InvalidArgument"


def test_channel_is_no_object(ask: Caller) -> None:
    put(ask)
    assert ask("GET", "/bucket/ch").code == "NoSuchKey"
    ask("PUT", "/bucket/ch", b"content")
    ask("DELETE", "/bucket/ch?live")
    assert ask("GET", "/bucket/ch").body == b"content"


def test_list_is_paged_by_prefix_and_marker(ask: Caller) -> None:
    for number in range(5):
        put(ask, f"a-{number}")
    put(ask, "b")
    first = ask("GET", "/bucket?live&prefix=a-&max-keys=2")
    assert first.texts("LiveChannel/Name") == ["a-0", "a-1"]
    names = ("Prefix", "Marker", "MaxKeys", "IsTruncated", "NextMarker")
    assert [first.text(name) for name in names] == ["a-", "", "2", "true", "a-1"]
    rest = ask("GET", "/bucket?live&prefix=a-&marker=a-1")
    assert rest.texts("LiveChannel/Name") == ["a-2", "a-3", "a-4"]
    assert [rest.text(name) for name in names] == ["a-", "a-1", "100", "false", ""]
    assert rest.texts("LiveChannel/Description") == ["d"] * 3
    assert rest.texts("LiveChannel/Status") == ["enabled"] * 3


@pytest.mark.parametrize("limit", ["0", "1001", "-1"])
def test_bad_max_keys_gets_400(ask: Caller, limit: str) -> None:
    assert ask("GET", f"/bucket?live&max-keys={limit}").code == "InvalidArgument"


@pytest.mark.parametrize(("method", "key"), [("POST", "ch/vod.m3u8"), ("GET", "ch")])
@pytest.mark.parametrize(
    ("times", "ec"),
    [
        ("startTime=1&endTime=3600", "08"),
        ("startTime=1&endTime=86401", "08"),
        ("startTime=1&endTime=86402", "07"),
        ("startTime=2&endTime=2", "08"),  # P-90
        ("startTime=3&endTime=2", "06"),
        ("startTime=abc&endTime=2", "04"),
        ("endTime=2", "04"),
        ("startTime=1", "05"),
        ("startTime=1&endTime=-2", "05"),
    ],
)
def test_playlist_has_no_files_in_any_time(
    ask: Caller, method: str, key: str, times: str, ec: str
) -> None:
    put(ask)
    answer = ask(method, f"/bucket/{key}?vod&{times}")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.text("EC") == f"0044-000003{ec}"


def test_files_are_looked_for_before_the_channel(ask: Caller) -> None:
    """ali-oss: createVod of a deleted channel has this EC."""
    answer = ask("POST", "/bucket/none/vod.m3u8?vod&startTime=1&endTime=2")
    message = "No ts file found in specified time span."
    check_error(answer, 400, "InvalidArgument", message, "0044-00000308")


@pytest.mark.parametrize(
    ("method", "key", "code", "ec"),
    [
        ("POST", "ch/vod.txt", "InvalidRequest", "0044-00000403"),
        ("POST", "ch", "InvalidRequest", "0044-00000403"),
        ("POST", "a/b/vod.m3u8", "InvalidArgument", "0044-00000302"),
        ("GET", "a/b", "InvalidArgument", "0044-00000302"),
    ],
)
def test_bad_name_of_a_playlist_or_channel_is_refused(
    ask: Caller, method: str, key: str, code: str, ec: str
) -> None:
    answer = ask(method, f"/bucket/{key}?vod&startTime=1&endTime=2")
    assert (answer.code, answer.text("EC")) == (code, ec)


def test_bucket_with_channels_cannot_be_deleted(ask: Caller) -> None:
    put(ask)
    assert ask("GET", "/bucket?stat").text("LiveChannelCount") == "1"
    message = "The bucket has live channels. Please delete them first."
    check_error(ask("DELETE", "/bucket"), 409, "BucketNotEmpty", message, "0015-00000303")
    ask("DELETE", "/bucket/ch?live")
    assert ask("DELETE", "/bucket").status == 204


@pytest.mark.parametrize(
    ("method", "query", "action"),
    [
        ("PUT", "live", "PutLiveChannel"),
        ("GET", "live", "GetLiveChannel"),
        ("GET", "live&comp=stat", "GetLiveChannelStat"),
        ("GET", "live&comp=history", "GetLiveChannelHistory"),
        ("PUT", "live&status=enabled", "PutLiveChannelStatus"),
        ("DELETE", "live", "DeleteLiveChannel"),
        ("GET", "vod&startTime=1&endTime=2", "GetVodPlaylist"),
    ],
)
def test_each_operation_needs_its_own_action(
    ask: Caller, method: str, query: str, action: str
) -> None:
    put(ask)
    body = CHANNEL.format(status="enabled", playlist="a.m3u8") if query == "live" else ""
    assert ask.anonymously(method, f"/bucket/ch?{query}", body).code == "AccessDenied"
    statement = {
        "Effect": "Allow",
        "Principal": ["*"],
        "Action": [f"oss:{action}"],
        "Resource": ["acs:oss:*:*:bucket/ch"],
    }
    policy = json.dumps({"Version": "1", "Statement": [statement]})
    assert ask("PUT", "/bucket?policy", policy).status == 200
    assert ask.anonymously(method, f"/bucket/ch?{query}", body).code in ("", "InvalidArgument")


def test_reading_an_object_ignores_a_status_and_writing_does_not(ask: Caller) -> None:
    ask("PUT", "/bucket/a", b"content")
    assert ask("GET", "/bucket/a?status=ok").body == b"content"
    assert ask("PUT", "/bucket/a?status=enabled", b"x").status == 501
    assert ask("GET", "/bucket/a").body == b"content"
