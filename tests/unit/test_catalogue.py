"""The message catalogues: complete, alike, and used."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from string import Formatter
from time import process_time

import oss_emulator
import oss_referer
from oss_emulator.access.authorize import AccessReason
from oss_emulator.cli.play import INCLUDED
from oss_emulator.control import console
from oss_emulator.control.console import entries
from oss_emulator.control.console.page import choose_language
from oss_emulator.pipeline import browser
from oss_emulator.protocol.message import Request
from oss_emulator.recording import scenario
from oss_emulator.recording.facts import FactStatus
from oss_emulator.texts import FOLDERS
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.browser.probes import ProbeKind
from oss_referer.browser.scenarios import ScenarioGroup
from oss_referer.engine import Basis, explanation
from oss_referer.engine.assumptions import SENTENCES, LetterCase
from oss_referer.engine.decision import Reason, RequestKind, Stage, Step, StepResult
from oss_referer.engine.sentence import Sentence
from oss_referer.lint import RULES, Evidence
from oss_referer.page import rendering
from oss_referer.remarks import Severity
from oss_referer.texts import FOLDER as TEXTS
from oss_referer.texts import LANGUAGES, Catalogue, read

from tests.rows import read_cases, rows

CASES = read_cases("unit.root")


RULES_ROOT, SERVER_ROOT = PACKAGES = (Path(oss_referer.__path__[0]), Path(oss_emulator.__path__[0]))
FOLDER = Path(console.__file__).parent
OTHERS = [language for language in LANGUAGES if language != "en"]


def own(language: str) -> dict[str, str]:
    """Return the texts of the pages themselves."""
    return {
        name: text
        for name, text in read(language, FOLDERS).items()
        if not name.startswith("engine_")
    }


def placeholders(text: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@rows("language", *OTHERS)
def test_catalogues_have_the_same_texts(language: str) -> None:
    english, other = own("en"), own(language)
    assert other.keys() == english.keys()
    different = [
        name for name in english if placeholders(english[name]) != placeholders(other[name])
    ]
    assert different == []


def test_english_leaves_the_engine_its_own_sentences() -> None:
    assert own("en") == read("en", FOLDERS)


def test_every_text_is_used() -> None:
    rooms = (FOLDER, rendering.FOLDER.parent)
    sources = [path for room in rooms for path in (*room.glob("*/*.html"), *room.glob("*.py"))]
    sources.append(Path(__file__).parents[2] / "docs" / "site" / "lab" / "page.html")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    quoted_by_pages = set(re.findall(r'(?<=")[^"\s]+(?=")', text))
    prefixes = set(re.findall(r't\("(\w+\.)" ~', text))
    modules = itertools.chain.from_iterable(root.rglob("*.py") for root in PACKAGES)
    named = text + "".join(path.read_text(encoding="utf-8") for path in modules)
    quoted = {*re.findall(r'(?<=")[^"\s]+(?=")', named), *(rule.name for rule in RULES)}

    def is_used(name: str) -> bool:
        """Whether the code names a text, or its table and the parts of its name."""
        table, _, value = name.partition(".")
        parts = (value, *re.split("(?<=_)", value, maxsplit=1))
        is_named = [part in quoted for part in parts]
        return name in quoted_by_pages or (
            f"{table}." in prefixes and (is_named[0] or all(is_named[1:]))
        )

    of_script = "lab_error."  # tests/docs/test_site.py compares them with their script
    unused = [name for name in own("en") if not is_used(name) and not name.startswith(of_script)]
    assert unused == []


def test_every_reason_has_a_text() -> None:
    assert {f"reason.{reason}" for reason in Reason} <= read("en", FOLDERS).keys()


@rows("language", *OTHERS)
def test_what_the_engine_says_is_translated(language: str) -> None:
    texts = read(language, FOLDERS).keys()
    assert {f"engine_access.{reason}" for reason in (*AccessReason, browser.REASON)} == {
        name for name in texts if name.startswith("engine_access.")
    }
    assert {f"engine_kind.{kind}" for kind in RequestKind} <= texts
    said = Catalogue(language, FOLDERS)
    for stage in Stage:
        for outcome in StepResult:
            step = Step(stage, outcome, detail="x")
            try:
                english = explanation.sentence(step)
            except KeyError:
                continue
            assert said.step(step) != english, (stage, outcome)


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    """Return the nodes that may have texts for people: calls, assignments, returns and yields."""
    kinds = (ast.Call, ast.Assign, ast.Yield, ast.Return)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def templates() -> set[str]:
    """Return the templates of the sentences in the sources of both packages."""
    found = set()
    rooms = (Path(room.__path__[0]) for room in (oss_emulator, oss_referer))
    for path in itertools.chain.from_iterable(room.rglob("*.py") for room in rooms):
        for node in nodes_of(path):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Sentence":
                named = ast.unparse(node.args[0])
                if not named.endswith((".value", "template")):
                    found.add(ast.literal_eval(node.args[0]))  # fails for a computed text
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "template":
                found.update(texts_of(node.value))
    return (found | {item.value for kind in SAID for item in kind}) - {"", "{}"}


SAID = (Basis, FactStatus, Evidence, ScenarioGroup, ProbeKind, Severity)
"""The sets whose members are sentences."""


def texts_of(node: ast.expr) -> Iterator[str]:
    """Yield the texts in an expression that chooses one."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and " " in str(part.value):
            yield str(part.value)


