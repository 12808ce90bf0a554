"""Accounts, their identities, and the tokens that are issued for them."""

from __future__ import annotations

import hmac
from base64 import b32encode, urlsafe_b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.access.accounts import Accounts, AccountsError, KeyProblem
from oss_emulator.access.identity import ANONYMOUS, AccessKey, Identity, Kind
from oss_emulator.access.policy import PolicyType, Question, evaluate
from oss_emulator.access.tokens import Tokens

from tests.rows import rows

# --- Accounts in TOML, and the keys that they accept

DESCRIPTION = """
[[account]]
id = "1000000000000001"
name = "Example"

[[account.key]]
id = "owner-key"
secret = "owner-secret"

[[account.user]]
name = "reader"
policies = [
  "AliyunOSSReadOnlyAccess",
  '''{"Version": "1", "Statement": [
    {"Effect": "Deny", "Action": "oss:GetBucketAcl", "Resource": "*"}]}''',
  {Version = "1", Statement = [{Effect = "Allow", Action = ["sts:AssumeRole"], Resource = "*"}]},
]
[[account.user.key]]
id = "reader-key"
secret = "reader-secret"

[[account.role]]
id = "3000000000000000001"
name = "worker"
max_session = 7200
policies = ["AliyunOSSFullAccess"]

[[account]]
id = "1000000000000002"
[[account.key]]
id = "payer-key"
secret = "payer-secret"
"""
ROLE = "acs:ram::1000000000000001:role/worker"
MATERIAL = bytes(range(15))


@pytest.fixture
def accounts() -> Accounts:
    return Accounts.parse(DESCRIPTION, token_key=b"key")


def test_first_account_owns_the_seed(accounts: Accounts) -> None:
    assert accounts.owner == Identity("1000000000000001", "Example")


@pytest.mark.parametrize(
    ("key", "account", "kind", "arn"),
    [
        ("owner-key", "1000000000000001", Kind.ACCOUNT, "acs:ram::1000000000000001:root"),
        ("reader-key", "1000000000000001", Kind.USER, "acs:ram::1000000000000001:user/reader"),
        ("payer-key", "1000000000000002", Kind.ACCOUNT, "acs:ram::1000000000000002:root"),
    ],
)
def test_each_key_has_its_identity(
    accounts: Accounts, key: str, account: str, kind: Kind, arn: str
) -> None:
    found = accounts.find(key, "", 0.0)
    assert isinstance(found, AccessKey)
    assert (found.identity.id, found.identity.kind, found.identity.arn) == (account, kind, arn)
    assert found.secret == key.replace("-key", "-secret")


def test_policies_are_named_after_their_source(accounts: Accounts) -> None:
    key = accounts.find("reader-key", "", 0.0)
    assert isinstance(key, AccessKey)
    names = [policy.name for policy in key.identity.policies]
    assert names == ["AliyunOSSReadOnlyAccess", "reader [1]", "reader [2]"]
    read = Question("oss:GetObject", "acs:oss:r:1:b/k")
    settled = evaluate(key.identity.policies, read)
    assert settled is not None
    assert settled.place == "AliyunOSSReadOnlyAccess Statement[0]"
    assert evaluate(key.identity.policies, Question("oss:PutObject", "acs:oss:r:1:b/k")) is None


def test_generated_ids_are_always_the_same() -> None:
    first, second = (
        Accounts.parse(DESCRIPTION, token_key=b"key").find("reader-key", "", 0.0) for _ in range(2)
    )
    assert isinstance(first, AccessKey)
    assert first == second
    # 18 digits from SHA-256 of account and name; they never change, since policies name them.
    assert first.identity.principal_id == "265272432910583762"


