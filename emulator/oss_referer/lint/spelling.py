"""Rules about how an entry is written."""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.rule import examines, spelling
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.plan import BOTH
from oss_referer.search.entry import admits_all, example, is_blank


def _suspect_blank(subject: Subject) -> Suspicions:
    """Suspect blank entries."""
    for place in subject.lines:
        if is_blank(place.entry):
            reason = Sentence("It is blank and therefore ignored.")
            yield Suspicion(Evidence.UNCHANGED, (STRANGER,), reason, place)


@examines(Severity.WARNING, suspect=_suspect_blank)
def white_space(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """An entry is blank or has white space around it.

    The service trims white space around an entry and ignores a blank entry (R-25, assumed). A
    whitelist of blank entries counts as empty, so it denies nobody.
    """
    written = entry.place.entry
    if entry.text == written:
        return None
    return Suspicion(
        Evidence.ALLOWED if entry.is_white else Evidence.DENIED,
        (example(entry.text),),
        Sentence("It has white space around it, which the service is assumed to trim."),
    )


@spelling()
def invisible_character() -> Sentence:
    """An entry contains a character that cannot be seen.

    A copy from a document or a chat may contain a byte order mark, a zero-width space or a space of
    another width. The rules compare this character like any other, and no Referer contains it,
    because browsers send ASCII (B-02).
    """
    return Sentence("It contains an invisible character, which no Referer contains.")


@spelling()
def template() -> Sentence:
    """An entry contains a placeholder that a template should have filled in.

    `https://${var.domain}/` is in the rules with its placeholder, and no Referer contains `${`. So
    the entry matches nothing. Only you know the value: fill in the template before you set the
    rules.
    """
    return Sentence("It is a placeholder that was not filled in.")


@spelling()
def quoted() -> Sentence:
    """An entry contains quotation marks, or is in brackets.

    The quotes or the brackets of a program, of a shell or of a text have become part of the entry.
    An entry is compared from its first character on (R-20), and no Referer begins with such a
    character, so the entry matches nothing.
    """
    return Sentence("The quotation marks or brackets are part of the entry.")


@spelling()
def joined() -> Sentence:
    """Several entries are written as one.

    The guide of 2021 calls entries "separated by a comma" (R-37), but a comma or a line break
    within an entry is text, and no Referer of a site contains it. So the entry matches nothing.
    Write each entry in its own element.
    """
    return Sentence("Several entries are joined in it, so it is compared as one text.")


_KEYWORDS = frozenset(
    "none blocked server_names null nil undefined self unsafe-inline no-referrer same-origin empty"
    " about:blank data: blob: (none) (empty) direct -".split()
)


@examines()
def keyword(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """An entry is a keyword of another system.

    `none` and `blocked` are keywords of nginx, `'self'` is one of a Content-Security-Policy, and
    `null` comes from a program. Here they are ordinary text, and no Referer begins with them. For
    requests without a Referer, use the switch `AllowEmptyReferer` (R-11).
    """
    if entry.text.strip("'\"").lower() not in _KEYWORDS:
        return None
    return Suspicion(
        Evidence.UNMATCHED,
        (STRANGER,),
        Sentence(
            "It is a keyword of another system; OSS treats it as text, and no Referer begins with "
            "it."
        ),
        is_dead=True,
    )


@spelling()
def regular_expression() -> Sentence:
    r"""An entry is written as a regular expression.

    Only `*` (any characters, or none) and `?` (exactly one) are wildcards, and neither can be
    escaped (R-21). `^`, `$`, `\`, `(`, `)`, `[`, `]`, `{`, `}` and `|` are ordinary characters,
    which no host name contains. `https?:` needs one more character before its colon, and `.*` needs
    a dot. An entry matches from the start of the Referer, and anything may follow (R-20). So
    rewrite the entry: `https://*.example.com/` instead of `^https://.+\.example\.com/`.
    """
    return Sentence(
        "It is written as a regular expression, but OSS knows only two wildcards: * for any "
        "characters and ? for exactly one."
    )


@examines(Severity.WARNING)
def wildcard_scheme(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """A wildcard replaces the scheme.

    `*://www.example.com/`, `*//www.example.com/`, `http*www.example.com` and
    `https:/*.example.com/` match `https://evil.test//www.example.com/`, because `*` stands for any
    characters, including `/` (R-21). `http?://` matches `https://` and not `http://`, because `?`
    stands for exactly one. Write an entry for each scheme.
    """
    reading, line = entry.reading, subject.lines[entry.place]
    if not entry.is_white or "wildcard-scheme" not in reading.mistakes:
        return None
    if line.stranger is not None:
        return Suspicion(
            Evidence.ALLOWED,
            (line.stranger,),
            Sentence(
                "Its * in place of the scheme can also stand for another host and a /, so a "
                "stranger with this name in its path gets in."
            ),
        )
    return Suspicion(
        Evidence.UNMATCHED,
        tuple(site.page(scheme) for site in reading.sites for scheme in site.schemes),
        Sentence("Its ? stands for exactly one character, so it does not match both schemes."),
    )


@spelling()
def broken_scheme() -> Sentence:
    r"""An entry begins with a scheme that is not written correctly.

    `https:/www.example.com`, `https//www.example.com`, `http:\\www.example.com` and `htps://` match
    nothing, because the scheme is compared as text (R-20, R-22). Write `https://` or `http://`.
    """
    return Sentence("Its scheme is not written as http:// or https://.")


@spelling()
def userinfo() -> Sentence:
    """An entry contains a user name or a password.

    Browsers remove `user:password@` from the Referer, so such an entry matches nothing.
    """
    return Sentence("Browsers leave the user name and password out of the Referer.")


@spelling()
def fragment() -> Sentence:
    """An entry contains a fragment, which browsers never send.

    The browser does not send the part of an address from `#` on: the Referer of
    `https://www.example.com/#/home` is `https://www.example.com/`.
    """
    return Sentence("Browsers leave the fragment, the part from # on, out of the Referer.")


@examines()
def matches_all(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """An entry matches every site.

    `*` stands for any characters (R-21), and an entry is a prefix (R-20). In the whitelist,
    `http*`, `https://` and even `h` allow everybody, so the other entries have no effect. In the
    blacklist they deny everybody, whatever the whitelist says (R-12). A whitelist of `*` alone has
    its own rule, `blacklist-only`.
    """
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


@examines(Severity.NOTE)
def blacklist_only(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """The whitelist is `*`, so only the blacklist keeps sites out.

    The documentation blocks single sites in this way: whitelist `*` and a blacklist. This is the
    safe form of a blacklist, because the documentation does not say whether an empty whitelist
    allows a Referer that is not blacklisted (R-14), and `*` always allows it. But a site that
    copies your objects only needs to move to a name that is not in the list. If you know your own
    sites, list them instead. If everybody else is welcome, accept this warning with `--ignore
    blacklist-only`.

    Without a blacklist, and with `AllowEmptyReferer` false, `*` denies only requests without a
    Referer.
    """
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


@spelling()
def missing_scheme() -> Sentence:
    """An entry without a scheme matches nothing that a browser sends.

    A Referer begins with `http://` or `https://`, and an entry must match from its first character
    on (R-20). The service accepts, stores and returns `www.example.com`, but it matches no Referer
    (R-23). This is the usual cause of "configured but no effect", and of a whole site that gets
    403. Write the scheme, and a `/` after the host, so that the entry does not match longer hosts.
    """
    return Sentence("It has no scheme, but every Referer of a browser begins with one.")


@spelling()
def upper_case() -> Sentence:
    """A host is written with capital letters, but browsers send it in lower case.

    Entries are compared character by character (R-24, assumed; R-41 applies to queries only). A
    browser converts every host to lower case before it sends the Referer (B-02).
    """
    return Sentence("Browsers send the host in lower case, and upper and lower case differ.")


@spelling()
def international_host() -> Sentence:
    """A host is not written in ASCII, but browsers send it in ASCII.

    The Referer of `https://例え.example/` is `https://xn--r8jz45g.example/` (B-02). Write the entry
    in the ASCII form.
    """
    return Sentence("Browsers send this host in its ASCII form.")


@spelling()
def closing_dot() -> Sentence:
    """A host ends in a dot.

    `https://www.example.com./` and `https://www.example.com/` are different hosts: a browser sends
    the dot only if the address has it, and entries are compared character by character (R-20).
    Write the host without the dot.
    """
    return Sentence("Browsers send the dot after the host only if the address has it.")


@spelling()
def impossible_host() -> Sentence:
    """An entry has a host or a port that no site has.

    A host consists of letters, digits, hyphens and dots, and a port is at most 65535. Browsers send
    no other Referer, so the entry matches nothing. Often it contains a stray character. A dot
    before the host, as in cookies and nginx, is not a wildcard.
    """
    return Sentence("No site has such a host or port.")


@spelling()
def default_port() -> Sentence:
    """An entry contains the default port of its scheme, which browsers omit.

    A port is compared as text (R-22): `https://www.example.com:443/` needs `:443` in the Referer,
    but browsers send a port only if it is not the default of the scheme (B-02).
    """
    return Sentence("Browsers leave the default port out of the Referer.")
