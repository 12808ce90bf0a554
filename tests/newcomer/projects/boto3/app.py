"""A program with boto3 that names the S3 endpoint of a region, as in production."""

import os

import boto3

s3 = boto3.client(
    "s3",
    endpoint_url="https://s3.oss-cn-hangzhou.aliyuncs.com",
    aws_access_key_id=os.environ["OSS_ACCESS_KEY_ID"],
    aws_secret_access_key=os.environ["OSS_ACCESS_KEY_SECRET"],
    region_name="cn-hangzhou",
    config=boto3.session.Config(request_checksum_calculation="when_required"),
)
s3.put_object(Bucket="examplebucket", Key="a b", Body=b"content")
assert s3.get_object(Bucket="examplebucket", Key="a b")["Body"].read() == b"content"