def test_role_trusts_its_own_account_by_default(accounts: Accounts) -> None:
    role = accounts.role(ROLE)
    key = accounts.find("reader-key", "", 0.0)
    assert role is not None
    assert isinstance(key, AccessKey)
    assert role.max_session == 7200
    question = Question("sts:AssumeRole", ROLE, principals=key.identity.names(PolicyType.TRUST))
    assert evaluate([role.trust], question) is not None
    other = Identity("1000000000000002", kind=Kind.USER, name="reader")
    question = Question("sts:AssumeRole", ROLE, principals=other.names(PolicyType.TRUST))
    assert evaluate([role.trust], question) is None


ACCOUNT = '[[account]]\nid = "1"\n'
KEY = '[[account.key]]\nid = "k"\nsecret = "s"\n'
USER = '[[account.user]]\nname = "u"\n'
ROLE_TABLE = '[[account.role]]\nname = "r"\n'

REFUSED = [
    ("", "line 1, column 1: no account has a key"),
    (ACCOUNT, "no account has a key, so nobody could sign requests; add [[account.key]]."),
    ('[[account]]\nid = "x1"', 'account[0].id is "x1"; write a string of digits.'),
    (ACCOUNT + '[[account.key]]\nid = ""\nsecret = "s"', 'id is ""; write a string that is not'),
    (ACCOUNT + '[[account.key]]\nid = "k"\nsecret = ""', 'secret is ""; write a string that is'),
    (
        ACCOUNT + '[[account.key]]\nid = "STS.k"\nsecret = "s"',
        'line 4, column 1: account[0].key[0].id is "STS.k"; write an id that does not begin',
    ),
    (
        ACCOUNT + KEY + KEY,
        'account[0].key[1].id is "k"; write a different one, because it is used twice.',
    ),
    (ACCOUNT + KEY + ACCOUNT, 'account[1].id is "1"; write a different one'),
    (ACCOUNT + USER + USER, 'account[0].user[1].name is "u"; write a different one'),
    (ACCOUNT + USER + 'id = "1"', 'account[0].user[0].id is "1"; write a different one'),
    (ACCOUNT + USER + 'policies = "x"', 'policies is "x"; write a list of strings or tables.'),
    (ACCOUNT + USER + "policies = [1]", "policies[0] is 1; write a string or a table."),
    (
        ACCOUNT + USER + 'policies = ["x"]',
        'policies[0] is "x"; write a JSON document or one of Admin',
    ),
    (
        ACCOUNT + USER + 'policies = [\'{"Version": "2"}\']',
        'account[0].user[0].policies[0] is not a valid policy: Version: it must be the string "1".',
    ),
    (ACCOUNT + ROLE_TABLE + ROLE_TABLE, 'account[0].role[1].name is "r"; write a different one'),
    (
        ACCOUNT + ROLE_TABLE + "max_session = 3599",
        "account[0].role[0].max_session is 3599; write 3600 to 43200 seconds.",
    ),
    (ACCOUNT + ROLE_TABLE + "max_session = 43201", "is 43201; write 3600 to 43200 seconds."),
    (
        ACCOUNT + ROLE_TABLE + "trust = '{}'",
        "account[0].role[0].trust is not a valid policy: Version: it must be",
    ),
    (
        ACCOUNT + ROLE_TABLE + "key = []",
        "account[0].role[0].key is unknown; use name, id, trust, policies or max_session.",
    ),
]


@rows(("line", "seconds"), ("", 3600), ("max_session = 3600", 3600), ("max_session = 43200", 43200))
def test_session_of_a_role_lasts_an_hour_to_twelve(line: str, seconds: int) -> None:
    role = Accounts.parse(ACCOUNT + KEY + ROLE_TABLE + line, token_key=b"key").role(
        "acs:ram::1:role/r"
    )
    assert role is not None
    assert role.max_session == seconds


@rows(("text", "message"), *REFUSED)
def test_bad_accounts_are_refused_with_the_place_of_the_mistake(text: str, message: str) -> None:
    with pytest.raises(AccountsError) as raised:
        Accounts.parse(text, token_key=b"key")
    assert message in str(raised.value)


# --- temporary credentials


