"""The lab in a browser answers like the command line, from a server and from the disk."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from oss_referer import RefererConfiguration
from oss_referer.search.url import UrlStandard, browser_parser, parse_with_ada
from oss_referer.sources import forms
from oss_referer.sources.forms import WHOLE, RulesForm
from oss_referer.translate import SYSTEMS
from playwright.sync_api import Browser, Page

from docs.site.lab import runner
from docs.site.samples import COMMANDS
from tests.docs.markdown import blocks
from tests.referer.lint.random_rules import rules, seeded
from tests.referer.search import test_url
from tests.referer_documents import BAD, GOOD
from tests.thorough import cases

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
PATIENCE = 240_000
"""Milliseconds for a group of commands. A busy machine takes many times as long."""
MOST_BYTES = 10_000_000


def open_lab(browser: Browser, address: str, script: str = "") -> Page:
    """Open the page without a network: a request for a file of another folder fails."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(script)
    page.context.set_offline(address.startswith("file:"))
    page.route(lambda url: not url.startswith((address, "blob:")), lambda route: route.abort())
    page.goto(f"{address}/engine.html")
    return page


@pytest.fixture(scope="module", autouse=True)
def bare(folder: Path) -> None:
    """Add a page that has nothing but the script of the lab."""
    page = '<!doctype html><meta charset="utf-8"><script src="lab.js"></script>'
    (folder / "engine.html").write_text(page, encoding="utf-8")


@pytest.fixture(scope="module", params=["file", "http"])
def address(request: pytest.FixtureRequest, folder: Path, served: str) -> str:
    """Where the lab is: on the disk, or on a server."""
    return folder.as_uri() if request.param == "file" else served


@pytest.fixture(scope="module")
def lab(browser: Browser, address: str) -> Iterator[Page]:
    """The page with Python started."""
    page = open_lab(browser, address)
    strangers: list[str] = []
    page.on("requestfailed", lambda failed: strangers.append(failed.url))
    assert page.evaluate("lab.ready.then(() => '', (error) => error.message)") == ""
    yield page
    assert strangers == []
    page.close()


Files = Mapping[str, str]


class Run(NamedTuple):
    """A command line with the files of its folder."""

    args: Sequence[str]
    files: Files


def assert_same(page: Page, runs: Sequence[Run]) -> None:
    """Run commands in the browser and here, and compare their outputs and files."""
    wanted = [json.loads(runner.run(json.dumps(run._asdict()))) for run in runs]
    script = """async (runs) => {
        const answers = [];
        for (const { args, files } of runs) answers.push(await lab.run(args, files));
        return answers;
    }"""
    found = page.evaluate(script, [run._asdict() for run in runs])
    for run, answer, expected in zip(runs, found, wanted, strict=True):
        assert {"args": run.args, **answer} == {"args": run.args, **expected}
    assert any(expected["status"] == 0 for expected in wanted)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def as_toml(case: Mapping[str, Any]) -> str:
    """Return the rules of a case as a file."""
    names = RefererConfiguration.__dataclass_fields__
    return "".join(f"{name} = {json.dumps(case[name])}\n" for name in names if name in case)


TABLES = sorted((FIXTURES / "referer").glob("*.toml"))


def test_decision_tables_pass_alike(lab: Page) -> None:
    runs = [Run(["test", path.name, "--json"], {path.name: read(path)}) for path in TABLES]
    assert_same(lab, runs)


def test_each_case_of_a_table_is_decided_alike(lab: Page) -> None:
    runs: list[Run] = []
    for path in TABLES:
        text = read(path)
        for case in tomllib.loads(text)["case"]:
            referers = case.get("referer", [])
            referers = [referers] if isinstance(referers, str) else referers
            given = [f"--referer={referer}" for referer in referers] or ["--no-referer"]
            argument = f"{path.name}#{case['rules']}" if "rules" in case else path.name
            runs.append(Run(["check", argument, "--json", *given], {path.name: text}))
    assert_same(lab, runs)


LINTED = tomllib.loads(read(FIXTURES / "lab" / "lint.toml"))["case"]


def test_cases_of_the_linter_are_found_alike(lab: Page) -> None:
    args = ["lint", "r.toml", "--json"]
    assert_same(lab, [Run(args, {"r.toml": as_toml(case)}) for case in LINTED])


LAB = {path.name: read(path) for path in (FIXTURES / "lab").iterdir()}
SITE = "https://www.example.com/"


FORMATS = ("json", "sarif", "github", "junit")
GENERATED = ("xml", "json", "terraform", "toml", "oss2", "ossutil", "table")