@rows("language", *OTHERS)
def test_every_sentence_of_the_lab_is_translated(language: str) -> None:
    """A new or changed sentence has no translation yet."""
    begin = "engine_sentence."
    translated = {
        name.removeprefix(begin): text
        for name, text in read(language, FOLDERS).items()
        if name.startswith(begin)
    }
    assert translated.keys() == templates()
    for english, text in translated.items():
        values = [f"<{number}>" for number in range(english.count("{}"))]
        said = text.format(*values)
        assert [value for value in values if said.count(value) != 1] == [], english


SAID_BY = ("*Error", "error", "_error", "_error_at", "_invalid", "_beyond", "_wrong", "_refuse*")
"""The functions and classes that get the text of an error."""

OTHERS_SAY = {
    "sources/bucket.py",  # the address of the bucket comes first
    "__init__.py",  # errors of a program
    "cli/preload/sitecustomize.py",  # an error in the program that `run` runs
    "texts/__init__.py",
}


READ_BY_COMMANDS = (
    *("settings.py", "server/administration.py", "server/tls.py"),
    *("storage/folder.py", "storage/index.py", "pipeline/accounts.py"),
)
"""Other modules of the server whose errors end a command."""


PREVENTED = {
    "A callback of an upload may not administer a server.",
    "Name the object: ?key=NAME.",
    "Name the session: /_emulator/tests/SESSION.",
    "Name the snapshot: /_emulator/snapshot/NAME.",
    "Send a key, a method (GET, PUT, HEAD or DELETE) and seconds.",
    "Send either rules (XML in a string, or JSON) or a bucket.",
    "Send the etag of the rules that are replaced.",
    "Send the kind of a remedy and its place, as the story shows them.",
    'Send {"acl": …}, {"tags": "name=value …"} or {"headers": "name: value …"}.',
    'Send {"now": "2030-01-31T00:00:00.000Z"} or {"shift": seconds}.',
    'Send {"test": "test_a.py::test_b", "buckets": ["examplebucket"]}.',
    "The body must be a JSON object.",
    "The file {} does not exist.",
    "acl must be one of {}, not {}.",
    "page must be a number from 1, not {}.",
    "referer and method must be strings.",
    "requests must be a list of objects with referer, signed and method.",
    "seconds must be a whole number from 1 to {}.",
    "signed must be one of {}, not {}.",
    "sort must be one of {}, not {}.",
    "verdict must be one of {}, not {}.",
    "view must be one of {}, not {}.",
    "{} must be a number from 0 to 2^53 - 1, not {}.",
    "{} must be a string.",
    "{} must be from {} to {}, not {}",
    "{} must be of type {}, not {}",
    "{} takes {}.",
    "{} {} needs the header {} with any value, because no form of a web page can send it: "
    "with curl, add -H '{}: 1'.",
}
"""Errors of the console's API that its pages prevent, so they stay in English."""


