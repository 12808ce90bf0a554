"""Writes a table of Lance twice and reads it; it does not name the emulator."""

import os

import lance
import pyarrow as pa

options = {
    "oss_endpoint": "http://oss-cn-hangzhou.aliyuncs.com",
    "oss_access_key_id": os.environ["OSS_ACCESS_KEY_ID"],
    "oss_secret_access_key": os.environ["OSS_ACCESS_KEY_SECRET"],
}
place = "oss://examplebucket/table.lance"
table = pa.table({"number": [1, 2]})
lance.write_dataset(table, place, storage_options=options)
lance.write_dataset(table, place, storage_options=options, mode="append")
print(lance.dataset(place, storage_options=options).to_table().to_pydict())
