"""A RAM user needs exactly one action for each operation."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Iterator

import oss2
import pytest
import requests
from lxml import etree
from oss_emulator import Emulator
from oss_emulator.access.authorize import Permission
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.operation import Operation, Resource

from tests.client import sign

APART = {"OptionObject", "PostObject", "DeleteMultipleObjects"}
"""Preflights need no permission; the body of the others decides which action they need."""

ASKED = [operation for operation in OPERATIONS if operation.name not in APART]
ACTIONS = sorted({operation.action for operation in ASKED})

WITH_SOURCE = {"oss:PutObject": ["oss:PutObject", "oss:GetObject"]}
"""CopyObject and UploadPartCopy need a second action, on their source (A-13)."""

PART = {"partNumber": "1", "uploadId": "U"}
PARAMETERS = {"UploadPart": PART, "UploadPartCopy": PART, "AppendObject": {"position": "0"}}
"""The parameters that an operation needs in addition to its sub-resource."""

USER = """
[[account.user]]
name = "{name}"
policies = ['''{{"Version": "1", "Statement": [
  {{"Effect": "Allow", "Action": {actions}, "Resource": "*"}}]}}''']
key = [{{id = "{name}", secret = "secret"}}]
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator with one user for each action and the user `nothing` without any."""
    users = [USER.format(name="nothing", actions='"oss:ActivateProduct"')]
    for action in ACTIONS:
        actions = json.dumps(WITH_SOURCE.get(action, action))
        users.append(USER.format(name=_user(action), actions=actions))
    accounts = tmp_path_factory.mktemp("accounts") / "accounts.toml"
    owner = '[[account]]\nid = "1"\nkey = [{id = "owner", secret = "secret"}]\n'
    accounts.write_text(owner + "".join(users))
    with Emulator(accounts=accounts) as running:
        yield running


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False  # otherwise each request looks for proxies in the environment
        yield session


def renew(emulator: Emulator) -> None:
    """Undo the changes of the previous request."""
    emulator.reset()
    emulator.put("/a-bucket")
    emulator.put("/a-bucket/a", b"content")


def _user(action: str) -> str:
    return action.removeprefix("oss:")


def ask(
    emulator: Emulator, session: requests.Session, operation: Operation, user: str
) -> etree._Element | None:
    """Request an operation; return its error or None."""
    parts = [part.partition("=") for part in operation.subresource.split("&") if part]
    parameters = {name: value for name, _, value in parts} | PARAMETERS.get(operation.name, {})
    headers = {operation.header: "/a-bucket/a"} if operation.header else {}
    bucket = "" if operation.resource is Resource.SERVICE else "a-bucket"
    key = "a" if operation.resource is Resource.OBJECT else ""
    auth = oss2.AuthV4(user, "secret")
    method = operation.method
    target, fields = sign(auth, "header", method, bucket, key, parameters, headers)
    url = emulator.endpoint + target
    # Only the body of an error is read: GET of objectMeta has none, whatever its length (P-56).
    with session.request(method, url, headers=dict(fields), timeout=20, stream=True) as answer:
        assert emulator.journal[-1].operation == operation.name
        if answer.ok:
            return None
        return etree.fromstring(b64decode(answer.headers.get("x-oss-err", "")) or answer.content)


def test_denial_names_the_missing_action(emulator: Emulator, session: requests.Session) -> None:
    renew(emulator)
    places = ("Code", "EC", "AccessDeniedDetail/AuthAction", "AccessDeniedDetail/NoPermissionType")
    found = []
    for operation in ASKED:
        error = ask(emulator, session, operation, "nothing")
        said = [] if error is None else [error.findtext(place) for place in places]
        found.append((operation.name, *said))
    assert found == [
        (operation.name, "AccessDenied", _no_policy(operation), operation.action, "ImplicitDeny")
        for operation in ASKED
    ]


def _no_policy(operation: Operation) -> str:
    """Return the EC for a user whom no policy allows an operation (A-72)."""
    if operation.name == "PutBucket":
        return "0003-00000202"
    return "0003-00000905" if operation.permission is Permission.OWN else "0003-00000001"


def test_user_with_the_action_is_admitted(emulator: Emulator, session: requests.Session) -> None:
    """The incomplete request may still fail with an error other than AccessDenied."""
    denied = []
    for operation in ASKED:
        renew(emulator)
        error = ask(emulator, session, operation, _user(operation.action))
        if error is not None and error.findtext("Code") == "AccessDenied":
            denied.append(operation.name)
    assert denied == []
