"""The server to compare with: aiohttp's low-level server with nothing around it.

    python -m benchmarks.bare READY_FILE

It answers every GET with the same 1 KiB, and every PUT with the ETag of its body.
"""

import asyncio
import contextlib
import hashlib
import json
import sys
from pathlib import Path

from aiohttp import web

BODY = bytes(range(256)) * 4
"""1 KiB."""


async def answer(request: web.BaseRequest) -> web.Response:
    if request.method == "GET":
        return web.Response(body=BODY)
    digest = hashlib.md5(await request.read(), usedforsecurity=False)
    return web.Response(headers={"ETag": f'"{digest.hexdigest()}"'})


async def serve(ready: Path) -> None:
    runner = web.ServerRunner(web.Server(answer, access_log=None))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    part = ready.with_suffix(".part")
    part.write_text(json.dumps({"port": runner.addresses[0][1]}))
    part.replace(ready)
    await asyncio.Event().wait()


if __name__ == "__main__":
    factory = None
    with contextlib.suppress(ImportError):
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as run:
        run.run(serve(Path(sys.argv[1])))
