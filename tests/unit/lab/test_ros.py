"""Templates of ROS: the rules of their buckets, in JSON and in YAML."""

from __future__ import annotations

import json

import pytest
from oss_emulator.lab import sources
from oss_emulator.lab.resources import NoRulesError
from oss_emulator.lab.sources import RulesForm
from oss_emulator.referer import RefererConfiguration
from oss_emulator.toml import SourceError

YAML = """\
ROSTemplateFormatVersion: '2015-09-01'
Resources:
  Network:
    Type: ALIYUN::ECS::VPC
  Images:
    Type: ALIYUN::OSS::Bucket
    Properties:
      BucketName: !Sub 'images-${ALIYUN::StackName}'
      RefererConfiguration:
        AllowEmptyReferer: false
        RefererList:
          - https://www.example.com/
          - '${not an expression here}'
  Plain:
    Type: ALIYUN::OSS::Bucket
    Properties:
      BucketName: plain
"""
RULES = RefererConfiguration(
    allow_empty_referer=False,
    whitelist=("https://www.example.com/", "${not an expression here}"),
)


def template(**referer: object) -> bytes:
    bucket = {
        "Type": "ALIYUN::OSS::Bucket",
        "Properties": {"BucketName": {"Ref": "Name"}, "RefererConfiguration": referer},
    }
    return json.dumps({"Resources": {"Images": bucket}}, indent=1).encode()


def test_yaml_is_recognised_and_read() -> None:
    assert sources.detect(YAML.encode()) is RulesForm.ROS
    assert sources.parse(YAML.encode()) == {"Images": RULES}


def test_json_is_read_as_yaml_is() -> None:
    document = template(AllowEmptyReferer="false", RefererList=[*RULES.whitelist])
    assert sources.parse(document) == {"Images": RULES}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("AllowEmptyReferer: false", "AllowEmptyReferer: !Ref Open"), "is the expression !Ref Op"),
        (("- https://www.example.com/", "- Fn::Sub: https://${Host}/"), "is the expression Fn::Su"),
        (("        AllowEmptyReferer: false\n", ""), "AllowEmptyReferer is missing; write true or"),
        (("RefererList:", "RefererBlacklist:"), "RefererBlacklist is unknown; use AllowEmptyRef"),
    ],
)
def test_what_cannot_be_known_is_refused_with_its_place(change: tuple[str, str], said: str) -> None:
    with pytest.raises(SourceError) as refusal:
        sources.parse(YAML.replace(*change).encode())
    assert said in refusal.value.sentence
    assert 9 <= refusal.value.line <= 12


def test_function_in_json_is_refused_with_its_place() -> None:
    with pytest.raises(SourceError) as refusal:
        sources.parse(template(AllowEmptyReferer={"Fn::If": ["A", True, False]}))
    assert "is the expression Fn::If" in refusal.value.sentence
    assert refusal.value.line == 10


@pytest.mark.parametrize(
    "document",
    [
        b"Resources:\n  A:\n    Type: ALIYUN::OSS::Bucket\n",
        b"# ALIYUN::OSS::Bucket\nOutputs: {}\n",
        b'{"a": "ALIYUN::OSS::Bucket"}',
        b'{"Resources": ["ALIYUN::OSS::Bucket"]}',
    ],
)
def test_template_without_rules_has_none(document: bytes) -> None:
    with pytest.raises(NoRulesError):
        sources.parse(document)
