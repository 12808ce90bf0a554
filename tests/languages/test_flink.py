"""Flink with its plugin for OSS, which contains hadoop-aliyun and the SDK for Java.

`make languages` installs them. Their packages have other names there, but their code is unchanged.
They run in processes of their own.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import oss2
import pytest
from oss_emulator import Emulator
from oss_emulator.control.console import connect

from tests.cli.process import output
from tests.docs.markdown import settings
from tests.requirements import require, required

PROGRAMS = Path(__file__).parent / "programs"
EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE = 900
"""Seconds for one command."""

HADOOP = "org.apache.flink.fs.shaded.hadoop3.org.apache.hadoop"
"""The name of the package org.apache.hadoop in the plugin."""

SHADED = "org.apache.flink.fs.osshadoop.shaded"
"""The prefix of the packages of the SDK for Java in the plugin."""

OPENED = (
    "--add-exports=java.base/sun.net.util=ALL-UNNAMED",
    *(
        f"--add-opens=java.base/{package}=ALL-UNNAMED"
        for package in ("java.lang", "java.lang.ref", "java.nio", "java.util", "sun.nio.ch")
    ),
)
"""Internals of Java that Flink 1.10 and JAXB use, and that Java 17 and later open on request."""

Run = Callable[..., str]


@pytest.fixture(scope="module")
def flink() -> Path:
    """The folder of Flink; without it, the test is skipped, or fails in `make languages`."""
    spec = find_spec("pyflink")
    if spec is None or spec.origin is None or find_spec("jpype") is None:
        reason = "apache-flink and jpype1 are missing: only `make languages` installs them"
        if "languages" in required():
            pytest.fail(reason)
        pytest.skip(reason)
    return Path(spec.origin).parent


@pytest.fixture
def server() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def bucket(server: Emulator) -> Iterator[oss2.Bucket]:
    found = server.bucket("examplebucket", acl="public-read")
    yield found
    found.session.session.close()


@pytest.fixture
def run(flink: Path, tmp_path: Path) -> Run:
    """Run a command in a folder of its own; return what it printed."""
    plugins = tmp_path / "plugins" / "oss-fs-hadoop"
    plugins.mkdir(parents=True)
    (plugin,) = (flink / "opt").glob("flink-oss-fs-hadoop-*.jar")
    shutil.copy(plugin, plugins)
    # The plugin's copy of Hadoop reads this file, which Flink forgot to pack.
    (tmp_path / "core-default-testing.xml").write_text("<configuration/>")
    jars = [tmp_path, *sorted((flink / "lib").glob("*.jar")), plugins / plugin.name]

    def start(*command: str | Path) -> str:
        return output(
            command,
            tmp_path,
            PATIENCE,
            CLASSPATH=os.pathsep.join(map(str, jars)),
            FLINK_PLUGINS_DIR=str(plugins.parent),
            JAVA_TOOL_OPTIONS=" ".join(OPENED),
        )

    return start


CLIENTS = "docs/clients.md"
"""The page whose settings the clients get."""


def of_example(file: str, separator: str, server: Emulator) -> dict[str, str]:
    """Return the settings of an example, with the port of a server."""
    text = (EXAMPLES / file).read_text(encoding="utf-8").replace(":9000", f":{server.port}")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return dict(re.split(separator, line, maxsplit=1) for line in lines)


def test_job_of_flink_reads_and_writes(
    server: Emulator, bucket: oss2.Bucket, run: Run, tmp_path: Path
) -> None:
    """With the settings of `examples/flink/`, in the file of this older Flink."""
    found = of_example("flink/config.yaml", ": ", server)
    name, value = settings(CLIENTS, "Apache Flink 1.10.3, flink-oss-fs-hadoop", server.port)[
        0
    ].split(": ")
    assert found[name] == value
    lines = {**found, "parallelism.default": "2", "io.tmp.dirs": str(tmp_path)}
    (tmp_path / "flink-conf.yaml").write_text(
        "".join(f"{name}: {value}\n" for name, value in lines.items())
    )
    bucket.put_object("in/1", "a\nb\na\n")
    bucket.put_object("in/2", "中文\nb\n")
    source, target = f"oss://{bucket.bucket_name}/in", f"oss://{bucket.bucket_name}/out"
    run(sys.executable, PROGRAMS / "over_flink.py", tmp_path, source, target)
    written = [item.key for item in oss2.ObjectIterator(bucket, prefix="out/")]
    assert written == ["out/", "out/1", "out/2"]
    content = b"".join(bucket.get_object(key).read() for key in written).decode()
    assert sorted(content.splitlines()) == ["a", "b", "中文"]


def test_hadoop_aliyun_writes_lists_moves_and_deletes(
    server: Emulator, bucket: oss2.Bucket, run: Run, tmp_path: Path
) -> None:
    """The commands of `hadoop fs`, with the settings of `examples/spark/`."""
    java = require("java")
    found = of_example("spark/spark-defaults.conf", r"\s+", server)
    options = {
        name.removeprefix("spark.hadoop."): value
        for name, value in found.items()
        if name.startswith("spark.hadoop.")
    }
    printed = settings(CLIENTS, "hadoop-aliyun 3.1.0, as Flink's plugin contains it", server.port)
    name, value = printed[0].split("=")
    assert options[name] == value
    options["fs.oss.impl"] = options["fs.oss.impl"].replace("org.apache.hadoop", HADOOP)
    # The smallest size above which a file is sent in parts.
    options["fs.oss.multipart.upload.threshold"] = str(5 * 1024 * 1024)
    flags = [part for name, value in options.items() for part in ("-D", f"{name}={value}")]
    content = os.urandom(11_000_000)
    (tmp_path / "local").write_bytes(content)
    folder = f"oss://{bucket.bucket_name}/目录"

    def fs(*command: str) -> str:
        return run(java, f"{HADOOP}.fs.FsShell", *flags, *command)

    fs("-mkdir", "-p", folder)
    fs("-put", "local", f"{folder}/a+b c")
    assert bucket.head_object("目录/a+b c").headers["x-oss-object-type"] == "Multipart"
    fs("-mv", folder, f"{folder}2")
    listed = fs("-ls", "-R", f"{folder}2").splitlines()
    (size, path) = listed[0].split(maxsplit=5)[2::3]
    assert (len(listed), size, path) == (1, str(len(content)), f"{folder}2/a+b c")
    fs("-get", f"{folder}2/a+b c", "back")
    assert (tmp_path / "back").read_bytes() == content
    fs("-rm", "-r", "-skipTrash", f"{folder}2")
    assert list(oss2.ObjectIterator(bucket)) == []


def test_sdk_for_java(server: Emulator, bucket: oss2.Bucket, run: Run, tmp_path: Path) -> None:
    """P-02: the SDK takes 127.0.0.1 for a domain of the bucket, unless path style is set."""
    content = os.urandom(3 * 1024 * 1024 + 1)
    (tmp_path / "large").write_bytes(content)
    row = "aliyun-sdk-oss 3.4.1, as Flink's plugin contains it"
    endpoint, address, switch, *_ = settings(CLIENTS, row, server.port)
    program = (PROGRAMS / "over_java.py").read_text(encoding="utf-8")
    assert address in program
    assert switch.partition("(")[0] in program
    key = (server.access_key_id, server.access_key_secret)
    printed = run(sys.executable, PROGRAMS / "over_java.py", endpoint, *key, tmp_path / "large")
    assert printed.splitlines() == [
        "listed True",
        "read True",
        "moved True False",
        f"uploaded {len(content)}",
        "rules False ['http://*.example.com']",
        "missing NoSuchKey",
        "address SignatureDoesNotMatch",
        "address 5",
    ]
    assert (tmp_path / "large.back").read_bytes() == content
    assert bucket.head_object("large").headers["x-oss-object-type"] == "Multipart"


def test_snippet_of_the_console_stores_and_reads_an_object(
    server: Emulator, bucket: oss2.Bucket, run: Run, tmp_path: Path
) -> None:
    """Java compiles the snippet; only its package has the name in the plugin."""
    (snippet,) = [one for one in connect.SNIPPETS if one.language == "Java"]
    endpoint = f"http://localhost:{server.port}"
    text = snippet.fill_in(named_endpoint=endpoint, bucket=bucket.bucket_name)["text"]
    (tmp_path / "Hello.java").write_text(text.replace("com.aliyun.oss", f"{SHADED}.com.aliyun.oss"))
    keys = (
        f"OSS_ACCESS_KEY_ID={server.access_key_id}",
        f"OSS_ACCESS_KEY_SECRET={server.access_key_secret}",
    )
    assert run("env", *keys, require("java"), "Hello.java").endswith("Hello")
    assert bucket.get_object("hello.txt").read() == b"Hello"
