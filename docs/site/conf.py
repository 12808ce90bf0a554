"""The documentation site: `make site` builds it twice, in English and (`-t chinese`) in Chinese."""

import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config, GoogleDocstring
from sphinx.transforms.post_transforms import SphinxPostTransform

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "emulator")]

import samples
from chinese import ChineseSearch
from oss_emulator import __version__ as release
from sphinx.search import languages

CHINESE = tags.has("chinese")  # type: ignore[name-defined]  # noqa: F821 - Sphinx defines it

# --- pages: the source folder is the repository, so that links between pages work on GitHub too

project = "oss-emulator"
version = release
copyright = "the authors of oss-emulator"  # noqa: A001 - Sphinx needs this name
language = "zh_CN" if CHINESE else "en"
root_doc = "README.zh-CN" if CHINESE else "README"
INDEX = "docs/zh/README.md" if CHINESE else "docs/README.md"
"""The page whose tables list the other pages, in the order of the navigation."""

API = ["emulator", "testing", "oss_referer", "lab"]
if CHINESE:
    include_patterns = [
        "*.zh-CN.md",
        "docs/zh/*.md",
        "examples/*.zh-CN.md",
        "fixtures/*/*.zh-CN.md",
    ]
else:
    include_patterns = [
        "*.md",
        "docs/*.md",
        "docs/decisions/*.md",
        "docs/site/api/*.rst",
        "examples/README.md",
        "fixtures/*/README.md",
    ]
exclude_patterns = ["**.zh-CN.md"] if not CHINESE else []
exclude_patterns += [".*", "build", "dist", "emulator", "tests"]

# --- extensions

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
myst_heading_anchors = 6
myst_links_external_new_tab = False
suppress_warnings = [
    "misc.highlighting_failure",  # some samples show mistakes, or only a part of a document
    "ref.python",  # some attributes have the names of types, such as list
]
copybutton_exclude = ".linenos, .gp, .go"
default_role = "code"
autodoc_member_order = "bysource"
autodoc_default_options = {"undoc-members": True}
autodoc_preserve_defaults = True
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
add_module_names = False
toc_object_entries_show_parents = "hide"

# --- appearance: no page loads anything from another host

html_theme = "furo"
html_title = f"oss-emulator {release}"
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # it is fetched, which browsers refuse from file://
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]
html_additional_pages = {"index": "index.html"}
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
languages["zh_CN"] = languages["zh"] = ChineseSearch


def add_navigation(app: Sphinx, docname: str, source: list[str]) -> None:
    """Append the navigation to the front page: one section for each table of the index."""
    if docname.startswith(("fixtures/", "docs/decisions/")):  # other pages link them
        source[0] = f"---\norphan: true\n---\n\n{source[0]}"
    if docname != root_doc:
        return
    index = ROOT / INDEX
    sections = [("", [INDEX])]
    for line in index.read_text(encoding="utf-8").splitlines():
        if heading := re.match(r"## (.*)", line):
            sections.append((heading[1], []))
        elif row := re.match(r"\| \[[^]]*\]\(([^)]*)\)", line):
            page = (index.parent / row[1]).resolve().relative_to(ROOT).as_posix()
            sections[-1][1].append(page)
    sections += [("API reference", [f"docs/site/api/{name}.rst" for name in API])]
    for title, pages in sections:
        entries = "\n".join(f"/{page}" for page in pages if _is_here(page))
        if entries:
            caption = f":caption: {title}\n" if title else ""
            source[0] += f"\n```{{toctree}}\n:hidden:\n{caption}\n{entries}\n```\n"


def _is_here(page: str) -> bool:
    """Return whether this language's site has the page."""
    return _is_chinese(page) is CHINESE


def _is_chinese(page: str) -> bool:
    return page.startswith("docs/zh/") or page.removesuffix(".md").endswith(".zh-CN")


class LinksToOtherLanguage(SphinxPostTransform):
    """Links pages of the other language, which Sphinx builds on its own, by relative addresses."""

    default_priority = 5  # before MyST resolves links

    def run(self, **given: Any) -> None:
        for node in list(self.document.findall(pending_xref)):
            if node.get("refdomain") != "doc" or _is_here(node["reftarget"]):
                continue
            up = "../" * self.env.docname.count("/")
            to_site = f"{up}../" if CHINESE else f"{up}zh/"
            anchor = f"#{node['reftargetid']}" if node.get("reftargetid") else ""
            address = f"{to_site}{node['reftarget']}.html{anchor}"
            link = nodes.reference("", "", *node.children, internal=True, refuri=address)
            node.replace_self(link)


