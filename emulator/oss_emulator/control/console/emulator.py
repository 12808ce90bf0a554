"""`/_emulator/`, which redirects to the first page, and `/_emulator/emulator`: the server."""

from dataclasses import asdict, fields
from typing import Final

from oss_referer.engine.assumptions import DEFAULT, FACTS
from oss_referer.sources import assumptions as lines

from oss_emulator.control.api.route import PREFIX, ApiRequest, Route, reply
from oss_emulator.control.console import page, wants_page
from oss_emulator.control.console.page import TABS
from oss_emulator.control.metrics import BOUNDS
from oss_emulator.operations import OPERATIONS
from oss_emulator.protocol.message import Response
from oss_emulator.settings import Settings


def list_pages(asked: ApiRequest) -> Response:
    """Redirect a browser to the first page; list the pages for other clients."""
    if not wants_page(asked.request):
        return reply({"pages": [f"{PREFIX}{tab}" for tab in TABS]})
    return Response(302, {"Location": f"{PREFIX}{TABS[0]}"})


_SECRETS: Final = frozenset({"access_key_secret", "admin_token"})
"""The settings whose values are not shown."""


def get_emulator(asked: ApiRequest) -> Response:
    controls = asked.controls
    settings = controls.service.settings
    operations, latencies = asked.metrics.counts(), asked.metrics.latencies()
    values = {
        "settings": {
            item.name: _show(item.name, getattr(settings, item.name))
            for item in fields(settings)
            if item.name != "assumptions"  # shown separately
        },
        "clock": {"now": controls.clock.now(), "shift": controls.clock.shift},
        "snapshots": controls.snapshots.names,
        "faults": [asdict(planned) for planned in controls.faults.planned],
        "assumptions": settings.assumptions.chosen(),
        "metrics": {
            "operations": operations,
            "latencies": dict(zip([*map(str, BOUNDS), "more"], latencies, strict=True)),
        },
    }
    most = max((sum(verdicts.values()) for verdicts in operations.values()), default=1)
    return page.show(
        asked,
        "emulator",
        values,
        most=most,
        slowest=max(latencies) or 1,
        defaults=DEFAULT.chosen(),
        facts=FACTS,
        changed=_changed(settings),
        assumptions_toml=lines.format(
            settings.assumptions, page.texts_of(asked.request).assumption
        ),
        operations=sorted(operation.name for operation in OPERATIONS),
        keeps=controls.service.storage.blocking,
    )


def _show(name: str, value: object) -> str:
    if name in _SECRETS:
        return "" if not value else "…"
    if isinstance(value, dict):
        return ", ".join(f"{key}={one}" for key, one in value.items())
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _changed(settings: Settings) -> set[str]:
    """Return the names of the settings that differ from their defaults."""
    usual = Settings()
    names = (item.name for item in fields(settings))
    return {name for name in names if getattr(settings, name) != getattr(usual, name)}


ROUTES = (Route("GET", "", list_pages), Route("GET", "emulator", get_emulator))
