"""The parts of one service: settings, storage, accounts, host names."""

import time
from collections.abc import Callable

from oss_referer.browser.changes import Changes

from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.call import Environment
from oss_emulator.operations.cname import bucket_of
from oss_emulator.operations.not_emulated import NOT_EMULATED
from oss_emulator.pipeline.accounts import open_accounts, open_token_key
from oss_emulator.pipeline.referer import HotlinkProtection
from oss_emulator.pipeline.routing import Dispatcher
from oss_emulator.protocol.address import Addresses
from oss_emulator.settings import Settings
from oss_emulator.storage.base import Storage
from oss_emulator.storage.memory import MemoryStorage


class Deployment:
    """The parts that the steps of a request use.

    Only the storage changes, and `accounts` is replaced when a seed or a watched file has others.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        storage: Storage | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` returns the current time in seconds since the epoch.

        Raises `AccountsError` for accounts that cannot be used.
        """
        self.settings = settings = settings or Settings()
        self.storage = storage if storage is not None else MemoryStorage()
        self.clock = clock
        has_contents = bool(self.storage.buckets())
        self.token_key = open_token_key(settings.data, has_contents=has_contents)
        self.accounts = open_accounts(settings, self.token_key)
        self.addresses = Addresses(
            settings.region,
            settings.domain,
            settings.cname,
            lambda domain: bucket_of(domain, self.storage),
            settings.s3_host,
            lenient=settings.lenient,
        )
        self.dispatcher = Dispatcher((*OPERATIONS, *NOT_EMULATED))
        self.hotlinks = HotlinkProtection(settings.assumptions)
        self.changes = Changes(settings.as_of, settings.new_account)
        self.follows_default_domain = self.changes.as_of is not None or self.changes.new_account
        """Whether the policy of the service's own host names may apply (D-01 to D-08)."""
        self.note_rules: Callable[[Admission, bytes | None, bytes], None] = lambda *_: None
        """Called after each PutBucketReferer with the documents before and after it."""
        self.environment = Environment(
            self.storage,
            settings.limits,
            lambda account: self.accounts.display_name(account),  # `accounts` may be replaced
            settings.assumptions,
            self.changes,
            lambda *change: self.note_rules(*change),
        )
