"""How clients are pointed at this server: a few lines for each, to copy."""

from string import Template
from typing import Final, NamedTuple


class ClientSnippet(NamedTuple):
    """The first lines of a program or configuration, with places for `$endpoint` and others."""

    name: str
    """The client, by the name of its package."""
    language: str
    text: str


SNIPPETS: Final = (
    ClientSnippet(
        "oss2",
        "Python",
        """\
import os

import oss2

auth = oss2.AuthV4(os.environ["OSS_ACCESS_KEY_ID"], os.environ["OSS_ACCESS_KEY_SECRET"])
bucket = oss2.Bucket(auth, "$endpoint", "$bucket", region="$region")
bucket.put_object("hello.txt", b"Hello")
print(bucket.get_object("hello.txt").read())
""",
    ),
    ClientSnippet(
        "alibabacloud-oss-v2",
        "Python",
        """\
import alibabacloud_oss_v2 as oss

config = oss.config.load_default()
config.credentials_provider = oss.credentials.EnvironmentVariableCredentialsProvider()
config.region = "$region"
config.endpoint = "$endpoint"
config.use_path_style = True
client = oss.Client(config)
client.put_object(oss.PutObjectRequest(bucket="$bucket", key="hello.txt", body=b"Hello"))
print(client.get_object(oss.GetObjectRequest(bucket="$bucket", key="hello.txt")).body.content)
""",
    ),
    ClientSnippet(
        "ali-oss",
        "JavaScript",
        """\
const OSS = require("ali-oss");

const client = new OSS({
  endpoint: "$named_endpoint",
  sldEnable: true,
  bucket: "$bucket",
  region: "oss-$region",
  authorizationV4: true,
  accessKeyId: process.env.OSS_ACCESS_KEY_ID,
  accessKeySecret: process.env.OSS_ACCESS_KEY_SECRET,
});
client.put("hello.txt", Buffer.from("Hello"))
  .then(() => client.get("hello.txt"))
  .then(({ content }) => console.log(content.toString()));
""",
    ),
    ClientSnippet(
        "aliyun-oss-go-sdk",
        "Go",
        """\
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aliyun/aliyun-oss-go-sdk/oss"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	id, secret := os.Getenv("OSS_ACCESS_KEY_ID"), os.Getenv("OSS_ACCESS_KEY_SECRET")
	client := must(oss.New("$endpoint", id, secret))
	bucket := must(client.Bucket("$bucket"))
	if err := bucket.PutObject("hello.txt", strings.NewReader("Hello")); err != nil {
		panic(err)
	}
	fmt.Println(string(must(io.ReadAll(must(bucket.GetObject("hello.txt"))))))
}
""",
    ),
    ClientSnippet(
        "aliyun-sdk-oss",
        "Java",
        """\
import com.aliyun.oss.OSS;
import com.aliyun.oss.OSSClientBuilder;
import java.io.ByteArrayInputStream;

public class Hello {
    public static void main(String[] arguments) throws Exception {
        OSS client = new OSSClientBuilder().build(
            "$named_endpoint",
            System.getenv("OSS_ACCESS_KEY_ID"),
            System.getenv("OSS_ACCESS_KEY_SECRET"));
        client.putObject("$bucket", "hello.txt", new ByteArrayInputStream("Hello".getBytes()));
        client.getObject("$bucket", "hello.txt").getObjectContent().transferTo(System.out);
        client.shutdown();
    }
}
""",
    ),
    ClientSnippet(
        "boto3",
        "Python, S3",
        """\
import os

import boto3

client = boto3.client(
    "s3",
    endpoint_url="$endpoint",
    region_name="$region",
    aws_access_key_id=os.environ["OSS_ACCESS_KEY_ID"],
    aws_secret_access_key=os.environ["OSS_ACCESS_KEY_SECRET"],
)
client.put_object(Bucket="$bucket", Key="hello.txt", Body=b"Hello")
print(client.get_object(Bucket="$bucket", Key="hello.txt")["Body"].read())
""",
    ),
    ClientSnippet(
        "@aws-sdk/client-s3",
        "JavaScript, S3",
        """\
const { S3Client, PutObjectCommand, GetObjectCommand } = require("@aws-sdk/client-s3");

const client = new S3Client({
  endpoint: "$endpoint",
  region: "$region",
  forcePathStyle: true,
  credentials: {
    accessKeyId: process.env.OSS_ACCESS_KEY_ID,
    secretAccessKey: process.env.OSS_ACCESS_KEY_SECRET,
  },
});
const place = { Bucket: "$bucket", Key: "hello.txt" };
client.send(new PutObjectCommand({ ...place, Body: "Hello" }))
  .then(() => client.send(new GetObjectCommand(place)))
  .then(({ Body }) => Body.transformToString())
  .then((text) => console.log(text));
""",
    ),
    ClientSnippet(
        "rclone",
        "command, S3",
        """\
export RCLONE_CONFIG_OSS_TYPE=s3 RCLONE_CONFIG_OSS_PROVIDER=Other
export RCLONE_CONFIG_OSS_ENDPOINT=$endpoint RCLONE_CONFIG_OSS_REGION=$region
export RCLONE_CONFIG_OSS_ACCESS_KEY_ID="$$OSS_ACCESS_KEY_ID"
export RCLONE_CONFIG_OSS_SECRET_ACCESS_KEY="$$OSS_ACCESS_KEY_SECRET"
echo Hello | rclone rcat OSS:$bucket/hello.txt
rclone cat OSS:$bucket/hello.txt
""",
    ),
)
"""One for each client; tests run those whose packages the other tests use."""


def fill_in(snippet: ClientSnippet, **values: str) -> str:
    """Return the text of a snippet with its values filled in."""
    return Template(snippet.text).substitute(values)
