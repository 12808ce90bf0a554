"""The log of changes of rules: their documents, who made them, and whether they were undone."""

import pytest
from oss_emulator.control.rule_changes import SIZE, RuleChanges
from oss_referer import RefererConfiguration
from oss_referer.sources import referer_xml

from tests.unit.control.caller import ApiCaller

OLD = referer_xml.format(RefererConfiguration(whitelist=("http://www.example.com/",)))
NEW = referer_xml.format(RefererConfiguration(whitelist=("http://shop.example.com/",)))


@pytest.fixture
def ask() -> ApiCaller:
    caller = ApiCaller()
    caller.oss("PUT", "/bucket")
    return caller


def put(ask: ApiCaller, document: bytes) -> None:
    assert ask.oss("PUT", "/bucket?referer", document).status == 200


def changes(ask: ApiCaller) -> RuleChanges:
    return ask.controls.rule_changes


def test_each_change_has_the_documents_before_and_after(ask: ApiCaller) -> None:
    put(ask, OLD)
    put(ask, OLD)
    put(ask, NEW)
    first, second = changes(ask).all()
    assert (first.bucket, first.before, first.after) == ("bucket", None, OLD)
    assert (second.before, second.after, second.story) == (OLD, NEW, None)
    assert len(second.request_id) == 24
    assert second == changes(ask).latest("bucket", NEW)
    assert changes(ask).latest("bucket", OLD) is None


def test_refused_document_is_no_change(ask: ApiCaller) -> None:
    assert ask.oss("PUT", "/bucket?referer", b"<nothing/>").status == 400
    assert changes(ask).all() == ()


def test_story_names_its_change_until_it_is_undone(ask: ApiCaller) -> None:
    put(ask, OLD)
    number = ask.record("/bucket/key", "https://blog.example.com/").number
    etag = ask("POST", f"remedies/{number}", {"kind": "allow-site", "place": "0"}).json["etag"]
    wanted = {"kind": "allow-site", "place": "0", "etag": etag}
    ask("PUT", f"remedies/{number}", wanted)
    made = changes(ask).of_story(number)
    assert made is not None
    assert (made.before, made.remote) == (OLD, "")
    assert not changes(ask).is_undone(made)

    undone = ask("PUT", f"remedies/{number}", {"undo": ""}).json
    assert changes(ask).of_story(number) == made
    assert changes(ask).is_undone(made)

    ask("PUT", f"remedies/{number}", {**wanted, "etag": undone["etag"]})
    again = changes(ask).of_story(number)
    assert again is not None
    assert again.number > made.number
    assert not changes(ask).is_undone(again)


def test_restored_snapshot_changes_rules(ask: ApiCaller) -> None:
    put(ask, OLD)
    ask("PUT", "snapshot/one")
    put(ask, NEW)
    ask("POST", "restore/one")
    last = changes(ask).all()[-1]
    assert (last.before, last.after, last.request_id) == (NEW, OLD, "")


def test_reset_forgets_changes(ask: ApiCaller) -> None:
    put(ask, OLD)
    ask("POST", "reset")
    assert changes(ask).all() == ()


def test_oldest_changes_are_dropped() -> None:
    log = RuleChanges()
    for number in range(SIZE + 5):
        log.add(0.0, "bucket", b"%d" % number, b"%d" % (number + 1))
    assert [change.number for change in log.all()] == list(range(6, SIZE + 6))


def test_oldest_changes_go_when_the_bytes_are_used_up_but_the_last_stays() -> None:
    changes = RuleChanges(limit=1000)
    for number in range(10):
        changes.add(0, "b", b"%d" % number * 200, b"%d" % (number + 1) * 200)
    assert [change.number for change in changes.all()] == [9, 10]
    changes.add(0, "b", b"", b"x" * 5000)
    assert [change.number for change in changes.all()] == [11]
