"""docs/operations.md has every operation of the SDKs, whether it is emulated or not."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import alibabacloud_oss_v2

from tests.docs.operations import PAGE

FIXTURE = Path(__file__).parents[2] / "fixtures" / "operations" / "go-v2.toml"


# SDKs write `Acl` and `ACL`, `DataPipeline` and `DataPipeLine`.
ROWS = re.findall(r"^\| (\w+) \| `.* \| ([^|]+) \| [^|]+ \|$", PAGE.read_text("utf-8"), re.M)
STATUS = {name.lower(): status for name, status in ROWS}


def test_page_has_every_operation_of_sdk_v2_for_go() -> None:
    listed = tomllib.loads(FIXTURE.read_text("utf-8"))["operations"].split()
    assert len(listed) > 200
    assert [name for name in listed if name.lower() not in STATUS] == []


def test_page_has_every_operation_of_sdk_v2_for_python() -> None:
    folder = Path(alibabacloud_oss_v2.__file__).parent
    sources = (path.read_text("utf-8") for path in folder.rglob("operations/*.py"))
    names = {name for source in sources for name in re.findall(r"op_name='(\w+)'", source)}
    assert len(names) > 200
    assert sorted(name for name in names if name.lower() not in STATUS) == []
