# -*- coding: utf-8 -*-
import oss2
from oss2.credentials import EnvironmentVariableCredentialsProvider
from oss2.models import BucketReferer

# Obtain access credentials from environment variables. Before you run this sample code, make sure that the OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET environment variables are set.
auth = oss2.ProviderAuthV4(EnvironmentVariableCredentialsProvider())

# Specify the Endpoint for the region where the bucket is located. For example, if the bucket is in the China (Hangzhou) region, set the Endpoint to https://oss-cn-hangzhou.aliyuncs.com.
endpoint = "https://oss-cn-hangzhou.aliyuncs.com"
# Specify the region information that corresponds to the Endpoint, for example, cn-hangzhou. Note that this parameter is required for V4 signatures.
region = "cn-hangzhou"

# Set yourBucketName to the name of the bucket.
bucket = oss2.Bucket(auth, endpoint, "yourBucketName", region=region)

# Allow empty Referers.
allow_empty_referer = True
# Set the Referer whitelist.
referers = ["http://www.aliyun.com", "https://www.aliyun.com"]
# Set the Referer blacklist.
# black_referers = ['http://example.com', 'http://*.example.com']
# Truncate the query string.
allow_truncate_query_string = True
# Set the hotlink protection rules.
bucket.put_bucket_referer(
    BucketReferer(
        allow_empty_referer=allow_empty_referer,
        referers=referers,
        black_referers=black_referers,
        allow_truncate_query_string=allow_truncate_query_string,
    )
)