def test_each_command_answers_alike(lab: Page) -> None:
    commands = [
        ["lint", "broken.xml"],
        ["lint", "--fix", "broken.xml"],
        ["lint", "--fix", "--unsafe", "broken.xml"],
        ["lint", "--diff", "broken.xml"],
        ["lint", "--explain", "missing-scheme"],
        ["--lang", "zh", "lint", "broken.xml"],
        *(["lint", "broken.xml", "--format", form] for form in FORMATS),
        ["test", "broken.xml", "site.toml", "--json"],
        ["test", "corrected.xml", "site.toml"],
        ["diff", "broken.xml", "corrected.xml", "--json"],
        ["scenarios", "broken.xml", "--site", SITE, "--json"],
        ["scenarios", "corrected.xml", "--site", "https://例子.example.com:8443/a|b^c?d"],
        ["translate", "--from", "nginx", "nginx.conf"],
        *(["translate", "--to", to, "broken.xml"] for to in SYSTEMS),
        *(["generate", "--site", SITE, "--to", to] for to in GENERATED),
        *([command] for command in ("--version", "nonsense")),
        ["check", "none.xml", SITE],
        ["check", "../broken.xml", SITE],
    ]
    assert_same(lab, [Run(args, LAB) for args in commands])


LARGE = (
    *("serve", "replay r.xml --traffic logs/", "generate https://a.test --to xml --traffic r.xml"),
    "generate https://a.test --to xml --traffic http://127.0.0.1:9000",
)


@pytest.mark.parametrize("args", LARGE)
def test_command_that_needs_more_than_a_browser_is_refused(lab: Page, args: str) -> None:
    files = {"r.xml": LAB["broken.xml"]}
    answer = lab.evaluate("([args, files]) => lab.run(args, files)", [args.split(), files])
    assert answer["status"] == 2
    said = f"oss-emulator: a browser cannot run {args}; install oss-emulator and run it there"
    assert answer["stderr"].startswith(said)


def test_files_of_one_command_are_those_of_the_next(lab: Page) -> None:
    made = lab.evaluate(
        """async (given) => {
            const fix = ["lint", "broken.xml", "--fix", "--unsafe-fixes", "--write"];
            const { files } = await lab.run(fix, given);
            return lab.run(["lint", "broken.xml"], files);
        }""",
        LAB,
    )
    assert made["status"] == 0, made


