"""`seed` and `reset`."""

from __future__ import annotations

import pytest

from tests.unit.control.api.caller import ApiCaller

SEED = b'[[bucket]]\nname = "seeded"\n[[bucket.object]]\nkey = "x"\ntext = "1"\n'


def test_seed_creates_buckets(ask: ApiCaller) -> None:
    assert ask("POST", "seed", SEED) == (200, {"buckets": ["bucket", "seeded"]})
    assert ask.oss("GET", "/seeded/x").body == b"1"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"[", "this is not valid TOML"),
        (b"\xff", "the byte 0xff is not valid UTF-8"),
        (b'[[bucket]]\nname = "B"', "InvalidBucketName"),
        (b'[[account]]\nid = "1"', "only the seed that a server starts with"),
        (
            b'[[bucket]]\nname = "abc"\n[[bucket.object]]\nkey = "k"\nfile = "/etc/passwd"',
            "only a seed that is a file can name files",
        ),
    ],
)
def test_bad_seed_is_refused(ask: ApiCaller, body: bytes, sentence: str) -> None:
    answer = ask("POST", "seed", body)
    assert answer.status == 400
    assert sentence in answer.json["error"]


def test_reset_of_everything(ask: ApiCaller) -> None:
    assert ask("POST", "reset") == (200, {"reset": "everything"})
    assert ask.oss("GET", "/bucket/a").status == 404


def test_reset_of_one_bucket(ask: ApiCaller) -> None:
    ask.oss("PUT", "/other")
    ask.oss("PUT", "/other/a", b"1")
    assert ask("POST", "reset?bucket=bucket") == (200, {"reset": "bucket"})
    assert b"NoSuchKey" in bytes(ask.oss("GET", "/bucket/a").body)  # type: ignore[arg-type]
    assert ask.oss("GET", "/other/a").status == 200


def test_reset_of_a_missing_bucket_is_refused(ask: ApiCaller) -> None:
    assert ask("POST", "reset?bucket=none") == (404, {"error": "The bucket none does not exist."})