def test_temporary_credentials_have_the_identity_of_the_role_session(accounts: Accounts) -> None:
    role = accounts.role(ROLE)
    assert role is not None
    policy = '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
    issued = accounts.issue(role, "night", 1000, policy, MATERIAL)
    assert issued.access_key_id.startswith("STS.")
    found = accounts.find(issued.access_key_id, issued.security_token, 999.9)
    assert isinstance(found, AccessKey)
    assert found.secret == issued.access_key_secret
    identity = found.identity
    assert identity.kind is Kind.SESSION
    assert identity.id == "1000000000000001"
    assert identity.arn == "acs:ram::1000000000000001:assumed-role/worker/night"
    assert identity.principal == "3000000000000000001:night"
    assert identity.policies == role.policies
    assert identity.session_policy is not None
    assert accounts.issue(role, "night", 1000, "", MATERIAL) != issued


def test_servers_with_the_same_token_key_accept_each_others_tokens(accounts: Accounts) -> None:
    role = accounts.role(ROLE)
    assert role is not None
    issued = accounts.issue(role, "night", 1000, "", MATERIAL)
    again = Accounts.parse(DESCRIPTION, token_key=b"key")
    assert isinstance(again.find(issued.access_key_id, issued.security_token, 0.0), AccessKey)
    changed = DESCRIPTION.replace("owner-secret", "changed")
    again = Accounts.parse(changed, token_key=b"key")
    assert isinstance(again.find(issued.access_key_id, issued.security_token, 0.0), AccessKey)
    other = Accounts.parse(DESCRIPTION, token_key=b"other")
    found = other.find(issued.access_key_id, issued.security_token, 0.0)
    assert found is KeyProblem.INVALID
    without = Accounts.parse(
        DESCRIPTION.replace('name = "worker"', 'name = "gone"'), token_key=b"key"
    )
    found = without.find(issued.access_key_id, issued.security_token, 0.0)
    assert found is KeyProblem.INVALID


def test_unknown_foreign_and_expired_keys_and_tokens_are_refused(accounts: Accounts) -> None:
    role = accounts.role(ROLE)
    assert role is not None
    issued = accounts.issue(role, "night", 1000, "", MATERIAL)
    other = accounts.issue(role, "night", 1000, "", MATERIAL[::-1])
    key, token = issued.access_key_id, issued.security_token
    assert accounts.find("nobody", "", 0.0) is KeyProblem.UNKNOWN
    assert accounts.find("nobody", token, 0.0) is KeyProblem.NOT_TEMPORARY  # S-25
    assert accounts.find(key, "", 0.0) is KeyProblem.UNKNOWN
    assert accounts.find("owner-key", token, 0.0) is KeyProblem.NOT_TEMPORARY
    assert accounts.find(key, other.security_token, 0.0) is KeyProblem.INVALID
    assert accounts.find("STS.UNKNOWN", token, 0.0) is KeyProblem.INVALID
    assert accounts.find(key, "CAIS", 0.0) is KeyProblem.INVALID
    assert accounts.find(key, token, 1000.0) is KeyProblem.EXPIRED
    for known in ("owner-key", ""), (key, token), ("STS.UNKNOWN", token), ("owner-key", "CAIS"):
        assert accounts.knows(*known)
    for unknown in ("nobody", ""), ("STS.UNKNOWN", "CAIS"), (key, "CAIS"), (key, ""):
        assert not accounts.knows(*unknown)


# --- The names of identities in policies


@rows(
    ("identity", "names"),
    (Identity("1"), ()),
    (Identity("1", kind=Kind.USER, name="u"), ("acs:ram::1:root", "acs:ram::1:user/u")),
    (
        Identity("1", kind=Kind.SESSION, name="r", session="s"),
        ("acs:ram::1:root", "acs:ram::1:role/r"),
    ),
)
def test_identity_has_its_names_in_trust_policies(
    identity: Identity, names: tuple[str, ...]
) -> None:
    assert identity.names(PolicyType.TRUST) == names


