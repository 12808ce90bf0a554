"""The last steps of a request: the journal, the metrics and the access log."""

from collections.abc import Callable
from functools import partial
from typing import TextIO

from oss_emulator import accesslog
from oss_emulator.changes import ARN_IN_LOGS
from oss_emulator.control.faults import Fault
from oss_emulator.control.journal import Journal, JournalEntry
from oss_emulator.control.metrics import Metrics
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Response
from oss_emulator.rpc import RPCErrorSpec


class Recorder:
    """Records answered requests, of OSS as well as of STS and KMS."""

    def __init__(self, service: Service, journal: Journal, access_log: TextIO | None) -> None:
        """Lines of the access log are written to `access_log`, if there is one."""
        self.metrics = Metrics()
        self._service = service
        self._journal = journal
        self.after_journal: dict[str, Callable[[JournalEntry], None]] = {
            "metrics": self.metrics.count,
        }
        """The steps after the journal, by their names in `docs/architecture.md`."""
        if access_log is not None:
            self.after_journal["access log"] = partial(self._write_line, access_log)

    def record(
        self,
        outcome: Admission | Refused,
        response: Response,
        sent: int,
        seconds: float,
        *,
        fault: Fault | None = None,
        rpc_error: RPCErrorSpec | None = None,
    ) -> JournalEntry:
        """Record an answer: `sent` bytes of body, `seconds` after the request arrived."""
        entry = self._journal.record(
            outcome, response, sent, seconds, fault=fault, rpc_error=rpc_error
        )
        for step in self.after_journal.values():
            step(entry)
        return entry

    def _write_line(self, file: TextIO, entry: JournalEntry) -> None:
        service = self._service
        region = service.settings.region if service.changes.follow(ARN_IN_LOGS) else None
        line = entry.to_line(service.storage, region)
        print(accesslog.format(line), file=file, flush=True)