REPORTS = ("recording/facts.py", "cli/play.py")
"""Modules that report what they find as plain texts."""


WHY = (
    "it was not asked",
    "the answers fit get-only and all-signed-urls",
    "the new rules did not take effect within 25 tries",
    "the service answered 503",
)
"""Reasons why the answers to a question show nothing."""


def messages(root: Path) -> set[str]:
    """Return the templates of errors in the commands of a package and in the modules they use."""
    found: set[str] = set()
    files = [*root.rglob("*.py")]
    if root == SERVER_ROOT:
        files = [*(root / "cli").rglob("*.py")]
        files += [root / name for name in READ_BY_COMMANDS]
        files += [*(root / "control").rglob("*.py")]
        for name in REPORTS:
            nodes = nodes_of(root / name)
            found.update(template for node in nodes for template in reported(node))
    for path in files:
        if str(path.relative_to(root)) not in OTHERS_SAY:
            found.update(template for node in nodes_of(path) for template in said(node))
    assert root != SERVER_ROOT or found >= PREVENTED
    return found - PREVENTED


def reported(node: ast.AST) -> Iterator[str]:
    """Yield the templates of texts that a function yields, returns or adds to a report."""
    values: Sequence[ast.expr | None] = ()
    if isinstance(node, ast.Yield | ast.Return):
        values = [node.value]
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".append"):
        values = node.args
    found = [template_of(value) for value in values if value is not None]
    yield from (text for text in found if text and not text.startswith("INSERT"))


def said(node: ast.AST) -> Iterator[str]:
    """Yield the templates of errors in a node."""
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        if any(fnmatchcase(name, pattern) for pattern in SAID_BY):
            yield from filter(None, map(template_of, node.args))
    elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "sentence":
        yield from filter(None, [template_of(node.value)])


def template_of(node: ast.expr) -> str | None:
    """Return the template of a text; None if the text is not a sentence."""
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        text = "".join(map(str, parts))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    else:
        return None
    return text if re.search(r"[a-z]{2,} ", text) else None


def filled(template: str) -> str:
    """Return a template with a number for each value; other braces may remain."""
    numbers = itertools.count()
    return re.sub(r"\{\}", lambda _: f"<{next(numbers)}>", template)


@rows("root", *PACKAGES)
@rows("language", *OTHERS)
def test_every_error_is_translated(language: str, root: Path) -> None:
    """Errors about rules are translated without the catalogue of the server."""
    said = Catalogue(language, (TEXTS,) if root == RULES_ROOT else FOLDERS)
    missing = []
    for template in messages(root):
        english = filled(template)
        translated = said.message(english)
        kept = sorted(re.findall(r"<\d>", english)) == sorted(re.findall(r"<\d>", translated))
        # Another template that fits too would leave a part in English.
        if translated == english or not kept or re.search(r"\b(is|are|not|the)\b", translated):
            missing.append(template)
    assert missing == []


@rows("language", *OTHERS)
def test_every_question_about_facts_is_translated(language: str) -> None:
    texts = {*scenario.read(INCLUDED["referer"]).questions.values(), *WHY}
    said = Catalogue(language, FOLDERS)
    assert {text for text in texts if said.message(text) == text} == set()


@rows("language", *OTHERS)
def test_every_change_that_a_story_names_is_translated(language: str) -> None:
    effects = {change.effect.replace("`", "") for of in entries.CHANGES.values() for change in of}
    said = Catalogue(language, FOLDERS)
    assert {effect for effect in effects if said.message(effect) == effect} == set()


@rows("language", *OTHERS)
def test_errors_are_recognised_by_their_own_templates(language: str) -> None:
    begin = "engine_message."
    said = Catalogue(language, FOLDERS)
    for name, text in read(language, FOLDERS).items():
        if name.startswith(begin):
            template = re.sub(r"\{(?:message|list)\}", "{}", name.removeprefix(begin))
            values = [f"<{number}>" for number in range(template.count("{}"))]
            assert said.message(filled(template)) == text.format(*values)