OTHER_ACCOUNT = Identity("1")
OTHER_USER = Identity("1", kind=Kind.USER, principal_id="2", name="u")
SESSION = Identity("1", kind=Kind.SESSION, principal_id="3", name="r", session="s")


@rows(
    ("identity", "arn", "principal", "in_bucket_policies"),
    (OTHER_ACCOUNT, "acs:ram::1:root", "1", "1"),
    (OTHER_USER, "acs:ram::1:user/u", "2", "2"),
    (SESSION, "acs:ram::1:assumed-role/r/s", "3:s", "arn:sts::1:assumed-role/r/s"),
)
def test_identity_has_a_name_for_each_question(
    identity: Identity, arn: str, principal: str, in_bucket_policies: str
) -> None:
    assert (identity.arn, identity.principal) == (arn, principal)
    assert identity.names(PolicyType.BUCKET) == (in_bucket_policies,)
    assert not identity.anonymous


def test_only_the_identity_without_an_account_is_anonymous() -> None:
    assert ANONYMOUS.anonymous


# --- Security tokens: only what was issued is accepted

TOKENS = Tokens(b"key")
TOKEN = TOKENS.issue(ROLE, "night", 1000, "", MATERIAL).security_token


def test_token_parses_to_its_grant() -> None:
    grant = TOKENS.parse(TOKEN)
    assert grant is not None
    assert (grant.role, grant.session, grant.expires, grant.policy) == (ROLE, "night", 1000, "")
    assert Tokens(b"other").parse(TOKEN) is None


@rows("text", TOKEN[4:], "cais" + TOKEN[4:], TOKEN + "!", TOKEN + "!!!!", TOKEN + "\n")
def test_malformed_token_is_refused(text: str) -> None:
    assert TOKENS.parse(text) is None


@given(st.integers(0, len(TOKEN) - 1), st.characters())
def test_changed_token_is_refused(place: int, character: str) -> None:
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    assert changed == TOKEN or TOKENS.parse(changed) is None


def test_same_bytes_in_another_text_are_refused() -> None:
    """`+` replaces `-` in the standard alphabet of Base64."""
    token = next(
        issued
        for policy in map(str, range(100))
        if "-" in (issued := TOKENS.issue(ROLE, "night", 1000, policy, MATERIAL).security_token)
    )
    assert TOKENS.parse(token) is not None
    assert TOKENS.parse(token.replace("-", "+")) is None


TOKEN_START = 3
"""The bytes that `CAIS` decodes to."""


@given(st.text())
def test_arbitrary_text_is_not_a_token(text: str) -> None:
    assert TOKENS.parse(text) is None
    assert TOKENS.parse("CAIS" + text) is None


def test_token_with_the_longest_policy_fits_into_a_header() -> None:
    policy = "".join(chr(33 + number % 90) for number in range(2048))
    assert len(TOKENS.issue(ROLE, "s" * 64, 10**10, policy, MATERIAL).security_token) < 4096


def test_credentials_follow_from_the_material_and_the_key() -> None:
    made = TOKENS.issue(ROLE, "night", 1000, "", MATERIAL + b"more")
    assert made.access_key_id == f"STS.{b32encode(MATERIAL).decode()}"
    assert made.access_key_secret == TOKENS.secret(made.access_key_id)
    assert len(urlsafe_b64decode(made.access_key_secret)) == 30


def test_token_is_a_signature_of_16_bytes_and_its_grant() -> None:
    sealed = urlsafe_b64decode(TOKEN + "==")
    assert isinstance(sealed, bytes)
    signed = b"token\0" + sealed[TOKEN_START + 16 :]
    assert sealed[TOKEN_START : TOKEN_START + 16] == hmac.digest(b"key", signed, "sha256")[:16]


def test_token_of_any_length_parses_to_its_grant() -> None:
    for size in range(60):
        session = "".join(chr(64 + 37 * place % 60) for place in range(size))
        token = TOKENS.issue(ROLE, session, 1000, "", MATERIAL).security_token
        grant = TOKENS.parse(token)
        assert grant is not None, size
        assert grant.session == session
