"""A FastAPI application that stores images with SDK V2, and passes them on with httpx."""

import asyncio

import alibabacloud_oss_v2 as oss
import httpx
from fastapi import FastAPI, Request, Response

BUCKET = "https://examplebucket.oss-cn-hangzhou.aliyuncs.com"
app = FastAPI()


@app.put("/images/{name}", status_code=201)
async def put_image(name: str, request: Request) -> None:
    """Store the body as an image. SDK V2 blocks, so it runs in a thread."""
    config = oss.config.load_default()
    config.region = "cn-hangzhou"
    config.credentials_provider = oss.credentials.EnvironmentVariableCredentialsProvider()
    image = oss.PutObjectRequest(bucket="examplebucket", key=name, body=await request.body())
    await asyncio.to_thread(oss.Client(config).put_object, image)


@app.get("/images/{name}")
async def get_image(name: str, page: str) -> Response:
    """Pass an image on to a page."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{BUCKET}/{name}", headers={"Referer": page})
    return Response(answer.content, answer.status_code)
