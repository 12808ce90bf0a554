"""Queries of the metadata index through oss2 and SDK V2, which send and read their own XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import alibabacloud_oss_v2 as oss
import oss2
import pytest
from oss2.models import AggregationsRequest, MetaQuery

from tests.client import Live
from tests.sdk.v2 import Ask, asking

SMALL = '{"Field": "Size","Value": "1048576","Operation": "lt"}'
KEY = "<>&=?/1\\2\\-test.txt"
"""A key as the suite of Java V1 uses it."""
USER_META = "OSSUserMeta.x-oss-meta-location"


@pytest.fixture
def ask(live: Live) -> Iterator[Ask]:
    with asking("sync", live.endpoint, version="v4") as found:
        yield found


@pytest.fixture
def indexed(live: Live, bucket: oss2.Bucket) -> oss2.Bucket:
    """A bucket with two objects and an index that was opened long ago."""
    bucket.put_object("b", "12345")
    headers = {"x-oss-meta-location": "hangzhou", "x-oss-tagging": "type0=a&type1=b"}
    bucket.put_object(KEY, "123", headers=headers)
    assert bucket.open_bucket_meta_query().status == 200
    storage = live.service.storage
    record = storage.bucket(bucket.bucket_name)
    assert record is not None
    opened = re.sub(b"(?<=<CreateTime>)....", b"2020", record.documents["metaQuery"])
    documents = {**record.documents, "metaQuery": opened}
    live.run(lambda: storage.put_bucket(record._replace(documents=documents)))
    return bucket


def test_oss2_reads_pages_of_files(indexed: oss2.Bucket) -> None:
    first = indexed.do_bucket_meta_query(MetaQuery("", 1, SMALL, "Size", "asc"))
    (found,) = first.files
    assert (found.file_name, found.size, found.object_acl) == (KEY, 3, "default")
    assert [(tag.key, tag.value) for tag in found.oss_tagging] == [("type0", "a"), ("type1", "b")]
    meta = [(each.key, each.value) for each in found.oss_user_meta]
    assert meta == [("x-oss-meta-location", "hangzhou")]
    second = indexed.do_bucket_meta_query(MetaQuery(first.next_token, 1, SMALL, "Size", "asc"))
    assert [each.file_name for each in second.files] == ["b"]
    assert not second.next_token


def test_oss2_reads_statistics(indexed: oss2.Bucket) -> None:
    wanted = [AggregationsRequest("Size", each) for each in ("sum", "average", "group")]
    found = indexed.do_bucket_meta_query(MetaQuery(None, 2, SMALL, aggregations=wanted))
    values = [(each.operation, each.value) for each in found.aggregations]
    assert values == [("sum", 8.0), ("average", 4.0), ("group", 0.0)]
    groups = [(each.value, each.count) for each in found.aggregations[2].groups]
    assert groups == [("3", 1), ("5", 1)]
    assert not found.files


def test_v2_finds_by_user_header(indexed: oss2.Bucket, ask: Ask) -> None:
    query: Any = f'{{"Field": "{USER_META}", "Value": "hangzhou", "Operation": "eq"}}'
    request = oss.DoMetaQueryRequest(
        bucket=indexed.bucket_name, meta_query=oss.MetaQuery(query=query, max_results=80369)
    )
    found = ask(request)
    (file,) = found.files.file
    assert (file.filename, file.size, file.oss_tagging_count) == (KEY, 3, 2)
    assert file.oss_tagging.taggings[0].key == "type0"
    assert found.next_token == "" or found.next_token is None
