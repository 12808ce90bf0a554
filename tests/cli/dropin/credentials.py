"""Reads a bucket with credentials of `alibabacloud_credentials`; it does not name the emulator."""

import os
import sys

import oss2
from alibabacloud_credentials.client import Client
from alibabacloud_credentials.models import Config
from oss2.credentials import Credentials, CredentialsProvider

ROLE = "acs:ram::1000000000000001:role/uploader"
KEY = {
    "access_key_id": os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
    "access_key_secret": os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
}
CONFIGURATIONS = {
    "default": None,
    "access_key": Config(type="access_key", **KEY),
    "ram_role_arn": Config(type="ram_role_arn", role_arn=ROLE, role_session_name="night", **KEY),
}


class Provider(CredentialsProvider):  # type: ignore[misc]  # oss2 has no types
    """The credentials of a client, for oss2."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get_credentials(self) -> Credentials:
        found = self._client.get_credential()
        return Credentials(found.access_key_id, found.access_key_secret, found.security_token or "")


client = Client(CONFIGURATIONS[sys.argv[1]])
bucket = oss2.Bucket(
    oss2.ProviderAuthV4(Provider(client)),
    "https://oss-cn-hangzhou.aliyuncs.com",
    "examplebucket",
    region="cn-hangzhou",
)
bucket.put_object("a.txt", b"content")
print(client.get_credential().access_key_id[:4], bucket.get_object("a.txt").read())
