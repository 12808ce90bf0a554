"""Calls the SDK for Java as a program in Java would; its arguments are the endpoint and the key."""

import sys

import jpype
import jpype.imports

jpype.startJVM()

from java.io import ByteArrayInputStream, File  # noqa: E402 - packages of Java
from java.util import ArrayList  # noqa: E402

SDK = jpype.JPackage("org.apache.flink.fs.osshadoop.shaded.com.aliyun.oss")
NAMES = ("a b", "a+b", "50%", "目录/图 1+1=100%.png")

endpoint, access_key_id, access_key_secret, large = sys.argv[1:]
client = SDK.OSSClient(endpoint, access_key_id, access_key_secret)

for name in NAMES:
    client.putObject("examplebucket", name, ByteArrayInputStream(name.encode()))
listed = [str(item.getKey()) for item in client.listObjects("examplebucket").getObjectSummaries()]
print("listed", listed == sorted(NAMES, key=str.encode))
read = [client.getObject("examplebucket", name).getObjectContent() for name in NAMES]
print("read", [bytes(stream.readAllBytes()).decode() for stream in read] == list(NAMES))

client.copyObject("examplebucket", "a+b", "examplebucket", "copy")
client.deleteObject("examplebucket", "a+b")
print("moved", client.doesObjectExist("examplebucket", "copy"), end=" ")
print(client.doesObjectExist("examplebucket", "a+b"))

upload = SDK.model.UploadFileRequest("examplebucket", "large")
upload.setUploadFile(large)
upload.setPartSize(1024 * 1024)
client.uploadFile(upload)
print("uploaded", client.getObjectMetadata("examplebucket", "large").getContentLength())
client.getObject(SDK.model.GetObjectRequest("examplebucket", "large"), File(f"{large}.back"))

rules = ArrayList()
rules.add("http://*.example.com")
client.setBucketReferer("examplebucket", SDK.model.BucketReferer(False, rules))
found = client.getBucketReferer("examplebucket")
print("rules", found.isAllowEmptyReferer(), [str(rule) for rule in found.getRefererList()])

try:
    client.getObject("examplebucket", "missing")
except SDK.OSSException as error:
    print("missing", error.getErrorCode())

address = endpoint.replace("localhost", "127.0.0.1")
for second_level in (False, True):
    settings = SDK.ClientConfiguration()
    settings.setSLDEnabled(second_level)
    other = SDK.OSSClient(address, access_key_id, access_key_secret, settings)
    try:
        print("address", other.listObjects("examplebucket").getObjectSummaries().size())
    except SDK.OSSException as error:
        print("address", error.getErrorCode())
    other.shutdown()
client.shutdown()
