"""`oss-emulator run`: unchanged programs reach the emulator through environment variables."""

from __future__ import annotations

import errno
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar
from unittest import mock

import pytest
from oss_emulator.cli import main

from tests.cli.forking import Forked
from tests.cli.process import environment
from tests.cli.refusal import fail
from tests.client import PATIENCE
from tests.docs.markdown import blocks
from tests.node import copy_project
from tests.requirements import require, required
from tests.rows import read_cases, rows

CASES = read_cases("cli")

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "sdk" / "samples"
PROGRAMS = Path(__file__).with_name("dropin")
SEED = '[[bucket]]\nname = "examplebucket"\nacl = "public-read"\n'
PYTHON = shlex.quote(sys.executable)
PRINT = "import json, os; print(json.dumps(dict(os.environ)))"


REAL = "LTAI5tRealLookingKey"
INHERITED = [
    *("OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN", "OSS_ROLE_ARN"),
    *("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
    *("ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_CREDENTIALS_FILE"),
    *("ALIBABA_CLOUD_CONFIG_FILE", "ALIBABA_CLOUD_PROFILE", "ALIBABA_CLOUD_CREDENTIALS_URI"),
    *("ALIBABA_CLOUD_ROLE_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_TOKEN_FILE"),
    *("ALIBABA_CLOUD_ECS_METADATA", "ALIBABACLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_PROFILE"),
    *("ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "ALICLOUD_ACCESS_KEY_SECRET"),
    *("ALICLOUD_STS_TOKEN", "ALICLOUD_SHARED_CREDENTIALS_FILE", "ALICLOUD_ASSUME_ROLE_ARN"),
    *("ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET", "ACCESS_KEY_ID", "ACCESS_KEY_SECRET"),
    *("SECURITY_TOKEN", "OSSUTIL_CONFIG_FILE", "OSSUTIL_PROFILE", "AWS_ACCESS_KEY_ID"),
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    *("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
]
"""Variables that name or contain credentials for the SDKs and commands of OSS and S3."""

NOTHING = (
    "oss-emulator: no request for OSS reached the emulator: the command sent none, or its client "
    "is one that `run` does not redirect, see docs/drop-in.md\n"
)


@pytest.fixture
def seed(tmp_path: Path) -> str:
    path = tmp_path / "seed.toml"
    path.write_text(SEED)
    return str(path)


def run(*arguments: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command with an emulator, in an environment without settings of the tests.

    The emulator is in this process, because the start of another one would take most of the time.
    """
    variables = environment(PYTHONIOENCODING="utf-8", **env)
    with (
        mock.patch.dict(os.environ, variables, clear=True),
        chdir(cwd or Path.cwd()),
        written(1) as output,
        written(2) as error,
    ):
        signal.alarm(600)  # end the tests if the command hangs
        try:
            status = main(["run", *arguments])
        finally:
            signal.alarm(0)
        return subprocess.CompletedProcess(arguments, status, output(), error())


@contextmanager
def written(descriptor: int) -> Iterator[Callable[[], str]]:
    """Collect what commands write to a descriptor that they inherit."""
    before = os.dup(descriptor)
    with tempfile.TemporaryFile() as file:

        def read() -> str:
            file.seek(0)
            return file.read().decode()

        os.dup2(file.fileno(), descriptor)
        try:
            yield read
        finally:
            os.dup2(before, descriptor)
            os.close(before)


def printed(*arguments: str, cwd: Path | None = None, **env: str) -> str:
    """Run a command that must succeed; return its output."""
    done = run(*arguments, cwd=cwd, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- the samples of the documentation


def sample(folder: Path, name: str, bucket: str = "examplebucket") -> str:
    """Return an unchanged sample, including its endpoint, with a bucket for the placeholder."""
    source = (SAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert '\nendpoint = "https://oss-cn-hangzhou.aliyuncs.com"\n' in source
    path = folder / f"{name}.py"
    path.write_text(source.replace("yourBucketName", bucket), encoding="utf-8")
    return str(path)


@pytest.mark.system
def test_samples_set_get_and_clear_the_rules(tmp_path: Path, seed: str) -> None:
    """All use one emulator. The sample that sets rules lacks a line, so it raises NameError."""
    setting, getting, clearing = (sample(tmp_path, name) for name in ("set", "get", "clear"))
    whole = (
        Path(setting).read_text(encoding="utf-8").replace("# black_referers =", "black_referers =")
    )
    (tmp_path / "whole.py").write_text(whole, encoding="utf-8")
    steps = [setting, getting, str(tmp_path / "whole.py"), getting, clearing, getting]
    script = "; ".join(f"{PYTHON} -W ignore {shlex.quote(step)}" for step in steps)
    done = run("--seed", seed, "--", "sh", "-c", script)
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "allow empty referer=True, referers=[]",
        "allow empty referer=True, referers=['http://www.aliyun.com', 'https://www.aliyun.com']",
        "allow empty referer=True, referers=[]",
    ]
    assert done.stderr.count("Traceback") == 1
    assert done.stderr.rstrip().endswith("NameError: name 'black_referers' is not defined")


@pytest.mark.system
def test_oss2_refuses_a_sample_with_its_placeholder(tmp_path: Path) -> None:
    """oss2 sends no request for `yourBucketName`, which is not a valid bucket name."""
    done = run(sys.executable, "-W", "ignore", sample(tmp_path, "get", "yourBucketName"))
    assert done.returncode == 1
    assert "The bucket_name is invalid" in done.stderr


# --- programs with other SDKs


@pytest.mark.system
def test_program_with_sdk_v2_reaches_the_emulator(seed: str) -> None:
    output = printed("--seed", seed, sys.executable, str(PROGRAMS / "v2.py"))
    assert output == "False ['https://www.example.com/']\ncontent\n"


@pytest.mark.system
def test_program_with_async_sdk_v2_reaches_the_emulator(seed: str) -> None:
    """It uses aiohttp, which reads the proxy variables only with `trust_env`."""
    output = printed("--seed", seed, sys.executable, str(PROGRAMS / "v2_async.py"))
    assert output == "content\n"


@pytest.mark.system
def test_program_with_ali_oss_reaches_the_emulator(tmp_path: Path, seed: str) -> None:
    project = copy_project(PROGRAMS / "node", tmp_path / "node")
    output = printed("--seed", seed, "node", "program.js", cwd=project)
    rules = "https://www.example.com/"
    assert output.splitlines() == [
        f"https://oss-cn-hangzhou.aliyuncs.com/ {rules} content",
        f"http://oss-cn-hangzhou.aliyuncs.com/ {rules} content",
        f"https://oss-cn-hangzhou-internal.aliyuncs.com/ {rules} content",
        "https://www.example.com/ 200",
        "https://thief.example/ 403",
    ]


@pytest.mark.system
def test_node_connects_to_other_hosts_directly(tmp_path: Path) -> None:
    """In Node, only connections to hosts of OSS are redirected to the emulator."""
    require("node")
    program = tmp_path / "program.cjs"
    program.write_text(CASES["node_connects_to_other_hosts_directly"])
    assert [line for line in printed("node", str(program)).split("\n") if len(line) > 5] == [
        "direct",
        "direct",
        "direct",
        "HTTP/1.0 403 Forbidden",
        "HTTP/1.0 403 Forbidden",
        "HTTP/1.0 403 Forbidden",
        "oss-emulator run redirects ports 80 and 443 of OSS, "
        "not b.oss-cn-hangzhou.aliyuncs.com:8443",
        "looked up b.rds.aliyuncs.com",
    ]


@pytest.mark.system
def test_program_in_java_on_the_page_reaches_the_emulator(tmp_path: Path) -> None:
    """The path of the trust store has a space, at which Java splits JAVA_TOOL_OPTIONS."""
    require("java")
    page = (ROOT / "docs" / "drop-in.md").read_text(encoding="utf-8").partition("### Java\n")[2]
    program, command, output = blocks(page)[:3]
    (tmp_path / "Fetch.java").write_text(program.text, encoding="utf-8")
    spaced = tmp_path / "a b"
    spaced.mkdir()
    with mock.patch.object(tempfile, "tempdir", str(spaced)):
        done = run(*shlex.split(command.text)[2:], cwd=tmp_path, JAVA_TOOL_OPTIONS="-Dmine=1")
    assert done.stdout == output.text, done.stderr
    assert "-Dmine=1 -Dhttp.proxyHost=" in done.stderr


HTTPX = (
    "import httpx\n"
    "for scheme in ('https', 'http'):\n"
    "    url = f'{scheme}://examplebucket.oss-cn-hangzhou.aliyuncs.com/missing'\n"
    "    print(httpx.get(url).status_code)"
)
FETCHING = {
    "httpx": (sys.executable, "-c", HTTPX),
    "curl": (
        *("sh", "-c"),
        "for scheme in https http; do curl -sw '%{http_code}\\n' -o /dev/null "
        "$scheme://examplebucket.oss-cn-hangzhou.aliyuncs.com/missing; done",
    ),
    "php": ("php", str(PROGRAMS / "fetch.php")),
    "ruby": ("ruby", str(PROGRAMS / "fetch.rb")),
    "go": ("go", "run", str(PROGRAMS / "fetch.go")),
}
"""Commands that ask for an object over https and over http, by the requirement of each."""


@pytest.mark.system
@pytest.mark.parametrize("program", FETCHING)
def test_clients_that_read_the_proxy_variables_reach_the_emulator(program: str, seed: str) -> None:
    if program != "httpx":
        require(program)
    if program == "php":
        require_curl_of_php()
    output = printed("--seed", seed, "--", *FETCHING[program], GO111MODULE="off")
    assert output == "404\n404\n"


def require_curl_of_php() -> None:
    php = require("php")
    modules = subprocess.run([php, "-m"], capture_output=True, text=True, check=True).stdout
    if "curl" not in modules.split():
        reason = "the extension curl of PHP is missing: Debian's php-curl has it"
        (pytest.fail if "php" in required() else pytest.skip)(reason)


@pytest.mark.system
def test_php_keeps_its_own_settings(tmp_path: Path) -> None:
    require("php")
    (tmp_path / "mine.ini").write_text("date.timezone = Asia/Shanghai\n")
    code = 'echo ini_get("date.timezone"), count(get_loaded_extensions()), ini_get("curl.cainfo");'
    php = ("php", "-r", code)
    plain = subprocess.run(
        php, env={**os.environ, "PHP_INI_SCAN_DIR": f":{tmp_path}"}, capture_output=True, text=True
    ).stdout
    output = printed("--", *php, PHP_INI_SCAN_DIR=f":{tmp_path}")
    assert output.startswith(plain)
    assert output.startswith("Asia/Shanghai")
    assert output.endswith("/bundle.pem")


DIRECT = {
    "go": ("go", "run", str(PROGRAMS / "direct.go")),
    "java": ("java", str(PROGRAMS / "Direct.java")),
    "php": ("php", str(PROGRAMS / "direct.php")),
    "curl": (
        *("sh", "-c"),
        'env | sed "s/^/x-given: /" | '
        "curl --noproxy '*' -sw '%{http_code}\\n' -o /dev/null -H @- \"$1\"",
        "sh",
    ),
}
"""Commands that `run` does not redirect; they send all variables to the URL of their argument."""


class Outside(BaseHTTPRequestHandler):
    """Stands for the real service, and collects what it is told."""

    told: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.told.extend(self.headers.get_all("x-given", []))
        self.send_response(403)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.mark.system
@pytest.mark.parametrize("program", DIRECT)
def test_clients_that_are_not_redirected_do_not_know_the_real_key(
    program: str, capsys: pytest.CaptureFixture[str]
) -> None:
    require(program)
    told: list[str] = []
    handler = type("Handler", (Outside,), {"told": told})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as service:
        thread = Thread(target=service.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{service.server_port}/"
            inherited = dict.fromkeys(INHERITED, REAL)
            output = printed("--", *DIRECT[program], url, cwd=None, GO111MODULE="off", **inherited)
        finally:
            service.shutdown()
            thread.join()
    assert output == "403\n"
    assert "OSS_ACCESS_KEY_ID=oss-emulator" in told
    assert not [variable for variable in told if REAL in variable]
    assert capsys.readouterr().err == NOTHING


def test_own_sitecustomize_runs_as_well(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.mine = 'mine'")
    code = "import aiohttp, certifi, sys; print(sys.mine)"
    assert printed("--", sys.executable, "-c", code, PYTHONPATH=str(tmp_path)) == "mine\n"


def test_module_that_was_imported_before_is_changed() -> None:
    code = (
        "import site, socket\n"
        "site.execsitecustomize()\n"  # Python calls it after the .pth files, which may import
        "print(socket.getaddrinfo('oss.aliyuncs.com', 80)[0][4][0])"
    )
    assert printed("--", sys.executable, "-S", "-c", code) == "127.0.0.1\n"


def test_isolated_python_is_not_redirected() -> None:
    code = "import socket; print(hasattr(socket.getaddrinfo, '__wrapped__'))"
    for flag, changed in (("-B", True), ("-I", False), ("-E", False), ("-S", False)):
        assert printed("--", sys.executable, flag, "-c", code) == f"{changed}\n"


def test_session_may_ignore_the_variables() -> None:
    code = CASES["session_may_ignore_the_variables"]
    assert printed("--", sys.executable, "-c", code) == "True\nFalse\n"


def test_client_without_a_proxy_reaches_the_emulator(seed: str) -> None:
    code = CASES["client_without_a_proxy_reaches_the_emulator"]
    refused = "oss-emulator run redirects ports 80 and 443 of OSS, not oss.aliyuncs.com"
    output = printed("--seed", seed, "--", sys.executable, "-c", code)
    assert output.splitlines() == [
        *("404", "404", "127.0.0.1"),
        f"{refused}:81",
        *[f"{refused} without a port"] * 3,
        *("127.0.0.1", "True"),
        "b.rds.aliyuncs.com 3306",
    ]


def test_every_way_to_connect_reaches_the_emulator(seed: str) -> None:
    code = CASES["every_way_to_connect_reaches_the_emulator"]
    mapped = ["::ffff:127.0.0.1"] * 2
    four = ["403", "127.0.0.1", "127.0.0.1"] * 4
    output = printed("--seed", seed, "--", sys.executable, "-c", code)
    assert output.splitlines() == ["403", "403", "403", *mapped, *four]


def test_httpx_without_a_proxy_reaches_the_emulator(seed: str) -> None:
    code = CASES["httpx_without_a_proxy_reaches_the_emulator"]
    output = printed("--seed", seed, "--", sys.executable, "-c", code)
    assert output.splitlines() == ["404"] * 4


@pytest.mark.system
def test_node_looks_up_no_names_of_oss(tmp_path: Path) -> None:
    """A program could connect to the result of a look-up, which names no host."""
    require("node")
    program = tmp_path / "program.mjs"
    program.write_text(CASES["node_looks_up_no_names_of_oss"])
    refused = "oss-emulator run redirects ports 80 and 443 of OSS, not"
    lines = printed("node", str(program)).splitlines()
    assert lines == ["127.0.0.1", *[f"{refused} b.oss-cn-hangzhou.aliyuncs.com without a port"] * 5]


DROPPED = ("OSS_EMULATOR_ENDPOINT", "OSS_EMULATOR_(HTTPS_)?ENDPOINT", "OSS_EMULATOR_HTTPS")
"""Names of variables that a program does not hand on to its children."""


def run_without(dropped: str, *command: str) -> str:
    """Run a command in a program that hands on only some variables; return what it prints."""
    code = (
        "import os, re, subprocess\n"
        f"kept = {{n: v for n, v in os.environ.items() if not re.match({dropped!r}, n)}}\n"
        f"subprocess.run({command!r}, env=kept, check=True)"
    )
    return printed("--", sys.executable, "-c", code)


@rows("dropped", *DROPPED)
def test_program_with_other_variables_still_has_sockets(dropped: str) -> None:
    assert run_without(dropped, sys.executable, "-c", "import socket; print(1)") == "1\n"


@pytest.mark.system
@rows("dropped", *DROPPED)
def test_node_with_other_variables_runs(dropped: str) -> None:
    require("node")
    code = "require('node:net').connect(9).on('error', () => console.log(1))"
    assert run_without(dropped, "node", "-e", code) == "1\n"


# --- the environment


def variables(*flags: str, **env: str) -> dict[str, str]:
    return dict(json.loads(printed(*flags, "--", sys.executable, "-c", PRINT, cwd=None, **env)))


def test_command_gets_endpoint_proxy_key_and_bundle() -> None:
    found = variables(OSS_EMULATOR_ACCESS_KEY_ID="an-id", OSS_EMULATOR_ACCESS_KEY_SECRET="hush")
    endpoint = found["OSS_EMULATOR_ENDPOINT"]
    assert endpoint.startswith("http://127.0.0.1:")
    assert found["OSS_EMULATOR_HTTPS_ENDPOINT"].startswith("https://127.0.0.1:")
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        assert found[name] == found[name.lower()] == endpoint
    assert found["NO_PROXY"] == found["no_proxy"]
    assert found["NO_PROXY"].split(",")[:3] == ["localhost", "127.0.0.1", "::1"]
    assert (found["OSS_ACCESS_KEY_ID"], found["OSS_ACCESS_KEY_SECRET"]) == ("an-id", "hush")
    assert found["ALIBABA_CLOUD_ACCESS_KEY_ID"] == "an-id"
    assert found["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] == "hush"
    bundle = found["REQUESTS_CA_BUNDLE"]
    assert found["SSL_CERT_FILE"] == found["CURL_CA_BUNDLE"] == bundle
    assert found["NODE_EXTRA_CA_CERTS"] != bundle
    assert not Path(bundle).exists()  # the emulator removed it at its end


def test_command_inherits_no_credentials() -> None:
    others = dict.fromkeys(["OSS_BUCKET", "OSS_CONTAINER_NAME", "AWS_REGION", "TOKEN"], "mine")
    found = variables(**dict.fromkeys(INHERITED, REAL), **others)
    assert REAL not in found.values()
    assert others.items() <= found.items()
    for name in INHERITED:
        if name.endswith(("ACCESS_KEY_ID", "ACCESS_KEY")) and "SECRET" not in name:
            assert found[name] == "oss-emulator", name
        elif "SECRET" in name:
            assert found[name] == "oss-emulator-secret", name


def test_key_of_the_accounts_replaces_inherited_ones(tmp_path: Path) -> None:
    (tmp_path / "accounts.toml").write_text(ACCOUNTS)
    accounts = str(tmp_path / "accounts.toml")
    found = variables("--accounts", accounts, OSS_ACCESS_KEY_ID=REAL, AWS_ACCESS_KEY_ID=REAL)
    assert found["OSS_ACCESS_KEY_ID"] == found["AWS_ACCESS_KEY_ID"] == "app"


PROFILES = CASES["profiles"]


def test_files_of_profiles_have_the_key_of_the_emulator(tmp_path: Path) -> None:
    """The profiles of the home folder are neither read nor changed."""
    for folder, name in ((".alibabacloud", "credentials.ini"), (".aws", "credentials")):
        (tmp_path / folder).mkdir()
        text = f"[default]\ntype = access_key\naccess_key_id = {REAL}\naws_access_key_id = {REAL}\n"
        (tmp_path / folder / name).write_text(text)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    program = [sys.executable, "-W", "ignore", "-c", PROFILES]
    output = printed("--", *program, HOME=str(tmp_path), ALIBABA_CLOUD_PROFILE="production")
    assert output.splitlines() == [
        "oss-emulator",
        "oss-emulator AK",
        "oss-emulator cn-hangzhou",
        "oss-emulator cn-hangzhou",
    ]
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_unknown_key_gets_a_hint(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "import oss2\n"
        f"auth = oss2.Auth({REAL!r}, 'hush')\n"
        "try: oss2.Service(auth, 'https://oss-cn-hangzhou.aliyuncs.com').list_buckets()\n"
        "except oss2.exceptions.ServerError as error: print(error.code)\n"
    )
    program = [sys.executable, "-W", "ignore", str(tmp_path / "a.py")]
    assert printed("--", *program) == "InvalidAccessKeyId\n"
    assert capsys.readouterr().err == (
        f"oss-emulator: the emulator does not know the access key {REAL}: use that of "
        "OSS_ACCESS_KEY_ID, or accept every key with --auth relaxed\n"
    )
    assert printed("--auth", "relaxed", "--", *program) == ""
    assert capsys.readouterr().err == ""


def test_run_without_a_request_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("true").returncode == 0
    assert capsys.readouterr().err == NOTHING


def test_token_of_another_key_is_removed(tmp_path: Path, seed: str) -> None:
    """The credentials providers of the SDKs send OSS_SESSION_TOKEN with any key."""
    done = run(
        "--seed",
        seed,
        sys.executable,
        "-W",
        "ignore",
        sample(tmp_path, "get"),
        OSS_ACCESS_KEY_ID="STS.mine",
        OSS_ACCESS_KEY_SECRET="hush",
        OSS_SESSION_TOKEN="CAISmine",
    )
    assert done.stdout == "allow empty referer=True, referers=[]\n", done.stderr


ACCOUNTS = CASES["accounts"]


@pytest.mark.system
@pytest.mark.parametrize(
    ("provider", "key"), [("default", "app"), ("access_key", "app"), ("ram_role_arn", "STS.")]
)
def test_providers_of_alibabacloud_credentials(
    tmp_path: Path, seed: str, provider: str, key: str
) -> None:
    """The client of STS trusts the bundle of certifi and ignores the variables."""
    accounts = tmp_path / "accounts.toml"
    accounts.write_text(ACCOUNTS)
    program = [sys.executable, "-W", "ignore", str(PROGRAMS / "credentials.py"), provider]
    output = printed(
        "--accounts",
        str(accounts),
        "--seed",
        seed,
        "--",
        *program,
        ALIBABA_CLOUD_SECURITY_TOKEN="of another key",
    )
    assert output == f"{key} b'content'\n"


@pytest.mark.system
def test_client_of_sts_works_unchanged() -> None:
    output = printed("--", sys.executable, "-W", "ignore", str(PROGRAMS / "sts.py"))
    assert output == "acs:ram::1000000000000001:root\n"


@pytest.mark.system
def test_client_side_encryption_uses_the_emulator_as_kms(seed: str) -> None:
    """P-86, P-88"""
    program = str(PROGRAMS / "encrypted.py")
    output = printed("--seed", seed, "--", sys.executable, "-W", "ignore", program)
    assert output == "False b'content'\n400 InvalidParameter\n"


def test_certifi_names_the_bundle() -> None:
    code = (
        "import certifi, certifi.core, os\n"
        "bundle = os.environ['SSL_CERT_FILE']\n"
        "print(certifi.where() == certifi.core.where() == bundle)\n"
        "print(certifi.contents() == open(bundle).read())"
    )
    assert printed("--", sys.executable, "-c", code) == "True\nTrue\n"


def test_no_proxy_is_kept_except_for_oss() -> None:
    given = (
        "*, api.example.com,.aliyuncs.com oss-cn-* OSS.Aliyuncs.com.,"
        "oss-cn-hangzhou.aliyuncs.com:443,.com,10.0.0.0/8,"
        "http://oss-cn-hangzhou.aliyuncs.com,ALL://*.aliyuncs.com:80/"
    )
    found = variables(NO_PROXY=given, no_proxy="other.example")
    assert found["NO_PROXY"] == ("localhost,127.0.0.1,::1,api.example.com,10.0.0.0/8,other.example")
    for host in ("[::1]", "api.example.com|*.api.example.com|other.example|*.other.example"):
        assert host in found["JAVA_TOOL_OPTIONS"]


def test_public_certificates_stay_trusted(tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_text("the roots of before")
    code = "import os; print(open(os.environ['SSL_CERT_FILE']).read())"
    bundle = printed(
        "--ca-file",
        str(tmp_path / "ca.pem"),
        "--",
        sys.executable,
        "-c",
        code,
        REQUESTS_CA_BUNDLE=str(roots),
    )
    assert bundle.strip() == f"the roots of before\n{(tmp_path / 'ca.pem').read_text().strip()}"


def test_other_hosts_are_refused_without_a_request(seed: str) -> None:
    code = CASES["other_hosts_are_refused_without_a_request"]
    assert printed("--seed", seed, "--", sys.executable, "-c", code) == "403\nTrue True\n"


@pytest.mark.parametrize("status", [0, 3])
def test_refused_hosts_are_named_after_a_failure(
    status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """`curl` shows only the status of the proxy; other clients show nothing."""
    code = (
        "import http.client, os, sys, urllib.parse\n"
        "proxy = urllib.parse.urlsplit(os.environ['HTTPS_PROXY']).netloc\n"
        "for host in ('api.example.com', 'b.test', 'api.example.com'):\n"
        "    asked = http.client.HTTPSConnection(proxy)\n"
        "    asked.set_tunnel(host)\n"
        "    try: asked.connect()\n"
        "    except OSError: pass\n"
        f"sys.exit({status})"
    )
    assert run("--", sys.executable, "-c", code).returncode == status
    assert capsys.readouterr().err == (
        NOTHING + "oss-emulator: the proxy refused hosts other than those of OSS; to reach them "
        "directly, add to NO_PROXY: api.example.com,b.test\n"
        if status
        else NOTHING
    )


def test_read_only_disk_is_reported_in_one_sentence() -> None:
    none = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")
    with mock.patch.object(tempfile, "mkdtemp", side_effect=none):
        status, sentence = fail("run", "--", "true")
    assert (status, sentence) == (
        1,
        "oss-emulator: no folder for temporary files can be written; name one with TMPDIR\n",
    )


# --- the command


@rows("status", 0, 1, 7, 255)
def test_exit_status_is_that_of_the_command(status: int) -> None:
    done = run("sh", "-c", f"exit {status}")
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


def test_flags_after_the_command_belong_to_it() -> None:
    code = "import sys; print(sys.argv[1:])"
    for dashes in ((), ("--",)):
        output = printed(
            "--region", "cn-beijing", *dashes, sys.executable, "-c", code, "--port", "--"
        )
        assert output == "['--port', '--']\n"


def test_command_inherits_input_and_folder(tmp_path: Path) -> None:
    said = tmp_path / "said"
    said.write_text("said\n")
    before = os.dup(0)
    with said.open("rb") as file:
        os.dup2(file.fileno(), 0)
    try:
        assert printed("sh", "-c", "cat; pwd", cwd=tmp_path) == f"said\n{tmp_path}\n"
    finally:
        os.dup2(before, 0)
        os.close(before)


@rows(
    ("command", "status", "complaint"),
    ("no-such-command", 127, "no-such-command cannot be run: No such file or directory"),
    (str(PROGRAMS), 126, "cannot be run: Permission denied"),
)
def test_missing_command_is_reported(command: str, status: int, complaint: str) -> None:
    sentence = f"oss-emulator: {command} {complaint.removeprefix(command).strip()}\n"
    assert fail("run", command) == (status, sentence)


@rows(("arguments", "complaint"), *CASES["bad_command_line_is_reported_in_one_sentence"])
def test_bad_command_line_is_reported_in_one_sentence(
    arguments: tuple[str, ...], complaint: str
) -> None:
    status, sentence = fail("run", *arguments)
    assert status == 2
    assert complaint in sentence


def test_signal_that_ends_the_command_is_the_status() -> None:
    assert run("sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


def test_signals_are_forwarded() -> None:
    """The command prints each signal that it gets, and exits at the last one."""
    numbers = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT, signal.SIGTERM]
    code = (
        "import signal, sys, time\n"
        "def tell(number, frame):\n"
        "    print(number, flush=True)\n"
        f"    if number == {int(numbers[-1])}: sys.exit(42)\n"
        f"for number in {[int(number) for number in numbers]}: signal.signal(number, tell)\n"
        "print('ready', flush=True)\n"
        # Not pause(): a signal may come before it. Not for ever: a signal may never come.
        f"for _ in range({int(PATIENCE / 0.05)}): time.sleep(0.05)"
    )
    with (
        tempfile.TemporaryFile() as errors,
        Forked(("run", sys.executable, "-c", code), errors) as process,
    ):
        try:
            assert process.stdout.readline() == b"ready\n"
            for number in numbers:
                process.send_signal(number)
                assert process.stdout.readline() == f"{int(number)}\n".encode()
            assert process.wait(PATIENCE) == 42
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def test_ready_file_exists_before_the_command_starts(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    output = printed("--ready-file", str(ready), "--", "cat", str(ready))
    assert json.loads(output)["https_endpoint"].startswith("https://")


@pytest.mark.parametrize("program", ["boto3", "rclone"])
def test_clients_of_s3_need_no_setting(program: str, tmp_path: Path) -> None:
    """rclone fails if AWS_CA_BUNDLE is set; boto3 reads REQUESTS_CA_BUNDLE as well."""
    if program == "rclone":
        require("rclone")
    listing = 'import boto3; print(boto3.client("s3").list_buckets()["Buckets"])'
    remote = ":s3,provider=Alibaba,env_auth:"
    text = {
        "boto3": f"{PYTHON} -c {shlex.quote(listing)}",
        "rclone": f"RCLONE_S3_ENDPOINT=$AWS_ENDPOINT_URL rclone --config /dev/null lsd {remote}",
    }[program]
    keys = "AWS_ACCESS_KEY_ID=$OSS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY=$OSS_ACCESS_KEY_SECRET"
    place = "AWS_ENDPOINT_URL=https://oss-cn-hangzhou.aliyuncs.com AWS_REGION=cn-hangzhou"
    done = run(
        "--", "sh", "-c", f"export {keys} {place}; {text}", AWS_CA_BUNDLE=str(tmp_path / "missing")
    )
    assert done.returncode == 0, done.stderr
