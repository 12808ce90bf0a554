"""The command generate: it agrees with review, and refuses what names no site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oss_referer.sources import forms

SITES = (
    "https://www.example.com",
    "http://www.example.com/shop?id=1",
    "https://WWW.Example.COM:443",
    "https://shop.example.co.uk:8443",
    "https://192.168.1.10",
    "http://10.0.0.1",
    "https://[::1]/",
    "www.example.com",
    "10.0.0.1",
    "[::1]:8443",
    "localhost:3000",
    "例子.example.com",
    "*.example.com",
)


@pytest.mark.parametrize("site", SITES)
def test_generate_and_review_end_in_equal_rules(ask: Any, tmp_path: Path, site: str) -> None:
    empty, new = tmp_path / "empty.xml", tmp_path / "new.xml"
    empty.write_text(
        "<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>"
        "<RefererList/></RefererConfiguration>"
    )
    assert ask("review", str(empty), "--site", site, "-o", str(new))[0] == 1
    status, out, _ = ask("generate", site, "--to", "xml")
    assert status == 0
    assert forms.parse(out.encode()) == forms.parse(new.read_bytes())
    assert ask("review", str(new), "--site", site)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ftp://www.example.com",), "is not the address of a site"),
        (("https://a:99999/",), "is not the address of a site"),
        (("https://exa mple.com",), "is not the address of a site"),
        (("",), "is not the address of a site"),
        (("https://github.io", "--subdomains"), "github.io has no sub-domains of its own"),
        (("https://10.0.0.1", "--subdomains"), "10.0.0.1 has no sub-domains of its own"),
        (("https://a.example", "--mini-program", "YOUR-APPID"), "is not an appid"),
        (("https://a.example", "--cdn", "https://"), "is not the address of a site"),
        (
            ("https://a.example", *(f"--cdn=cdn{n:04}.example" for n in range(1_000))),
            "24,018 bytes of entries, and a bucket accepts 20,480",
        ),
    ],
)
def test_wish_that_gives_no_rules_is_refused(
    ask: Any, arguments: tuple[str, ...], words: str
) -> None:
    status, out, err = ask("generate", *arguments, "--to", "xml")
    assert (status, out) == (2, "")
    assert words in err
