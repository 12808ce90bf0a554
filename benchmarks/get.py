"""An anonymous GET of 1 KiB behind a 20-entry whitelist, beside a bare aiohttp server.

    python -m benchmarks.get

Both servers run at once and are asked in turn, so that the ratio holds when the machine's speed
drifts. The ratio is the emulator's throughput over the bare server's.
"""

import statistics
import tempfile
from pathlib import Path

from benchmarks.bare import BODY
from benchmarks.load import server, throughput

ROUNDS = 5
REQUESTS = 20_000
CONNECTIONS = (16, 32)
WHITELIST = [f"https://www.example{number}.com/" for number in range(20)]

SEED = """
[[bucket]]
name = "examplebucket"
acl = "public-read"
[bucket.referer]
allow_empty_referer = false
whitelist = {whitelist}
[[bucket.object]]
key = "kilobyte"
file = "kilobyte"
"""

REQUEST = (
    b"GET /examplebucket/kilobyte HTTP/1.1\r\n"
    b"Host: 127.0.0.1\r\n"
    b"User-Agent: load\r\n"
    b"Referer: https://www.example19.com/page?id=1\r\n\r\n"
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "kilobyte").write_bytes(BODY)
        seed = Path(folder, "seed.toml")
        seed.write_text(SEED.format(whitelist=WHITELIST))
        serve = ["-m", "emulator", "serve", "--port", "0", "--seed", str(seed), "--ready-file"]
        with server(serve) as ours, server(["-m", "benchmarks.bare"]) as bare:
            print("connections  emulator/s  bare/s  ratio (min … max)")
            for connections in CONNECTIONS:
                compare(ours, bare, connections)


def compare(ours: int, bare: int, connections: int) -> None:
    """Print the medians of several rounds, and the ratio round by round."""
    rounds = []
    for _ in range(ROUNDS + 1):
        pair = [throughput(port, REQUEST, connections, REQUESTS) for port in (ours, bare)]
        rounds.append(pair)
    rounds = rounds[1:]  # the first warms up
    ratios = sorted(mine / other for mine, other in rounds)
    mine, other = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(
        f"{connections:11} {mine:11.0f} {other:7.0f}  {statistics.median(ratios):.2f} "
        f"({ratios[0]:.2f} … {ratios[-1]:.2f})"
    )


if __name__ == "__main__":
    main()
