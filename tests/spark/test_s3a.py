"""s3a, the file system of Hadoop for S3, writes and reads tables of Spark: `make spark`.

No package has the s3a of this Spark. That of Hadoop 3.3 runs in it with the defaults of its own
version, which are numbers where the newer ones are durations.
"""

from __future__ import annotations

import re
import sys
from importlib.util import find_spec
from pathlib import Path

import oss2
import pytest
from oss_emulator import Emulator

from tests.cli.process import output
from tests.docs.markdown import settings
from tests.requirements import require, required

EXAMPLE = Path(__file__).parents[2] / "examples" / "spark" / "s3a.conf"
PROGRAM = Path(__file__).parent / "programs" / "over_s3a.py"
PATIENCE = 900
"""Seconds for the program."""

OF_ITS_VERSION = {
    "aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
    "connection.establish.timeout": "5000",
    "connection.timeout": "200000",
    "multipart.purge.age": "86400",
    "threads.keepalivetime": "60",
}
"""The settings of s3a whose defaults differ in the Hadoop of this Spark."""


def folder_of(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


@pytest.fixture
def jars() -> list[Path]:
    if "spark" not in required():
        pytest.skip("Spark takes half a minute here; `make spark` runs these tests")
    require("java")
    folder = folder_of("sagemaker_pyspark") / "jars"
    return [*folder.glob("hadoop-aws-*.jar"), *folder.glob("aws-java-sdk-bundle-*.jar")]


def test_table_is_written_in_partitions_and_read(jars: list[Path], tmp_path: Path) -> None:
    """The program runs with `examples/spark/s3a.conf`, as `spark-submit` would start it."""
    assert len(jars) == 2
    with Emulator() as server:
        server.bucket("examplebucket")
        properties = EXAMPLE.read_text(encoding="utf-8").replace(":9000", f":{server.port}")
        row = settings("docs/clients.md", "Spark 4 with s3a (hadoop-aws 3.3.1)", server.port)
        name, value = row[0].split("=")
        assert re.search(rf"^spark\.hadoop\.{name} +{value}$", properties, re.MULTILINE)
        for name, value in OF_ITS_VERSION.items():
            properties += f"spark.hadoop.fs.s3a.{name} {value}\n"
        (tmp_path / "s3a.conf").write_text(properties, encoding="utf-8")
        path = ",".join(map(str, jars))
        flags = ("--properties-file", "s3a.conf", "--master", "local[2]", "--jars", path)
        submit = folder_of("pyspark") / "bin" / "spark-submit"
        printed = output(
            [submit, *flags, PROGRAM, "s3a://examplebucket/table"],
            tmp_path,
            PATIENCE,
            SPARK_LOCAL_IP="127.0.0.1",
            JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1",
            PYSPARK_PYTHON=sys.executable,
        )
        assert printed.splitlines()[-1] == "[(0, 34), (1, 33), (2, 33)]"
        found = server.bucket("examplebucket")
        keys = [item.key for item in oss2.ObjectIterator(found, prefix="table/")]
        found.session.session.close()
    folders = {key.split("/")[1] for key in keys if key.endswith(".parquet")}
    assert folders == {"rest=0", "rest=1", "rest=2"}
    assert "table/_SUCCESS" in keys
    assert not [key for key in keys if "_temporary" in key]