def test_documents_of_each_form_are_read_alike(lab: Page) -> None:
    configuration = RefererConfiguration(False, whitelist=(SITE, "例子.test"), blacklist=("x & y",))
    runs = []
    for form in WHOLE:
        files = {f"rules.{form}": forms.format(configuration, form)}
        runs.append(Run(["check", f"rules.{form}", SITE, "--json"], files))
        cut = {name: text[: len(text) // 2] for name, text in files.items()}
        runs.append(Run(["check", f"rules.{form}", SITE, "--json"], cut))
    assert_same(lab, runs)


def test_har_is_read_alike(lab: Page) -> None:
    saved = read(FIXTURES / "har" / "site.har")
    asked = ["generate", "--traffic", "site.har", "--site", SITE, "--to", "xml"]
    files = ({"site.har": text} for text in (saved, saved[:-9], '{"log": {"entries": []}}'))
    assert_same(lab, [Run(asked, given) for given in files])


def test_files_of_terraform_are_read_or_refused_alike(lab: Page) -> None:
    example = ROOT / "examples" / "gate"
    plan, main = example / "plan.json", read(example / "main.tf")
    unknown = main.replace("= false", "= var.empty")
    assert_same(
        lab,
        [
            Run(["lint", plan.name, "--json"], {plan.name: read(plan)}),
            *(Run(["lint", "main.tf", "--json"], {"main.tf": text}) for text in (main, unknown)),
            Run(["lint", "main.tf"], {"main.tf": main, "override.tf": main}),
        ],
    )


def test_xml_that_is_not_rules_is_refused_alike(lab: Page) -> None:
    cases = tomllib.loads(read(FIXTURES / "xml" / "malformed.toml"))["case"]
    texts = [case["text"] for case in cases]
    texts += [each.document.decode("utf-8", "replace") for each in (*GOOD, *BAD)]
    assert_same(lab, [Run(["check", "r.xml", SITE, "--json"], {"r.xml": text}) for text in texts])


@pytest.mark.parametrize("page", ["rule-lab", "referer", "scenarios"])
def test_commands_of_pages_print_the_same(lab: Page, page: str) -> None:
    runs = list(samples(read(ROOT / "docs" / f"{page}.md")))
    if page == "referer":  # its samples are code
        runs += [Run(["check", "-", SITE], {"-": 'whitelist = ["https://www.example.com/"]'})]
    assert_same(lab, runs)


_FILE = re.compile(r"^cat > (\S+) <<'END'\n(.*?\n)END\n", re.DOTALL | re.MULTILINE)


def samples(page: str) -> Iterator[Run]:
    """Yield the commands of a page that a browser can run, with the files of the page."""
    files: dict[str, str] = {}
    for block in blocks(page):
        files |= dict(_FILE.findall(block.text))
        for line in _FILE.sub("", block.text).splitlines() if block.language == "sh" else ():
            words = line.partition("|")[0].partition(">")[0].split()
            if any(mark in line for mark in NOT_HERE) or words[:1] != ["oss-emulator"]:
                continue
            run = Run(words[1:], dict(files))
            if words[1] in COMMANDS:
                yield run
                files |= json.loads(runner.run(json.dumps(run._asdict())))["files"]


NOT_HERE = ("'", '"', "$", "oss://")
"""Parts of shell commands that are not tried here, or that a browser cannot run."""


LINTED_RULES = cases(15, 200)


def test_random_rules_decide_alike(lab: Page) -> None:
    assert_same(lab, [random_run(seed, ["check", "r.toml", SITE, "--json"]) for seed in range(200)])


@pytest.mark.thorough
def test_random_rules_are_linted_alike(lab: Page) -> None:
    runs = [random_run(seed, ["lint", "r.toml", "--json"]) for seed in range(LINTED_RULES)]
    assert_same(lab, runs)


def random_run(seed: int, args: Sequence[str]) -> Run:
    return Run(args, {"r.toml": forms.format(rules(seeded(seed)), RulesForm.TOML)})


def test_page_that_embeds_the_lab_runs_as_it_is_printed(
    browser: Browser, folder: Path, served: str
) -> None:
    (code,) = (
        block.text for block in blocks(read(ROOT / "docs/rule-lab.md")) if block.language == "html"
    )
    (folder.parent / "own.html").write_text(code, encoding="utf-8")
    page = browser.new_page()
    with page.expect_console_message(timeout=PATIENCE) as said:
        page.goto(f"{served.removesuffix('/lab')}/own.html")
    status, findings = (argument.json_value() for argument in said.value.args)
    assert (status, findings[0]["rule"]) == (1, "missing-scheme")


# --- URLs


def hosts() -> Iterator[str]:
    """Hosts of every kind: with blanks, escapes and wildcards, in all scripts, and addresses."""
    pieces = (
        *("aZ09-_.*~!$&'()+,;= %"),
        *("%20", "%41", "%2A", "%zz", "xn--", "xn--a", "1.2", "0x7f", "256", "::1", ":80"),
        *("ü", "例子", "ß", "ａ", "。", "\u00ad", "\u200d", "[", "]", "@", "\t", "^", "|"),
    )
    chance = seeded(29)
    yield from ("".join(chance.choices(pieces, k=chance.randrange(1, 5))) for _ in range(1_900))


def test_browser_reads_each_url_like_the_command_line(browser: Browser) -> None:
    """The parser that runs in the browser gets the answers of Chromium."""
    texts = [*test_url.READ, *test_url.REFUSED, *(f"https://{host}/a|b^c?d'e" for host in hosts())]
    page = browser.new_page()

    def new(text: str) -> SimpleNamespace:
        members = page.evaluate(
            """(text) => {
                try {
                    const { protocol, hostname, port, pathname, search, href } = new URL(text);
                    return { protocol, hostname, port, pathname, search, href };
                } catch {
                    return null;
                }
            }""",
            text,
        )
        if members is None:
            raise LookupError
        return SimpleNamespace(**members)

    parsers = {"browser": browser_parser(new, LookupError), "ada": parse_with_ada}
    differing = {}
    for text in texts:
        found = {name: describe(parse, text) for name, parse in parsers.items()}
        if found["browser"] != found["ada"]:
            differing[text] = found
    assert differing == {}


def describe(parse: UrlStandard, text: str) -> tuple[str, ...] | None:
    """Return the parts of a URL that the lab uses; None if it is refused."""
    try:
        url = parse(text)
    except ValueError:
        return None
    if "*" in url["hostname"]:
        return ("a wildcard",)  # it is refused: Chromium encodes it next to other letters
    path = url["pathname"].replace("|", "%7C")
    return url["protocol"], url["hostname"], url["port"], path, url["search"]


# --- Failures


def why_not(page: Page) -> dict[str, str]:
    """Return the error with which `lab.ready` rejects."""
    script = "lab.ready.then(() => ({}), ({ code, message }) => ({ code, message }))"
    answer: dict[str, str] = page.evaluate(script)
    return answer


@pytest.mark.parametrize(
    ("script", "code", "sentence"),
    [
        (
            "delete window.WebAssembly",
            "no-webassembly",
            "This browser has no WebAssembly, or it is switched off; switch it on, or open this "
            "page in a current Chrome, Edge, Firefox or Safari.",
        ),
        (
            "delete window.DecompressionStream",
            "old-browser",
            "This browser is too old to run Python; open this page in a current Chrome, Edge, "
            "Firefox or Safari.",
        ),
        (
            "delete WebAssembly.Exception",
            "old-browser",
            "This browser is too old to run Python; open this page in a current Chrome, Edge, "
            "Firefox or Safari.",
        ),
    ],
)
def test_browser_that_cannot_run_python_says_what_to_do(
    browser: Browser, folder: Path, script: str, code: str, sentence: str
) -> None:
    page = open_lab(browser, folder.as_uri(), script)
    assert why_not(page) == {"code": code, "message": sentence}
    run = "lab.run(['--version'], {}).catch((error) => error.message)"
    assert page.evaluate(run) == sentence


def _flip(text: str) -> str:
    """Change one character in the middle."""
    middle = len(text) // 2
    return f"{text[:middle]}{'B' if text[middle] == 'A' else 'A'}{text[middle + 1 :]}"


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("lab.zip", None),
        ("lab.zip", lambda text: text[: len(text) // 2]),
        ("python_stdlib.zip", _flip),
        ("pyodide.asm.wasm", lambda text: "<!doctype html><title>Not found</title>"),
        ("pyodide.asm.wasm", lambda text: text[:1000] + text[2000:]),
        ("pyodide.js", lambda text: ""),
        ("pyodide.asm.js", _flip),
    ],
)
def test_damaged_part_is_named_with_what_to_do(
    browser: Browser,
    folder: Path,
    tmp_path: Path,
    name: str,
    damage: Callable[[str], str] | None,
) -> None:
    copy = tmp_path / "lab"
    shutil.copytree(folder, copy)
    part = copy / "parts" / f"{name}.js"
    if damage is None:
        part.unlink()
    else:
        part.write_text(damage(read(part)), encoding="utf-8")
    page = open_lab(browser, copy.as_uri())
    sentence = f"The file parts/{name}.js is missing or damaged; "
    sentence += "reload the page, or copy its folder again."
    assert why_not(page) == {"code": "broken-file", "message": sentence}


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("lab.run(['lint', 'x'], {'../x': ''})", "'../x' is not the name of a file in the folder"),
        ("lab.run(['lint', 'x'], {'/etc/x': ''})", "'/etc/x' is not the name of a file"),
        ("lab.run('lint x', {})", "args must be a list of strings, and files an object of strings"),
        ("lab.run(['lint', 3], {})", "args must be a list of strings"),
        ("lab.run()", "args must be a list of strings"),
        ("lab.run(['lint', () => 1])", "args must be a list of strings"),
        ("lab.run(['lint', 'x'], null)", "files an object of strings"),
        ("lab.run(['lint', 'x'], 'x')", "files an object of strings"),
        ("lab.run(['lint', 'x\\0'])", "args must not have the character U+0000"),
        ("lab.run(['lint', 'a'], {a: '', 'a/b': ''})", "'a/b' cannot be a file beside the others"),
        ("lab.run(['lint', 'a'], {'\\ud800': ''})", "cannot be a file beside the others"),
        ("lab.run(['lint', 'a'], {['n'.repeat(300)]: ''})", "n' is not the name of a file"),
        ("lab.run(['lint', 'x'], {x: null})", "files an object of strings"),
    ],
)
def test_wrong_question_is_refused_with_a_sentence(lab: Page, call: str, words: str) -> None:
    say = "({ code, message }) => `${code}: ${message}`"
    said = lab.evaluate(f"{call}.then(() => '', {say})")
    assert said.startswith("refused: ")
    assert words in said
    assert lab.evaluate("lab.run(['--version'])")["status"] == 0


