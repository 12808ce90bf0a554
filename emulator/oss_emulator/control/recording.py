"""What is done with each new entry of the journal: the metrics and the access log."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TextIO

from oss_referer.browser.changes import ARN_IN_LOGS
from oss_referer.replay import accesslog

from oss_emulator.control.journal import JournalEntry
from oss_emulator.control.metrics import Metrics
from oss_emulator.pipeline.service import Service


def steps(
    service: Service, metrics: Metrics, access_log: TextIO | None
) -> Mapping[str, Callable[[JournalEntry], None]]:
    """Return the steps after the journal, by their names in `docs/architecture.md`."""
    lines = {} if access_log is None else {"access log": partial(_write_line, service, access_log)}
    return {"metrics": metrics.count, **lines}


def _write_line(service: Service, file: TextIO, entry: JournalEntry) -> None:
    region = service.settings.region if service.changes.follow(ARN_IN_LOGS) else None
    line = entry.to_line(service.storage, region)
    print(accesslog.format(line), file=file, flush=True)
