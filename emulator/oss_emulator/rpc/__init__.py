"""The RPC protocol that STS and KMS share: requests, signatures, answers, errors.

Pure functions turn a request, its body and random bytes into an answer. Requests are signed with V1
(HMAC-SHA1) or V3 (ACS3-HMAC-SHA256).
"""

from oss_emulator.rpc.errors import ErrorTable, RPCError, RPCErrorCase, RPCErrorSpec
from oss_emulator.rpc.product import MATERIAL_SIZE, Action, Product, RPCAnswer, answer
from oss_emulator.rpc.request import RPCCall, RPCEnvironment

__all__ = [
    "MATERIAL_SIZE",
    "Action",
    "ErrorTable",
    "Product",
    "RPCAnswer",
    "RPCCall",
    "RPCEnvironment",
    "RPCError",
    "RPCErrorCase",
    "RPCErrorSpec",
    "answer",
]
