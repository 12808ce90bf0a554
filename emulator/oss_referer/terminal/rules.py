"""The argument RULES: a file, `-` for standard input, or `oss://BUCKET`; for some also a folder.

A list of entries has no blacklist and no switches; flags of the command set them.
"""

import argparse
import os
import os.path
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from oss_referer.engine import (
    DEFAULT,
    Assumptions,
    Decision,
    RefererConfiguration,
    Sentence,
    Stage,
)
from oss_referer.sources import assumptions, forms, places, toml
from oss_referer.sources.assumptions import AssumptionsError
from oss_referer.sources.forms import Readers, RulesForm
from oss_referer.sources.markup import MAX_DOCUMENT
from oss_referer.sources.places import Place
from oss_referer.sources.referer_xml import SWITCHES
from oss_referer.sources.resources import NoRulesError
from oss_referer.sources.toml import MAX_FILE, SourceError
from oss_referer.terminal import bucket, language
from oss_referer.terminal.output import line, show
from oss_referer.terminal.parser import InputError, Parser

if TYPE_CHECKING:
    from subprocess import CompletedProcess

    from oss_referer.sources.terraform import PlannedChange

_ASSUMPTIONS = (
    "a TOML file that says what the service does where its documents do not "
    "(default: the first variant of each fact)"
)
HELP = (
    "a file, - for standard input, or oss://BUCKET. A file contains a RefererConfiguration in "
    "XML, in the JSON of ossutil, as a resource of Terraform (HCL, JSON, a plan or a state), "
    "or in TOML, or is a list of entries; FILE#NAME selects one of several"
)

FORMS = {".xml": RulesForm.XML, ".toml": RulesForm.TOML, ".tf": RulesForm.HCL}
"""The forms by the suffixes of files; .json is missing because it has two forms."""


class Source(NamedTuple):
    """The contents of a file or of standard input."""

    name: str
    """The path, or "standard input"."""
    content: bytes


_FLAGS: Mapping[str, str] = {
    "AllowEmptyReferer": "--allow-empty",
    "AllowTruncateQueryString": "--truncate-query",
    "TruncatePath": "--truncate-path",
}
"""The flags for the switches of a list, by their elements."""


def declare(parser: Parser) -> None:
    """Add the flags for reading rules."""
    declare_service(parser)
    said = "a list of entries has no blacklist and no switches; these flags give them"
    group = parser.add_argument_group("for a list", language.explain(said))
    said = language.explain("the blacklist, which is a list too")
    parser.read_path(group.add_argument("--blacklist", metavar="FILE", help=said))
    for element, flag in _FLAGS.items():
        field = SWITCHES[element]
        default = str(getattr(RefererConfiguration(), field)).lower()
        group.add_argument(
            flag,
            dest=field,
            action=argparse.BooleanOptionalAction,
            help=language.explain(f"{element} (default: {default})"),
        )


def declare_search(parser: Parser) -> None:
    """Add the flag for commands that search folders."""
    parser.add_switch("--pass-if-none", "accept a folder in which there is nothing to check")


def declare_service(parser: Parser) -> None:
    """Add the flags for the service, and for assumptions about it."""
    declare_assumptions(parser)
    bucket.declare(parser)


def declare_assumptions(parser: Parser) -> None:
    parser.add_value("--assumptions", "FILE", _ASSUMPTIONS, type=_read_assumptions, default=DEFAULT)


def _read_assumptions(path: str) -> Assumptions:
    try:
        return assumptions.read(path)
    except AssumptionsError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


class SelectedRules(NamedTuple):
    """The configuration that RULES selects, and its source."""

    configuration: RefererConfiguration
    name: str
    """The name of the configuration in the document; "" without one."""
    source: Source | None
    """The document; None for a bucket."""
    form: RulesForm = RulesForm.XML
    argument: str = ""
    """The argument that selects only this configuration: `FILE`, `FILE#NAME` or `oss://BUCKET`."""

    @property
    def where(self) -> str:
        """The name of the file or the address of the bucket."""
        return self.source.name if self.source else self.argument

    def find_places(self) -> Mapping[tuple[Stage, int], Place]:
        """Return the places of the entries in the text; {} for a bucket."""
        if self.source is None:
            return {}
        text = self.source.content.decode("utf-8-sig", errors="replace")
        if self.form is RulesForm.LIST:
            from oss_referer.sources import plain_list  # only here: few rules are a list

            starts = (item.start for item in plain_list.parse(text).items)
            found = enumerate(places.locate(text, starts))
            return {(Stage.WHITELIST, position): place for position, place in found}
        return places.find(text, self.name, self.configuration)

    def edit(self, new: RefererConfiguration) -> str:
        """Return the text of the source with other rules. Raises NotEditableError."""
        from oss_referer.sources import editing  # only here: most commands change no files
        from oss_referer.sources.editing import NotEditableError

        if self.source is None:
            raise NotEditableError(
                "rules of a bucket are not written back; give these to oss-emulator apply"
            )
        if self.form is RulesForm.LIST:
            if replace(new, whitelist=()) != replace(self.configuration, whitelist=()):
                raise NotEditableError("a list has only a whitelist")
            new = RefererConfiguration(whitelist=new.whitelist)
        return editing.edit(self.source.content, self.form, self.name, new)

    def placing(self) -> Callable[[Decision], Place]:
        """Return a function that returns the place of the entry that decides; else the start."""
        found = self.find_places()

        def place(decision: Decision) -> Place:
            stage = decision.steps[-1].stage
            entries = getattr(self.configuration, stage.value, ())
            if decision.entry not in entries:
                return 1, 1
            return found.get((stage, entries.index(decision.entry)), (1, 1))

        return place


