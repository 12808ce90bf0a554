"""Signatures of version 4 for requests that no SDK sends: in the URL, a header, or a form."""

import json
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from oss_referer.sources.account import GivenKey
from oss_referer.sources.bucket import sign

from oss_emulator.protocol.signature import presigning, v4

_EXPIRES = 3600  # seconds


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs requests for one region with one key."""

    key: GivenKey
    region: str

    def sign_url(
        self,
        method: str,
        bucket: str,
        object_key: str,
        query: Mapping[str, str],
        headers: Iterable[tuple[str, str]] = (),
    ) -> str:
        """Return the query string of a signed URL for a request with some headers."""
        return presigning.sign_url(
            method,
            bucket,
            object_key,
            query,
            access_key_id=self.key.id,
            secret=self.key.secret,
            region=self.region,
            now=time.time(),
            expires=_EXPIRES,
            token=self.key.token,
            headers=headers,
        )

    def sign_headers(
        self,
        method: str,
        bucket: str,
        object_key: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
    ) -> dict[str, str]:
        """Return headers, in lower case, with those that sign them."""
        return sign(
            *(method, bucket, object_key, query, headers),
            key=self.key,
            region=self.region,
            now=time.time(),
        )

    def sign_form(self, bucket: str, object_key: str) -> dict[str, str]:
        """Return the fields of a form that uploads an object (PostObject)."""
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        fields = {
            "x-oss-signature-version": v4.SCHEME,
            "x-oss-credential": presigning.format_credential(self.key.id, date, self.region),
            "x-oss-date": date,
        }
        if self.key.token:
            fields["x-oss-security-token"] = self.key.token
        ends = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + _EXPIRES))
        conditions = [{"bucket": bucket}, *({name: value} for name, value in fields.items())]
        document = json.dumps({"expiration": ends, "conditions": conditions})
        policy = b64encode(document.encode())
        key = v4.signing_key(self.key.secret, date[:8], self.region, "oss")
        return {
            "key": object_key,
            "policy": policy.decode(),
            **fields,
            "x-oss-signature": v4.sign(key, policy),
        }
