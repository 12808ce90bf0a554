"""The journal of a running emulator as traffic: what a test, or a browser beside it, has asked."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from oss_referer.engine import Scope, Signing
from oss_referer.sources import json_stream
from oss_referer.sources.json_text import JSONError
from oss_referer.traffic.requests import Asked, RequestGroup, Traffic, gather


class JournalError(ValueError):
    """An answer is not the journal of an emulator; the text says why."""


def read(pieces: Iterable[bytes]) -> Traffic:
    """Read the bytes of `GET /_emulator/journal`. Raises JournalError."""
    groups: list[RequestGroup] = []
    skipped = Counter[str]()
    try:
        for name, value in json_stream.read(pieces, (), "entries"):
            if name == "dropped" and value:
                skipped["dropped by the journal"] += value
            elif name == "entries" and not value["bucket"]:
                skipped["not to a bucket"] += 1
            elif name == "entries":
                groups.append(_read(value))
    except JSONError as error:
        raise JournalError(f"this is not the journal of an emulator: {error.reason}") from None
    except (KeyError, TypeError, ValueError):
        raise JournalError("this is not the journal of an emulator") from None
    return Traffic(
        gather(groups), skipped=skipped, service=frozenset(one.asked.host for one in groups)
    )


def _read(entry: Mapping[str, Any]) -> RequestGroup:
    moment = datetime.fromisoformat(entry["time"]).timestamp()
    asked = Asked(
        host=entry["host"],
        bucket=entry["bucket"],
        signed=Signing(entry["signed"]),
        method=entry["method"],
        scope=Scope.OBJECT if entry["key"] else Scope.BUCKET,
        referer=entry["referer"] or None,
        status=entry["status"],
    )
    sample = f"http://{entry['host']}{entry['target']}"
    return RequestGroup(asked, 1, entry["sent_bytes"], moment, moment, sample)
