"""Clients of data lakes against a server: s3fs, pyiceberg, Polars, DuckDB and delta-rs.

`make s3` installs them (tests/s3.txt). They reach OSS at its S3 endpoint only.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import oss2
import pytest
from oss_emulator import Emulator

from tests.client import PATIENCE
from tests.docs.markdown import settings
from tests.requirements import required
from tests.s3.conftest import PAGE

MIB = 1024 * 1024


def client_of(name: str) -> Any:
    """Import a client; without it the test is skipped, or fails in `make s3`."""
    if "s3" in required():
        return importlib.import_module(name)
    return pytest.importorskip(name, reason=f"{name} is missing: only `make s3` installs it")


@pytest.fixture
def files(server: Emulator) -> Any:
    """s3fs, the file system of fsspec, over aiobotocore."""
    module = client_of("s3fs")
    module.S3FileSystem.clear_instance_cache()
    key, secret = repr(server.access_key_id), repr(server.access_key_secret)
    (code,) = settings(PAGE, "s3fs", server.port, key=key, secret=secret)
    return eval(code, vars(module))  # noqa: S307 - our own page


def test_s3fs_writes_lists_copies_and_removes(files: Any, bucket: str, tmp_path: Path) -> None:
    for name in ("a", "dir/b c+d", "dir/sub/中文", "other/e"):
        files.pipe_file(f"{bucket}/{name}", name.encode())
    assert bucket in files.ls("", detail=False)
    assert files.ls(bucket, detail=False) == [f"{bucket}/{n}" for n in ("a", "dir", "other")]
    assert files.find(f"{bucket}/dir") == [f"{bucket}/dir/b c+d", f"{bucket}/dir/sub/中文"]
    assert files.cat_file(f"{bucket}/dir/b c+d", start=4, end=7) == b"b c"
    files.mv(f"{bucket}/a", f"{bucket}/moved")
    files.get_file(f"{bucket}/moved", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == b"a"
    files.rm(f"{bucket}/dir", recursive=True)
    assert files.find(bucket) == [f"{bucket}/moved", f"{bucket}/other/e"]
    assert not files.exists(f"{bucket}/a")


def test_s3fs_writes_a_large_file_in_parts(files: Any, bucket: str, over_oss: oss2.Bucket) -> None:
    content = os.urandom(11 * MIB)
    with files.open(f"{bucket}/a", "wb", block_size=5 * MIB) as opened:
        opened.write(content)
    assert over_oss.get_object("a").read() == content
    assert over_oss.head_object("a").headers["x-oss-object-type"] == "Multipart"


@pytest.mark.parametrize("implementation", ["pyarrow.PyArrow", "fsspec.Fsspec"])
def test_pyiceberg_writes_a_table_and_reads_it_back(
    server: Emulator, bucket: str, tmp_path: Path, implementation: str
) -> None:
    """Its metadata and its data are in the bucket; PyArrow uses the AWS SDK for C++."""
    catalogs, arrow = client_of("pyiceberg.catalog.sql"), client_of("pyarrow")
    values = {
        "s3.endpoint": server.endpoint,
        "s3.access-key-id": server.access_key_id,
        "s3.secret-access-key": server.access_key_secret,
        "s3.region": "us-east-1",
    }
    catalog = catalogs.SqlCatalog(
        "test",
        **{
            "uri": f"sqlite:///{tmp_path}/catalog.db",
            "warehouse": f"s3://{bucket}/warehouse",
            "py-io-impl": f"pyiceberg.io.{implementation}FileIO",
            **{name: values[name] for name in settings(PAGE, "pyiceberg", server.port)},
        },
    )
    catalog.create_namespace("shop")
    rows = arrow.table({"id": list(range(1000)), "name": ["中文"] * 1000})
    table = catalog.create_table("shop.orders", rows.schema)
    table.append(rows)
    table.append(rows)
    found = catalog.load_table("shop.orders").scan(row_filter="id < 10").to_arrow()
    assert sorted(found["id"].to_pylist()) == sorted([*range(10), *range(10)])
    catalog.purge_table("shop.orders")
    catalog.close()


def test_polars_writes_and_scans(rust_options: dict[str, str], bucket: str) -> None:
    polars = client_of("polars")
    frame = polars.DataFrame({"id": [1, 2, 3], "name": ["a", "b", "中文"]})
    frame.write_parquet(f"s3://{bucket}/dir/a.parquet", storage_options=rust_options)
    frame.write_parquet(f"s3://{bucket}/dir/b.parquet", storage_options=rust_options)
    scan = polars.scan_parquet(f"s3://{bucket}/dir/*.parquet", storage_options=rust_options)
    assert scan.filter(polars.col("id") > 2).select("name").collect()["name"].to_list() == [
        "中文",
        "中文",
    ]


DUCKDB = """
import sys
import duckdb
extension, statement, folder = sys.argv[1:]
duckdb.execute(f"LOAD '{extension}'")
duckdb.execute(statement)
duckdb.sql("SELECT range AS id FROM range(1000)").write_parquet(f"{folder}/a b+c.parquet")
print(duckdb.read_parquet(f"{folder}/*.parquet").sum("id").fetchall())
"""


def test_duckdb_writes_and_reads(server: Emulator, bucket: str) -> None:
    """In a process of its own: DuckDB holds Python's lock while it waits for the server."""
    client_of("duckdb")
    extension = client_of("duckdb_extension_httpfs")
    (path,) = Path(extension.__file__).parent.rglob("*.duckdb_extension")
    key, secret = repr(server.access_key_id), repr(server.access_key_secret)
    (statement,) = settings(PAGE, "DuckDB", server.port, KEY_ID=key, SECRET=secret)
    done = subprocess.run(
        [sys.executable, "-c", DUCKDB, str(path), statement, f"s3://{bucket}/dir"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (0, "[(499500,)]\n"), done.stderr


def test_delta_table_is_read(
    rust_options: dict[str, str], bucket: str, over_oss: oss2.Bucket, tmp_path: Path
) -> None:
    deltalake, arrow = client_of("deltalake"), client_of("pyarrow")
    deltalake.write_deltalake(str(tmp_path / "table"), arrow.table({"id": [1, 2, 3]}))
    for path in (tmp_path / "table").rglob("*"):
        if path.is_file():
            over_oss.put_object_from_file(path.relative_to(tmp_path).as_posix(), str(path))
    table = deltalake.DeltaTable(f"s3://{bucket}/table", storage_options=rust_options)
    assert table.to_pyarrow_table()["id"].to_pylist() == [1, 2, 3]


def test_delta_table_is_not_written_as_the_service_refuses_its_condition(
    rust_options: dict[str, str], bucket: str
) -> None:
    """P-71: delta-rs commits with `If-None-Match: *`, which OSS does not implement."""
    deltalake, arrow = client_of("deltalake"), client_of("pyarrow")
    with pytest.raises(OSError, match="0017-00000245"):
        deltalake.write_deltalake(
            f"s3://{bucket}/table", arrow.table({"id": [1]}), storage_options=rust_options
        )
