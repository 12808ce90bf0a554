"""Asks STS who the caller is; it names the service's own endpoint."""

import os

from alibabacloud_sts20150401.client import Client
from alibabacloud_tea_openapi.utils_models import Config

client = Client(
    Config(
        access_key_id=os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        access_key_secret=os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
        endpoint="sts.cn-hangzhou.aliyuncs.com",
    )
)
print(client.get_caller_identity().body.arn)
