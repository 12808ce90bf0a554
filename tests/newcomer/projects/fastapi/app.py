"""A service with FastAPI that stores images with SDK V2, and passes them on with httpx."""

import alibabacloud_oss_v2 as oss
import httpx
from fastapi import FastAPI, Request, Response

BUCKET = "https://examplebucket.oss-cn-hangzhou.aliyuncs.com"
app = FastAPI()


@app.put("/images/{name}", status_code=201)
async def put_image(name: str, request: Request) -> None:
    config = oss.config.load_default()
    config.region = "cn-hangzhou"
    config.credentials_provider = oss.credentials.EnvironmentVariableCredentialsProvider()
    image = await request.body()
    oss.Client(config).put_object(
        oss.PutObjectRequest(bucket="examplebucket", key=name, body=image)
    )


@app.get("/images/{name}")
async def get_image(name: str, page: str) -> Response:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{BUCKET}/{name}", headers={"Referer": page})
    return Response(answer.content, answer.status_code)
