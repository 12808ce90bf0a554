"""What was edited between two configurations."""

from oss_referer import RefererConfiguration
from oss_referer.advice import diff
from oss_referer.advice.diff import RuleEdit

OLD = RefererConfiguration(True, whitelist=("http://a/", "http://b/"))


def test_switches_and_entries_are_told() -> None:
    new = RefererConfiguration(
        False, whitelist=("http://b/", "http://c/"), blacklist=("http://d/",), truncate_path=True
    )
    assert list(diff.find_edits(OLD, new)) == [
        RuleEdit("AllowEmptyReferer", "true", "false"),
        RuleEdit("TruncatePath", "false", "true"),
        RuleEdit("whitelist", "http://a/", None),
        RuleEdit("whitelist", None, "http://c/"),
        RuleEdit("blacklist", None, "http://d/"),
    ]


def test_order_and_repetition_make_no_difference() -> None:
    same = RefererConfiguration(True, whitelist=("http://b/", "http://a/", "http://b/"))
    assert list(diff.find_edits(OLD, same)) == []
