"""The remedies of a report: what the plan would change for hosts that are locked out."""

from __future__ import annotations

from typing import Any

from oss_referer import RefererConfiguration
from oss_referer.engine import DEFAULT
from oss_referer.traffic.remedies import Remedy, find_remedies

from tests.rows import rows

WWW = "https://www.example.com/"
SITE = "https://m.example.com/"
PROGRAM = "https://servicewechat.com/wx0123456789abcdef/"
OTHER = "https://servicewechat.com/wxfedcba9876543210/"


def find(sent: tuple[str, ...], **rules: Any) -> tuple[list[str], list[str], str | None]:
    given = RefererConfiguration(False, **{"whitelist": (WWW,), **rules})
    add, remove, switch = find_remedies(given, {"host": sent}, DEFAULT)["host"]
    return [*add], [*remove], switch


@rows(
    "sent, rules, remedy",
    ((SITE,), {}, ([SITE], [], None)),
    ((f"{SITE}a?b",), {}, ([SITE], [], None)),
    (("",), {}, ([], [], "AllowEmptyReferer: true")),
    # The plan removes an entry that keeps out the whole host, and keeps one for some pages.
    ((SITE,), {"blacklist": (SITE,)}, ([SITE], [SITE], None)),
    ((f"{SITE}admin/",), {"blacklist": ("*/admin/*",)}, ([], [], None)),
    ((SITE, f"{SITE}admin/"), {"blacklist": ("*/admin/*",)}, ([SITE], [], None)),
    # Only the appid tells mini programs apart.
    ((f"{OTHER}3/page-frame.html",), {"whitelist": (WWW, PROGRAM)}, ([OTHER], [], None)),
    (("https://servicewechat.com/",), {"whitelist": (WWW, PROGRAM)}, ([], [], None)),
    (("https://servicewechat.com",), {}, ([], [], None)),
    # A safe entry ends the host with a slash, which TruncatePath cuts off.
    ((SITE,), {"truncate_path": True}, ([SITE], [], "TruncatePath: false")),
    (("m.example.com",), {}, ([], [], None)),
    (("https://[/", "about:blank", "http://*/", "https://a?b/"), {}, ([], [], None)),
)
def test_remedy_is_what_the_plan_would_change(
    sent: tuple[str, ...], rules: Any, remedy: tuple[list[str], list[str], str | None]
) -> None:
    assert find(sent, **rules) == remedy


def test_hosts_are_planned_together_and_have_their_own_remedies() -> None:
    given = RefererConfiguration(False, whitelist=(WWW,), blacklist=("*thief*",))
    hosts = {"m": [SITE], "thief": ["https://pictures.thief.test/"], "none": [""]}
    found = find_remedies(given, hosts, DEFAULT)
    assert found["m"] == Remedy([SITE], [], None)
    assert found["thief"] == Remedy(["https://pictures.thief.test/"], ["*thief*"], None)
    assert found["none"].set == "AllowEmptyReferer: true"
