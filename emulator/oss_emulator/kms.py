"""KMS: Encrypt, Decrypt and GenerateDataKey, for encryption in clients (P-86).

Its errors come first, then contexts, ciphertexts, keys, and the actions.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from oss_referer.sources import json_text
from oss_referer.sources.json_text import JSONError

from oss_emulator.access.identity import Kind
from oss_emulator.access.policy import Effect, Question, evaluate
from oss_emulator.protocol.xml import Children
from oss_emulator.rpc.errors import ErrorTable, RPCError, RPCErrorCase, RPCErrorSpec
from oss_emulator.rpc.product import Product
from oss_emulator.rpc.request import RPCCall, required

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM


# fmt: off
class KMSErrorCase(ErrorTable):
    """The errors specific to KMS."""

    NO_KEY = RPCErrorSpec("Forbidden.KeyNotFound", 404, "The specified Key is not found.")
    NO_PERMISSION = RPCErrorSpec("Forbidden.NoPermission", 403, "This operation is forbidden by permission system.")


KMS_MESSAGES: Mapping[ErrorTable, RPCErrorSpec] = {
    RPCErrorCase.MISSING: RPCErrorSpec("MissingParameter", 400, 'The parameter "{name}" is needed but not provided.'),
    RPCErrorCase.INVALID: RPCErrorSpec("InvalidParameter", 400, 'The specified parameter "{name}" is not valid.'),
    RPCErrorCase.UNKNOWN_KEY: RPCErrorSpec("InvalidAccessKeyId.NotFound", 404, "The AccessKey ID provided does not exist in our records."),
}
"""The codes and messages of KMS for errors that all RPC services share."""
# fmt: on


MAX_CONTEXT = 8192
"""Characters of the longest context."""


def canonical_context(parameters: Mapping[str, str]) -> bytes:
    """Format the encryption context of a request; equal contexts give equal bytes.

    An empty context counts as none. Raises `RPCError` unless it is a JSON object of strings.
    """
    text = parameters.get("EncryptionContext", "")
    if not text:
        return b"{}"
    try:
        pairs = json_text.parse(text, most=MAX_CONTEXT)
    except JSONError:
        pairs = None
    if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
        raise RPCError(RPCErrorCase.INVALID, name="EncryptionContext")
    return json.dumps(pairs, sort_keys=True).encode()


NONCE_SIZE = 12
"""Bytes of a nonce."""


class CiphertextError(ValueError):
    """A ciphertext is malformed, was changed, or was made with another context."""


class Ciphertext(NamedTuple):
    """A ciphertext with everything that decryption needs except the key of the server (P-89).

    Its text is the Base64 of the key's ARN, a zero byte, a nonce and the output of AES-256-GCM.
    The ARN names region, account and key; HKDF derives a key for each ARN from the key of the
    server. The ARN and the EncryptionContext are authenticated.
    """

    arn: str
    """The ARN of the key; `decrypt` verifies it."""
    nonce: bytes
    sealed: bytes

    @classmethod
    def parse(cls, text: str) -> "Ciphertext":
        """Parse a ciphertext; raises `CiphertextError`."""
        try:
            data = b64decode(text, validate=True)
            arn, zero, rest = data.partition(b"\0")
            found = cls(arn.decode("ascii"), rest[:NONCE_SIZE], rest[NONCE_SIZE:])
        except ValueError:
            raise CiphertextError("It is not a ciphertext of this service.") from None
        # Several Base64 texts may decode to the same bytes; only the canonical one is accepted.
        if not zero or len(found.nonce) < NONCE_SIZE or found.format() != text:
            raise CiphertextError("It is not a ciphertext of this service.")
        return found

    @classmethod
    def encrypt(
        cls, arn: str, plaintext: bytes, *, context: bytes, server_key: bytes, nonce: bytes
    ) -> "Ciphertext":
        """Encrypt a plaintext; `nonce` is `NONCE_SIZE` random bytes."""
        sealed = _cipher(arn, server_key).encrypt(nonce, plaintext, _bound(arn, context))
        return cls(arn, nonce, sealed)

    def decrypt(self, *, context: bytes, server_key: bytes) -> bytes:
        """Return the plaintext; raises `CiphertextError`."""
        from cryptography.exceptions import InvalidTag

        try:
            cipher = _cipher(self.arn, server_key)
            return cipher.decrypt(self.nonce, self.sealed, _bound(self.arn, context))
        except InvalidTag:
            raise CiphertextError("It was changed, or has another context.") from None

    def format(self) -> str:
        """Format the ciphertext as the Base64 text that clients store."""
        return b64encode(self.arn.encode("ascii") + b"\0" + self.nonce + self.sealed).decode()


def _cipher(arn: str, server_key: bytes) -> "AESGCM":
    # Imported on first use, because most servers never encrypt.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = b"oss-emulator kms " + arn.encode("ascii")
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=info).derive(server_key))


def _bound(arn: str, context: bytes) -> bytes:
    return arn.encode("ascii") + b"\0" + context


_ID = re.compile(r"[\x21-\x7e]{1,255}")


def arn_of(call: RPCCall) -> str:
    """Return the ARN of the key that `KeyId` names, by its id or its ARN; raises `RPCError`.

    Every id names a key of the caller's account in the region of the request.
    """
    prefix = _prefix(call)
    key_id = required(call.parameters, "KeyId").removeprefix(prefix)
    if not _ID.fullmatch(key_id):
        raise RPCError(RPCErrorCase.INVALID, name="KeyId")
    if key_id.startswith("acs:kms:"):
        raise RPCError(KMSErrorCase.NO_KEY)
    return prefix + key_id


def id_of(call: RPCCall, arn: str) -> str:
    """Return the id of a key; raises `RPCError` for a key of another account or region."""
    prefix = _prefix(call)
    if not arn.startswith(prefix):
        raise RPCError(KMSErrorCase.NO_KEY)
    return arn.removeprefix(prefix)


def version_of(arn: str) -> str:
    """Return the id of the only version of a key."""
    return str(uuid5(NAMESPACE_URL, arn))


def authorize(call: RPCCall, action: str, arn: str) -> None:
    """Check that the caller's policies allow an action on a key; raises `RPCError`."""
    caller = call.caller
    if caller.kind is Kind.ACCOUNT:
        return
    groups = [caller.policies]
    if caller.session_policy is not None:
        groups.append((caller.session_policy,))
    for policies in groups:
        settled = evaluate(policies, Question(f"kms:{action}", arn))
        if settled is None or settled.effect is Effect.DENY:
            raise RPCError(KMSErrorCase.NO_PERMISSION)


