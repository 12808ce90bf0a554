"""Replays on a real Spark cluster, a master and two workers, agree with DuckDB byte for byte."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pytest
from oss_referer.traffic import engine, log_files
from oss_referer.traffic.duck import DuckDBEngine
from oss_referer.traffic.engine import Engine
from oss_referer.traffic.judge import Judge
from oss_referer.traffic.report import ReadLogs, ReplayQuestion, replay

from tests.cli.process import EMULATOR, environment, wait_for
from tests.referer.traffic.generator import generate, text
from tests.referer.traffic.nasty import nasty
from tests.referer.traffic.test_report import DAMAGED, RULES, SITE, as_csv, as_json
from tests.requirements import require, required

ROOT = Path(__file__).parents[2]
RULES_FILE = str(ROOT / "fixtures" / "lab" / "corrected.xml")
LOGS = str(ROOT / "fixtures" / "logs")
PATIENCE = 900  # seconds
WORKERS = 2
SEEDS = range(4)
"""The seeds of the nasty logs."""
VARIABLES = {
    "SPARK_LOCAL_IP": "127.0.0.1",
    # The jobs are short: optimised machine code would cost more than it saves.
    "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",
}


@contextmanager
def daemon(folder: Path, name: str, *arguments: str) -> Iterator[Path]:
    """Run a process of Spark and return the file of its messages."""
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    home = Path(spec.origin).parent
    messages = folder / f"{name}.log"
    env = environment(SPARK_HOME=str(home), SPARK_NO_DAEMONIZE="1", **VARIABLES)
    with messages.open("wb") as file:
        process = subprocess.Popen(
            [str(home / "bin" / "spark-class"), *arguments],
            stdout=file,
            stderr=subprocess.STDOUT,
            env=env,
        )
        try:
            yield messages
        finally:
            process.terminate()
            process.wait(PATIENCE)


@dataclass(frozen=True)
class Cluster:
    """A running cluster."""

    url: str


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if "spark" not in required():
        pytest.skip("a cluster takes a minute to start; `make spark` runs these tests")
    require("java")
    folder = tmp_path_factory.mktemp("cluster")
    deploy = "org.apache.spark.deploy"
    local = ("--host", "127.0.0.1", "--webui-port", "0")
    with ExitStack() as stack:
        master = stack.enter_context(
            daemon(folder, "master", f"{deploy}.master.Master", *local, "--port", "0")
        )
        address = re.compile(r"Starting Spark master at (spark://\S+)")
        wait_for(lambda: address.search(master.read_text()) is not None)
        found = address.search(master.read_text())
        assert found is not None
        for number in range(WORKERS):
            work = folder / f"work-{number}"
            worker = (*local, "--cores", "1", "--memory", "1g", "--work-dir", str(work), found[1])
            stack.enter_context(
                daemon(folder, f"worker-{number}", f"{deploy}.worker.Worker", *worker)
            )
        wait_for(lambda: master.read_text().count("Registering worker") == WORKERS)
        yield Cluster(found[1])


def test_command_prints_the_same_report(cluster: Cluster, tmp_path: Path) -> None:
    found = {}
    for chosen in (("duckdb",), ("spark", "--master", cluster.url)):
        page = tmp_path / f"{chosen[0]}.html"
        done = subprocess.run(
            [
                *EMULATOR,
                "replay",
                RULES_FILE,
                "--traffic",
                LOGS,
                "--json",
                "--html",
                page,
                "--engine",
                *chosen,
            ],
            capture_output=True,
            env=environment(**VARIABLES),
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        found[chosen[0]] = (done.stdout, page.read_bytes())
    assert found["spark"] == found["duckdb"]


@dataclass(frozen=True)
class Reported:
    """The report of a replay, and the damaged lines that it kept."""

    report: bytes
    kept: list[bytes]


def replayed(asked: Engine, question: ReplayQuestion, logs: Path, folder: Path) -> Reported:
    """Replay logs on an engine, then close the engine."""
    kept: list[bytes] = []
    folder.mkdir()
    try:
        paths = log_files.find([str(logs)])
        found = replay(question, ReadLogs(paths, asked, folder, log_files.Rejects(kept.append)))
    finally:
        asked.close()
    return Reported(json.dumps(found).encode(), sorted(kept))


def write_difficult(logs: Path) -> None:
    """Write logs of several forms, encodings and line ends."""
    lines, _ = generate(21, 1_500, SITE)
    (logs / "a.log").write_bytes(
        text(lines[:500]).replace(rb"\xFF", b"\xff") + b"\n".join(DAMAGED) + b"\r\n"
    )
    (logs / "b.log").write_bytes(
        text(lines[500:800]).replace(rb"\x22", rb"\"") + as_json(lines[:9])
    )
    (logs / "c.log").write_bytes(as_csv(lines[800:1_000]))
    (logs / "d.log").write_bytes(text(lines[1_000:]).replace(b"\n", b"\r\n"))


def write_nasty(logs: Path) -> None:
    """Write logs with every kind of damage to lines."""
    for number, seed in enumerate(SEEDS):
        content = nasty(seed, 400, SITE, long=number == 0)
        (logs / f"{seed}.log").write_bytes(content)
        (logs / f"{seed}.log.gz").write_bytes(gzip.compress(content[:50_000], 1))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("write", [write_difficult, write_nasty])
def test_reports_are_equal(
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path], None],
    workers: int,
) -> None:
    """The executors judge all groups."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    from oss_referer.traffic.spark import SparkEngine

    logs, spill = tmp_path / "logs", tmp_path / "spill"
    logs.mkdir()
    spill.mkdir()
    write(logs)
    question = ReplayQuestion(
        Judge(SITE, RULES["blacklist"]), "examplebucket", top=30, max_rejects=Decimal(50)
    )
    ours = replayed(DuckDBEngine(spill), question, logs, tmp_path / "duckdb")
    monkeypatch.setattr(engine, "LOOK", 0.01)
    monkeypatch.setenv("SPARK_CONF_DIR", str(configured(tmp_path, cores=workers)))
    parts: list[float] = []
    spark = SparkEngine(cluster.url, spill, on_driver=0, progress=parts.append)
    theirs = replayed(spark, question, logs, tmp_path / "spark")
    assert json.loads(theirs.report) == json.loads(ours.report)
    assert theirs == ours
    assert 0 < max(parts) <= 1
    assert os.environ["SPARK_LOCAL_IP"] == "127.0.0.1"


def configured(folder: Path, cores: int) -> Path:
    """Write a configuration that limits the cores; each worker of the cluster has one."""
    made = folder / "conf"
    made.mkdir()
    (made / "spark-defaults.conf").write_text(f"spark.cores.max {cores}\n")
    return made