class FoundRules(NamedTuple):
    """The configurations that several arguments select."""

    found: Sequence[SelectedRules]
    wrong: Sequence[InputError]
    """The errors of configurations that cannot be read."""


LookedAt = SelectedRules | InputError
"""Rules, or the error if they cannot be read."""


def read(argument: str, arguments: argparse.Namespace) -> RefererConfiguration:
    """Read the configuration that RULES selects. Raises InputError."""
    return select(argument, arguments).configuration


def select(argument: str, arguments: argparse.Namespace) -> SelectedRules:
    """Read the configuration that RULES selects, with its source. Raises InputError."""
    return select_together([argument], arguments)[0]


def select_together(
    given: Sequence[str], arguments: argparse.Namespace, first: Source | None = None
) -> Sequence[SelectedRules]:
    """Read the configurations that several RULES select. Raises InputError.

    `first` is the document of the first one, if it has been read. Refuse the flags for lists if
    none of them is a list.
    """
    _refuse_two_inputs(given, arguments)
    selected = [
        _select(one, arguments, None if number else first) for number, one in enumerate(given)
    ]
    return _complete(selected, arguments)


def _refuse_two_inputs(given: Sequence[str], arguments: argparse.Namespace) -> None:
    others = (one for one in (getattr(arguments, "blacklist", None),) if one is not None)
    if sum(_split(one)[0] == "-" for one in (*given, *others)) > 1:
        raise InputError("standard input can be read once; name a file instead of one -")


def _select(
    argument: str, arguments: argparse.Namespace, known: Source | None = None
) -> SelectedRules:
    if argument.startswith(bucket.SCHEME):
        return SelectedRules(bucket.get(argument, arguments), "", None, argument=argument)
    path, name = _split(argument)
    source = known or read_source(path, MAX_FILE)
    with locating(source):
        found = _find(source, arguments)
    name = _choose(path, name, found)
    with locating(source):
        return SelectedRules(found[name](), name, source, _form(source), argument)


def _complete(
    selected: Sequence[SelectedRules], arguments: argparse.Namespace
) -> Sequence[SelectedRules]:
    """Add the blacklist and the switches from flags to lists, and describe these lists."""
    given: dict[str, Any] = {
        field: value
        for field in SWITCHES.values()
        if (value := getattr(arguments, field)) is not None
    }
    is_listed = any(item.form is RulesForm.LIST for item in selected)
    if not is_listed and (given or arguments.blacklist is not None):
        raise InputError(
            "the rules already contain their blacklist and their switches; leave out --blacklist "
            "and the flags for switches, which are for a list of entries"
        )
    if is_listed and arguments.blacklist is not None:
        source = read_source(arguments.blacklist)
        with locating(source):
            if forms.detect(source.content) is not RulesForm.LIST:
                raise NoRulesError("--blacklist needs a list of entries")
            given["blacklist"] = forms.parse(source.content)[""].whitelist
    completed = []
    for item in selected:
        if item.form is RulesForm.LIST:
            item = item._replace(configuration=replace(item.configuration, **given))
            if getattr(arguments, "format", "text") == "text":
                _describe(item, "allow_empty_referer" in given)
        completed.append(item)
    return completed


def _describe(item: SelectedRules, is_empty_given: bool) -> None:
    rules = item.configuration
    counts = str(len(rules.whitelist)), str(len(rules.blacklist))
    template = (
        "{}: a list of entries (whitelist: {}, blacklist: {})"
        if is_empty_given
        else "{}: a list of entries (whitelist: {}, blacklist: {}); AllowEmptyReferer is true "
        "unless --no-allow-empty is given (R-15)"
    )
    said = Sentence(template, item.where, *counts)
    sys.stdout.flush()
    show(line(said), to=sys.stderr)


