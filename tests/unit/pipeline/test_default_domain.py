"""What the journal says of an object at the service's own host names."""

from __future__ import annotations

import pytest
from oss_emulator.control.journal import Journal
from oss_emulator.operations.admission import Admission
from oss_emulator.pipeline.service import Service

from tests.unit.pipeline.service import PAGE, ask, put, serve

SENT = "the service sends this as a download at its public endpoint"


def told(service: Service, key: str, kind: str) -> str | None:
    """Visit an object, and return what its entry says."""
    put(service, f"/public-bucket/{key}", b"content", {"Content-Type": kind})
    admission = service.admit(ask("GET", f"/public-bucket/{key}", {"Referer": PAGE}))
    assert isinstance(admission, Admission)
    entry = Journal().record(admission, service.perform(admission), 7, 0.1)
    found: str | None = entry.to_dict()["default_domain"]
    return found


@pytest.mark.parametrize(
    ("key", "kind", "said"),
    [
        (
            "a.png",
            "image/png",
            "the service sends this as a download at its public endpoint (D-03)",
        ),
        (
            "a.html",
            "text/html",
            "the service sends this as a download at its public endpoint (D-01)",
        ),
        ("a.apk", "application/zip", "the service refuses this at its public endpoint (D-07)"),
        ("a.txt", "text/plain", None),
    ],
)
def test_entry_says_what_a_new_bucket_gets(key: str, kind: str, said: str | None) -> None:
    assert told(serve(), key, kind) == said