def test_value_that_json_cannot_hold_is_refused(lab: Page) -> None:
    said = lab.evaluate(
        """async () => {
            const other = lab.run(["--version"]);
            const { code } = await lab.run(["lint", "x"], { x: 1n }).catch((error) => error);
            return [code, (await other).status];
        }"""
    )
    assert said == ["refused", 0]


def test_command_cannot_change_the_lab(lab: Page) -> None:
    """Otherwise the command of a link could replace a template of the page with its report."""
    for name in ("page/templates/rules_check.html", "page/new.html"):
        args = ["test", "broken.xml", "site.toml", "--junit", f"../../lab/oss_referer/{name}"]
        answer = lab.evaluate("([args, files]) => lab.run(args, files)", [args, LAB])
        assert "the file cannot be written: Permission denied" in answer["stderr"]


def test_questions_that_are_stopped_reject_and_python_starts_again(lab: Page) -> None:
    said = lab.evaluate(
        """async () => {
            const asked = [lab.run(["--version"]), lab.run(["--help"])];
            lab.stop();
            lab.stop(); // it does nothing while Python starts
            const ends = await Promise.all(asked.map((one) => one.catch(({ code }) => code)));
            return [...ends, (await lab.run(["--version"])).status];
        }"""
    )
    assert said == ["stopped", "stopped", 0]


