"""Writes, reads, moves, lists and deletes with JindoSDK.

Its arguments are the bucket and the settings of the page; the key is in the environment.
"""

import os
import sys

from pyjindo import fs

SETTINGS = {
    **dict(setting.split(" = ") for setting in sys.argv[2:]),
    "fs.oss.accessKeyId": os.environ["OSS_ACCESS_KEY_ID"],
    "fs.oss.accessKeySecret": os.environ["OSS_ACCESS_KEY_SECRET"],
    "fs.oss.region": "cn-hangzhou",
    "logger.dir": ".",
}

ROOT = f"oss://{sys.argv[1]}"
config = fs.Config()
for name, value in SETTINGS.items():
    config.set(name, value)
system = fs.connect(f"{ROOT}/", "", config)
with system.open(f"{ROOT}/目录/a b+c.txt", "wb") as file:
    file.write(b"content")
system.rename(f"{ROOT}/目录/a b+c.txt", f"{ROOT}/moved")
with system.open(f"{ROOT}/moved", "rb") as file:
    print(file.read())
large = b"x" * (20 * 1024 * 1024 + 1)
with system.open(f"{ROOT}/large", "wb") as file:
    file.write(large)
with system.open(f"{ROOT}/large", "rb") as file:
    print(file.read() == large)
print(sorted(item.path for item in system.listdir(f"{ROOT}/", recursive=True)))
system.remove(f"{ROOT}/moved")
print(system.exists(f"{ROOT}/moved"))
