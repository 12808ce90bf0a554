"""Writes the page of the lab, in each language: `python -m docs.site.lab.pages build/site/lab`.

Its script is one classic script, since browsers import no modules from `file://`.
"""

import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from oss_referer.page import STATIC, actions, rendering
from oss_referer.texts import LANGUAGES, Catalogue, read

HERE = Path(__file__).parent

PAGES = {"en": "index.html", "zh": "zh.html"}


class Links(NamedTuple):
    """What the page links, beside what is in its folder."""

    project: str
    commands: str
    facts: str


SITE = {
    "en": Links("../index.html", "../docs/rule-lab.html", "../docs/referer.html"),
    "zh": Links("../zh/index.html", "../zh/docs/zh/rule-lab.html", "../zh/docs/zh/referer.html"),
}
"""The links by language, on the site around the lab."""

_TREE = "https://github.com/oss-emulator/oss-emulator/blob/main/"
_DOCS = f"{_TREE}docs/"
REPOSITORY = {
    "en": Links(f"{_TREE}README.md", f"{_DOCS}rule-lab.md", f"{_DOCS}referer.md"),
    "zh": Links(f"{_TREE}README.zh-CN.md", f"{_DOCS}zh/rule-lab.md", f"{_DOCS}zh/referer.md"),
}
"""The same in the repository, for a lab that no site surrounds."""

CSP = (
    "default-src 'none'; script-src 'self' file: 'wasm-unsafe-eval'; worker-src blob:; "
    "style-src 'self' file:; img-src 'self' file: data:; base-uri 'none'; form-action 'none'"
)
"""Lets the page load what lies beside it, and nothing else: `file:` is `'self'` from a disk."""

EXAMPLE = {
    "AllowEmptyReferer": True,
    "AllowTruncateQueryString": True,
    "TruncatePath": False,
    "RefererList": {
        "Referer": [
            "www.example.com",
            "http://www.example.com",
            "https://shop.example.com/list?page=1",
        ]
    },
    "RefererBlacklist": {"Referer": []},
}
"""Rules to begin with, the broken ones of docs/rule-lab.md; their answer is there before Python."""

_SHARED = ("base.js", "entries.js", "traffic.js", "editor.js")
"""The modules that the console has as well, in the order of their imports."""
_MODULES = (*(STATIC / name for name in _SHARED), HERE / "page.js")
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./([\w.]+)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|const|class|let)\*? (\w+))", re.MULTILINE)


def write(folder: Path, links: Mapping[str, Links] = SITE) -> None:
    """Write the page, its script and its styles into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    size = sum(path.stat().st_size for path in folder.glob("parts/*"))
    environment = rendering.load(HERE)
    for language, name in PAGES.items():
        text = environment.get_template("page.html").render(
            t=Catalogue(language),
            language=language,
            languages=LANGUAGES,
            pages=PAGES,
            links=links[language],
            csp=CSP,
            size=round(size / 1e6),
            errors=errors(language),
            rules=EXAMPLE,
            answer=first_answer(language),
        )
        (folder / name).write_text(text, encoding="utf-8")
    modules = {path.name: path.read_text(encoding="utf-8") for path in _MODULES}
    (folder / "page.js").write_text(bundle(modules), encoding="utf-8")
    shared = (STATIC / name for name in ("base.css", "rules.css", "mark.svg"))
    for path in (*shared, HERE / "page.css", HERE / "old.js"):
        shutil.copy(path, folder)


def first_answer(language: str) -> str:
    """Return what the page says of the example."""
    asked = {"language": language, "rules": EXAMPLE, "site": ""}
    html: str = actions.answer("answer", asked)["html"]
    return html


def errors(language: str) -> dict[str, str]:
    """Return the sentences of lab.js in a language, by their codes."""
    table = "lab_error."
    return {
        name.removeprefix(table): text
        for name, text in read(language).items()
        if name.startswith(table)
    }


def bundle(modules: dict[str, str]) -> str:
    """Make one classic script of modules, which stand in the order of their imports."""
    parts = ['"use strict";', "const modules = {};"]
    exported: dict[str, list[str]] = {}
    for name, text in modules.items():
        for match in _IMPORT.finditer(text):
            wanted = set(re.findall(r"\w+", match[1]))
            if missing := wanted - set(exported[match[2]]):
                raise ValueError(f"{name}: {match[2]} does not export {', '.join(sorted(missing))}")
        exported[name] = [match[2] for match in _EXPORT.finditer(text)]
        body = _IMPORT.sub(r'const \1 = modules["\2"];', text)
        body = _EXPORT.sub(r"\1", body)
        if left := re.search(r"^(?:import|export)\b.*", body, re.MULTILINE):
            raise ValueError(f"{name}: {left[0]!r} cannot be bundled")
        returned = f"return {{ {', '.join(exported[name])} }};"
        parts += [f'modules["{name}"] = (() => {{', body, returned, "})();"]
    return "(() => {\n" + "\n".join(parts) + "\n})();\n"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
