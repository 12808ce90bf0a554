"""The command review: its formats, files and errors."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lxml import html
from oss_referer import texts as catalogues
from oss_referer.plan import Wish, plan
from oss_referer.sources import forms

from tests.rows import read_cases

CASES = read_cases("cli")


ROOT = Path(__file__).parents[2]
LAB = ROOT / "fixtures" / "lab"
CORRECTED, LOGS = str(LAB / "corrected.xml"), str(ROOT / "fixtures" / "logs")
SITE = ("--site", "https://www.example.com")
SAMPLE = """<RefererConfiguration>
  <AllowEmptyReferer>true</AllowEmptyReferer>
  <RefererList><Referer>*.aliyun.com</Referer><Referer>*.example.com</Referer></RefererList>
  <RefererBlacklist><Referer>*.forbidden.com</Referer></RefererBlacklist>
</RefererConfiguration>"""


@pytest.fixture
def sample(tmp_path: Path) -> str:
    path = tmp_path / "rules.xml"
    path.write_text(SAMPLE)
    return str(path)


def test_answer_fits_one_screen(ask: Any, sample: str) -> None:
    status, out, err = ask("review", sample, *SITE, "--app")
    lines = out.splitlines()
    assert (status, err) == (1, "")
    assert lines[:2] == [
        "Strangers get in, such as https://evil.aliyun.com.evil.test/. 2 of your",
        "  addresses cannot get in.",
    ]
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80
    assert [line[:1] for line in lines if re.match(r"\d ", line)] == ["1", "2", "3", "4"]
    assert "      <Referer>https://*/*.example.com/</Referer>  yours in a stranger's path" in lines
    assert "  curl -I -e https://example.com/ URL" in out
    assert "403 x-oss-ec: 0003-00000503" in out


def test_screen_shows_rules_that_can_be_pasted(ask: Any, sample: str) -> None:
    _, out, _ = ask("review", sample, *SITE)
    shown = re.search(r"<RefererConfiguration>.*</RefererConfiguration>", out, re.DOTALL)
    assert shown is not None
    document = re.sub(r"(</Referer>).*", r"\1", shown[0])
    assert (
        forms.parse(document.encode())[""]
        == plan(forms.parse(SAMPLE.encode())[""], Wish(("https://www.example.com",))).corrected
    )


@pytest.mark.parametrize(
    "name", ["new.xml", "new.json", "new.tf", "new.tf.json", "new.toml", "new"]
)
def test_written_rules_need_no_change_but_keep_the_question(
    ask: Any, sample: str, tmp_path: Path, name: str
) -> None:
    path = str(tmp_path / name)
    assert ask("review", sample, *SITE, "-o", path)[0] == 1
    status, out, _ = ask("review", path, *SITE, "--against", sample)
    assert status == 1  # the question about *.aliyun.com
    assert "2 What to change: only what you decide" in out
    assert "Newly let in, yours: https://example.com/, http://example.com/." in out
    assert "Newly locked out, others: https://evil.example.com.evil.test/." in out


def test_list_becomes_xml_because_it_has_no_blacklist(ask: Any, tmp_path: Path) -> None:
    rules, new = tmp_path / "hosts.txt", tmp_path / "new rules"
    rules.write_text("*.example.com\n")
    status, out, _ = ask("review", str(rules), "-o", str(new))
    assert status == 1
    assert "<Referer>https://*/*.example.com/</Referer>" in out
    assert f"oss-emulator apply '{new}' oss://BUCKET" in out
    assert ask("review", str(new))[0] == 0


def test_json_has_what_the_screen_says(ask: Any, sample: str) -> None:
    found = json.loads(ask("review", sample, "--json")[1])
    assert found["answer"].endswith("4 of your addresses cannot get in.")
    assert found["sites_taken"] == ["*.aliyun.com", "*.example.com"]
    assert (found["changed"], found["done"]) == (True, False)
    assert len(found["rules"]["whitelist"]) == 8
    assert len(found["gets_in"]["now"]["denied"]) == 4
    assert found["gets_in"]["then"]["denied"] == []
    denied = [one["referer"] for one in found["who"] if one["wrong"] and one["wanted"]]
    assert {*denied} == {*found["gets_in"]["now"]["denied"]}
    assert {one["status"] for one in found["checks"]} == {200, 403}


def test_rules_longer_than_a_screen_are_shown_in_full(ask: Any, tmp_path: Path) -> None:
    rules = tmp_path / "hosts.txt"
    rules.write_text("".join(f"https://site{number}.example.com\n" for number in range(60)))
    out = ask("review", str(rules))[1]
    assert re.findall(r"<Referer>https://site(\d+)", out) == [*map(str, range(60))]
    assert re.search(r"\d+ rows more: --all shows them\.", out)
    whole = ask("review", str(rules), "--all")[1]
    assert "more: --all" not in whole
    assert len(re.findall(r"^  https://site\d+\.example\.com/ ", whole, re.MULTILINE)) == 60


def test_page_and_markdown_name_all_addresses_that_cannot_get_in(ask: Any, tmp_path: Path) -> None:
    rules = tmp_path / "hosts.txt"
    hosts = [f"site{number}.example.com" for number in range(40)]
    rules.write_text("".join(f"https://{host}/a/\n" for host in hosts))
    for form in ("html", "markdown"):
        shown = ask("review", str(rules), "--format", form)[1]
        assert all(shown.count(f"https://{host}/") > 1 for host in hosts)
        assert "more: --all" not in shown


def test_question_names_its_answers_with_their_effects(ask: Any, sample: str) -> None:
    found = json.loads(ask("review", sample, *SITE, "--json")[1])["questions"]
    assert [one["entry"] for one in found] == ["*.aliyun.com"]
    assert found[0]["now"] == ("It lets in strangers, such as https://evil.aliyun.com.evil.test/.")
    assert found[0]["answers"] == [
        {
            "said": "remove it",
            "effect": "locks out https://www.aliyun.com/, http://www.aliyun.com/, "
            "https://evil.aliyun.com.evil.test/",
        }
    ]


def test_empty_list_fails_only_if_sites_are_named(ask: Any, tmp_path: Path) -> None:
    rules = tmp_path / "rules.xml"
    rules.write_text(
        "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer>"
        "<RefererList/></RefererConfiguration>"
    )
    status, out, _ = ask("review", str(rules))
    assert status == 0
    assert out.startswith("Nothing to change. Everybody gets in: there is no whitelist.")
    status, out, _ = ask("review", str(rules), *SITE)
    assert status == 1
    assert out.startswith("Everybody gets in: there is no whitelist.")


def test_page_and_markdown_escape_what_rules_contain(ask: Any, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    entry = "<script>alert(1)</script>`|\\u001b[31m"
    rules.write_text(f'[rules.a]\nwhitelist = ["{entry}", "https://www.example.com/"]\n')
    page = ask("review", str(rules), "--format", "html")[1]
    assert "<script" not in page
    assert "http-equiv" not in page
    assert [one.get("src") or one.get("href") for one in html.fromstring(page).iter()] == [
        None
    ] * len([*html.fromstring(page).iter()])
    text = ask("review", str(rules), "--format", "markdown")[1]
    outside = re.sub(r"^(`{3,})$.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert "<script>" not in outside.replace("\\<script\\>", "")
    assert "\x1b" not in page + text


def test_object_appears_in_commands_to_try(ask: Any, sample: str) -> None:
    out = ask("review", sample, "--object", "https://cdn.example.net/a b.mp4")[1]
    assert "https://cdn.example.net/a%20b.mp4" in out
    assert ask("review", sample, "--object", "photo.jpg") == (
        2,
        "",
        "oss-emulator: --object: no browser opens 'photo.jpg': it does not begin with https:// or "
        "http://\n",
    )


def test_default_that_terraform_sends_is_named(ask: Any, tmp_path: Path) -> None:
    rules = tmp_path / "main.tf"
    rules.write_text(
        'resource "alicloud_oss_bucket_referer" "a" {\n'
        '  bucket = "b"\n  allow_empty_referer = true\n'
        '  referer_list = ["https://www.example.com/"]\n}\n'
    )
    status, out, _ = ask("review", str(rules))
    assert status == 0
    assert "Terraform sends AllowTruncateQueryString false" in out


def test_review_speaks_chinese(ask: Any, sample: str) -> None:
    out = ask("review", sample, *SITE, "--lang", "zh")[1]
    assert out.startswith("陌生网站能访问，例如 https://evil.aliyun.com.evil.test/。")
    assert "zh" in catalogues.LANGUAGES
    assert 'lang="zh"' in ask("review", sample, "--lang", "zh", "--format", "html")[1]


@pytest.mark.parametrize(("arguments", "said"), CASES["bad_input_ends_with_2"])
def test_bad_input_ends_with_2(
    ask: Any, sample: str, arguments: tuple[str, ...], said: str
) -> None:
    status, out, err = ask("review", sample, *arguments)
    assert (status, out) == (2, "")
    assert said in err


def test_curl_lines_can_be_typed(ask: Any, sample: str) -> None:
    lines = re.findall(r"^  (curl .*?)  +\d{3}", ask("review", sample)[1], re.MULTILINE)
    assert 2 <= len(lines) <= 6
    for line in lines:
        words = subprocess.run(
            ["sh", "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        assert (words[0], words[-1]) == ("curl", "URL")
