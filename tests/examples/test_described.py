"""The examples that need Docker, a cluster or Spark: their files are well-formed and agree with us.

nginx runs here, so the CDN is tried without Docker.
"""

from __future__ import annotations

import ast
import re
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml
from oss_emulator import Emulator
from oss_emulator.settings import Settings
from oss_referer.sources.account import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET

from tests.cli.forking import serving
from tests.cli.process import environment, wait_for
from tests.client import PATIENCE
from tests.examples import workflow
from tests.requirements import require
from tests.rows import rows

EXAMPLES = Path(__file__).parents[2] / "examples"
VARIABLES = {f"OSS_EMULATOR_{item.name.upper()}" for item in fields(Settings)}
FILES = sorted(
    path
    for path in EXAMPLES.rglob("*")
    if path.parent.name in ("ci", "flink", "kubernetes", "spark", "testcontainers")
    # These files name no address and no key.
    and path.name not in ("package.json", "pytest.yml", "rules.yml")
)


@rows("path", *FILES)
def test_variables_and_keys_are_those_of_the_emulator(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"OSS_EMULATOR_[A-Z_]+", text)) <= VARIABLES
    assert "9000" in text
    if "ecret" in text:
        assert DEFAULT_ACCESS_KEY_ID in text
        assert DEFAULT_ACCESS_KEY_SECRET in text
    if path.suffix in (".yml", ".yaml"):
        assert all(isinstance(document, dict) for document in yaml.safe_load_all(text))
    elif path.suffix == ".py":
        ast.parse(text)


def test_deployment_runs_as_the_user_of_the_image_and_asks_its_health() -> None:
    text = (EXAMPLES / "kubernetes" / "oss-emulator.yaml").read_text(encoding="utf-8")
    deployment, service = yaml.safe_load_all(text)
    pod: Any = deployment["spec"]["template"]
    user = pod["spec"]["securityContext"]["runAsUser"]
    assert f"useradd --uid {user} " in (EXAMPLES.parent / "Dockerfile").read_text()
    (container,) = pod["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"]["path"] == "/_emulator/health"
    assert service["spec"]["selector"] == pod["metadata"]["labels"]


def test_steps_of_github_actions_pass(tmp_path: Path) -> None:
    """Here the emulator gets the variables of the service; `make containers` runs the image."""
    require("curl")
    job = workflow.read()
    variables = environment(**job["services"]["oss"]["env"])
    with serving(tmp_path, env=variables) as server:
        first, second = workflow.run_steps(job, f"http://127.0.0.1:{server.port}", tmp_path)
    assert first == "Hello from oss-emulator.\n"
    assert "You are denied by bucket referer policy." in second


def test_failing_step_fails_the_job(tmp_path: Path) -> None:
    job = {"env": {"OSS_ENDPOINT": "http://127.0.0.1:9000"}, "steps": [{"run": "false; true"}]}
    with pytest.raises(AssertionError):
        workflow.run_steps(job, "http://127.0.0.1:9000", tmp_path)


def test_cdn_passes_the_referer_and_caches_by_it(tmp_path: Path) -> None:
    nginx = require("nginx")
    place = tmp_path / "cdn.sock"
    with Emulator(demo=True) as emulator:
        text = (EXAMPLES / "cdn" / "nginx.conf").read_text(encoding="utf-8")
        text = text.replace("oss-emulator:9000", f"127.0.0.1:{emulator.port}")
        text = text.replace("listen 8080", f"listen unix:{place}")
        text = text.replace("/var/cache/nginx/oss", str(tmp_path / "cache"))
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\n"
            f"events {{}}\nhttp {{ access_log off; client_body_temp_path {tmp_path}/b;\n"
            f"proxy_temp_path {tmp_path}/p; fastcgi_temp_path {tmp_path}/f;\n"
            f"uwsgi_temp_path {tmp_path}/u; scgi_temp_path {tmp_path}/s;\n{text} }}\n"
        )
        command = [nginx, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                wait_for(place.exists)

                def ask(referer: str) -> tuple[str, str]:
                    done = subprocess.run(
                        [
                            *("curl", "-s", "-o", "/dev/null", "--unix-socket", str(place)),
                            *("-w", "%{http_code} %header{x-cache}", "-e", referer),
                            "http://cdn.test/hello.txt",
                        ],
                        capture_output=True,
                        text=True,
                        timeout=PATIENCE,
                    )
                    status, _, cache = done.stdout.partition(" ")
                    return status, cache

                assert ask("http://www.example.com/") == ("200", "MISS")
                assert ask("http://thief.example.org/")[0] == "403"
                assert ask("http://www.example.com/") == ("200", "HIT")
            finally:
                process.terminate()
