"""Replication rules: defaults, ids, and the elements for encryption."""

from __future__ import annotations

import pytest
from oss_emulator.documents import replication
from oss_emulator.protocol.xml import DocumentError, Node

TARGET = "<Destination><Bucket>b</Bucket><Location>oss-cn-beijing</Location></Destination>"
ENCRYPTION = (
    "<SyncRole>r</SyncRole><SourceSelectionCriteria><SseKmsEncryptedObjects>"
    "<Status>%s</Status></SseKmsEncryptedObjects></SourceSelectionCriteria>"
    "<EncryptionConfiguration><ReplicaKmsKeyID>k</ReplicaKmsKeyID></EncryptionConfiguration>"
)


def rule(rest: str = "") -> Node:
    root = "ReplicationConfiguration"
    document = f"<{root}><Rule>{rest}{TARGET}</Rule></{root}>"
    (found,) = replication.parse(document.encode())
    return found


def test_rule_has_defaults() -> None:
    assert rule().text("Action") == "ALL"
    assert rule().text("HistoricalObjectReplication") == "enabled"


def test_new_rule_has_its_own_id_or_a_random_one() -> None:
    assert replication.start(rule("<ID>mine</ID>"))[0] == "mine"
    assert len(replication.start(rule())[0]) == 32


def test_new_rule_is_starting() -> None:
    rule_id, started = replication.start(rule())
    kept = replication.format([started])
    (found,) = replication.rules({"replication": kept})
    assert (found.text("ID"), found.text("Status")) == (rule_id, "starting")


@pytest.mark.parametrize(
    ("rest", "kept"),
    [
        (ENCRYPTION % "Enabled", {"SourceSelectionCriteria", "EncryptionConfiguration"}),
        (ENCRYPTION % "Disabled", {"SourceSelectionCriteria"}),
        ((ENCRYPTION % "Enabled").replace("<SyncRole>r</SyncRole>", ""), set()),
    ],
)
def test_elements_of_encryption_need_a_role_and_encrypted_objects(
    rest: str, kept: set[str]
) -> None:
    names = {name for name, _ in replication.start(rule(rest))[1]}
    assert names & {"SourceSelectionCriteria", "EncryptionConfiguration"} == kept


def test_deletion_names_a_rule() -> None:
    deletion = b"<ReplicationRules><ID>1</ID></ReplicationRules>"
    assert replication.parse_deletion(deletion) == "1"
    with pytest.raises(DocumentError, match="ID"):
        replication.parse_deletion(b"<ReplicationRules/>")


def test_time_control_is_enabled_or_disabled() -> None:
    control = "<ReplicationRule><RTC><Status>%s</Status></RTC><ID>1</ID></ReplicationRule>"
    enabled = replication.parse_rtc((control % "enabled").encode())
    assert enabled == ("1", [("Status", "enabled")])
    with pytest.raises(DocumentError, match="must be enabled or disabled"):
        replication.parse_rtc((control % "Enabled").encode())


def test_new_bucket_has_no_rules() -> None:
    assert replication.rules({}) == []
