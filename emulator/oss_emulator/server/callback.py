"""Calls the application servers that uploads name in their callback (Callback)."""

import json
from typing import Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout
from aiohttp.http import HttpVersion10

from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Callback, Response

TIMEOUT: Final = ClientTimeout(total=5)
"""The service waits five seconds for an application server; no parameter changes that."""

MAX_ANSWER: Final = 1024 * 1024
"""Bytes of the longest answer that is accepted (Callback, step 5)."""

# From the example of the page. The service signs its calls with its private key. The emulator does
# not have that key, so it sends neither `Authorization` nor `x-oss-pub-key-url`.
_USER_AGENT: Final = "http-client/0.0.1"


async def deliver(callback: Callback, response: Response) -> Response:
    """Call the URLs in turn; the first good answer becomes the answer to the upload.

    Raises `CallbackFailed` with the failure of the last URL.
    """
    failure = OSSError(Code.CALLBACK_FAILED)
    async with ClientSession(version=HttpVersion10, timeout=TIMEOUT) as session:
        for url in callback.urls:
            try:
                answer = await _call(session, url, callback)
            except OSSError as error:
                failure = error
            else:
                headers = {**response.headers, "Content-Type": "application/json"}
                return response._replace(headers=headers, body=answer, callback=None)
    raise failure


async def _call(session: ClientSession, url: str, callback: Callback) -> bytes:
    headers = {"Content-Type": callback.content_type, "User-Agent": _USER_AGENT}
    if callback.host:
        headers["Host"] = callback.host
    try:
        async with session.post(
            url, data=callback.body, headers=headers, allow_redirects=False
        ) as answer:
            return await _read(answer)
    except TimeoutError:
        raise OSSError(Code.CALLBACK_TOO_SLOW) from None
    except (ClientError, OSError, ValueError):
        raise OSSError(Code.CALLBACK_FAILED) from None


async def _read(answer: ClientResponse) -> bytes:
    """Read the body of a good answer: 200, JSON, a length of at most 1 MB (Callback, step 5)."""
    if answer.status != 200:
        raise OSSError(Code.CALLBACK_STATUS, f"Error status : {answer.status}.")
    if answer.content_length is None:
        raise OSSError(
            Code.CALLBACK_STATUS, "Error status : 400.User server missing content-length."
        )
    if answer.content_length > MAX_ANSWER:
        message = "Error status : 400.User server return too long content-length value."
        raise OSSError(Code.CALLBACK_STATUS, message)
    body = await answer.read()
    try:
        json.loads(body.decode())
    except (ValueError, RecursionError):
        raise OSSError(Code.CALLBACK_NOT_JSON) from None
    return body