def test_error_is_translated_with_the_error_in_it() -> None:
    said = Catalogue("zh", FOLDERS).message(
        "a: b.xml, line 1, column 2: AllowEmptyReferer is missing; write x"
    )
    assert said == "a: b.xml，第 1 行第 2 列：缺少 AllowEmptyReferer，应为 x"
    assert (
        Catalogue("zh", FOLDERS).message("interrupted: interrupted") == "interrupted: interrupted"
    )
    assert Catalogue("en", FOLDERS).message("interrupted") == "interrupted"


def test_alternatives_are_joined_by_a_word_of_the_language() -> None:
    assert Catalogue("zh", FOLDERS).message("'x' is unknown; use a, b or c") == (
        "未知的取值 'x'，可用：a, b 或 c"
    )
    assert Catalogue("zh").message("'a or b' is unknown; use c") == "未知的取值 'a or b'，可用：c"


def test_standard_input_is_named_in_the_language() -> None:
    said = Catalogue("zh", FOLDERS)
    assert said.message("standard input is larger than 4 MiB") == "标准输入 超过 4 MiB"
    listed = Sentence(
        "{}: a list of entries (whitelist: {}, blacklist: {})", "standard input", "1", "0"
    )
    assert said.sentence(listed) == "标准输入：条目列表（白名单：1，黑名单：0）"


def test_long_message_is_not_searched() -> None:
    for message in ("a" * 10_000 + ": the file cannot be read: b", "DuckDB: " * 400):
        assert Catalogue("zh", FOLDERS).message(message) == message


def test_message_is_searched_in_one_pass() -> None:
    """It took a minute where a regular expression tried all ways to divide it."""
    message = "The accounts " + " is a folder: , line , column " * 30
    begin = process_time()
    assert Catalogue("zh", FOLDERS).message(message).startswith("账号文件 ")
    assert process_time() - begin < 5


def test_sentence_is_translated_with_the_sentences_in_it() -> None:
    variant = LetterCase.SENSITIVE
    said = Sentence("Assumed, not documented: {}.", SENTENCES[variant])
    assert said == "Assumed, not documented: upper and lower case differ."
    assert Catalogue("zh", FOLDERS).sentence(said) == "依据假设，文档没有说明：区分大小写。"
    assert Catalogue("en", FOLDERS).sentence(said) == said


def test_decision_is_explained_in_chinese() -> None:
    decision = RefererPolicy.compile(RefererConfiguration(whitelist=("http://a/",))).decide("x")
    assert [Catalogue("zh", FOLDERS).step(step) for step in decision.steps] == [
        "对 Object 的匿名请求需要检查规则。",
        "没有黑名单。",
        "不匹配任何白名单条目。",
    ]


@rows(("query", "headers", "language"), *CASES["language_is_chosen"])
def test_language_is_chosen(query: str, headers: dict[str, str], language: str) -> None:
    request = Request.parse("GET", f"/_emulator/requests{query}", headers.items(), 0.0)
    assert choose_language(request) == language


@rows("language", *OTHERS)
def test_every_rule_of_the_linter_is_explained(language: str) -> None:
    """A translation names the same code and facts, in as many paragraphs."""
    begin = "engine_rule."
    texts = {
        name.removeprefix(begin): text
        for name, text in read(language, FOLDERS).items()
        if name.startswith(begin)
    }
    assert texts.keys() == {rule.name for rule in RULES}
    different = [rule.name for rule in RULES if marks(rule.page) != marks(texts[rule.name])]
    assert different == []


def marks(page: str) -> tuple[set[str], set[str], int]:
    """Return the code and the facts that a page names, and the number of its paragraphs."""
    code = {" ".join(found.split()) for found in re.findall("`([^`]+)`", page)}
    return code, set(re.findall(r"\b[RBD]-\d\d", page)), page.count("\n\n")
