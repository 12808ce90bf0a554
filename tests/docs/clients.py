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
        '`Config(protocol="http", endpoint="127.0.0.1:9000")`, also with `/_emulator/sts`',
        "sdk/test_sts_v3.py",
        "alibabacloud_sts20150401",
    ),
    TriedClient(
        "alibabacloud-credentials",
        "Python",
        "nothing under `oss-emulator run`; else `sts_endpoint`",
        "cli/test_run.py",
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
        "ali-oss",
        "JavaScript",
        "the option `endpoint`; nothing under `oss-emulator run`",
        "sdk/test_ali_oss.py",
        "ali_oss|ali-oss",
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
    ("django-oss-storage", "`OSS_ENDPOINT` in the settings of Django"),
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
    yield "we have not tried them."
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
