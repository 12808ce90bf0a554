"""A service that passes on images of a bucket, with FastAPI and httpx."""

import httpx
from fastapi import FastAPI, Response

BUCKET = "https://examplebucket.oss-cn-hangzhou.aliyuncs.com"
app = FastAPI()


@app.get("/images/{name}")
async def get_image(name: str, page: str) -> Response:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{BUCKET}/{name}", headers={"Referer": page})
    return Response(answer.content, answer.status_code)
