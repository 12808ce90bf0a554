"""`serve` with contents (--demo, --preload, --watch), accounts, https and a file of settings."""

from __future__ import annotations

import json
import sys
from contextlib import chdir
from pathlib import Path

import oss2
import pytest

from tests.cli.forking import command, serving, started
from tests.cli.process import Running, environment, wait_for
from tests.cli.refusal import fail, refuse
from tests.rows import read_cases, rows

CASES = read_cases("cli")

OBJECT = "/examplebucket/a.txt"
SEED = """
[[bucket]]
name = "examplebucket"
acl = "public-read"
[[bucket.object]]
key = "a.txt"
text = "{}"
"""


def test_demo_enforces_its_rules(tmp_path: Path) -> None:
    with serving(tmp_path, "--demo") as running:
        target = "/examplebucket/hello.txt"
        assert running.ask("GET", target, Referer="http://www.example.com/").status == 200
        assert running.ask("GET", target, Referer="http://thief.example.org/").status == 403
        assert running.ask("GET", "/examplebucket/picture.svg").status == 200


def test_folder_is_preloaded(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.txt").write_text("preloaded")
    seed = tmp_path / "seed.toml"
    seed.write_text(SEED.format("seeded"))
    folder = f"{tmp_path / 'site'}=examplebucket"
    with serving(tmp_path, "--seed", str(seed), "--preload", folder) as running:
        found = running.ask("GET", OBJECT)
        assert (found.status, found.text) == (200, "preloaded")
        assert found.headers["Content-Type"] == "text/plain"


def rewrite(path: Path, text: str) -> None:
    """Replace a file in one step, so that nobody sees it half written."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.replace(path)


def test_changed_seed_is_loaded_and_a_broken_one_is_not(tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(SEED.format("one"))
    said = [
        f"oss-emulator: {seed} changed and was loaded again",
        "oss-emulator: nothing was loaded again, and the old contents stay: The seed "
        f"{seed}, line 1, column 1: bucket[0].name is missing; write a string.",
        f"oss-emulator: {seed} changed and was loaded again",
    ]
    with serving(tmp_path, "--seed", str(seed), "--watch") as running:

        def has_said(count: int) -> bool:
            lines = running.stderr.read_text().splitlines()
            return [line for line in lines if "loaded again" in line] == said[:count]

        assert running.ask("GET", OBJECT).text == "one"
        rewrite(seed, SEED.format("and two"))
        wait_for(lambda: has_said(1))
        assert running.ask("GET", OBJECT).text == "and two"
        rewrite(seed, "[[bucket]]")
        wait_for(lambda: has_said(2))
        assert running.ask("GET", OBJECT).text == "and two"
        rewrite(seed, SEED.format("three"))
        wait_for(lambda: has_said(3))
        assert running.ask("GET", OBJECT).text == "three"


def test_object_of_a_removed_file_stays(tmp_path: Path) -> None:
    site = tmp_path / "site"
    (site / "below").mkdir(parents=True)
    gone = site / "below" / "b.txt"
    gone.write_text("b")
    seed = tmp_path / "seed.toml"
    seed.write_text(SEED.format("seeded"))
    flags = ("--seed", str(seed), "--preload", f"{site}=examplebucket", "--watch")
    with serving(tmp_path, *flags) as running:
        gone.unlink()
        said = f"oss-emulator: {gone} was removed; its contents stay until a reset\n"
        wait_for(lambda: said in running.stderr.read_text())
        assert running.ask("GET", "/examplebucket/below/b.txt").text == "b"


def test_flags_precede_variables_and_variables_precede_the_file(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.oss-emulator]\nport = 0\nregion = "from-file"\naccess_key_id = "from-file"\n'
        f'access_key_secret = "from-file"\nready_file = "{ready}"\n'
    )
    env = environment(OSS_EMULATOR_ACCESS_KEY_ID="from-variable", OSS_EMULATOR_REGION="variable")
    command = ("serve", "--region", "from-flag")
    with started(command, tmp_path, ready, env, tmp_path) as running:
        assert running.ready["region"] == "from-flag"
        assert running.ready["access_key_id"] == "from-variable"
        assert "(as configured)" in running.announced


@pytest.mark.parametrize(("flags", "said"), CASES["mistake_gets_one_line"])
def test_mistake_gets_one_line(tmp_path: Path, flags: tuple[str, ...], said: str) -> None:
    with chdir(tmp_path):
        assert said in refuse("serve", "--port", "0", *flags)


# --- `serve --accounts` and the accounts of a seed: accepted keys, and errors


ACCOUNTS = CASES["serve_with_accounts"]
BUCKET = '\n[[bucket]]\nname = "examplebucket"\n'
PROGRAM = CASES["serve_with_program"]


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.toml"
    path.write_text(ACCOUNTS, encoding="utf-8")
    return path


def buckets(running: Running, who: str) -> list[str]:
    service = oss2.Service(oss2.Auth(who, f"secret of {who}"), running.endpoint)
    return [found.name for found in service.list_buckets().buckets]


def test_accounts_of_a_file_are_known(accounts: Path, tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(BUCKET)
    with serving(tmp_path, "--accounts", str(accounts), "--seed", str(seed)) as running:
        assert running.ready["access_key_id"] == "owner"
        assert "access key owner / (as configured)" in running.announced
        assert buckets(running, "owner") == ["examplebucket"]
        assert buckets(running, "payer") == []
        with pytest.raises(oss2.exceptions.AccessDenied):
            buckets(running, "app")


def test_accounts_file_takes_precedence_over_the_key_of_clients(
    accounts: Path, tmp_path: Path
) -> None:
    env = environment(OSS_EMULATOR_ACCOUNTS=str(accounts), OSS_ACCESS_KEY_ID="of-the-client")
    with serving(tmp_path, env=env) as running:
        assert running.ready["access_key_id"] == "owner"


def test_accounts_of_a_seed_are_known(tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(ACCOUNTS + BUCKET)
    with serving(tmp_path, "--seed", str(seed), "--data", str(tmp_path / "data")) as running:
        assert running.ready["access_key_id"] == "owner"
        assert buckets(running, "owner") == ["examplebucket"]


def test_unchanged_program_assumes_a_role(accounts: Path, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    python = (sys.executable, "-W", "ignore", str(program))
    done = command("run", "--accounts", str(accounts), *python)
    assert (done.stdout, done.returncode) == ("examplebucket\n", 0), done.stderr


def test_program_gets_the_first_key(accounts: Path) -> None:
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    done = command("run", "--accounts", str(accounts), sys.executable, "-c", show)
    found = json.loads(done.stdout)
    assert found["OSS_ACCESS_KEY_ID"] == "owner"
    assert found["OSS_ACCESS_KEY_SECRET"] == "secret of owner"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("account = [", "line 1, column 12: this is not valid TOML: Invalid value"),
        (f"account = {'[' * 5000}", "nested too deeply"),
        ("", "no account has a key"),
        ('[[account]]\nid = "me"\n', 'account[0].id is "me"; write a string of digits'),
        (
            ACCOUNTS + '[[account]]\nid = "1000000000000002"\n',
            'account[2].id is "1000000000000002"; write a different one',
        ),
        (
            ACCOUNTS.replace("AliyunSTSAssumeRoleAccess", "Everything"),
            'account[0].user[0].policies[0] is "Everything"; write a JSON',
        ),
    ],
)
def test_bad_accounts_are_reported_in_one_sentence(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "accounts.toml"
    path.write_text(text)
    status, said = fail("serve", "--accounts", str(path))
    assert (status, str(path) in said) == (2, True)
    assert complaint in said
    if text:
        seed = tmp_path / "seed.toml"
        seed.write_text(text)
        status, said = fail("serve", "--seed", str(seed))
        assert (status, str(seed) in said) == (2, True)


def test_accounts_in_file_and_seed_are_refused(accounts: Path, tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(ACCOUNTS)
    status, said = fail("serve", "--accounts", str(accounts), "--seed", str(seed))
    assert status == 2
    assert f"already in the file {accounts}" in said


# --- `oss-emulator serve` with https: files, output and shutdown


def test_http_and_https_are_announced(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    with serving(tmp_path, "--tls-port", "0", "--ca-file", str(ca_file)) as running:
        assert running.endpoint == f"http://127.0.0.1:{running.port}"
        https_endpoint = running.ready["https_endpoint"]
        assert https_endpoint.startswith("https://127.0.0.1:")
        assert running.ready["ca_file"] == str(ca_file)
        assert f"endpoint {running.endpoint} and {https_endpoint}, region" in running.announced
        assert running.ask("GET", "/_emulator/health").status == 200


def test_https_alone_is_announced(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    with serving(tmp_path, "--tls", "--ca-file", str(ca_file)) as running:
        assert running.endpoint == running.ready["https_endpoint"]
        assert running.endpoint == f"https://127.0.0.1:{running.port}"
        assert f"endpoint {running.endpoint}, region" in running.announced
        health = running.ask("GET", "/_emulator/health")
        assert json.loads(health.text)["status"] == "ok"


@rows(
    ("flags", "complaint"),
    (("--tls-key", "key.pem"), "a TLS key needs its certificate: give --tls-cert as well"),
    (
        ("--tls-cert", "a.pem", "--tls-dir", "tls"),
        "--tls-cert replaces the local CA: omit --tls-dir and --ca-file",
    ),
    (("--tls", "--tls-cert", "nowhere.pem"), "nowhere.pem cannot be read: No such file"),
    (("--tls", "--tls-cert", "."), ". cannot be read: Is a directory"),
    (("--tls", "--tls-cert", __file__), "cannot be loaded with its key; give both in PEM"),
    (("--tls", "--tls-dir", __file__), "can be neither read nor created: File exists"),
    (("--ca-file", "/nowhere/ca.pem"), "/nowhere/ca.pem cannot be written: No such file"),
)
def test_unusable_files_and_settings_are_reported(flags: tuple[str, ...], complaint: str) -> None:
    assert complaint in refuse("serve", "--port", "0", *flags)


def test_missing_tls_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    assert fail("serve", "--port", "0", "--tls") == (
        2,
        "oss-emulator: TLS needs the package trustme, which is not installed; "
        "run pip install trustme\n",
    )
