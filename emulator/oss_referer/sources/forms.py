"""The sources of rules: XML, JSON, TOML, resources of Terraform, and lists of entries.

A document may contain several configurations, each with a name: the `[rules.NAME]` of a decision
table, the buckets of a seed, the resources of Terraform. A single configuration may have the name
"". Every mistake raises `SourceError` with its line and column.

The response headers that `curl -i` prints above a document are skipped.
"""

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial, reduce
from importlib import import_module
from operator import getitem
from pathlib import Path as FilePath
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from oss_referer.engine import DEFAULT, Assumptions, RefererConfiguration
from oss_referer.sources import json_text, markup, referer_xml
from oss_referer.sources.markup import XmlDocument
from oss_referer.sources.places import error_at
from oss_referer.sources.referer_xml import (
    LISTS,
    MAX_DOCUMENT,
    STORED,
    SWITCHES,
    FormatProblem,
    RefererFormatError,
)
from oss_referer.sources.resources import (
    ADVICE,
    BUCKET,
    CONFIG,
    KINDS,
    REFERER,
    NoRulesError,
    ReadRules,
)
from oss_referer.sources.toml import (
    MAX_FILE,
    Path,
    SourceError,
    TomlDocument,
    decode,
    place_of,
    read_regular_file,
)

if TYPE_CHECKING:
    from oss_referer.sources.terraform import PlannedChange


class RulesForm(StrEnum):
    """How rules are written."""

    XML = "xml"
    JSON = "json"
    TERRAFORM = "terraform"
    HCL = "hcl"
    TOML = "toml"
    LIST = "list"


WHOLE = tuple(form for form in RulesForm if form is not RulesForm.LIST)
"""The forms that can express all rules; a list has only the whitelist."""


NamedRules = Mapping[str, RefererConfiguration]
Readers = Mapping[str, ReadRules]
"""A reader for each name, so that a mistake in one configuration does not hide the others.

A reader raises SourceError.
"""


def encode(text: str) -> bytes:
    """Encode a text as UTF-8 with a byte order mark, which overrides the encoding in XML.

    Raises SourceError for half of a surrogate pair, which UTF-8 cannot represent.
    """
    try:
        return BOM_UTF8 + text.removeprefix("\ufeff").encode()
    except UnicodeEncodeError as error:
        place = place_of(text[: error.start])
        raise SourceError("the text is not readable; save it as UTF-8", *place) from None


def parse(
    document: bytes, form: RulesForm | None = None, assumptions: Assumptions = DEFAULT
) -> NamedRules:
    """Parse rules; without a `form`, detect it. Raises SourceError.

    `assumptions` say what PutBucketReferer accepts (R-27, R-30), so they apply to XML only.
    """
    return {name: read() for name, read in find(document, form, assumptions).items()}


def find(
    document: bytes, form: RulesForm | None = None, assumptions: Assumptions = DEFAULT
) -> Readers:
    """Return a reader for each configuration of a document, by name; each parses when called.

    Raises SourceError for a document without rules.
    """
    begin = document[:64].removeprefix(BOM_UTF8).lstrip()
    most = MAX_FILE if begin.startswith(b"{") else MAX_DOCUMENT  # plans are large
    if len(document) > most:
        place = place_of(document[:most].decode("latin-1"))
        limit = most // 1024 // 1024
        raise SourceError(
            f"the document is larger than {limit} MiB; the limit is reached here", *place
        )
    head = _HEAD.match(document)
    body = document[head.end() :] if head else document
    if head:
        assumptions = STORED  # a document from the service is never refused
        form = None
    above = head[0].count(b"\n") if head else 0
    form = form or _read_below(above, lambda: detect(body))
    if head and form is RulesForm.LIST:
        raise NoRulesError("the headers of a response precede the list; leave out curl's -i")
    found = _read_below(above, lambda: _find(body, form, assumptions))
    return {name: partial(_read_below, above, read) for name, read in found.items()}


