"""The failures that the loop reports while a server with TLS runs."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

import pytest
from oss_emulator.control.controls import Controls
from oss_emulator.server import Server, handshake, tls
from oss_emulator.settings import Settings

needs_watching = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="this Python breaks off TLS inside TLS by itself"
)


def fail_in_asyncio() -> TypeError:
    """Return the error as asyncio raises it, by the name of its file."""
    try:
        exec(compile("raise TypeError('TLS')", "/lib/asyncio/sslproto.py", "exec"))  # noqa: S102
    except TypeError as error:
        return error
    raise AssertionError


@needs_watching
async def test_failure_of_tls_is_one_line_and_others_go_to_the_handler_before(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop, seen = asyncio.get_running_loop(), []

    def own(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        seen.append(context["message"])

    loop.set_exception_handler(own)
    restore = handshake.watch_failures()
    with caplog.at_level(logging.INFO, "oss_emulator"):
        loop.call_exception_handler({"message": "known", "exception": fail_in_asyncio()})
        loop.call_exception_handler({"message": "another", "exception": TypeError()})
    assert caplog.messages == ["TLS failed: TLS"]
    assert seen == ["another"]
    restore()
    assert loop.get_exception_handler() is own
    loop.set_exception_handler(None)


@needs_watching
@pytest.mark.parametrize("certified", [True, False])
async def test_server_restores_the_handler_of_the_loop(certified: bool) -> None:
    loop = asyncio.get_running_loop()
    settings = Settings(tls=certified)
    controls = Controls(settings)
    found = tls.load(settings, controls.service.addresses.domains)
    server = Server(controls, None, found)
    await server.start("127.0.0.1", 0)
    assert (loop.get_exception_handler() is not None) is certified
    await server.stop()
    assert loop.get_exception_handler() is None
