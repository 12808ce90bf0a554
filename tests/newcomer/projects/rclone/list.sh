# Lists and copies with rclone, which names the endpoint of production.
set -eu
export RCLONE_CONFIG=/dev/null RCLONE_S3_PROVIDER=Alibaba
export RCLONE_S3_ENDPOINT=https://oss-cn-hangzhou.aliyuncs.com
export RCLONE_S3_ACCESS_KEY_ID=$OSS_ACCESS_KEY_ID RCLONE_S3_SECRET_ACCESS_KEY=$OSS_ACCESS_KEY_SECRET
echo content >file
rclone --retries=1 copy file :s3:examplebucket/dir
test "$(rclone --retries=1 cat :s3:examplebucket/dir/file)" = content
rclone --retries=1 lsf :s3:examplebucket | grep -q '^hello.txt$'
rclone --retries=1 purge :s3:examplebucket/dir
test -z "$(rclone --retries=1 lsf :s3:examplebucket/dir)"