def select_all(given: Sequence[str], arguments: argparse.Namespace) -> FoundRules:
    """Read all configurations of several files, folders and buckets."""
    found: dict[str, SelectedRules] = {}
    wrong: list[InputError] = []
    for argument in given:
        try:
            for one in _select_each(argument, arguments):
                if isinstance(one, InputError):
                    wrong.append(one)
                else:
                    found.setdefault(one.argument, one)
        except InputError as error:
            wrong.append(error)
    return FoundRules(_complete([*found.values()], arguments) if found else (), wrong)


def _select_each(argument: str, arguments: argparse.Namespace) -> Iterator[LookedAt]:
    path, name = _split(argument)
    if argument.startswith(bucket.SCHEME) or name is not None:
        yield _select(argument, arguments)
    elif os.path.isdir(path):
        yield from _search(Path(path), arguments)
    else:
        source = read_source(path, MAX_FILE)
        with locating(source):
            named = _find(source, arguments)
        yield from _read_each(source, named)


def _read_each(source: Source, found: Readers) -> Iterator[LookedAt]:
    for name, read in found.items():
        argument = source.name if len(found) == 1 else f"{source.name}#{name}"
        try:
            yield SelectedRules(read(), name, source, _form(source), argument)
        except SourceError as error:
            yield error_at(source, error)


def _search(folder: Path, arguments: argparse.Namespace) -> Iterator[LookedAt]:
    """Yield the rules of the files below a folder. Raises InputError if no file has rules."""
    files, unread = list_files(folder)
    is_empty = not unread
    for path in files:
        for one in look(path, arguments):
            is_empty = False
            yield one
    yield from unread
    if is_empty and not arguments.pass_if_none:
        raise InputError(f"{folder}: no file below it has rules, or Git ignores those that do")


def look(path: Path, arguments: argparse.Namespace) -> Iterator[LookedAt]:
    """Yield the rules of a file; none if the file has no rules."""
    if path.suffix.lower() in forms.ENDINGS:
        try:
            source = read_source(str(path), MAX_FILE)
            if forms.has_rules(path, source.content):
                yield from _read_each(source, _find(source, arguments))
        except NoRulesError:
            pass
        except SourceError as error:
            yield error_at(source, error)
        except InputError as error:
            yield error


def read_first(given: Sequence[str], arguments: argparse.Namespace) -> Source | None:
    """Read the document of the first of several RULES, without parsing it; None for a bucket.

    Raises InputError.
    """
    _refuse_two_inputs(given, arguments)
    if given[0].startswith(bucket.SCHEME):
        return None
    return read_source(_split(given[0])[0], MAX_FILE)


def find_changes(
    argument: str, known: Source | None = None
) -> "tuple[Source, Mapping[str, PlannedChange]]":
    """Return the changes to rules in a plan of Terraform, by address. Raises InputError."""
    path, name = _split(argument)
    source = known or read_source(path, MAX_FILE)
    with locating(source):
        found = {change.address: change for change in forms.find_changes(source.content)}
    if name is None:
        return source, found
    name = _choose(path, name, found)
    return source, {name: found[name]}


def _choose(path: str, name: str | None, named: Collection[str]) -> str:
    if name is not None:
        if [*named] == [""]:
            raise InputError(f"{path}: its rules have no name; leave out #{name}")
        if name not in named:
            known = ", ".join(named)
            raise InputError(f"{path}: the rules {name!r} do not exist; use one of {known}")
        return name
    if len(named) > 1:
        known = ", ".join(named)
        raise InputError(f"{path}: there are several rules; write {path}#NAME with one of {known}")
    return next(iter(named))


def read_source(argument: str, most: int = MAX_DOCUMENT) -> Source:
    """Read a file, or standard input for `-`, up to `most` + 1 bytes. Raises InputError."""
    if argument == "-":
        return Source("standard input", _read_input(most + 1))
    try:
        with Path(argument).open("rb") as file:
            return Source(argument, file.read(most + 1))
    except OSError as error:
        raise InputError(f"{argument}: the file cannot be read: {error.strerror}") from None


def _read_input(size: int) -> bytes:
    try:
        return sys.stdin.buffer.read(size)
    except OSError as error:
        raise InputError(f"standard input cannot be read: {error.strerror}") from None


def decode(source: Source, most: int = MAX_DOCUMENT) -> str:
    """Decode the text of a source of at most `most` bytes. Raises InputError."""
    if len(source.content) > most:
        raise InputError(f"{source.name} is larger than {most // 1024**2} MiB")
    with locating(source):
        return toml.decode(source.content)


