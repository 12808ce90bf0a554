"""A program for OSS with SDK V2 that names a region and does not know the emulator."""

import alibabacloud_oss_v2 as oss

config = oss.config.load_default()
config.credentials_provider = oss.credentials.EnvironmentVariableCredentialsProvider()
config.region = "cn-hangzhou"
client = oss.Client(config)

client.put_bucket_referer(
    oss.PutBucketRefererRequest(
        bucket="examplebucket",
        referer_configuration=oss.RefererConfiguration(
            allow_empty_referer=False,
            referer_list=oss.RefererList(referers=["https://www.example.com/"]),
        ),
    )
)
answer = client.get_bucket_referer(oss.GetBucketRefererRequest(bucket="examplebucket"))
rules = answer.referer_configuration
print(rules.allow_empty_referer, rules.referer_list.referers)
client.put_object(oss.PutObjectRequest("examplebucket", "dir/a b", body=b"content"))
print(client.get_object(oss.GetObjectRequest("examplebucket", "dir/a b")).body.read().decode())
