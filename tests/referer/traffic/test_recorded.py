"""Recorded requests on a page: a HAR or an access log is read once, and judged by the rules."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.page.actions import answer
from oss_referer.sources.ossutil import to_members
from oss_referer.sources.toml import SourceError
from oss_referer.traffic import recorded

ROOT = Path(__file__).parents[3]
HAR = (ROOT / "fixtures" / "har" / "site.har").read_text(encoding="utf-8")
LOG = (ROOT / "examples" / "gate" / "access.log").read_text(encoding="utf-8")
RULES = RefererConfiguration(False, whitelist=("https://www.example.com/",))
OPEN = RefererConfiguration()


def judge(text: str, rules: RefererConfiguration = RULES) -> recorded.Found:
    old, new = (RefererPolicy.compile(one) for one in (OPEN, rules))
    chosen, problem = recorded.choose(recorded.read(text), ())
    assert not problem
    return recorded.judge(chosen, old, new)


def denied(rows: Any) -> dict[str | None, tuple[int, int]]:
    return {row.name: (row.denied, row.requests) for row in rows if row.denied}


def ask(**values: Any) -> str:
    given = {"language": "en", "rules": to_members(RULES), "other": to_members(OPEN), **values}
    html: str = json.loads(json.dumps(answer("traffic", given)))["html"]
    return html


def test_har_is_judged_by_page_and_by_site() -> None:
    found = judge(HAR)
    assert denied(found.pages) == {
        "https://m.example.com/": (2, 2),
        "https://www.example.com/news/": (2, 6),
    }
    assert denied(found.sites) == {
        "https://m.example.com/": (2, 2),
        "https://static.example.net/": (1, 1),
        None: (1, 1),
    }
    assert (found.denied, found.effect.checked.requests) == (4, 8)


def test_lines_of_a_log_are_judged_by_their_referers() -> None:
    found = judge(LOG)
    assert denied(found.sites) == {
        "https://m.example.com/": (12, 12),
        "https://pictures.thief.test/": (8, 8),
    }
    assert found.effect.locked_out.requests == 20
    text = f"damaged\n\n{LOG}"
    assert recorded.read(text).skipped == {"damaged": 1}
    assert judge(text).denied == 20


@pytest.mark.parametrize("text", [HAR, LOG])
def test_what_a_page_keeps_is_judged_like_the_text(text: str) -> None:
    whole = ask(text=text)
    kept = re.search(r'data-recorded="([^"]*)"', whole)
    assert kept is not None
    assert ask(recorded=json.loads(unescape(kept[1]))) == whole


def test_text_that_is_no_record_gets_a_sentence() -> None:
    said = "this is neither a HAR with requests nor lines of an access log"
    assert said in ask(text="hello")
    assert "it is not a HAR" in ask(text='{"log": ')
    for values in (None, 1, {}, {"groups": [[1]], "skipped": {}, "service": []}):
        with pytest.raises(SourceError, match="open their file again"):
            recorded.from_values(values)
        assert "these are not recorded requests" in ask(recorded=values)


WHOLE = ["h", "b", "none", "GET", "object", None, False, False, 200, "", 1, 1, ""]
WRONG = [(0, 1), (2, []), (2, "x"), (4, "x"), (5, []), (5, {}), (6, "x"), (7, 2), (7, None)]
WRONG += [(8, "200"), (8, 1.5), (9, None), (10, "1"), (10, []), (11, float("inf")), (12, 1)]


@pytest.mark.parametrize(("place", "value"), WRONG)
def test_member_of_a_wrong_type_is_refused(place: int, value: object) -> None:
    values = {"groups": [WHOLE], "skipped": {}, "service": []}
    assert recorded.from_values(values).requests == 1
    group = [*WHOLE[:place], value, *WHOLE[place + 1 :]]
    with pytest.raises(SourceError, match="open their file again"):
        recorded.from_values({**values, "groups": [group]})


def test_hosts_of_another_name_are_offered_to_choose_from() -> None:
    har = HAR.replace("examplebucket.oss-cn-hangzhou.aliyuncs.com", "cdn.example.com")
    har = re.sub("x-oss-request-id", "x-id", har, flags=re.IGNORECASE)
    html = ask(text=har)
    assert "None of its hosts looks like one of OSS; choose yours." in html
    assert 'data-host="cdn.example.com"' in html
    html = ask(text=har, hosts=["cdn.example.com"])
    assert "4 of 8 recorded requests are denied by these rules." in html
    assert 'data-host="cdn.example.com"' not in html


def test_requests_to_another_bucket_are_left_out() -> None:
    traffic = recorded.read(HAR)
    chosen, problem = recorded.choose(traffic, (), "other")
    assert not chosen.groups
    assert problem == "These requests are not to the bucket other but to examplebucket."
    assert recorded.choose(traffic, (), "examplebucket")[1] == ""