def name_translation(
    app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    """Give templates the address of the same page in the other language, or of its front page."""
    found = _find_translation(page)
    up = "../" * page.count("/")
    context["translation"] = f"{up}../{found}.html" if CHINESE else f"{up}zh/{found}.html"
    context["translation_name"] = "English" if CHINESE else "简体中文"
    context["translation_language"] = "en" if CHINESE else "zh-CN"
    context["root_doc"] = root_doc


def _find_translation(page: str) -> str:
    """Return the page in the other language, or that language's front page."""
    folder, _, name = page.rpartition("/")
    if CHINESE:
        found = f"docs/{name}" if folder == "docs/zh" else page.removesuffix(".zh-CN")
    else:
        found = f"docs/zh/{name}" if folder == "docs" else f"{page}.zh-CN"
    if (ROOT / f"{found}.md").exists():
        return found
    return "README" if CHINESE else "README.zh-CN"


def format_docstring(
    app: Sphinx, what: str, name: str, item: object, options: object, lines: list[str]
) -> None:
    """Turn a docstring into reStructuredText: its examples, and its list of what is raised."""
    marked: list[str] = []
    for before, line in zip(["", *lines], lines, strict=False):
        begins = line.startswith("    ") and not before and marked
        if begins and not any(text.startswith((" ", "- ")) for text in _last_paragraph(marked)):
            marked += ["::", ""]
        marked.append(line)
    if what in ("class", "exception", "function", "method"):
        config = Config(napoleon_use_ivar=True)
        marked = GoogleDocstring(marked, config, app, what, name, item, options).lines()
    lines[:] = marked


def _last_paragraph(lines: list[str]) -> list[str]:
    text = "\n".join(lines).rstrip().rpartition("\n\n")[2]
    return text.splitlines()


# --- the page of the lab, which docs/site/lab/pages.py writes beside this site

TRIED = ("rule-lab", "scenarios", "referer")
"""The pages whose samples can be tried."""
LAB = "build/site/lab/index.html"
"""The path that pages of the repository use to link to the lab's page."""


def link_lab(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Link the name of the lab's page, and each sample that the page can run."""
    up = "../" * (docname.count("/") + CHINESE)
    page = f"{up}lab/{'zh' if CHINESE else 'index'}.html"
    for name in list(doctree.findall(nodes.literal)):
        if name.astext() == LAB:
            label = "浏览器中的规则实验室" if CHINESE else "the rule lab in your browser"
            name.replace_self(nodes.reference("", label, refuri=page, internal=True))
    folder, _, name = docname.rpartition("/")
    if folder in ("docs", "docs/zh") and name in TRIED:
        for block, fragment in _find_samples(doctree):
            label = "在浏览器中试一试" if CHINESE else "Try it"
            link = nodes.reference("", label, refuri=page + fragment, internal=True)
            block.parent.insert(block.parent.index(block) + 1, nodes.paragraph("", "", link))


def _find_samples(doctree: nodes.document) -> list[tuple[nodes.Element, str]]:
    """Find the blocks that the lab can run, each with the fragment that carries it."""
    found, reader = [], samples.Samples()
    for block in doctree.findall(nodes.literal_block):
        before = block.parent[max(block.parent.index(block) - 1, 0)]
        if isinstance(before, nodes.comment):  # it is not run
            continue
        text = f"{block.astext()}\n"
        if block.get("language") == "sh" and (sample := reader.read(text)):
            found.append((block, samples.link("sample", sample)))
        elif block.get("language") == "python" and (case := samples.read_case(text)):
            found.append((block, samples.link("case", case)))
    return found


def setup(app: Sphinx) -> None:
    app.connect("doctree-resolved", link_lab)
    app.connect("source-read", add_navigation)
    app.connect("html-page-context", name_translation)
    app.connect("autodoc-process-docstring", format_docstring)
    app.add_post_transform(LinksToOtherLanguage)
