"""An application that stores images in OSS. It knows nothing about an emulator."""

import asyncio
import os

import oss2
from aiohttp import web

ENDPOINT = "https://oss-cn-hangzhou.aliyuncs.com"
BUCKET = web.AppKey("bucket", oss2.Bucket)


def open_bucket(name: str) -> oss2.Bucket:
    """Open a bucket with the access key of the environment."""
    auth = oss2.AuthV4(os.environ["OSS_ACCESS_KEY_ID"], os.environ["OSS_ACCESS_KEY_SECRET"])
    return oss2.Bucket(auth, ENDPOINT, name, region="cn-hangzhou")


async def store(request: web.Request) -> web.Response:
    """Store the body as an image. oss2 blocks, so it runs in a thread."""
    bucket, key = request.app[BUCKET], f"images/{request.match_info['name']}"
    await asyncio.to_thread(bucket.put_object, key, await request.read())
    return web.Response(status=201)


async def show(request: web.Request) -> web.Response:
    """Redirect the browser to a signed URL of the image."""
    bucket, key = request.app[BUCKET], f"images/{request.match_info['name']}"
    raise web.HTTPFound(bucket.sign_url("GET", key, 60, slash_safe=True))


def make_app(bucket: oss2.Bucket) -> web.Application:
    """Return the application for the images of a bucket."""
    app = web.Application()
    app[BUCKET] = bucket
    app.router.add_put("/{name}", store)
    app.router.add_get("/{name}", show)
    return app
