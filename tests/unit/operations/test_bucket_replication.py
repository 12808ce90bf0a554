"""Replication between buckets: rules are added, changed and closed."""

from __future__ import annotations

from tests.unit.operations.service import Caller

RULES = """<ReplicationConfiguration><Rule><ID>%s</ID><Destination><Bucket>%s</Bucket>
<Location>oss-cn-beijing</Location></Destination></Rule></ReplicationConfiguration>"""
CLOSE = "<ReplicationRules><ID>%s</ID></ReplicationRules>"
CONTROL = "<ReplicationRule><RTC><Status>enabled</Status></RTC><ID>%s</ID></ReplicationRule>"
HEADER = "x-oss-replication-rule-id"


def add(ask: Caller, rule_id: str, target: str) -> str:
    answer = ask("POST", "/bucket?replication&comp=add", RULES % (rule_id, target))
    return answer.code or answer.headers[HEADER]


def test_each_target_can_have_one_rule(ask: Caller) -> None:
    assert add(ask, "1", "a") == "1"
    assert add(ask, "2", "b") == "2"
    assert add(ask, "3", "a") == "BucketReplicationAlreadyExist"
    got = ask("GET", "/bucket?replication")
    assert (got.body.count(b"<Rule>"), got.text("Rule/Status")) == (2, "starting")


def test_bucket_without_rules_has_no_configuration(ask: Caller) -> None:
    answer = ask("GET", "/bucket?replication")
    assert (answer.status, answer.code) == (404, "NoSuchReplicationConfiguration")


def test_closed_rule_is_shown_until_another_is_added(ask: Caller) -> None:
    add(ask, "1", "a")
    assert ask("POST", "/bucket?replication&comp=delete", CLOSE % "1").status == 200
    assert ask("GET", "/bucket?replication").text("Rule/Status") == "closing"
    assert add(ask, "2", "a") == "2"
    assert ask("GET", "/bucket?replication").text("Rule/ID") == "2"


def test_time_control_of_a_rule_is_switched(ask: Caller) -> None:
    add(ask, "1", "a")
    assert ask("PUT", "/bucket?rtc", CONTROL % "1").status == 200
    assert ask("GET", "/bucket?replication").text("Rule/RTC/Status") == "enabled"


def test_progress_of_a_rule_is_zero(ask: Caller) -> None:
    add(ask, "1", "a")
    got = ask("GET", "/bucket?replicationProgress&rule-id=1")
    assert (got.text("Rule/ID"), got.text("Rule/Progress/HistoricalObject")) == ("1", "0")


def test_missing_rule_is_an_error(ask: Caller) -> None:
    for answer in (
        ask("POST", "/bucket?replication&comp=delete", CLOSE % "1"),
        ask("PUT", "/bucket?rtc", CONTROL % "1"),
        ask("GET", "/bucket?replicationProgress&rule-id=1"),
    ):
        assert (answer.status, answer.code) == (404, "NoSuchReplicationRule")


def test_every_other_region_can_be_a_target(ask: Caller) -> None:
    locations = ask("GET", "/bucket?replicationLocation").body
    assert b"<Location>oss-cn-beijing</Location>" in locations
    assert b"<Location>oss-cn-hangzhou</Location>" not in locations


def test_progress_without_an_id_has_all_rules(ask: Caller) -> None:
    """P-90"""
    for number in ("1", "2"):
        add(ask, f"rule-{number}", f"target-{number}")
    assert len(ask("GET", "/bucket?replicationProgress&rule-id=").texts("Rule/ID")) == 2


def test_locations_are_in_alphabetical_order(ask: Caller) -> None:
    """P-90"""
    locations = ask("GET", "/bucket?replicationLocation").texts("Location")
    assert locations == sorted(locations)
