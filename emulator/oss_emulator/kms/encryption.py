"""Encrypt, Decrypt and GenerateDataKey: the actions that clients of encrypted objects need."""

import re
from base64 import b64encode

from oss_emulator.kms import context, key
from oss_emulator.kms.ciphertext import NONCE_SIZE, Ciphertext, CiphertextError
from oss_emulator.protocol.xml import Children
from oss_emulator.rpc.call import RPCCall
from oss_emulator.rpc.errors import RPCError, RPCErrorCase
from oss_emulator.rpc.message import required

# 6 KB in Base64. oss2 2.8 encrypts a decimal number, so any printable text is accepted (P-86).
_PLAINTEXT = re.compile(r"[\t\n\r\x20-\x7e]{1,8192}")

_KEY_SIZES = {"AES_256": 32, "AES_128": 16}

MAX_DATA_KEY = 1024
"""Bytes of the longest data key."""


def encrypt(call: RPCCall) -> Children:
    """Encrypt a text (Encrypt); raises `RPCError`."""
    arn = key.arn_of(call)
    plaintext = required(call.parameters, "Plaintext")
    if not _PLAINTEXT.fullmatch(plaintext):
        raise RPCError(RPCErrorCase.INVALID, name="Plaintext")
    key.authorize(call, "Encrypt", arn)
    return _seal(call, arn, plaintext)


def generate_data_key(call: RPCCall) -> Children:
    """Make a random key, and encrypt it (GenerateDataKey); raises `RPCError`."""
    arn = key.arn_of(call)
    size = _data_key_size(call)
    key.authorize(call, "GenerateDataKey", arn)
    plaintext = b64encode(call.material[NONCE_SIZE : NONCE_SIZE + size]).decode()
    return [*_seal(call, arn, plaintext), ("Plaintext", plaintext)]


def decrypt(call: RPCCall) -> Children:
    """Decrypt what the other actions encrypted (Decrypt); raises `RPCError`."""
    bound = context.canonical(call.parameters)
    text = required(call.parameters, "CiphertextBlob")
    try:
        found = Ciphertext.parse(text)
        key_id = key.id_of(call, found.arn)
        plaintext = found.decrypt(context=bound, server_key=call.installation.key)
    except CiphertextError:
        raise RPCError(RPCErrorCase.INVALID, name="CiphertextBlob") from None
    key.authorize(call, "Decrypt", found.arn)
    version = key.version_of(found.arn)
    return [("KeyId", key_id), ("KeyVersionId", version), ("Plaintext", plaintext.decode())]


def _seal(call: RPCCall, arn: str, plaintext: str) -> Children:
    sealed = Ciphertext.encrypt(
        arn,
        plaintext.encode(),
        context=context.canonical(call.parameters),
        server_key=call.installation.key,
        nonce=call.material[:NONCE_SIZE],
    )
    return [
        ("KeyId", key.id_of(call, arn)),
        ("KeyVersionId", key.version_of(arn)),
        ("CiphertextBlob", sealed.format()),
    ]


def _data_key_size(call: RPCCall) -> int:
    """Return the bytes of a data key; NumberOfBytes takes precedence over KeySpec."""
    count, spec = call.parameters.get("NumberOfBytes"), call.parameters.get("KeySpec")
    if count:
        if not re.fullmatch(r"[0-9]{1,4}", count) or not 1 <= int(count) <= MAX_DATA_KEY:
            raise RPCError(RPCErrorCase.INVALID, name="NumberOfBytes")
        return int(count)
    size = _KEY_SIZES.get(spec or "AES_256")
    if size is None:
        raise RPCError(RPCErrorCase.INVALID, name="KeySpec")
    return size
