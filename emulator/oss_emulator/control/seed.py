"""A seed file: accounts, and buckets with their ACLs, rules and objects, put as the owner would."""

import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

from oss_emulator.access import Accounts, AccountsError
from oss_emulator.control.controls import Controls
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request
from oss_emulator.referer import RefererConfiguration, codec


class SeedError(ValueError):
    """A seed file that cannot be used; the text says where and why."""


_BUCKET = {"name", "acl", "storage_class", "redundancy", "referer", "object"}
_OBJECT = {"key", "text", "file", "content_type", "acl", "headers"}
_REFERER = {field.name for field in fields(RefererConfiguration)}


def load(path: Path, service: Service) -> str:
    """Put what a seed file describes; returns its `hint`, which is shown when the server is ready.

    A file named by an object is read beside the seed file. Raises `SeedError`.
    """
    where, text = _read(path)
    return apply(where, text, service, path.parent)


def enroll(path: Path, service: Service) -> None:
    """Let the accounts of a seed file be those that are known, and put nothing.

    So a further server of the same folder knows them. Raises `SeedError`.
    """
    where, text = _read(path)
    _set_accounts(where, _parse(where, text), service)


def _read(path: Path) -> tuple[str, str]:
    """What begins the sentences about a file, and its text."""
    where = f"The seed {path}"
    try:
        return where, path.read_text(encoding="utf-8")
    except OSError as error:
        raise SeedError(f"{where} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise SeedError(f"{where} is no TOML: {error}.") from None


def reset(controls: Controls) -> None:
    """Restore the initial contents.

    A disk store resets to empty, so its seed is put again. Raises `SeedError`.
    """
    controls.reset()
    service, seed_file = controls.service, controls.service.settings.seed
    if service.storage.blocking and seed_file is not None:
        load(seed_file, service)


def apply(where: str, text: str, service: Service, folder: Path | None = None) -> str:
    """Put what the text of a seed describes; its objects may name files of `folder` only.

    `where` begins the sentence of each `SeedError`. Returns the `hint`.
    """
    seed = _parse(where, text)
    _check_names(where, seed, {"hint", "account", "bucket"})
    if folder is None and "account" in seed:
        raise SeedError(f"{where}: only the seed that a server starts with can have accounts.")
    _set_accounts(where, seed, service)
    for bucket in _tables(where, seed, "bucket"):
        _put_bucket(where, folder, service, bucket)
    return str(seed.get("hint", ""))


def _parse(where: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SeedError(f"{where} is no TOML: {error}.") from None
    except RecursionError:
        raise SeedError(f"{where} is no seed: it is nested too deeply.") from None


def _set_accounts(where: str, seed: Mapping[str, Any], service: Service) -> None:
    """Let the accounts of a seed take the place of the one that has the configured key."""
    if "account" not in seed:
        return
    if service.settings.accounts is not None:
        raise SeedError(f"{where}: accounts are in the file {service.settings.accounts} already.")
    try:
        service.accounts = Accounts.load({"account": seed["account"]})
    except AccountsError as error:
        raise SeedError(f"{where}, {error}") from None


def _put_bucket(
    where: str, folder: Path | None, service: Service, bucket: Mapping[str, Any]
) -> None:
    name = bucket.get("name")
    where = f"{where}, bucket {name!r}"
    _check_names(where, bucket, _BUCKET)
    if not isinstance(name, str):
        raise SeedError(f"{where}: name must be a text.")
    classes = "".join(
        f"<{element}>{bucket[key]}</{element}>"
        for key, element in (
            ("storage_class", "StorageClass"),
            ("redundancy", "DataRedundancyType"),
        )
        if key in bucket
    )
    body = f"<CreateBucketConfiguration>{classes}</CreateBucketConfiguration>" if classes else ""
    acl = {"x-oss-acl": str(bucket["acl"])} if "acl" in bucket else {}
    target = f"/{quote(name, safe='')}"
    _put(where, service, target, acl, body.encode())
    if "referer" in bucket:
        _put(where, service, f"{target}?referer", {}, _rules(where, bucket["referer"]))
    for item in _tables(where, bucket, "object"):
        _put_object(where, folder, service, name, item)


def _put_object(
    where: str, folder: Path | None, service: Service, bucket: str, item: Mapping[str, Any]
) -> None:
    key = item.get("key")
    where = f"{where}, object {key!r}"
    _check_names(where, item, _OBJECT)
    if not isinstance(key, str) or not key:
        raise SeedError(f"{where}: key must be a text.")
    data = _data(where, folder, item)
    given = item.get("headers", {})
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise SeedError(f"{where}: headers must be a table of texts.")
    headers = dict(given)
    if "content_type" in item:
        headers["Content-Type"] = str(item["content_type"])
    if "acl" in item:
        headers["x-oss-object-acl"] = str(item["acl"])
    _put(where, service, f"/{bucket}/{quote(key)}", headers, data)


def _data(where: str, folder: Path | None, item: Mapping[str, Any]) -> bytes:
    if ("text" in item) == ("file" in item):
        raise SeedError(f"{where}: give either text or file.")
    if "text" in item:
        return str(item["text"]).encode()
    if folder is None:
        raise SeedError(f"{where}: only a seed that is a file can name files; give text.")
    try:
        return (folder / str(item["file"])).read_bytes()
    except OSError as error:
        raise SeedError(
            f"{where}: the file {item['file']} cannot be read: {error.strerror}."
        ) from None
    except ValueError:
        raise SeedError(
            f"{where}: the file {item['file']!r} cannot be read: no file has such a name."
        ) from None


def _rules(where: str, rules: Any) -> bytes:
    try:
        return codec.format(_configuration(where, rules))
    except SeedError:
        raise
    except ValueError as error:
        raise SeedError(f"{where}, referer: an entry cannot be written: {error}.") from None


def _configuration(where: str, rules: Any) -> RefererConfiguration:
    if not isinstance(rules, dict):
        raise SeedError(f"{where}: referer must be a table.")
    _check_names(f"{where}, referer", rules, _REFERER)
    values: dict[str, Any] = {}
    for name, value in rules.items():
        if name in ("whitelist", "blacklist"):
            if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
                raise SeedError(f"{where}, referer: {name} must be a list of texts.")
            values[name] = tuple(value)
        elif isinstance(value, bool):
            values[name] = value
        else:
            raise SeedError(f"{where}, referer: {name} must be true or false.")
    return RefererConfiguration(**values)


def _put(
    where: str, service: Service, target: str, headers: Mapping[str, str], data: bytes
) -> None:
    request = Request.parse(
        "PUT", target, [("Host", "localhost"), *headers.items()], service.clock()
    )
    response = service.handle(request, data, caller=service.accounts.owner)
    if response.status != 200:
        assert isinstance(response.body, bytes)  # noqa: S101 - an error's body is a document
        raise SeedError(f"{where}: {_message(response.body)}")


def _message(document: bytes) -> str:
    text = document.decode()
    code = text.partition("<Code>")[2].partition("</Code>")[0]
    message = text.partition("<Message>")[2].partition("</Message>")[0]
    return f"{code}: {message}"


def _tables(where: str, table: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = table.get(name, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise SeedError(f"{where}: write [[{name}]] for each {name}.")
    return found


def _check_names(where: str, table: Mapping[str, Any], known: set[str]) -> None:
    for name in table:
        if name not in known:
            raise SeedError(f"{where}: {name} is not known; known are {', '.join(sorted(known))}.")
