"""EncryptionContext: pairs of texts that decryption must be given again (P-88)."""

import json
from collections.abc import Mapping

from oss_emulator import json_text
from oss_emulator.json_text import JSONError
from oss_emulator.rpc.errors import RPCError, RPCErrorCase

MAX_CONTEXT = 8192
"""Characters of the longest context."""


def canonical(parameters: Mapping[str, str]) -> bytes:
    """Format the context of a request so that equivalent ones are the same bytes.

    An empty context is none. Raises `RPCError` unless it is an object with texts as values.
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
