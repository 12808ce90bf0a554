"""The whitelist is `*`, so only the blacklist keeps sites out.

The documentation blocks single sites in this way: whitelist `*` and a blacklist. This is the safe
form of a blacklist, because the documentation does not say whether an empty whitelist allows a
Referer that is not blacklisted (R-14), and `*` always allows it. But a site that copies your
objects only needs to move to a name that is not in the list. If you know your own sites, list them
instead. If everybody else is welcome, accept this warning with `--ignore blacklist-only`.

Without a blacklist, and with `AllowEmptyReferer` false, `*` denies only requests without a Referer.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject

SEVERITY = Severity.NOTE


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect `*` in the whitelist if no other entry names a site."""
    if entry.text != "*" or not entry.is_white or subject.plan.owned.sites:
        return None
    if subject.has_blacklist:
        reason = Sentence(
            "Every site that the blacklist does not match is allowed. Always keep the *: "
            "whether an empty whitelist would allow them is not documented (R-14)."
        )
    elif subject.configuration.allow_empty_referer:
        reason = Sentence("Every site is let in, so these rules lock out nobody.")
    else:
        reason = Sentence("Every site is allowed; only requests without a Referer are denied.")
    return Suspicion(
        Evidence.ALLOWED,
        (f"https://{subject.stranger}/", f"http://{subject.stranger}/"),
        reason,
    )
