"""What a user of OSS does, with keys and names that must not be recorded."""

import os

import oss2
import requests

KEY, SECRET = os.environ["OSS_ACCESS_KEY_ID"], os.environ["OSS_ACCESS_KEY_SECRET"]
RULES = oss2.models.BucketReferer(True, ["https://*.private-site.com/"])

for auth in (oss2.AuthV4(KEY, SECRET), oss2.Auth(KEY, SECRET)):
    bucket = oss2.Bucket(
        auth, "https://oss-cn-hangzhou.aliyuncs.com", "private-bucket", region="cn-hangzhou"
    )
    bucket.create_bucket()
    referer = f"https://www.private-site.com/?key={KEY}"
    bucket.put_object("dir/a.txt", f"secret {SECRET}", headers={"Referer": referer})
    bucket.put_bucket_referer(RULES)
    bucket.get_bucket_referer()
    upload = bucket.init_multipart_upload("big").upload_id
    part = bucket.upload_part("big", upload, 1, b"x" * 200_000)
    bucket.complete_multipart_upload("big", upload, [oss2.models.PartInfo(1, part.etag)])
    bucket.copy_object("private-bucket", "dir/a.txt", "dir/b.txt")
    listed = [item.key for item in bucket.list_objects_v2().object_list]
    assert listed == ["big", "dir/a.txt", "dir/b.txt"]
    assert requests.get(bucket.sign_url("GET", "dir/a.txt", 60), timeout=60).status_code == 200
    assert requests.get(bucket.sign_url("GET", "missing", 60), timeout=60).status_code == 404
    bucket.batch_delete_objects(listed)
    bucket.delete_bucket()
