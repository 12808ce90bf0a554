"""docs/operations.md has every operation of the SDKs, whether it is emulated or not."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

import alibabacloud_oss_v2
import oss2

from tests.docs.operations import PAGE

FIXTURE = Path(__file__).parents[2] / "fixtures" / "operations" / "go-v2.toml"

# The methods of oss2 that do not have the name of their operation.
OTHER_NAMES = {
    "batch_delete_objects": "DeleteMultipleObjects",
    "close_bucket_meta_query": "CloseMetaQuery",
    "create_bucket": "PutBucket",
    "create_bucket_cname_token": "CreateCnameToken",
    "create_live_channel": "PutLiveChannel",
    "delete_bucket_cname": "DeleteCname",
    "delete_bucket_inventory_configuration": "DeleteBucketInventory",
    "delete_bucket_style": "DeleteStyle",
    "delete_bucket_tagging": "DeleteBucketTags",
    "delete_object_versions": "DeleteMultipleObjects",
    "do_bucket_meta_query": "DoMetaQuery",
    "get_bucket_cname_token": "GetCnameToken",
    "get_bucket_inventory_configuration": "GetBucketInventory",
    "get_bucket_meta_query_status": "GetMetaQueryStatus",
    "get_bucket_style": "GetStyle",
    "get_bucket_tagging": "GetBucketTags",
    "get_live_channel": "GetLiveChannelInfo",
    "get_object_to_file": "GetObject",
    "get_object_with_url": "GetObject",
    "get_object_with_url_to_file": "GetObject",
    "init_bucket_worm": "InitiateBucketWorm",
    "init_multipart_upload": "InitiateMultipartUpload",
    "list_bucket_access_points": "ListAccessPoints",
    "list_bucket_cname": "ListCname",
    "list_bucket_inventory_configurations": "ListBucketInventory",
    "list_bucket_style": "ListStyle",
    "object_exists": "GetObjectMeta",
    "open_bucket_meta_query": "OpenMetaQuery",
    "put_bucket_cname": "PutCname",
    "put_bucket_inventory_configuration": "PutBucketInventory",
    "put_bucket_style": "PutStyle",
    "put_bucket_tagging": "PutBucketTags",
    "put_object_from_file": "PutObject",
    "put_object_with_url": "PutObject",
    "put_object_with_url_from_file": "PutObject",
    "select_object_to_file": "SelectObject",
    "set_bucket_storage_capacity": "PutBucketStorageCapacity",
    "update_object_meta": "CopyObject",
}
SENDING_NOTHING = {"sign_url", "sign_rtmp_url"}

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


def test_page_has_every_operation_of_oss2() -> None:
    methods = {
        name
        for of in (oss2.Service, oss2.Bucket)
        for name, member in vars(of).items()
        if inspect.isfunction(member) and not name.startswith("_")
    }
    named = {name: OTHER_NAMES.get(name, name.replace("_", "")) for name in methods}
    missing = {name for name, operation in named.items() if operation.lower() not in STATUS}
    assert missing == SENDING_NOTHING
    assert OTHER_NAMES.keys() <= methods


def test_status_of_each_row_is_known() -> None:
    known = re.compile(r"enforced|kept|501|4\d\d `\w+`")
    assert [name for name, status in ROWS if not known.fullmatch(status)] == []
    assert {*STATUS.values()} >= {"enforced", "kept", "501"}
