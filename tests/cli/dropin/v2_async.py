"""A program for OSS with the asynchronous client of SDK V2 that names the service's endpoint."""

import asyncio

import alibabacloud_oss_v2 as oss
import alibabacloud_oss_v2.aio as oss_async


async def main() -> None:
    config = oss.config.load_default()
    config.credentials_provider = oss.credentials.EnvironmentVariableCredentialsProvider()
    config.region = "cn-hangzhou"
    config.endpoint = "https://oss-cn-hangzhou.aliyuncs.com"
    client = oss_async.AsyncClient(config)
    try:
        await client.put_object(oss.PutObjectRequest("examplebucket", "dir/a b", body=b"content"))
        answer = await client.get_object(oss.GetObjectRequest("examplebucket", "dir/a b"))
        assert answer.body is not None
        print((await answer.body.read()).decode())
    finally:
        await client.close()


asyncio.run(main())
