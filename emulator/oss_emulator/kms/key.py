"""The key that a request uses: its name, and whether the caller may use it (P-86, P-87)."""

import re
from uuid import NAMESPACE_URL, uuid5

from oss_emulator.access import Effect, Kind, Question, evaluate
from oss_emulator.kms.errors import KMSErrorCase
from oss_emulator.rpc.call import RPCCall
from oss_emulator.rpc.errors import RPCError, RPCErrorCase
from oss_emulator.rpc.message import required

_ID = re.compile(r"[\x21-\x7e]{1,255}")


def arn_of(call: RPCCall) -> str:
    """Return the ARN of the key that `KeyId` names, by its id or its ARN; raises `RPCError`.

    Every id names a key of the caller's account in the region that is asked.
    """
    prefix = _prefix(call)
    key_id = required(call.parameters, "KeyId").removeprefix(prefix)
    if not _ID.fullmatch(key_id):
        raise RPCError(RPCErrorCase.INVALID, name="KeyId")
    if key_id.startswith("acs:kms:"):
        raise RPCError(KMSErrorCase.NO_KEY)
    return prefix + key_id


def id_of(call: RPCCall, arn: str) -> str:
    """Return the id of a key; raises `RPCError` if its account or its region is another one."""
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
