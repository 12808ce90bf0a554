"""Writes docs/clients.md, also in Chinese, from the tests that try the clients: `make docs`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.docs.translations import accept

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "clients.md"
CHINESE_PAGE = ROOT / "docs" / "zh" / "clients.md"


class Text(NamedTuple):
    """A text in both languages."""

    english: str
    chinese: str


class TriedClient(NamedTuple):
    """A client that tests try."""

    name: str
    language: str
    setting: Text
    """How to point it at an emulator."""
    tests: str
    """The files that try it, as a pattern below `tests/`."""
    used: str
    """What each of these files contains that shows it uses the client."""


def _code(text: str) -> Text:
    """Return a text without words: names and code are the same in both languages."""
    return Text(text, text)


CLIENTS = (
    TriedClient(
        "oss2",
        "Python",
        Text(
            'the endpoint: `oss2.Bucket(auth, "http://127.0.0.1:9000", …)`',
            'Endpoint：`oss2.Bucket(auth, "http://127.0.0.1:9000", …)`',
        ),
        "sdk/test_oss2_*.py",
        "oss2",
    ),
    TriedClient(
        "alibabacloud-oss-v2",
        "Python",
        Text(
            '`config.endpoint = "http://127.0.0.1:9000"`, `config.use_path_style = True`',
            '`config.endpoint = "http://127.0.0.1:9000"`，`config.use_path_style = True`',
        ),
        "sdk/test_v2_*.py",
        "alibabacloud_oss_v2|tests.sdk.v2",
    ),
    TriedClient(
        "SDKs of Debian: aliyun-oss-go-sdk 1.5.0, aliyun-sdk 0.8.0",
        "Go, Ruby",
        Text(
            "the endpoint: `http://127.0.0.1:9000`",
            "Endpoint：`http://127.0.0.1:9000`",
        ),
        "languages/test_go_and_ruby.py",
        "over_go.go|over_ruby.rb",
    ),
    TriedClient(
        "aliyun-sdk-oss 3.4.1, as Flink's plugin contains it",
        "Java",
        Text(
            "the endpoint `http://localhost:9000`: it takes `127.0.0.1` for a domain of the "
            "bucket, unless `setSLDEnabled(true)` is called; `make languages` installs it",
            "Endpoint 为 `http://localhost:9000`：除非调用 `setSLDEnabled(true)`，"
            "否则它会把 `127.0.0.1` 当作绑定到 Bucket 的自定义域名；由 `make languages` 安装",
        ),
        "languages/test_flink.py",
        "over_java",
    ),
    TriedClient(
        "hadoop-aliyun 3.1.0, as Flink's plugin contains it",
        "command",
        Text(
            "`fs.oss.endpoint=http://localhost:9000`, with the name as for Java; "
            "`make languages` installs it",
            "`fs.oss.endpoint=http://localhost:9000`，与 Java 一样使用域名；"
            "由 `make languages` 安装",
        ),
        "languages/test_flink.py",
        "FsShell",
    ),
    TriedClient(
        "Apache Flink 1.10.3, flink-oss-fs-hadoop",
        "Java",
        Text(
            "`fs.oss.endpoint: http://localhost:9000`: see `examples/flink/`; "
            "`make languages` installs it",
            "`fs.oss.endpoint: http://localhost:9000`：参见 `examples/flink/`；"
            "由 `make languages` 安装",
        ),
        "languages/test_flink.py",
        "over_flink",
    ),
    TriedClient(
        "ossfs (fsspec)",
        "Python",
        Text(
            '`OSSFileSystem(endpoint="http://127.0.0.1:9000", …)`; `make lowest` installs it',
            '`OSSFileSystem(endpoint="http://127.0.0.1:9000", …)`；由 `make lowest` 安装',
        ),
        "sdk/test_ossfs.py",
        "ossfs",
    ),
    TriedClient(
        "alibabacloud-sts20150401",
        "Python",
        Text(
            '`Config(protocol="http", endpoint="127.0.0.1:9000")`; '
            "nothing under `oss-emulator run`",
            '`Config(protocol="http", endpoint="127.0.0.1:9000")`；'
            "在 `oss-emulator run` 下无需配置",
        ),
        "sdk/test_sts_v3.py",
        "alibabacloud_sts20150401",
    ),
    TriedClient(
        "@alicloud/sts20150401, @alicloud/credentials",
        "JavaScript",
        _code('`new Config({ protocol: "http", endpoint: "127.0.0.1:9000" })`'),
        "sdk/test_alicloud_sts.py",
        "alicloud_sts",
    ),
    TriedClient(
        "alibabacloud-credentials",
        "Python",
        Text(
            "nothing under `oss-emulator run`; else `sts_endpoint`; "
            "all providers that need no cloud",
            "在 `oss-emulator run` 下无需配置，其他情况设置 `sts_endpoint`；"
            "支持所有不依赖云端环境的凭证提供方式",
        ),
        "sdk/test_credentials.py",
        "alibabacloud_credentials",
    ),
    TriedClient(
        "aliyun-python-sdk-sts",
        "Python",
        _code('`request.set_endpoint("127.0.0.1:9000/_emulator/sts")`'),
        "sdk/test_oss2_sts.py",
        "aliyunsdksts|ask_sts",
    ),
    TriedClient(
        "aliyun-python-sdk-kms, as oss2's `AliKMSProvider` uses it",
        "Python",
        Text(
            "nothing under `oss-emulator run`; else "
            '`request.set_endpoint("127.0.0.1:9000/_emulator/kms")`',
            "在 `oss-emulator run` 下无需配置，其他情况使用 "
            '`request.set_endpoint("127.0.0.1:9000/_emulator/kms")`',
        ),
        "sdk/test_kms.py",
        "aliyunsdkkms",
    ),
    TriedClient(
        "ali-oss",
        "JavaScript",
        Text(
            "the option `endpoint`; nothing under `oss-emulator run`",
            "选项 `endpoint`；在 `oss-emulator run` 下无需配置",
        ),
        "sdk/test_ali_oss.py",
        "ali_oss|ali-oss",
    ),
    TriedClient(
        "ali-oss, its build for browsers",
        "JavaScript",
        Text(
            "the option `endpoint` with the name, `http://localhost:9000`; "
            "CORS rules of the bucket",
            "选项 `endpoint` 使用域名：`http://localhost:9000`，并为 Bucket 设置跨域规则（CORS）",
        ),
        "browser/test_ali_oss.py",
        "aliyun-oss-sdk",
    ),
    TriedClient(
        "Apache OpenDAL",
        "Python",
        Text(
            "nothing under `oss-emulator run`, with an endpoint of http; `make s3` installs it",
            "在 `oss-emulator run` 下无需配置，Endpoint 使用 HTTP；由 `make s3` 安装",
        ),
        "s3/test_oss_clients.py",
        "opendal",
    ),
    TriedClient(
        "Lance",
        "Python",
        Text(
            "nothing under `oss-emulator run`, with `oss_endpoint` of http; `make s3` installs it",
            "在 `oss-emulator run` 下无需配置，`oss_endpoint` 使用 HTTP；由 `make s3` 安装",
        ),
        "s3/test_oss_clients.py",
        "lance",
    ),
    TriedClient(
        "JindoSDK (pyjindosdk)",
        "Python",
        Text(
            "`fs.oss.endpoint = 127.0.0.1:9000`, `fs.oss.https.enable = false`, "
            "`fs.oss.second.level.domain.enable = true`, `fs.oss.region`; `make s3` installs it",
            "`fs.oss.endpoint = 127.0.0.1:9000`、`fs.oss.https.enable = false`、"
            "`fs.oss.second.level.domain.enable = true`、`fs.oss.region`；由 `make s3` 安装",
        ),
        "s3/test_oss_clients.py",
        "pyjindo",
    ),
    TriedClient(
        "django-oss-storage (Django 3.2)",
        "Python",
        Text(
            "`OSS_ENDPOINT` in the settings of Django; `make s3` installs it",
            "Django 配置中的 `OSS_ENDPOINT`；由 `make s3` 安装",
        ),
        "s3/test_oss_clients.py",
        "django",
    ),
    TriedClient(
        "DVC (dvc-s3)",
        "Python",
        Text(
            "`endpointurl = http://127.0.0.1:9000` of a remote `s3://…`; `make s3` installs it",
            "远端 `s3://…` 的 `endpointurl = http://127.0.0.1:9000`；由 `make s3` 安装",
        ),
        "s3/test_oss_clients.py",
        "dvc",
    ),
    TriedClient(
        "DVC (dvc-oss)",
        "Python",
        Text(
            "`oss_endpoint = http://127.0.0.1:9000` of a remote `oss://…`; its aiooss2 cannot "
            "upload files with aiohttp 3.10 or newer, so `make lowest` installs an older one",
            "远端 `oss://…` 的 `oss_endpoint = http://127.0.0.1:9000`；它所依赖的 aiooss2 "
            "在 aiohttp 3.10 或更高版本下无法上传文件，因此由 `make lowest` 与旧版一起安装",
        ),
        "sdk/test_dvc_oss.py",
        "dvc_oss",
    ),
    TriedClient(
        "pytest-servers",
        "Python",
        Text(
            "its fixture `s3_server`: see `examples/pytest-servers/`; `make s3` runs it",
            "使用其 fixture `s3_server`：参见 `examples/pytest-servers/`；由 `make s3` 运行",
        ),
        "s3/test_oss_clients.py",
        "pytest_servers",
    ),
    TriedClient(
        "boto3",
        "Python",
        Text(
            'the option `endpoint_url="http://127.0.0.1:9000"`; see [s3.md](s3.md)',
            '选项 `endpoint_url="http://127.0.0.1:9000"`；参见 [s3.md](s3.md)',
        ),
        "s3/test_boto3.py",
        "boto3",
    ),
    TriedClient(
        "AWS SDK for JavaScript v3",
        "JavaScript",
        Text(
            'the option `endpoint: "http://127.0.0.1:9000"`; nothing under `oss-emulator run`; '
            "see [s3.md](s3.md)",
            '选项 `endpoint: "http://127.0.0.1:9000"`；在 `oss-emulator run` 下无需配置；'
            "参见 [s3.md](s3.md)",
        ),
        "s3/test_aws_js.py",
        "aws_js",
    ),
    TriedClient(
        "s3fs, pyiceberg, Polars, DuckDB, delta-rs",
        "Python",
        Text(
            "their endpoint option: see [s3.md](s3.md#point-a-client-here); "
            "`make s3` installs them",
            "各自的 Endpoint 选项：参见 [s3.md](s3.md#配置客户端)；由 `make s3` 安装",
        ),
        "s3/test_lake.py",
        "s3fs",
    ),
    TriedClient(
        "Spark 4 with s3a (hadoop-aws 3.3.1)",
        "Python",
        Text(
            "`fs.s3a.endpoint=http://127.0.0.1:9000`: see `examples/spark/s3a.conf`; "
            "`make spark` installs it",
            "`fs.s3a.endpoint=http://127.0.0.1:9000`：参见 `examples/spark/s3a.conf`；"
            "由 `make spark` 安装",
        ),
        "spark/test_s3a.py",
        "s3a",
    ),
    TriedClient(
        "rclone",
        "command",
        Text(
            "`endpoint = http://127.0.0.1:9000`: see [s3.md](s3.md#point-a-client-here)",
            "`endpoint = http://127.0.0.1:9000`：参见 [s3.md](s3.md#配置客户端)",
        ),
        "s3/test_rclone.py",
        "rclone",
    ),
    TriedClient(
        "testcontainers",
        "Python, JavaScript",
        Text(
            "the image: see `examples/testcontainers/`; `make containers` runs it",
            "使用镜像：参见 `examples/testcontainers/`；由 `make containers` 运行",
        ),
        "containers/test_examples.py",
        "testcontainers",
    ),
    TriedClient(
        "GitHub Actions, the steps of a job with a service",
        "command",
        Text(
            "see `examples/ci/`; a test runs the steps as a runner does, "
            "`make containers` also the service from its image",
            "参见 `examples/ci/`；测试按照 Runner 的方式执行各个步骤，"
            "`make containers` 还会用镜像启动服务",
        ),
        "examples/test_described.py",
        "run_steps",
    ),
    TriedClient(
        "requests, aiohttp, curl, fetch",
        "any",
        Text("the URL; nothing under `oss-emulator run`", "URL；在 `oss-emulator run` 下无需配置"),
        "cli/test_run.py",
        "requests",
    ),
    TriedClient(
        "Chromium",
        "browser",
        Text(
            "the URL of the server as the page's or the image's",
            "将模拟器的地址用作网页或图片的 URL",
        ),
        "browser/test_*.py",
        "chromium|page",
    ),
)


class DescribedClient(NamedTuple):
    """A client that no test runs."""

    name: Text
    setting: Text
    """What its documentation says on how to point it at an emulator."""
    reason: Text
    """Why no test runs it."""


DESCRIBED = (
    DescribedClient(
        Text("Spark with hadoop-aliyun", "Spark 与 hadoop-aliyun"),
        Text(
            "`fs.oss.endpoint=http://localhost:9000`: see `examples/spark/`, "
            "whose settings were tried with hadoop-aliyun alone",
            "`fs.oss.endpoint=http://localhost:9000`：参见 `examples/spark/`，"
            "其中的配置已用 hadoop-aliyun 单独测试过",
        ),
        Text(
            "Spark cannot load the classes of Flink's plugin, which have other package names; "
            "hadoop-aliyun itself is only in Maven's repository",
            "Flink 插件中的类改了包名，Spark 无法加载；hadoop-aliyun 本身只在 Maven 仓库中提供",
        ),
    ),
    DescribedClient(
        Text("newer releases of Flink", "更新版本的 Flink"),
        Text("as for Flink 1.10.3", "与 Flink 1.10.3 相同"),
        Text(
            "their package on PyPI leaves the plugin out",
            "它们在 PyPI 上的包不含该插件",
        ),
    ),
    DescribedClient(
        Text("s3a of Hadoop 3.4 and newer", "Hadoop 3.4 及更高版本的 s3a"),
        Text("as for hadoop-aws 3.3.1", "与 hadoop-aws 3.3.1 相同"),
        Text(
            "we found no package of it on PyPI, npm or Debian; it uses another AWS SDK",
            "我们在 PyPI、npm 和 Debian 中没有找到它的包；它使用另一版本的 AWS SDK",
        ),
    ),
    DescribedClient(
        Text(
            "SDKs for PHP, C++, .NET and Go V2; newer ones for Java and Go V1; ossutil",
            "PHP、C++、.NET 和 Go V2 的 SDK，Java 和 Go V1 的更新版本，ossutil",
        ),
        Text(
            "their option `endpoint`, with path style where they have one",
            "选项 `endpoint`，如果支持路径形式则一并开启",
        ),
        Text(
            "we found no package of them on PyPI, npm or Debian",
            "我们在 PyPI、npm 和 Debian 中没有找到它们的包",
        ),
    ),
    DescribedClient(
        Text("testcontainers for Java and Go", "Java 和 Go 的 testcontainers"),
        Text(
            "the image: see `examples/testcontainers/`", "使用镜像：参见 `examples/testcontainers/`"
        ),
        Text(
            "we found no package of them on PyPI, npm or Debian",
            "我们在 PyPI、npm 和 Debian 中没有找到它们的包",
        ),
    ),
    DescribedClient(
        Text("runners of GitHub Actions and GitLab CI", "GitHub Actions 和 GitLab CI 的 Runner"),
        Text("see `examples/ci/`", "参见 `examples/ci/`"),
        Text(
            "a runner must connect to GitHub or GitLab; the tests run the steps of the example for "
            "GitHub",
            "Runner 必须连接到 GitHub 或 GitLab；测试会执行 GitHub 示例中的步骤",
        ),
    ),
)
"""Clients that no test runs."""

CHINESE = {
    "aliyun-python-sdk-kms, as oss2's `AliKMSProvider` uses it": (
        "aliyun-python-sdk-kms（通过 oss2 的 `AliKMSProvider` 使用）"
    ),
    "ali-oss, its build for browsers": "ali-oss（浏览器版）",
    "aliyun-sdk-oss 3.4.1, as Flink's plugin contains it": "aliyun-sdk-oss 3.4.1（Flink 插件自带）",
    "any": "不限",
    "browser": "浏览器",
    "command": "命令行",
    "GitHub Actions, the steps of a job with a service": "GitHub Actions（带服务的任务的各个步骤）",
    "hadoop-aliyun 3.1.0, as Flink's plugin contains it": "hadoop-aliyun 3.1.0（Flink 插件自带）",
    "SDKs of Debian: aliyun-oss-go-sdk 1.5.0, aliyun-sdk 0.8.0": (
        "Debian 中的 SDK：aliyun-oss-go-sdk 1.5.0、aliyun-sdk 0.8.0"
    ),
    "Spark 4 with s3a (hadoop-aws 3.3.1)": "Spark 4 与 s3a（hadoop-aws 3.3.1）",
}
"""The Chinese of the names and languages of `CLIENTS` that contain words."""


def render() -> str:
    """Return the English page."""
    return "".join(f"{line}\n" for line in _lines())


def render_chinese() -> str:
    """Return the Chinese page."""
    return accept("".join(f"{line}\n" for line in _chinese_lines()), render())


def _lines() -> Iterator[str]:
    yield "# Clients"
    yield ""
    yield "English | [简体中文](zh/clients.md)"
    yield ""
    yield "Tests run each client of this table, unchanged, against an emulator."
    yield "`make docs` makes the table from these tests."
    yield ""
    yield "| Client | Language | How to point it at an emulator | Tests |"
    yield "|---|---|---|---|"
    for client in CLIENTS:
        _check(client)
        cells = (client.name, client.language, client.setting.english, f"`tests/{client.tests}`")
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield "[drop-in.md](drop-in.md) describes `oss-emulator run`, which needs no setting."
    yield ""
    yield "## Described only"
    yield ""
    yield "No test runs these clients. The settings are those that their documentation describes;"
    yield "we have not tried them, unless the row says so. The tests install only what PyPI, npm or"
    yield "Debian has."
    yield ""
    yield "| Client | How to point it at an emulator | Why no test runs it |"
    yield "|---|---|---|"
    for client in DESCRIBED:
        yield f"| {' | '.join(text.english for text in client)} |"


def _chinese_lines() -> Iterator[str]:
    yield "# 客户端"
    yield "<!-- follows: Clients, 0 -->"
    yield ""
    yield "[English](../clients.md) | 简体中文"
    yield ""
    yield ("下表中的每个客户端都未经修改，由测试针对模拟器运行。`make docs` 根据这些测试生成该表。")
    yield ""
    yield "| 客户端 | 语言 | 如何访问模拟器 | 测试 |"
    yield "|---|---|---|---|"
    for client in CLIENTS:
        names = (CHINESE.get(name, _punctuate(name)) for name in (client.name, client.language))
        yield f"| {' | '.join((*names, client.setting.chinese, f'`tests/{client.tests}`'))} |"
    yield ""
    yield "使用 `oss-emulator run` 时无需任何配置，参见 [drop-in.md](drop-in.md)。"
    yield ""
    yield "## 仅有文档说明的客户端"
    yield "<!-- follows: Described only, 0 -->"
    yield ""
    yield (
        "没有测试运行以下客户端。表中的配置来自它们各自的文档；除非另有说明，我们没有试过这些配置。"
        "测试只能安装 PyPI、npm 和 Debian 中的软件。"
    )
    yield ""
    yield "| 客户端 | 如何访问模拟器 | 为何没有测试 |"
    yield "|---|---|---|"
    for client in DESCRIBED:
        yield f"| {' | '.join(text.chinese for text in client)} |"


def _punctuate(names: str) -> str:
    """Return a list of names with the punctuation of Chinese."""
    return names.replace(", ", "、").replace(" (", "（").replace(")", "）")


def _check(client: TriedClient) -> None:
    """Raise `ValueError` unless each of the files has tests and uses the client."""
    paths = sorted((ROOT / "tests").glob(client.tests))
    if not paths:
        raise ValueError(f"no test tries {client.name}")
    for path in paths:
        text = path.read_text(encoding="utf-8")
        if "def test_" not in text or re.search(client.used, text) is None:
            raise ValueError(f"{path} does not test {client.name}")


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
    CHINESE_PAGE.write_text(render_chinese(), encoding="utf-8")
