"""The job: uses only the standard library to check that the emulator answers like OSS."""

import os
from urllib.error import HTTPError
from urllib.request import urlopen

endpoint = os.environ["OSS_ENDPOINT"]
try:
    urlopen(f"{endpoint}/no-such-bucket/key")
except HTTPError as error:
    answer = error.read().decode()
    assert error.code == 404, error.code
    assert "<Code>NoSuchBucket</Code>" in answer, answer
else:
    raise SystemExit("a missing bucket did not get 404")
print("the emulator at", endpoint, "answers as it should")
