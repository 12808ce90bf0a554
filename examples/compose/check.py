"""What a job checks, with nothing but the standard library: the emulator answers as OSS does."""

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
    raise SystemExit("a bucket that is not there was served")
print("the emulator at", endpoint, "answers as it should")
