"""Writes, reads, lists, copies and deletes with Apache OpenDAL; it does not name the emulator."""

import os

import opendal

operator = opendal.Operator(
    "oss",
    bucket="examplebucket",
    endpoint="http://oss-cn-hangzhou.aliyuncs.com",
    access_key_id=os.environ["OSS_ACCESS_KEY_ID"],
    access_key_secret=os.environ["OSS_ACCESS_KEY_SECRET"],
)
operator.write("dir/a.txt", b"content")
print(operator.read("dir/a.txt"), operator.stat("dir/a.txt").content_length)
operator.copy("dir/a.txt", "dir/b c.txt")
operator.delete("dir/a.txt")
print(sorted(entry.path for entry in operator.scan("")))