POLICIES = {
    "no worker": "worker-src 'none'",
    "no WebAssembly": "script-src 'self'; worker-src blob:",
    "only its own files": "default-src 'self'",
    "no scripts by their addresses": "require-trusted-types-for 'script'",
}


def open_under(policy: str, browser: Browser, served: str, script: str = "") -> Page:
    """Open the page from a server that sends a Content-Security-Policy."""
    page = browser.new_page()
    page.add_init_script(script)
    page.route(
        "**/engine.html",
        lambda route: route.fulfill(
            response=(answer := route.fetch()),
            headers={**answer.headers, "Content-Security-Policy": policy},
        ),
    )
    page.goto(f"{served}/engine.html")
    return page


def test_worker_needs_no_blob_of_its_own_and_no_module(browser: Browser, served: str) -> None:
    """In Safari, the worker of a page that is opened from a disk has neither."""
    policy = "script-src 'self' 'wasm-unsafe-eval'; worker-src blob:"  # from docs/rule-lab.md
    without = """const Native = Blob;
    window.Blob = class extends Native {
        constructor(texts, options) {
            super(["self.Blob = undefined;", ...texts], options);
        }
    };"""
    page = open_under(policy, browser, served, without)
    assert why_not(page) == {}
    page.close()


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_server_that_forbids_what_python_needs_is_told_what_to_allow(
    browser: Browser, served: str, policy: str
) -> None:
    page = open_under(policy, browser, served)
    assert why_not(page) == {
        "code": "forbidden",
        "message": "The server of this page forbids what Python needs; let its "
        "Content-Security-Policy allow script-src 'self' 'wasm-unsafe-eval' and worker-src "
        "blob:, or open the page from a disk.",
    }
    page.close()


def test_python_starts_again_after_a_crash(browser: Browser, folder: Path) -> None:
    keep = """const Native = Worker;
    window.workers = [];
    window.Worker = class extends Native {
        constructor(address) {
            super(address);
            workers.push(this);
        }
    };"""
    page = open_lab(browser, folder.as_uri(), keep)
    assert why_not(page) == {}
    # The message of the worker for an error of JavaScript; 1 was the id of the first question.
    said = page.evaluate(
        """() => {
            const asked = lab.run(["--version"]).catch((error) => error.message);
            const data = { id: 2, code: "crashed", said: "out of memory" };
            setTimeout(() => workers[0].onmessage({ data }));
            workers[0].postMessage = () => {};
            return asked;
        }"""
    )
    assert said == "Python failed (out of memory); enter less, or try again."
    assert page.evaluate("lab.run(['--version'])")["status"] == 0
    assert page.evaluate("workers.length") == 2


def test_python_without_memory_says_so_and_starts_again(browser: Browser, folder: Path) -> None:
    """The first worker runs something that needs more memory than WebAssembly can have."""
    exhaust = """const Whole = Blob;
    window.workers = 0;
    window.Blob = class extends Whole {
        constructor(parts, options) {
            const list = "runner.sys.modules.get('builtins').list('ab').__mul__(2 ** 30)";
            const change = (part) => part.replace?.("runner.run(asked)", list) ?? part;
            super(workers++ ? parts : parts.map(change), options);
        }
    };"""
    page = open_lab(browser, folder.as_uri(), exhaust)
    say = "({ code, message }) => `${code}: ${message}`"
    said = page.evaluate(f"lab.run(['--version']).then(() => '', {say})")
    assert said == "crashed: Python failed (out of memory); enter less, or try again."
    assert page.evaluate("lab.run(['--version'])")["status"] == 0
    assert page.evaluate("workers") == 2


def test_lab_is_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < MOST_BYTES