def error_at(source: Source, error: SourceError) -> InputError:
    """Return an error of a source as InputError with its place."""
    return InputError(f"{source.name}, {error}", (source.name, error.line, error.column))


@contextmanager
def locating(source: Source) -> Iterator[None]:
    """Convert a SourceError of the block to InputError with the place in a source."""
    try:
        yield
    except SourceError as error:
        raise error_at(source, error) from None


def _form_of_name(source: Source) -> RulesForm | None:
    """Return the form by the suffix of a file; None if only the content shows it."""
    return FORMS.get(Path(source.name).suffix.lower())


def _form(source: Source) -> RulesForm:
    try:
        return _form_of_name(source) or forms.detect(source.content)
    except SourceError:
        return RulesForm.XML  # a response with its headers, as `curl -i` prints it


def _find(source: Source, arguments: argparse.Namespace) -> Readers:
    """Return a reader for each configuration of a source, by name. Raises SourceError."""
    form = _form_of_name(source)
    return forms.find_in_file(Path(source.name), source.content, form, arguments.assumptions)


def _split(argument: str) -> tuple[str, str | None]:
    """Split off the name after `#`, which may contain `#` itself, unless a file has this name."""
    # Unlike the methods of Path, these functions return False for a path without permission.
    if os.path.exists(argument):
        return argument, None
    parts = argument.split("#")
    paths = ("#".join(parts[:count]) for count in range(1, len(parts)))
    path = next((path for path in paths if path == "-" or os.path.isfile(path)), parts[0])
    return (path, argument[len(path) + 1 :]) if len(parts) > 1 else (argument, None)


# The files of a folder: those that Git does not ignore, or all outside a working tree of Git


_PASSED_OVER = frozenset({".git", ".terraform", "node_modules"})
"""Folders that are not searched, because they contain copies of the work of others."""

_BACKUP = re.compile(r".+\.before\d*\.xml")
"""The names of the files in which `apply` saves the old rules of a bucket."""


def name_backups(name: str) -> Iterator[str]:
    """Yield names for backups of rules; the first one has no number."""
    for number in chain([""], count(2)):
        yield f"{name}.before{number}.xml"


_Refuse = Callable[[OSError], None]
"""Called with the error of each sub-folder that cannot be read."""


def list_files(folder: Path) -> tuple[Sequence[Path], Sequence[InputError]]:
    """Return the files below a folder, and an error for each sub-folder that cannot be read.

    The regular files are in the order of their paths, without backups of `apply` and files that Git
    ignores. Outside a working tree of Git, hidden folders are skipped.
    """
    unread: list[InputError] = []

    def refuse(error: OSError) -> None:
        said = f"{error.filename}: the folder cannot be read: {error.strerror}"
        unread.append(InputError(said))

    known = _ask_git(folder, refuse)
    files = [
        path
        for path in sorted(_walk(folder, refuse) if known is None else known)
        if _PASSED_OVER.isdisjoint(path.relative_to(folder).parts)
        and not _BACKUP.fullmatch(path.name)
        and os.path.isfile(path)
    ]
    return files, unread


def _ask_git(folder: Path, refuse: _Refuse) -> list[Path] | None:
    """Return the files that Git tracks or does not ignore; None if Git is missing or fails."""
    from shutil import which  # only here: few commands search folders

    program = which("git")
    if program is None:
        return None
    listing = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    done = _run(program, folder, *listing)
    if done.returncode:
        return None
    if unread := sorted(_UNREADABLE.findall(os.fsdecode(done.stderr))):
        above = os.fsdecode(_run(program, folder, "rev-parse", "--show-prefix").stdout).rstrip("\n")
        for name, reason in unread:
            refuse(OSError(0, reason, str(folder / name.removeprefix(above))))
    return [folder / os.fsdecode(name) for name in done.stdout.split(b"\0") if name]


def _run(git: str, folder: Path, *words: str) -> "CompletedProcess[bytes]":
    from subprocess import run  # only here: a browser has no processes

    # Settings of a folder may name programs to run; ls-files would run this one.
    safe = ("-c", "core.fsmonitor=false")
    return run(  # noqa: S603 - without a shell, and the folder is not an option
        [git, "-C", str(folder), *safe, *words],
        capture_output=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )


_UNREADABLE = re.compile(r"could not open directory '(.+)': (.+)")
"""The error of Git for a skipped folder, whose path is relative to the working tree."""


def _walk(folder: Path, refuse: _Refuse) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, onerror=refuse):
        seen = (name for name in folders if not name.startswith("."))
        folders[:] = sorted(name for name in seen if name not in _PASSED_OVER)
        yield from (Path(place, name) for name in names)
