"""--traffic of review and generate: HAR files, access logs, and the journal of an emulator."""

from __future__ import annotations

import gzip
import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from oss_emulator import Emulator
from oss_emulator.settings import DEMO
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.sources import forms

from tests.client import PATIENCE
from tests.referer.traffic import hars
from tests.referer.traffic.hars import HOST, REQUESTS, Saved
from tests.rows import read_cases

CASES = read_cases("cli")


ROOT = Path(__file__).parents[2]
CORRECTED, LOGS = str(ROOT / "fixtures" / "lab" / "corrected.xml"), str(ROOT / "fixtures" / "logs")
SITE = ("--site", "https://www.example.com")
OWN, PARTNER = "https://www.example.com/", "https://m.example.com/"


def objects(referer: str | None, count: int) -> list[Saved]:
    return [Saved(f"https://{HOST}/photo.jpg", referer)] * count


@pytest.fixture
def site(tmp_path: Path) -> str:
    """A HAR of a page whose objects thirty sites show."""
    path = tmp_path / "site.har"
    others = [one for number in range(30) for one in objects(f"https://s{number}.test/", 1)]
    asked = [*REQUESTS, *objects(OWN, 40), *objects(PARTNER, 7), *objects(None, 5), *others]
    path.write_bytes(hars.chrome(asked))
    return str(path)


def rows(out: str) -> list[tuple[str, ...]]:
    """The Referers of the first table, with both marks and the counts."""
    row = re.compile(r"^[ !] (no Referer|\S+) +.*?([✔✘]) +([✔✘]) +(.*)$", re.MULTILINE)
    return [(*found.groups()[:3], " ".join(found[4].split())) for found in row.finditer(out)]


def test_review_begins_with_the_sites_that_ask(ask: Any, site: str) -> None:
    _, out, err = ask("review", CORRECTED, "--traffic", site)
    lines = out.splitlines()
    assert (err, len(lines) <= 40, max(map(len, lines)) <= 80) == ("", True, True)
    found = rows(out)
    assert found[:4] == [
        (OWN, "✔", "✔", "43 1"),
        (PARTNER, "✘", "✘", "7 0"),
        ("no Referer", "✘", "✘", "5 0"),
        ("https://other.example/", "✘", "✘", "1 0"),
    ]
    assert len(found) == 12
    assert "  If these are yours, name them with --site: https://m.example.com/." in lines
    assert re.search(r"^  \d+ rows more: --all shows them\.$", out, re.MULTILINE)


def test_all_names_every_site_and_those_that_nobody_recorded(ask: Any, site: str) -> None:
    found = rows(ask("review", CORRECTED, "--traffic", site, "--all")[1])
    counts = [int(row[3].replace(",", "").partition(" ")[0]) for row in found]
    assert counts == sorted(counts, reverse=True)
    assert {f"https://s{number}.test/" for number in range(30)} <= {row[0] for row in found}
    assert ("https://shop.example.com/", "✔", "✔", "0 0") in found


def test_sites_come_from_traffic_only_when_they_are_told(ask: Any, site: str) -> None:
    plain = json.loads(ask("review", CORRECTED, "--json")[1])
    with_traffic = json.loads(ask("review", CORRECTED, "--traffic", site, "--json")[1])
    assert with_traffic["rules"] == plain["rules"]
    told = ("--site", PARTNER, "--traffic", site)
    named = json.loads(ask("review", CORRECTED, *told, "--json")[1])
    assert PARTNER in named["rules"]["whitelist"]
    first = {row["referer"]: row for row in named["who"]}[PARTNER]
    assert (first["who"], first["requests"], first["now"]["allowed"]) == ("yours", 7, False)
    assert first["then"]["allowed"]
    assert named["costs"]["traffic"]["let_in"] == {"requests": 7, "bytes": 700}


def test_traffic_of_several_kinds_is_added_up(ask: Any, site: str, tmp_path: Path) -> None:
    packed = tmp_path / "other.har.gz"
    packed.write_bytes(gzip.compress(hars.firefox()))

    def count(*files: str) -> int:
        flags = [word for file in files for word in ("--traffic", file)]
        found = json.loads(ask("review", CORRECTED, *flags, "--json")[1])
        return int(found["costs"]["traffic"]["checked"]["requests"])

    with Emulator(seed=DEMO) as emulator:
        connection = HTTPConnection(emulator.endpoint.removeprefix("http://"))
        for referer in (OWN, OWN, "https://thief.test/"):
            connection.request("GET", "/examplebucket/photo.jpg", headers={"Referer": referer})
            connection.getresponse().read()
        connection.close()
        alone = [count(one) for one in (site, str(packed), LOGS, emulator.endpoint)]
        assert alone[3] == 3
        assert count(site, str(packed), LOGS, emulator.endpoint) == sum(alone)


