"""A program with SDK V2 that names a region, as in production."""

import alibabacloud_oss_v2 as oss

config = oss.config.load_default()
config.region = "cn-hangzhou"
config.credentials_provider = oss.credentials.EnvironmentVariableCredentialsProvider()
client = oss.Client(config)
client.put_object(oss.PutObjectRequest(bucket="examplebucket", key="a b", body=b"content"))
with client.get_object(oss.GetObjectRequest(bucket="examplebucket", key="a b")).body as body:
    assert body.read() == b"content"
rules = client.get_bucket_referer(oss.GetBucketRefererRequest(bucket="examplebucket"))
assert rules.referer_configuration.allow_empty_referer
