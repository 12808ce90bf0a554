"""The engine Spark: executors read, split, group and join, and judge if there are many groups."""

import os
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from oss_referer.traffic.batches import SQL_SCHEMA, judge_batches
from oss_referer.traffic.engine import EngineError, Row, ScanListener, reporting
from oss_referer.traffic.judge import Judge
from oss_referer.traffic.log_files import LONGEST_LINE, LONGEST_READ, PIECES, WHITE_SPACE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

GROUPS_ON_DRIVER = 100_000
"""The most groups that the driver judges; the executors judge more."""
PARTITION = 64 << 20
"""Bytes of a log for each partition of a shuffle."""
_LAST_PIECE = 35
"""The last piece that a statement reads."""

_HEX = "\x02hex:"
"""The prefix of a line that is not text, before its bytes in hexadecimal."""
_LINE = {
    "line": r"trim(BOTH '\r' FROM value)",
    "is_blank": rf"trim(BOTH '{WHITE_SPACE}' FROM line) = ''",
    "is_text": f"is_valid_utf8(line) AND NOT startswith(line, '{_HEX}')",
    "raw": f"""
        CASE WHEN is_text AND octet_length(value) <= {LONGEST_READ} THEN line
        ELSE concat('{_HEX}', hex(substr(cast(value AS binary), 1, {LONGEST_READ + 1}))) END
    """,
    "is_plain": rf"""
        is_text AND octet_length(line) <= {LONGEST_LINE} AND instr(line, '\r') = 0
        AND octet_length(line) - octet_length(replace(line, '"', '')) < {PIECES}
    """,
    "pieces": """CASE WHEN is_plain THEN split(line, '"') END""",
}
"""The columns of a line as `log_files` defines them; each may use the previous ones."""


@contextmanager
def _explained() -> Iterator[None]:
    """Convert errors of Spark to EngineError."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JError, PySparkException) as error:
        raise EngineError(f"Spark: {str(error).strip().splitlines()[0]}") from None


class SparkEngine:
    """A session on a master: `local[*]`, `spark://…`, `yarn` or `k8s://…`."""

    def __init__(
        self,
        master: str,
        folder: Path,
        on_driver: int = GROUPS_ON_DRIVER,
        progress: ScanListener | None = None,
    ) -> None:
        from pyspark.sql import SparkSession

        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        self._progress = progress
        self._on_driver = on_driver
        self._session = (
            SparkSession.builder.master(master)
            .appName("oss-emulator replay")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.log.level", "ERROR")
            .config("spark.local.dir", str(folder))
            .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.adaptive.enabled", "true")
            .getOrCreate()
        )
        self._session.sparkContext.addPyFile(str(_pack(folder)))
        self._requests: DataFrame | None = None

    @_explained()
    def scan(self, files: Sequence[Path], requests: str) -> list[Path]:
        found = self._on_lines(files, requests)
        self._requests = found if self._requests is None else self._requests.unionByName(found)
        self._name("requests", self._requests)
        with reporting(self._progress, self._look):
            self._requests.count()  # Spark reads the logs only when it needs rows
        return []

    def find(self, files: Sequence[Path], odd: str) -> Iterator[Row]:
        with _explained():
            for raw, *others in self._on_lines(files, odd).toLocalIterator():
                digits = raw.removeprefix(_HEX)
                yield (bytes.fromhex(digits) if digits != raw else raw.encode(), *others)

    @_explained()
    def judge(self, judge: Judge, groups: str) -> None:
        """Judge on the driver, or on the executors if there are many groups."""
        found = self._session.sql(groups).persist()
        sent = replace(judge)  # without compiled rules, which cannot be pickled

        def judge_all(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return judge_batches(sent, batches)

        if found.count() <= self._on_driver:
            table = found.toArrow()
            judged = list(judge_all(iter(table.to_batches(max_chunksize=10_000))))
            rows: Any = pa.Table.from_batches(judged) if judged else []
            verdicts = self._session.createDataFrame(rows, SQL_SCHEMA)
        else:
            verdicts = found.mapInArrow(judge_all, SQL_SCHEMA)
        self._name("verdicts", verdicts)

    @_explained()
    def keep(self, name: str, statement: str) -> None:
        self._name(name, self._session.sql(statement))

    @_explained()
    def rows(self, statement: str) -> list[Row]:
        return [tuple(row) for row in self._session.sql(statement).collect()]

    def close(self) -> None:
        self._session.stop()

    def _look(self) -> float:
        """Return the finished part of the tasks of Spark's active stages."""
        tracker = self._session.sparkContext.statusTracker()
        found = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
        stages = [stage for stage in found if stage is not None]
        tasks = sum(stage.numTasks for stage in stages)
        return sum(stage.numCompletedTasks for stage in stages) / tasks if tasks else 0.0

    def _partition(self, size: int) -> None:
        wanted = max(self._session.sparkContext.defaultParallelism, size // PARTITION)
        self._session.conf.set("spark.sql.shuffle.partitions", str(wanted))

    def _name(self, name: str, frame: "DataFrame") -> None:
        frame.persist().createOrReplaceTempView(name)

    def _on_lines(self, files: Sequence[Path], statement: str) -> "DataFrame":
        from pyspark.sql import functions as f

        names = [path.as_uri() for path in files]
        self._partition(sum(path.stat().st_size for path in files))
        text = self._session.read.text(names, lineSep="\n")
        for name, expression in _LINE.items():
            text = text.withColumn(name, f.expr(expression))
        split = text.where("not is_blank").select(
            "raw",
            *(
                f.get("pieces", f.lit(number)).alias(f"f{number + 1}")
                for number in range(_LAST_PIECE)
            ),
        )
        split.createOrReplaceTempView("lines")
        return self._session.sql(statement)


def _pack(folder: Path) -> Path:
    package = Path(__file__).parents[1]
    packed = folder / "oss_referer.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for module in sorted(package.rglob("*.py")) + sorted(package.rglob("*.sql")):
            archive.write(module, module.relative_to(package.parent).as_posix())
    return packed