def test_rules_of_a_bucket_count_its_requests_alone(ask: Any, site: str) -> None:
    with Emulator() as emulator:
        for name in ("examplebucket", "another"):
            emulator.bucket(name, rules=RefererConfiguration(whitelist=(OWN,)))
        flags = ("--traffic", site, "--endpoint", emulator.endpoint)
        status, out, _ = ask("review", "oss://examplebucket", *flags)
        assert (status in (0, 1), rows(out)[0][0]) == (True, OWN)
        status, _, err = ask("review", "oss://another", *flags)
    assert status == 2
    assert "these requests are not to the bucket another but to examplebucket" in err


def test_bucket_of_a_log_is_chosen_by_its_name(ask: Any) -> None:
    flags = ("--traffic", LOGS, "--bucket")
    assert rows(ask("review", CORRECTED, *flags, "examplebucket")[1])[0] == (OWN, "✔", "✔", "164")
    for command in (("review", CORRECTED), ("generate", OWN, "--to", "xml")):
        status, _, err = ask(*command, *flags, "another")
        assert (status, "the traffic has no request to the bucket another\n" in err) == (2, True)
        status, _, err = ask(*command, *flags, "No!")
        assert (status, "'No!' is not the name of a bucket" in err) == (2, True)


@pytest.mark.parametrize(("form", "counts"), CASES["page_and_markdown_name_every_site"])
def test_page_and_markdown_name_every_site(ask: Any, site: str, form: str, counts: str) -> None:
    out = ask("review", CORRECTED, "--traffic", site, "--format", form)[1]
    assert all(f"https://s{number}.test/" in out for number in range(30))
    assert counts in out
    assert "--all" not in out


