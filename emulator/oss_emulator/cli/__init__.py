"""The command `oss-emulator`, with the commands about the server and about rules."""

from oss_referer.commands import RULES, TRAFFIC
from oss_referer.terminal.parser import Synopsis
from oss_referer.terminal.program import Program

from oss_emulator.texts import FOLDERS

PROGRAM = Program(
    "Runs a local OSS that enforces hotlink protection, and tries Referer rules.",
    {
        "Run": {
            "serve": Synopsis(__name__, "run the server", "--demo"),
            "run": Synopsis(
                __name__,
                "run a command with its requests to OSS redirected to an emulator",
                "--demo -- python app.py",
            ),
        },
        "Rules": RULES,
        "Traffic": {
            **TRAFFIC,
            "play": Synopsis(
                __name__,
                "send the requests of scenarios, and show which answers differ",
                "--endpoint https://oss-cn-hangzhou.aliyuncs.com",
            ),
        },
        "Help": {
            "completion": Synopsis(
                __name__, "print a script that completes commands in a shell", "bash"
            ),
        },
    },
    FOLDERS,
)

main = PROGRAM.main
build_parser = PROGRAM.build_parser
