"""A request to an RPC service: its action, its parameters and the format of its answer.

Clients name the action either in parameters (`Action`, `Version`) or, since signature V3, in
headers (`x-acs-action`, `x-acs-version`). Parameters are in the query, in a form, or in both.
"""

from collections.abc import Mapping
from typing import NamedTuple

from oss_emulator.protocol.message import Request, parse_query
from oss_emulator.rpc.errors import RPCError, RPCErrorCase


class RPCRequest(NamedTuple):
    """A request with its body and its parameters."""

    http: Request
    body: bytes
    parameters: Mapping[str, str]
    """The parameters of the query and the form; the query takes precedence."""

    @classmethod
    def parse(cls, http: Request, body: bytes) -> "RPCRequest":
        """Parse the parameters of a request; only a POST has a form."""
        parameters = dict(http.query)
        if http.method == "POST":
            parameters = {**parse_query(body.decode("utf-8", "replace")), **parameters}
        return cls(http, body, parameters)

    @property
    def action(self) -> str:
        """The name of the action; "" if none is named."""
        return self.parameters.get("Action") or self.http.headers.get("x-acs-action", "")

    @property
    def version(self) -> str:
        """The version of the API; "" if none is named."""
        return self.parameters.get("Version") or self.http.headers.get("x-acs-version", "")

    @property
    def as_json(self) -> bool:
        """Whether the answer is JSON and not XML (P-61).

        `Format` decides. Without it, a request that names the action in a header gets the format of
        `Accept`: XML if `Accept` names it, else JSON. Every other request gets XML.
        """
        form = self.parameters.get("Format")
        if form is not None:
            return form.upper() == "JSON"
        headers = self.http.headers
        return "x-acs-action" in headers and "xml" not in headers.get("accept", "")


def required(parameters: Mapping[str, str], name: str) -> str:
    """Return a required parameter; raises `RPCError` if it is missing or empty."""
    value = parameters.get(name)
    if not value:
        raise RPCError(RPCErrorCase.MISSING, name=name)
    return value
