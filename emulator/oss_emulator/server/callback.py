"""Calls the application servers that uploads name in their callback (Callback).

Any uploader can choose the URLs, so a call never goes to the server's own ports: requests from
this machine may do everything below `/_emulator/`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Final

from aiohttp import ClientError, ClientResponse, ClientSession
from aiohttp.http import HttpVersion10
from oss_referer.sources import json_text
from yarl import URL

from oss_emulator.protocol import headers
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Callback, Response
from oss_emulator.server import outgoing

TIMEOUT: Final = 5.0
"""Seconds that the service waits for an application server; no parameter changes that."""

MAX_ANSWER: Final = 1024 * 1024
"""Bytes of the longest answer that is accepted (Callback, step 5)."""

# From the example of the page. The service signs its calls with a private key, which the emulator
# does not have, so it sends neither `Authorization` nor `x-oss-pub-key-url`.
_USER_AGENT: Final = "http-client/0.0.1"

_OWN_HEADERS: Final = frozenset(
    {"connection", "content-length", "content-type", "host", "transfer-encoding", "user-agent"}
)
"""The headers that an upload cannot add to a call, because each call has its own."""


async def deliver(callback: Callback, response: Response, ports: Collection[int]) -> Response:
    """Call the URLs in turn; the first successful answer becomes the answer to the upload.

    `ports` are the server's own ports, which are not called. Raises `CallbackFailed` with the
    failure of the last URL.
    """
    failure = OSSError(ErrorCase.CALLBACK_FAILED)
    for url in callback.urls:
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await _call(URL(url), callback, ports)
        except OSSError as error:
            failure = error
        except TimeoutError:
            failure = OSSError(ErrorCase.CALLBACK_TOO_SLOW)
        except (ClientError, OSError, ValueError):
            failure = OSSError(ErrorCase.CALLBACK_FAILED)
        else:
            described = {**response.headers, "Content-Type": "application/json"}
            return response._replace(headers=described, body=answer, callback=None)
    raise failure


async def _call(url: URL, callback: Callback, ports: Collection[int]) -> bytes:
    addresses = await outgoing.resolve(url)
    if outgoing.lead_here(addresses, ports):
        message = f"Error status : -1. {url} leads to the emulator itself, which it never calls."
        raise OSSError(ErrorCase.CALLBACK_FAILED, message)
    added = {
        name: value for name, value in callback.headers.items() if name.lower() not in _OWN_HEADERS
    }
    sent = {
        **added,
        "Content-Type": callback.content_type,
        "User-Agent": _USER_AGENT,
        headers.FROM_CALLBACK: "true",
    }
    if callback.host:
        sent["Host"] = callback.host
    async with (
        ClientSession(
            connector=outgoing.connect_only_to(addresses), version=HttpVersion10
        ) as session,
        session.post(url, data=callback.body, headers=sent, allow_redirects=False) as answer,
    ):
        return await _read(answer)


async def _read(answer: ClientResponse) -> bytes:
    """Return the body: status 200, JSON, a Content-Length of at most 1 MB (Callback, step 5)."""
    if answer.status != 200:
        raise OSSError(ErrorCase.CALLBACK_STATUS, f"Error status : {answer.status}.")
    if answer.content_length is None:
        raise OSSError(
            ErrorCase.CALLBACK_STATUS, "Error status : 400.User server missing content-length."
        )
    if answer.content_length > MAX_ANSWER:
        message = "Error status : 400.User server return too long content-length value."
        raise OSSError(ErrorCase.CALLBACK_STATUS, message)
    body = await answer.read()
    try:
        json_text.parse(body.decode())
    except ValueError:
        raise OSSError(ErrorCase.CALLBACK_NOT_JSON) from None
    return body