def find_in_file(
    path: FilePath,
    document: bytes,
    form: RulesForm | None = None,
    assumptions: Assumptions = DEFAULT,
) -> Readers:
    """Return a reader for each configuration of a file, by name, as `find` does.

    Terraform merges override files with the other files of a folder. So a resource that is named in
    an override file of this folder is refused, in both files.
    """
    found = find(document, form, assumptions)
    if not path.name.endswith((".tf", ".tf.json")):
        return found
    return {name: partial(_read_alone, path, document, name, read) for name, read in found.items()}


def _read_alone(
    path: FilePath, document: bytes, name: str, read: ReadRules
) -> RefererConfiguration:
    kind, _, label = name.partition(".")
    for other in sorted(path.parent.glob("*override.tf*")):
        if not _OVERRIDE.fullmatch(other.name):
            continue
        try:
            text = read_regular_file(other, MAX_DOCUMENT)
        except OSError:
            text = name.encode()  # it may name the resource
        if kind.encode() in text and label.encode() in text:
            raise error_at(
                decode(document),
                (kind, label),
                f"{name} is in the override file {other.name}, which Terraform merges with the "
                f"other files; {ADVICE}",
            )
    return read()


_OVERRIDE = re.compile(r"(?:.*_)?override\.tf(?:\.json)?")


def _find(body: bytes, form: RulesForm, assumptions: Assumptions) -> Readers:
    if form is RulesForm.XML:
        return {"": partial(_parse_xml, body, assumptions)}
    found = _find_toml(body) if form is RulesForm.TOML else _module(form).find(body)
    if not found:
        raise NoRulesError(_NO_RULES[form])
    return found


_NO_RESOURCE = f"the document has no resource of the type {REFERER}, and no {BUCKET} with {CONFIG}"
_NO_RULES: Mapping[RulesForm, str] = {
    RulesForm.TERRAFORM: _NO_RESOURCE,
    RulesForm.HCL: _NO_RESOURCE,
    RulesForm.TOML: "the document has no rules; add [rules.NAME]",
}


class _FormModule(Protocol):
    def find(self, document: bytes) -> Readers: ...
    def format(self, configuration: RefererConfiguration) -> str: ...


_MODULES = {
    RulesForm.JSON: "ossutil",
    RulesForm.TERRAFORM: "terraform",
    RulesForm.HCL: "hcl",
    RulesForm.LIST: "plain_list",
}
"""The modules that read and write these forms; the others are handled here."""


def _module(form: RulesForm) -> _FormModule:
    """Import the module of a form on first use, since most commands read a single form."""
    return cast("_FormModule", import_module(f".{_MODULES[form]}", __package__))


def is_plan(document: bytes) -> bool:
    """Return whether a document is a plan of Terraform in JSON."""
    from oss_referer.sources import terraform

    return terraform.is_plan(document)


def find_changes(document: bytes) -> "list[PlannedChange]":
    """Return the changes to rules in a plan of Terraform. Raises SourceError."""
    from oss_referer.sources import terraform

    _refuse_binary(document)
    return terraform.find_changes(decode(document))


def _refuse_binary(document: bytes) -> None:
    """Raise SourceError for the file of `terraform plan -out`, which is not JSON."""
    if document.startswith(b"PK\x03\x04"):
        raise SourceError(
            "this is a plan in the form that only Terraform reads; "
            "run terraform show -json FILE > plan.json and give plan.json"
        )


_T = TypeVar("_T")


def _read_below(lines: int, read: Callable[[], _T]) -> _T:
    """Read a text that begins some lines below the top, and add these lines to its errors."""
    try:
        return read()
    except SourceError as error:
        kind = NoRulesError if isinstance(error, NoRulesError) else SourceError
        raise kind(error.sentence, error.line + lines, error.column) from None


_HEAD = re.compile(rb"(?:\xef\xbb\xbf)?(?:HTTP/[\d.]+ [^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n)+")
"""The headers that `curl -i` prints, once for each response."""