def _prefix(call: RPCCall) -> str:
    return f"acs:kms:{call.region}:{call.caller.id}:key/"


# 6 KB in Base64. oss2 2.8 encrypts a decimal number, so any printable text is accepted (P-86).
_PLAINTEXT = re.compile(r"[\t\n\r\x20-\x7e]{1,8192}")

_KEY_SIZES = {"AES_256": 32, "AES_128": 16}

MAX_DATA_KEY = 1024
"""Bytes of the longest data key."""


def encrypt(call: RPCCall) -> Children:
    """Encrypt a text (Encrypt); raises `RPCError`."""
    arn = arn_of(call)
    plaintext = required(call.parameters, "Plaintext")
    if not _PLAINTEXT.fullmatch(plaintext):
        raise RPCError(RPCErrorCase.INVALID, name="Plaintext")
    authorize(call, "Encrypt", arn)
    return _seal(call, arn, plaintext)


def generate_data_key(call: RPCCall) -> Children:
    """Generate a random key and encrypt it (GenerateDataKey); raises `RPCError`."""
    arn = arn_of(call)
    size = _data_key_size(call)
    authorize(call, "GenerateDataKey", arn)
    plaintext = b64encode(call.material[NONCE_SIZE : NONCE_SIZE + size]).decode()
    return [*_seal(call, arn, plaintext), ("Plaintext", plaintext)]


def decrypt(call: RPCCall) -> Children:
    """Decrypt what the other actions encrypted (Decrypt); raises `RPCError`."""
    bound = canonical_context(call.parameters)
    text = required(call.parameters, "CiphertextBlob")
    try:
        found = Ciphertext.parse(text)
        key_id = id_of(call, found.arn)
        plaintext = found.decrypt(context=bound, server_key=call.environment.key)
    except CiphertextError:
        raise RPCError(RPCErrorCase.INVALID, name="CiphertextBlob") from None
    authorize(call, "Decrypt", found.arn)
    version = version_of(found.arn)
    return [("KeyId", key_id), ("KeyVersionId", version), ("Plaintext", plaintext.decode())]


def _seal(call: RPCCall, arn: str, plaintext: str) -> Children:
    sealed = Ciphertext.encrypt(
        arn,
        plaintext.encode(),
        context=canonical_context(call.parameters),
        server_key=call.environment.key,
        nonce=call.material[:NONCE_SIZE],
    )
    return [
        ("KeyId", id_of(call, arn)),
        ("KeyVersionId", version_of(arn)),
        ("CiphertextBlob", sealed.format()),
    ]


def _data_key_size(call: RPCCall) -> int:
    """Return the size of a data key in bytes; NumberOfBytes takes precedence over KeySpec."""
    count, spec = call.parameters.get("NumberOfBytes"), call.parameters.get("KeySpec")
    if count:
        if not re.fullmatch(r"[0-9]{1,4}", count) or not 1 <= int(count) <= MAX_DATA_KEY:
            raise RPCError(RPCErrorCase.INVALID, name="NumberOfBytes")
        return int(count)
    size = _KEY_SIZES.get(spec or "AES_256")
    if size is None:
        raise RPCError(RPCErrorCase.INVALID, name="KeySpec")
    return size


KMS = Product(
    name="Kms",
    version="2016-01-20",
    actions={
        "Decrypt": decrypt,
        "Encrypt": encrypt,
        "GenerateDataKey": generate_data_key,
    },
    errors=KMS_MESSAGES,
    error_root="KMS",
    error_has_status=True,
)
