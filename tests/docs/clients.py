"""Writes docs/clients.md from the tests that try the clients: `make docs`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "clients.md"


class TriedClient(NamedTuple):
    """A client that tests try."""

    name: str
    language: str
    setting: str
    """How to point it at an emulator."""
    tests: str
    """The files that try it, as a pattern below `tests/`."""
    used: str
    """What each of these files contains that shows it uses the client."""


CLIENTS = (
    TriedClient(
        "oss2",
        "Python",
        'the endpoint: `oss2.Bucket(auth, "http://127.0.0.1:9000", …)`',
        "sdk/test_oss2_*.py",
        "oss2",
    ),
    TriedClient(
        "alibabacloud-oss-v2",
        "Python",
        '`config.endpoint = "http://127.0.0.1:9000"`, `config.use_path_style = True`',
        "sdk/test_v2_*.py",
        "alibabacloud_oss_v2|tests.sdk.v2",
    ),
    TriedClient(
        "ossfs (fsspec)",
        "Python",
        '`OSSFileSystem(endpoint="http://127.0.0.1:9000", …)`; `make lowest` installs it',
        "sdk/test_ossfs.py",
        "ossfs",
    ),
    TriedClient(
        "alibabacloud-sts20150401",
        "Python",
        '`Config(protocol="http", endpoint="127.0.0.1:9000")`; nothing under `oss-emulator run`',
        "sdk/test_sts_v3.py",
        "alibabacloud_sts20150401",
    ),
    TriedClient(
        "@alicloud/sts20150401, @alicloud/credentials",
        "JavaScript",
        '`new Config({ protocol: "http", endpoint: "127.0.0.1:9000" })`',
        "sdk/test_alicloud_sts.py",
        "alicloud_sts",
    ),
    TriedClient(
        "alibabacloud-credentials",
        "Python",
        "nothing under `oss-emulator run`; else `sts_endpoint`; all providers that need no cloud",
        "sdk/test_credentials.py",
        "alibabacloud_credentials",
    ),
    TriedClient(
        "aliyun-python-sdk-sts",
        "Python",
        '`request.set_endpoint("127.0.0.1:9000/_emulator/sts")`',
        "sdk/test_oss2_sts.py",
        "aliyunsdksts|ask_sts",
    ),
    TriedClient(
        "aliyun-python-sdk-kms, as oss2's `AliKMSProvider` uses it",
        "Python",
        "nothing under `oss-emulator run`; else "
        '`request.set_endpoint("127.0.0.1:9000/_emulator/kms")`',
        "sdk/test_kms.py",
        "aliyunsdkkms",
    ),
    TriedClient(
        "ali-oss",
        "JavaScript",
        "the option `endpoint`; nothing under `oss-emulator run`",
        "sdk/test_ali_oss.py",
        "ali_oss|ali-oss",
    ),
    TriedClient(
        "Apache OpenDAL",
        "Python",
        "nothing under `oss-emulator run`, with an endpoint of http; `make s3` installs it",
        "s3/test_oss_clients.py",
        "opendal",
    ),
    TriedClient(
        "Lance",
        "Python",
        "nothing under `oss-emulator run`, with `oss_endpoint` of http; `make s3` installs it",
        "s3/test_oss_clients.py",
        "lance",
    ),
    TriedClient(
        "django-oss-storage (Django 3.2)",
        "Python",
        "`OSS_ENDPOINT` in the settings of Django; `make s3` installs it",
        "s3/test_oss_clients.py",
        "django",
    ),
    TriedClient(
        "DVC (dvc-s3)",
        "Python",
        "`endpointurl = http://127.0.0.1:9000` of a remote `s3://…`; `make s3` installs it",
        "s3/test_oss_clients.py",
        "dvc",
    ),
    TriedClient(
        "pytest-servers",
        "Python",
        "its fixture `s3_server`: see `examples/pytest-servers/`; `make s3` runs it",
        "s3/test_oss_clients.py",
        "pytest_servers",
    ),
    TriedClient(
        "boto3",
        "Python",
        'the option `endpoint_url="http://127.0.0.1:9000"`; see [s3.md](s3.md)',
        "s3/test_boto3.py",
        "boto3",
    ),
    TriedClient(
        "s3fs, pyiceberg, Polars, DuckDB, delta-rs",
        "Python",
        "their endpoint option: see [s3.md](s3.md#point-a-client-here); `make s3` installs them",
        "s3/test_lake.py",
        "s3fs",
    ),
    TriedClient(
        "rclone",
        "command",
        "`endpoint = http://127.0.0.1:9000`: see [s3.md](s3.md#point-a-client-here)",
        "s3/test_rclone.py",
        "rclone",
    ),
    TriedClient(
        "testcontainers",
        "Python, JavaScript",
        "the image: see `examples/testcontainers/`; `make containers` runs it",
        "containers/test_examples.py",
        "testcontainers",
    ),
    TriedClient(
        "requests, aiohttp, curl, fetch",
        "any",
        "the URL; nothing under `oss-emulator run`",
        "cli/test_run.py",
        "requests",
    ),
    TriedClient(
        "Chromium",
        "browser",
        "the URL of the server as the page's or the image's",
        "browser/test_*.py",
        "chromium|page",
    ),
)

DESCRIBED = (
    (
        "hadoop-aliyun (Spark, Flink)",
        "`fs.oss.endpoint=http://127.0.0.1:9000`, `fs.oss.accessKeyId`, `fs.oss.accessKeySecret`",
    ),
    (
        "SDKs for Go, Java, PHP, C++, .NET and Ruby; ossutil",
        "their option `endpoint`, with path style where they have one",
    ),
    (
        "dvc-oss",
        "`oss_endpoint = http://127.0.0.1:9000` of a remote `oss://…`; its package aiooss2 cannot "
        "upload files with aiohttp 3.10 or newer. Tried by hand with 3.9.5.",
    ),
    ("browser builds of ali-oss", "the option `endpoint`, and CORS rules of the bucket"),
)
"""Clients that no test runs, and the setting that their documentation describes."""


def render() -> str:
    """Return the page."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    yield "# Clients"
    yield ""
    yield "Tests run each client of this table, unchanged, against an emulator."
    yield "`make docs` makes the table from these tests."
    yield ""
    yield "| Client | Language | How to point it at an emulator | Tests |"
    yield "|---|---|---|---|"
    for client in CLIENTS:
        _check(client)
        cells = (client.name, client.language, client.setting, f"`tests/{client.tests}`")
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield "[drop-in.md](drop-in.md) describes `oss-emulator run`, which needs no setting."
    yield ""
    yield "## Described only"
    yield ""
    yield "No test runs these clients. The settings are those that their documentation describes;"
    yield "we have not tried them, unless the row says so."
    yield ""
    yield "| Client | How to point it at an emulator |"
    yield "|---|---|"
    for name, setting in DESCRIBED:
        yield f"| {name} | {setting} |"


def _check(client: TriedClient) -> None:
    """Raise `ValueError` unless each of the files has tests and uses the client."""
    paths = sorted((ROOT / "tests").glob(client.tests))
    if not paths:
        raise ValueError(f"no test tries {client.name}")
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if "def test_" not in text or re.search(client.used, text) is None:
            raise ValueError(f"{path} does not test {client.name}")


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
