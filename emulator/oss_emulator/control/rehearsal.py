"""A service that tries the initial contents before a running service gets them."""

from dataclasses import replace

from oss_emulator.control.seed import SeedError, refusal_of
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.call import NO_BODY, Body
from oss_emulator.pipeline.accounts import open_accounts
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request, Response


class Rehearsal(Service):
    """A service that begins empty and in memory, and remembers the requests that change it."""

    def __init__(self, service: Service) -> None:
        """Take the settings of `service`, and read its accounts again; raises `AccountsError`."""
        super().__init__(replace(service.settings, data=None), clock=service.clock)
        self.token_key = service.token_key
        self.accounts = open_accounts(service.settings, service.token_key)
        self._requests: list[tuple[Request, Body]] = []

    def perform(self, admission: Admission, body: Body = NO_BODY) -> Response:
        """Perform a request as any service does, and remember it with its body."""
        self._requests.append((admission.original, body))
        return super().perform(admission, body)

    def perform_on(self, service: Service) -> None:
        """Send the same requests to a running service, and give it the accounts: all or nothing.

        The files are read and the bodies hashed already. Raises SeedError for a request that the
        running service refuses.
        """
        with service.storage.transaction():
            for request, body in self._requests:
                now = request._replace(received=service.clock())
                refusal = refusal_of(service.handle(now, body, caller=self.accounts.owner))
                if refusal:
                    raise SeedError(f"PUT {request.target} was refused with {refusal}")
        service.accounts = self.accounts
