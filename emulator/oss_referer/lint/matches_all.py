"""An entry matches every site.

`*` stands for any characters (R-21), and an entry is a prefix (R-20). In the whitelist, `http*`,
`https://` and even `h` allow everybody, so the other entries have no effect. In the
blacklist they deny everybody, whatever the whitelist says (R-12). A whitelist of `*` alone has its
own rule, `blacklist-only`.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.plan import BOTH
from oss_referer.search.entry import admits_all


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries that match all sites of a scheme."""
    matched = [scheme for scheme in BOTH if admits_all(entry.pattern, scheme)]
    referers = tuple(f"{scheme}://{subject.stranger}/" for scheme in matched)
    if not matched or (not entry.is_white and len(matched) < len(BOTH)):
        return None
    if not entry.is_white:
        return Suspicion(
            Evidence.DENIED,
            referers,
            Sentence("It matches every site, so the whitelist allows nobody."),
        )
    if not subject.plan.owned.sites and entry.text == "*":
        return None
    return Suspicion(
        Evidence.ALLOWED,
        referers,
        Sentence("It matches every site, so the whitelist denies nobody.")
        if len(matched) > 1
        else Sentence(
            "It matches every {} site, so the whitelist locks out none of them.", matched[0]
        ),
    )