def detect(document: bytes) -> RulesForm:
    """Detect the form of a document by its beginning; a text of no other form may be a list.

    Raises SourceError.
    """
    if document.startswith(b"PK") and b"[Content_Types].xml" in document:
        raise NoRulesError("this is a file of Office; save its entries as text, one on each line")
    _refuse_binary(document)
    head = _HEAD.match(document)
    document = document[head.end() :] if head else document
    text = document.removeprefix(BOM_UTF8).lstrip()
    if not text:
        raise NoRulesError("the document is empty")
    if _HTML.match(text):
        raise NoRulesError("this is a page in HTML, and not rules or a list of entries")
    is_utf16 = text.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) and b"<" in text[:64]
    if text.startswith(b"<") or is_utf16:
        return RulesForm.XML
    if text.startswith(b"{"):
        found = any(f'"{word}"'.encode() in text for word in _OF_TERRAFORM)
        return RulesForm.TERRAFORM if found else RulesForm.JSON
    if json_text.is_array(text.decode("latin-1")):
        return RulesForm.LIST
    code = _COMMENTS.sub(b"", text, count=1)
    for form, begin in _BEGINNINGS.items():
        if re.match(begin, code):
            return form
    return RulesForm.LIST if code else RulesForm.TOML


_HTML = re.compile(rb"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_OF_TERRAFORM = (*KINDS, "terraform_version", "format_version", "encryption_version")
_COMMENTS = re.compile(rb"\A(?:\s+|#[^\n]*|//[^\n]*|/\*(?s:.*?)\*/)+")
_TOML_NAME = rb"(?:[\w.-]|\"[^\"\n]*\"|'[^'\n]*')"
_BEGINNINGS = {
    RulesForm.HCL: (
        rb"(?:resource|terraform|variable|provider|locals|module|data|output|import|moved|removed"
        rb"|check)\s*(?:\"[^\"\n]*\"\s*)*\{"
    ),
    RulesForm.TOML: rb"\[+ *%b+ *\]|%b+ *=" % (_TOML_NAME, _TOML_NAME),
}
"""How documents begin, after comments."""


def format(configuration: RefererConfiguration, form: RulesForm) -> str:
    """Format rules in a form.

    Raises ValueError for an entry with a character that XML cannot represent, and for rules that a
    list cannot express.
    """
    own = _FORMATTERS.get(form)
    return own(configuration) if own else _module(form).format(configuration)


# XML


def _parse_xml(document: bytes, assumptions: Assumptions) -> RefererConfiguration:
    try:
        return referer_xml.parse(document, assumptions)
    except RefererFormatError as error:
        is_other = error.problem is FormatProblem.WRONG_ROOT
        kind = NoRulesError if is_other else SourceError
        raise kind(_sentence_of(document, error), error.line or 1, error.column or 1) from None


def _sentence_of(document: bytes, error: RefererFormatError) -> str:
    """Return the sentence of an error; for an error document, the code and message in it."""
    if error.problem is not FormatProblem.WRONG_ROOT or error.element != "Error":
        return error.sentence
    root = XmlDocument.parse(document).root
    found = (root.find(name) for name in ("Code", "Message"))
    code, message = (element.text[:200] if element else "" for element in found)
    said = " ".join(f"{code}: {message}".split())
    return f"the document is not rules but an error of the service: {said}"


def _format_xml(configuration: RefererConfiguration) -> str:
    written = markup.format_xml(referer_xml.to_tag(configuration), indent="  ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'


# TOML


def _find_toml(source: bytes) -> Readers:
    document = TomlDocument.parse(source)
    return {
        name: partial(document.convert, RefererConfiguration, *path)
        for name, path in find_rules(document.tables)
    }


def find_rules(tables: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    """Yield the name and path of all rules in a decision table, a seed or a file of rules."""
    if set(tables) & _NAMES:
        yield "", ()
        return
    rules = tables.get("rules", {})
    if not isinstance(rules, dict) or set(rules) & _NAMES:
        yield "", ("rules",)
    else:
        yield from ((name, ("rules", name)) for name in rules)
    if "referer" in tables:
        yield "", ("referer",)
    buckets = tables.get("bucket", [])
    if isinstance(buckets, dict) and "referer" in buckets:
        yield str(buckets.get("name", "")), ("bucket", "referer")
    for number, bucket in enumerate(buckets if isinstance(buckets, list) else []):
        if isinstance(bucket, dict) and "referer" in bucket:
            yield str(bucket.get("name", "")), ("bucket", number, "referer")


_NAMES = set(RefererConfiguration.__dataclass_fields__)


def _format_toml(configuration: RefererConfiguration) -> str:
    lines = (
        f"{name} = {format_toml_value(getattr(configuration, name))}\n"
        for name in RefererConfiguration.__dataclass_fields__
    )
    return "".join(["[rules.bucket]\n", *lines])


def format_toml_value(value: bool | Sequence[str]) -> str:
    """Format a switch or a list of entries as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    entries = "".join(f"    {format_toml_string(entry)},\n" for entry in value)
    return f"[\n{entries}]" if value else "[]"


def format_toml_string(text: str) -> str:
    """Format a string as TOML, in double quotes."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


_FORMATTERS: dict[RulesForm, Callable[[RefererConfiguration], str]] = {
    RulesForm.XML: _format_xml,
    RulesForm.TOML: _format_toml,
}


# Files of a folder that contain rules; the others are skipped. A file with a mark of rules that
# cannot be parsed is kept, since the mistake may be in its rules.

_MARKS = {
    ".xml": rb"R\0?e\0?f\0?e\0?r\0?e\0?r\0?C\0?o\0?n\0?f\0?i\0?g",  # also in UTF-16
    ".json": (
        rb'"(?:AllowEmptyReferer|Referer(?:List|Blacklist|Configuration))"'
        rb'|"(?:referer_config|alicloud_oss_bucket_referer)"'
    ),
    ".tf": rb"alicloud_oss_bucket_referer|referer_config",
    ".toml": (
        rb"(?m)allow_empty_referer|allow_truncate_query_string|truncate_path"
        rb"|^[ \t]*(?:white|black)list[ \t]*=[ \t]*\["
    ),
}
"""The marks of rules in a text, by the suffix of its file."""

ENDINGS = frozenset(_MARKS)
"""The suffixes of files that may contain rules."""


def has_rules(path: PurePath, document: bytes) -> bool:
    """Return whether the document of a file seems to contain rules."""
    ending = path.suffix.lower()
    if ending not in _MARKS or not re.search(_MARKS[ending], document):
        return False
    look = _LOOKS.get(ending)
    try:
        return look is None or look(document)
    except NoRulesError:
        return False
    except SourceError:
        return True  # reading it later reports the mistake


def _look_at_json(document: bytes) -> bool:
    if (form := detect(document)) is not RulesForm.JSON:
        return form is RulesForm.TERRAFORM
    members = json_text.parse(document)
    return isinstance(members, dict) and not (SWITCHES | LISTS).keys().isdisjoint(members)


def _look_at_toml(document: bytes) -> bool:
    tables: Any = TomlDocument.parse(document).tables
    return any(_has_rules_only(reduce(getitem, path, tables)) for _, path in find_rules(tables))


def _has_rules_only(table: Any) -> bool:
    """Return whether a table contains rules; other programs use the names of the lists too."""
    if not isinstance(table, dict):
        return False
    has_switch = not {*SWITCHES.values()}.isdisjoint(table)
    return has_switch or (bool(table) and set(table) <= {*LISTS.values()})


_LOOKS: Mapping[str, Callable[[bytes], bool]] = {".json": _look_at_json, ".toml": _look_at_toml}