def test_hosts_are_named_where_none_is_of_oss(ask: Any, tmp_path: Path) -> None:
    path = tmp_path / "site.har"
    document = json.loads(hars.chrome([Saved("https://img.example.net/a"), *objects(OWN, 0)]))
    document["log"]["entries"][0]["response"]["headers"] = []
    path.write_text(json.dumps(document))
    status, out, err = ask("review", CORRECTED, "--traffic", str(path))
    assert (status, out) == (2, "")
    assert f"{path}: no host in it looks like one of OSS; name yours with --host: " in err
    assert "img.example.net (1)" in err
    flags = ("--traffic", str(path), "--host")
    assert rows(ask("review", CORRECTED, *flags, "img.example.net")[1])[0][3] == "1"
    status, _, err = ask("review", CORRECTED, *flags, "nowhere.test")
    assert status == 2
    assert "--host nowhere.test: no request was sent to it, but to img.example.net (1)" in err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"log": {"entries": []}}', "it is not a HAR with requests"),
        (hars.chrome()[:-20], "it breaks off after "),
        (b'{"log": []}', "it is not a HAR with requests"),
        (b"", "it is not a HAR: "),
        (b"\x89PNG", "it is not a HAR: "),
        (gzip.compress(hars.chrome())[:-20], "it cannot be decompressed"),
    ],
)
def test_broken_har_is_one_sentence(ask: Any, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "site.har"
    path.write_bytes(content)
    for command in (("review", CORRECTED), ("generate", OWN, "--to", "xml")):
        status, out, err = ask(*command, "--traffic", str(path))
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert f"{path}: {said}" in err


@pytest.mark.parametrize(("address", "said"), CASES["journal_that_cannot_be_read_is_one_sentence"])
def test_journal_that_cannot_be_read_is_one_sentence(ask: Any, address: str, said: str) -> None:
    status, out, err = ask("review", CORRECTED, "--traffic", address)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_server_that_speaks_no_http_is_one_sentence(ask: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor() as pool:

        def answer() -> None:
            with server.accept()[0] as connection:
                connection.recv(4096)
                connection.sendall(b"220 mail.example.com\r\n")

        answered = pool.submit(answer)
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        status, _, err = ask("review", CORRECTED, "--traffic", address)
        answered.result(PATIENCE)
    assert (status, err.count("\n")) == (2, 1)
    assert "the journal of an emulator cannot be read" in err


# generate


def generate(ask: Any, *flags: str) -> tuple[int, RefererConfiguration, str]:
    status, out, err = ask("generate", "--to", "xml", *flags)
    return status, forms.parse(out.encode())[""], err


def test_generate_keeps_the_requests_of_sites_with_few_entries(ask: Any) -> None:
    sites = ("--site", "*.example.com", "--site", "https://example.org")
    status, rules, err = generate(ask, "--traffic", LOGS, *sites)
    assert status == 0
    assert not rules.blacklist
    assert err.startswith(
        "These rules, with 4 entries, keep 320 of 320 requests of these sites (100.00 %).\n"
        "Requests without a Referer are denied: 34; see --empty.\n"
    )
    status, fewer, err = generate(ask, "--traffic", LOGS, *sites, "--keep", "80%")
    assert status == 0
    assert len(fewer.whitelist) < len(rules.whitelist)
    assert "Not kept: " in err


def test_generate_agrees_with_a_replay_of_its_rules(ask: Any, tmp_path: Path) -> None:
    sites = ("--site", "https://www.example.com", "--site", "https://m.example.com")
    _, rules, err = generate(ask, "--traffic", LOGS, *sites, "--keep", "0.6", "--empty", "allow")
    stated = re.search(r"keep ([\d,]+) of ([\d,]+) requests", err)
    assert stated is not None
    kept, wanted = (int(number.replace(",", "")) for number in stated.groups())
    path = tmp_path / "rules.xml"
    path.write_text(forms.format(rules, forms.RulesForm.XML))
    report = json.loads(ask("replay", str(path), "--traffic", LOGS, "--json", "--all")[1])
    revoked = {row["host"]: row["revoked"]["requests"] for row in report["hosts"]}
    assert wanted - kept == revoked["www.example.com"] + revoked["m.example.com"] > 0


def test_generate_ends_with_1_if_no_safe_rules_keep_the_share(ask: Any, tmp_path: Path) -> None:
    path = tmp_path / "site.har"
    path.write_bytes(hars.chrome([*objects("https://www.example.com", 3), *objects(OWN, 1)]))
    status, rules, err = generate(ask, "--traffic", str(path), *SITE)
    assert (status, rules.whitelist) == (1, (OWN,))
    assert "keep 1 of 4 requests of these sites (25.00 %)." in err
    assert "Not kept: https://www.example.com/ (3)." in err


def test_generate_names_sites_without_requests(ask: Any, site: str) -> None:
    status, rules, err = generate(ask, "--traffic", site, *SITE, "--site", "https://new.test")
    assert (status, rules.whitelist) == (0, (OWN,))
    assert "Left out, because nobody recorded a request: https://new.test." in err
    status, out, err = ask("generate", "https://new.test", "--to", "xml", "--traffic", site)
    assert (status, out) == (2, "")
    assert "the traffic has no answered request of these sites, but of https://www.exam" in err


def test_generated_rules_never_let_in_strangers_of_the_traffic(ask: Any, site: str) -> None:
    _, rules, _ = generate(ask, "--traffic", site, *SITE, "--site", PARTNER, "--keep", "1")
    policy = RefererPolicy.compile(rules)
    assert policy.allows(OWN)
    assert policy.allows(PARTNER)
    assert not any(policy.allows(f"https://s{number}.test/") for number in range(30))


@pytest.mark.parametrize("share", ["0", "1.1", "x", "nan", "101%", ""])
def test_share_that_is_none_is_refused(ask: Any, site: str, share: str) -> None:
    flags = ("--to", "xml", "--traffic", site, f"--keep={share}")
    status, out, err = ask("generate", OWN, *flags)
    assert (status, out) == (2, "")
    assert "is not a share; write a number up to 1" in err


def test_file_without_an_answered_request_says_why(ask: Any, tmp_path: Path) -> None:
    path = tmp_path / "site.har"
    path.write_bytes(hars.chrome([Saved(status=0)]))
    status, _, err = ask("review", CORRECTED, "--traffic", str(path))
    assert (status, err.splitlines()) == (
        2, [f"oss-emulator: {path}: no request in it was answered (1 without an answer)"]
    )  # fmt: skip


def test_password_in_a_referer_is_masked_and_a_long_one_takes_no_time(
    ask: Any, tmp_path: Path
) -> None:
    path = tmp_path / "site.har"
    sent = ["https://u:secret@partner.test/", "k" * 30_000]
    path.write_bytes(hars.chrome([Saved(referer=one) for one in sent]))
    for form in ("text", "json", "html", "markdown"):
        _, out, _ = ask("review", CORRECTED, "--traffic", str(path), "--format", form)
        assert "partner.test" in out
        assert "secret@" not in out
