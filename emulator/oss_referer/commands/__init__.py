"""The commands about rules, one in each file; `python -m oss_referer` runs them alone."""

from oss_referer.terminal.parser import Synopsis

RULES = {
    "review": Synopsis(
        __name__,
        "say who gets in, what to change, and what that costs",
        "rules.xml --site https://www.example.com",
    ),
    "check": Synopsis(
        __name__, "decide on Referers, and say why", "rules.xml https://www.example.com/"
    ),
    "test": Synopsis(__name__, "run decision tables", "rules.xml table.toml"),
    "lint": Synopsis(__name__, "find mistakes in rules", "."),
    "diff": Synopsis(
        __name__, "find the Referers that new rules decide differently", "old.xml new.xml"
    ),
    "translate": Synopsis(
        __name__, "translate rules from and to other systems", "--to nginx rules.xml"
    ),
    "scenarios": Synopsis(
        __name__, "decide on typical requests", "rules.xml --site https://www.example.com"
    ),
    "generate": Synopsis(
        __name__,
        "write rules for a site or several, and their test",
        "https://www.example.com --to xml",
    ),
    "apply": Synopsis(
        __name__, "show how rules change a bucket, then put them", "rules.xml oss://examplebucket"
    ),
}
"""Commands for rules."""

TRAFFIC = {
    "replay": Synopsis(
        __name__,
        "judge the requests of access logs by new rules",
        "rules.xml --traffic logs/ --html report.html",
        failure=2,
    ),
}
"""Commands for the traffic that rules decide on."""
