"""The generators, the oracle and the laws themselves: they must find what is wrong, and only that.

Small advisers that are wrong in known ways are bound to the laws; each must be caught.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from oss_referer import RefererConfiguration as Rules
from oss_referer import RefererPolicy
from oss_referer.engine.policy import MAX_SIZE

from tests.referer.plan import laws, lists, oracle
from tests.referer.plan.laws import About, Binding, Claim, Outcome, Said, Search
from tests.referer.plan.lists import EVERYBODY, KNOWN, STYLES, Case, Known, Style
from tests.referer.plan.oracle import BOTH, HTTP, HTTPS, Site, Whose
from tests.rows import rows

CASES = 200
"""The cases of each test over generated lists."""

KNOWN_BY_NAME = {known.case.name: known for known in KNOWN}


def written(style: Style, seed: int = 0) -> tuple[Rules, Style]:
    """Return the rules of one style alone."""
    author = lists._Author(random.Random(seed), lists.STEMS)  # noqa: S311
    style = author.write(style)
    return Rules(whitelist=style.entries, blacklist=style.black), style


# The oracle


@rows(
    "referer, expected",
    ("https://www.example.com/", oracle.Page("https", "www.example.com", 443, "/")),
    ("http://a.test:8080/x?y=/z", oracle.Page("http", "a.test", 8080, "/x?y=/z")),
    ("http://[::1]:3000/", oracle.Page("http", "[::1]", 3000, "/")),
    ("https://xn--fsqu00a.example.com/", oracle.Page("https", "xn--fsqu00a.example.com", 443, "/")),
    ("https://evil.test/https://a.test/", oracle.Page("https", "evil.test", 443, "/https://a.test/")),
    ("https://www.example.com", None),
    ("https://www.example.com:443/", None),
    ("https://WWW.example.com/", None),
    ("https://例子.example.com/", None),
    ("https://user@a.test/", None),
    ("https://a.test/#top", None),
    ("https://a.test/x/../y", None),
    ("https://a.test/%2e/", None),
    ("https://a.test:99999/", None),
    ("https://a..test/", None),
    ("https://a.test./", None),
    ("https://-a.test/", None),
    ("http://192.168.1/", None),
    ("http://1.2.3.400/", None),
    ("http://[::0:1]/", None),
    ("ftp://a.test/", None),
    ("file:///x", None),
    ("https://a.test/ x", None),
    ("https://a.test/" + "x" * 5_000, None),
    ("", None),
)  # fmt: skip
def test_only_what_browsers_send_is_parsed(referer: str, expected: oracle.Page | None) -> None:
    assert oracle.parse(referer) == expected


WISH = (
    Site("www.example.com", HTTPS),
    Site("example.org", subdomains=True),
    Site("preview.shop.test", HTTPS, label="pr-*"),
    Site("me.github.io"),
    Site("localhost", any_port=True),
    Site("192.168.", HTTP, any_port=True, network=True),
    Site("10.0.0.1", HTTP, 8080),
    Site(appid="wx0123456789abcdef"),
)


@rows(
    "referer, expected",
    ("https://www.example.com/", Whose.OWN),
    ("http://www.example.com/", Whose.MAYBE),
    ("https://www.example.com:8443/", Whose.MAYBE),
    ("https://img.example.com/", Whose.MAYBE),
    ("https://www.example.com.cn/", Whose.STRANGER),
    ("https://www.example.com.evil.test/", Whose.STRANGER),
    ("https://evilexample.com/", Whose.STRANGER),
    ("https://evil.test/https://www.example.com/", Whose.STRANGER),
    ("https://example.org/", Whose.OWN),
    ("http://a.b.example.org/", Whose.OWN),
    ("https://pr-1.preview.shop.test/", Whose.OWN),
    ("https://x.preview.shop.test/", Whose.MAYBE),
    ("https://me.github.io/", Whose.OWN),
    ("https://you.github.io/", Whose.STRANGER),
    ("https://github.io/", Whose.STRANGER),
    ("http://localhost:5173/", Whose.OWN),
    ("http://127.0.0.1/", Whose.MAYBE),
    ("http://192.168.7.9:3000/", Whose.OWN),
    ("https://192.168.7.9/", Whose.MAYBE),
    ("http://192.168.evil.test/", Whose.STRANGER),
    ("http://10.0.0.1:8080/", Whose.OWN),
    ("http://10.0.0.1/", Whose.MAYBE),
    ("http://10.0.0.2/", Whose.STRANGER),
    ("https://servicewechat.com/wx0123456789abcdef/7/page-frame.html", Whose.OWN),
    ("https://servicewechat.com/wxfedcba9876543210/7/page-frame.html", Whose.STRANGER),
    ("https://servicewechat.com/", Whose.MAYBE),
)
def test_pages_belong_to_the_owner_of_their_registered_domain(
    referer: str, expected: Whose
) -> None:
    assert oracle.whose(referer, WISH) is expected


def test_mini_programs_are_nobodys_if_no_appid_is_named() -> None:
    page = oracle.mini_program("wx0123456789abcdef")
    assert oracle.whose(page, [Site(appid="")]) is Whose.MAYBE
    assert oracle.has(Site(appid=""), page)
    assert oracle.whose(page, [Site("a.test")]) is Whose.STRANGER


def test_samples_of_own_pages_are_own_and_sent_by_default() -> None:
    for case in lists.cases(CASES):
        for site in case.meant:
            pages = oracle.own_pages([site])
            assert pages, site
            for page in pages:
                assert oracle.has(site, page), (site, page)
                assert oracle.is_sent_by_default(page)
                assert oracle.whose(page, case.meant) is not Whose.STRANGER


def test_samples_of_strangers_are_strangers_of_every_kind() -> None:
    kinds = Counter[str]()
    for case in lists.cases(CASES):
        found = oracle.strangers(case.wanted, [case.rules], case.foreign)
        assert len(found) == len(set(found))
        for referer in found:
            assert oracle.whose(referer, case.wanted) is Whose.STRANGER
            kinds["by default" if oracle.is_sent_by_default(referer) else "by a policy"] += 1
        for host in case.foreign:
            kinds["foreign"] += f"https://{host}/" in found
    assert min(kinds.values()) > CASES / 10, kinds


def test_engine_is_asked_without_the_steps_and_decides_the_same() -> None:
    for case in lists.cases(40):
        policy = RefererPolicy.compile(case.rules, case.assumptions)
        sent = (
            *oracle.own_pages(case.wanted),
            *oracle.strangers(case.wanted, [case.rules])[:40],
            "",
        )
        expected = tuple(one for one in sent if policy.decide(one).allowed)
        assert oracle.allowed(case.rules, sent, case.assumptions) == expected


def test_changes_are_compared_in_both_directions() -> None:
    narrow, wide = Rules(whitelist=("https://a.test/",)), Rules(whitelist=("https://a.test",))
    sent = ["https://a.test/", "https://a.test.evil.test/"]
    assert oracle.newly_in(narrow, wide, sent) == ("https://a.test.evil.test/",)
    assert oracle.newly_in(wide, narrow, sent) == ()
    assert oracle.lost(wide, narrow, sent) == ("https://a.test.evil.test/",)
    assert oracle.denied_now(narrow, sent) == ("https://a.test.evil.test/",)


@rows(
    "text, expected",
    ("www.example.com", Site("www.example.com")),
    ("https://www.example.com/", Site("www.example.com", HTTPS)),
    ("http://a.test:8080", Site("a.test", HTTP, 8080)),
    ("*.example.com", Site("example.com", subdomains=True, apex=False)),
    ("http://192.168.*", Site("192.168.", HTTP, network=True)),
    ("http://[::1]:3000/", Site("[::1]", HTTP, 3000)),
    ("http://localhost:*", Site("localhost", HTTP, any_port=True)),
    ("https://pr-*.preview.a.test", Site("preview.a.test", HTTPS, label="pr-*")),
    ("https://servicewechat.com/wx0123456789abcdef/", Site(appid="wx0123456789abcdef")),
    ("https://servicewechat.com/", Site(appid="")),
)
def test_sites_are_read_from_short_texts(text: str, expected: Site) -> None:
    assert oracle.site_of(text) == expected


# The generators


def test_styles_do_what_they_say() -> None:
    """What is right lets in all own pages alone; what opens lets in strangers, and so on."""
    wrong = []
    for style, seed in [(style, seed) for style in STYLES for seed in range(6)]:
        rules, made = written(style, seed)
        if not any(entry.strip() for entry in made.entries):
            continue
        own = oracle.own_pages(made.sites)
        let_in = oracle.allowed(rules, own)
        strange = oracle.in_now(rules, oracle.strangers(made.sites, [rules]))
        if style.opens != bool(strange):
            wrong.append((style.name, made.entries, "opens", strange[:3]))
        if made.sites and style.dead == bool(let_in):
            wrong.append((style.name, made.entries, "dead", let_in[:3]))
        if style.right and let_in != own:
            wrong.append((style.name, made.entries, "right", oracle.denied_now(rules, own)[:3]))
    assert wrong == []


@pytest.mark.parametrize("entry", sorted(set(EVERYBODY)))
def test_entries_for_everybody_are(entry: str) -> None:
    assert len(oracle.in_now(Rules(whitelist=(entry,)), oracle.UNRELATED)) > 5
    case = Case("", Rules(whitelist=(entry, "https://a.test/")))
    assert laws.without_everybody(case) == Rules(whitelist=("https://a.test/",))


def test_entries_for_some_are_not_for_everybody() -> None:
    for style in STYLES:
        rules, made = written(style)
        left = laws.without_everybody(Case("", rules))
        if any(entry.strip() for entry in made.entries):
            assert left == rules, made.entries


def test_seeds_give_the_same_case_again() -> None:
    assert [lists.case(seed) for seed in range(50)] == list(lists.cases(50))
    assert lists.long_case(3) == lists.long_case(3)


def test_all_styles_and_shapes_occur() -> None:
    found = list(lists.cases(1_500))
    kinds = set().union(*(case.kinds for case in found))
    assert kinds >= {style.name for style in (*STYLES, *lists.BLACK)}
    assert {case.name.rpartition("-")[0] for case in found} == set(lists.SHAPES)
    for flag in ("allow_empty_referer", "allow_truncate_query_string", "truncate_path"):
        assert {getattr(case.rules, flag) for case in found} == {True, False}
    assert any(case.stated and case.stated != case.meant for case in found)
    assert any(case.stated == () and case.meant for case in found)
    assert any(len(set(case.rules.whitelist)) < len(case.rules.whitelist) for case in found)


def test_author_knows_which_entries_are_what() -> None:
    for case in lists.cases(CASES):
        entries = {*case.rules.whitelist, *case.rules.blacklist}
        assert entries.issuperset(case.everybody)
        assert entries.issuperset(case.placeholders)


def test_no_name_is_drawn_twice() -> None:
    author = lists._Author(random.Random(1), lists.STEMS)  # noqa: S311
    drawn = [names["name"] for names in (author.names() for _ in range(300))]
    assert len(set(drawn)) == 300


@rows("form", *lists.HUGE)
def test_long_lists_fill_what_the_service_takes(form: str) -> None:
    case = lists.huge_case(form)
    entries = (*case.rules.whitelist, *case.rules.blacklist)
    assert len(case.rules.whitelist) > 250
    assert len("".join(entries).encode()) <= MAX_SIZE


def test_renamed_cases_differ_in_their_names_only() -> None:
    for seed in range(CASES):
        first, second = lists.case(seed), lists.case(seed, lists.OTHER_STEMS)
        assert lists.rename(first.rules) == second.rules
        hosts = [lists.rename_text(site.host) for site in first.meant]
        assert hosts == [site.host for site in second.meant]


def test_pairs_are_of_each_kind_and_carry_the_rules() -> None:
    names = Counter[str]()
    equal = 0
    for pair in (pair for seed in range(100) for pair in lists.pairs(seed)):
        names[pair.name] += 1
        equal += pair.equal and pair.name == "swapped"
        if "doubled" not in pair.name:
            assert laws.are_alike(pair.carry(pair.first.rules), pair.second.rules), pair.name
    kinds = {"renamed", "reordered", "reversed", "white-doubled", "black-doubled", "swapped"}
    assert set(names) == kinds
    assert equal > 5


def test_known_cases_are_as_they_say() -> None:
    """What is kept gets in now, what is exposed is a stranger that gets in now, and so on."""
    wrong: list[tuple[str, str, object]] = []
    for known in KNOWN:
        case = known.case
        expected = {
            "keeps": (known.keeps, True),
            "keeps_alone": (known.keeps_alone, True),
            "exposed": (known.exposed, True),
            "shut_out": (known.shut_out, False),
        }
        if not case.everybody and case.rules.whitelist:
            expected["never_in"] = (known.never_in, False)
        for name, (referers, gets_in) in expected.items():
            let_in = oracle.allowed(case.rules, referers, case.assumptions)
            if let_in != (referers if gets_in else ()):
                wrong.append((case.name, name, let_in))
        wrong += [
            (case.name, "a stranger", referer)
            for referer in known.exposed
            if oracle.whose(referer, case.wanted) is not Whose.STRANGER
        ]
        entries = {*case.rules.whitelist, *case.rules.blacklist}
        if not entries.issuperset(known.keeps_entries) or entries & set(known.never_entries):
            wrong.append((case.name, "entries", entries))
    assert wrong == []


def test_oracle_finds_by_itself_what_is_known_of_known_cases() -> None:
    wrong = []
    for known in KNOWN:
        case = known.case
        strangers = oracle.strangers(case.wanted, [case.rules], case.foreign)
        exposed = oracle.in_now(case.rules, strangers, case.assumptions)
        denied = oracle.denied_now(case.rules, oracle.own_pages(case.wanted), case.assumptions)
        if bool(exposed) != bool(known.exposed) or bool(denied) != bool(known.shut_out):
            wrong.append((case.name, exposed[:3], denied[:3]))
    assert wrong == []


# Advisers that are right


def leaves_alone() -> Binding[str]:
    """Return an adviser that changes nothing and says so."""
    return Binding(
        safe=lambda case: [],
        apply=lambda case, changes: case.rules,
        planned=lambda case: replace(
            case.rules,
            whitelist=tuple(dict.fromkeys(case.rules.whitelist)),
            blacklist=tuple(dict.fromkeys(case.rules.blacklist)),
        ),
        clean=lambda case: True,
        idle=lambda case: True,
    )


def fixer(change: Callable[[Rules, str], Sequence[str]]) -> Binding[tuple[str, tuple[str, ...]]]:
    """Return an adviser that calls it safe to replace entries of the whitelist, each by some."""

    def safe(case: Case) -> list[tuple[str, tuple[str, ...]]]:
        entries = dict.fromkeys(case.rules.whitelist)
        changes = [(entry, tuple(change(case.rules, entry))) for entry in entries]
        return [(entry, new) for entry, new in changes if new != (entry,)]

    def apply(case: Case, changes: Sequence[tuple[str, tuple[str, ...]]]) -> Rules:
        white = list(case.rules.whitelist)
        for old, new in changes:
            white = [one for entry in white for one in (new if entry == old else (entry,))]
        return replace(case.rules, whitelist=tuple(dict.fromkeys(white)))

    return Binding(safe=safe, apply=apply, rounds=3)


def trims(rules: Rules, entry: str) -> Sequence[str]:
    """Remove white space, except where the assumptions of a test may give it a meaning."""
    return (entry.strip(" \t\r\n"),) if "://" in entry and "\n" not in entry.strip() else (entry,)


def broken_by(binding: Binding[tuple[str, tuple[str, ...]]], number: int = CASES) -> set[str]:
    """Return the laws that an adviser breaks for generated or known cases."""
    broken = [item for case in lists.cases(number) for item in laws.check(case, binding)]
    broken += [item for known in KNOWN for item in laws.check_known(known, binding)]
    return {item.law for item in broken}


def test_nothing_is_broken_by_an_adviser_that_changes_nothing() -> None:
    assert [
        str(item) for case in lists.cases(CASES) for item in laws.check(case, leaves_alone())
    ] == []


def test_nothing_is_broken_by_removing_blanks() -> None:
    """Under the assumption that blanks count, removing them changes decisions; it is left out."""
    some = [case for case in lists.cases(CASES) if case.assumptions.white_space == "trimmed"]
    assert [str(item) for case in some for item in laws.check(case, fixer(trims))] == []
    assert any(fixer(trims).safe(case) for case in some)  # type: ignore[misc]


# Advisers that are wrong


def drops_covered(rules: Rules, entry: str) -> Sequence[str]:
    """Remove an entry that another one covers, and narrow an entry with stars."""
    for other in rules.whitelist:
        pattern = re.escape(other.strip()).replace(r"\*", ".*").replace(r"\?", ".")
        if other != entry and other.strip() and re.match(pattern, entry.strip(), re.DOTALL):
            return ()
    if found := re.fullmatch(r"\*([\w.-]+\.\w+)\*", entry):
        return f"https://{found[1]}/", f"https://*.{found[1]}/", f"http://*.{found[1]}/"
    return (entry,)


def opens(rules: Rules, entry: str) -> Sequence[str]:
    return (entry.removesuffix("/"),)


def adds_stars(rules: Rules, entry: str) -> Sequence[str]:
    return (f"*.{entry}",) if re.fullmatch(r"[\w-]+(\.[\w-]+)+", entry) else (entry,)


def ends_the_host(rules: Rules, entry: str) -> Sequence[str]:
    return (re.sub(r"^(https?://[\w.-]+?)\.?\*?$", r"\1/", entry),)


def widens_programs(rules: Rules, entry: str) -> Sequence[str]:
    return ("https://servicewechat.com/",) if re.search(r"wx?[0-9a-f]{16}|\?x", entry) else (entry,)


def drops_dead(rules: Rules, entry: str) -> Sequence[str]:
    return () if "$" in entry else (entry,)


def drops_everybody(rules: Rules, entry: str) -> Sequence[str]:
    return () if entry.strip("*?:/. ") == "" and len(rules.whitelist) > 1 else (entry,)


def takes_the_whole_domain(rules: Rules, entry: str) -> Sequence[str]:
    return (re.sub(r"//[^/]*\*[^/]*?([\w-]+\.\w+)/$", r"//*.\1/", entry),)


def adds_a_slash_for_ever(rules: Rules, entry: str) -> Sequence[str]:
    return (f"{entry}/",) if entry.startswith("https") else (entry,)


def removes_networks(rules: Rules, entry: str) -> Sequence[str]:
    return () if "192.168." in entry and len(rules.whitelist) > 1 else (entry,)


@rows(
    "change, known, law",
    (drops_covered, "question-mark-beside-sites", "1 loses no page"),
    (drops_covered, "stars-cover-another-site", "1 loses no page"),
    (drops_covered, "forty-beside-a-star", "1 loses no page"),
    (drops_covered, "everybody-and-a-site-with-a-blacklist", "known"),
    (opens, "machine", "2 lets in no stranger"),
    (opens, "mini-program-exact", "known"),
    (adds_stars, "seven-causes", "2 lets in no stranger"),
    (ends_the_host, "any-top-level-domain", "1 loses no page"),
    (ends_the_host, "any-top-level-domain", "known"),
    (ends_the_host, "network", "1 loses no page"),
    (ends_the_host, "cut-name", "1 loses no page"),
    (widens_programs, "mini-program-by-appid", "known"),
    (widens_programs, "mini-program-with-a-mark", "2 lets in no stranger"),
    (widens_programs, "mini-program-mark-bare", "2 lets in no stranger"),
    (drops_dead, "question-mark-beside-sites", "known"),
    (drops_dead, "placeholder-alone", "2 lets in no stranger"),
    (drops_everybody, "forty-beside-a-star", "1 loses no page"),
    (takes_the_whole_domain, "wildcard-in-a-label", "known"),
    (adds_a_slash_for_ever, "brand-top-level-domain", "3 settles"),
    (adds_a_slash_for_ever, "truncated-with-slash", "1 loses no page"),
    (removes_networks, "network", "known"),
)
def test_wrong_fixers_are_caught_by_a_known_case(
    change: Callable[[Rules, str], Sequence[str]], known: str, law: str
) -> None:
    found = {item.law for item in laws.check_known(KNOWN_BY_NAME[known], fixer(change))}
    assert law in found


@rows(
    "change, law",
    (drops_covered, "1 loses no page"),
    (opens, "2 lets in no stranger"),
    (adds_stars, "2 lets in no stranger"),
    (ends_the_host, "1 loses no page"),
    (widens_programs, "2 lets in no stranger"),
    (drops_dead, "2 lets in no stranger"),
    (drops_everybody, "1 loses no page"),
    (adds_a_slash_for_ever, "3 settles"),
    (removes_networks, "1 loses no page"),
)
def test_wrong_fixers_are_caught_by_generated_cases(
    change: Callable[[Rules, str], Sequence[str]], law: str
) -> None:
    binding = fixer(change)
    found: set[str] = set()
    for case in lists.cases(1_500):
        found |= (
            {item.law for item in laws.check(case, binding)}
            if change_happens(case, binding)
            else set()
        )
        if law in found:
            return
    pytest.fail(f"only {found} was broken")


def change_happens(case: Case, binding: Binding[tuple[str, tuple[str, ...]]]) -> bool:
    """Return whether a fixer has something to do, because most cases are of no concern to it."""
    assert binding.safe
    return bool(binding.safe(case))


def test_page_is_lost_if_only_an_entry_for_everybody_still_lets_it_in() -> None:
    case = Case("", Rules(whitelist=("*", "https://a.test/")), (Site("a.test", HTTPS),))
    (broken,) = laws.loses_no_page(case, [Outcome("", Rules(whitelist=("*",)))])
    assert broken.witnesses == ("https://a.test/",)
    assert "everybody" in broken.what


def test_requests_without_a_referer_stay_as_they_are() -> None:
    case = Case("", Rules(whitelist=("https://a.test/",)), (Site("a.test", HTTPS),))
    denied = replace(case.rules, allow_empty_referer=False)
    assert laws.loses_no_page(case, [Outcome("", denied)])[0].witnesses == ("",)
    (broken,) = laws.lets_in_no_stranger(case.with_rules(denied), [Outcome("", case.rules)])
    assert broken.witnesses == ("",)


def test_stranger_with_a_policy_counts_only_if_asked_for() -> None:
    case = Case("", Rules(whitelist=("https://a.test/",)), (Site("a.test", subdomains=True),))
    after = [Outcome("", Rules(whitelist=("https://a.test/", "https://*.a.test/")))]
    assert laws.lets_in_no_stranger(case, after) == []
    (broken,) = laws.lets_in_no_stranger(case, after, whatever_it_sends=True)
    assert all("/" in referer[len("https://") :] for referer in broken.witnesses)


def test_safe_changes_are_walked_alone_in_subsets_and_to_the_end() -> None:
    rules = Rules(whitelist=(" https://a.test/", " https://b.test/", " https://c.test/"))
    binding = fixer(trims)
    assert binding.safe
    assert binding.apply
    outcomes = list(laws.walk(Case("", rules), binding.safe, binding.apply))
    blanks = {sum(entry[0] == " " for entry in outcome.rules.whitelist) for outcome in outcomes}
    assert blanks == {0, 1, 2}
    assert outcomes[-1].rules.whitelist == ("https://a.test/", "https://b.test/", "https://c.test/")


# The other laws


SMALL = Case("small", Rules(whitelist=("https://a.test", "www.b.test")), (Site("a.test", HTTPS),))


def test_plan_that_goes_on_is_not_stable() -> None:
    longer = lambda case: replace(case.rules, whitelist=(*case.rules.whitelist, "x"))  # noqa: E731
    assert [item.law for item in laws.is_stable(SMALL, longer)] == ["3 is stable"]
    assert laws.is_stable(SMALL, lambda case: Rules()) == []


def test_plan_that_changes_after_safe_changes_is_found() -> None:
    binding = fixer(opens)
    assert binding.safe
    assert binding.apply
    case = SMALL.with_rules(Rules(whitelist=("https://a.test/",)))
    assert laws.keeps_the_plan(case, lambda case: Rules(), binding.safe, binding.apply) == []
    (broken,) = laws.keeps_the_plan(case, lambda case: case.rules, binding.safe, binding.apply)
    assert broken.law == "3 keeps the plan"


def test_duplicates_in_a_plan_are_found() -> None:
    twice = Rules(whitelist=("https://a.test/", " https://a.test/"))
    assert laws.has_no_duplicates(SMALL, lambda case: twice)
    assert laws.has_no_duplicates(SMALL, lambda case: Rules(whitelist=("a", "b", "", ""))) == []


@rows("clean, idle, number", (True, True, 0), (False, False, 0), (True, False, 1), (False, True, 1))
def test_clean_and_idle_go_together(clean: bool, idle: bool, number: int) -> None:
    found = laws.is_clean_exactly_if_idle(SMALL, lambda case: clean, lambda case: idle)
    assert len(found) == number


def test_faces_that_end_differently_are_found() -> None:
    same = {"lint --fix": lambda case: case.rules, "review": lambda case: case.rules}
    assert laws.faces_agree(SMALL, same) == []
    (broken,) = laws.faces_agree(SMALL, {**same, "console": lambda case: Rules()})
    assert "console" in broken.what


@rows(
    "search, said, ok",
    (Search(), Said.NONE, True),
    (Search(), Said.NOT_SEARCHED, False),
    (Search(complete=False), Said.NONE, False),
    (Search(complete=False), Said.NOT_SEARCHED, True),
    (Search(("https://evil.test/",), complete=False), Said.THESE, True),
    (Search(("https://evil.test/",)), Said.NONE, False),
    (Search(("https://other.test/",)), Said.THESE, False),
)
def test_sentence_says_what_its_search_found(search: Search, said: Said, ok: bool) -> None:
    referers = ("https://evil.test/",) if said is Said.THESE else ()
    claim = Claim(About.STRANGERS_NOW, said, SMALL.rules, referers=referers, search=search)
    assert (laws.equals_its_search(SMALL, claim) == []) is ok


A = Rules(whitelist=("https://a.test/",))
WIDE = Rules(whitelist=("https://a.test",))
NOBODY = Rules(whitelist=("a.test",))
EVIL = "https://a.test.evil.test/"
HERE = "https://a.test/"


@rows(
    "claim, ok",
    (Claim(About.STRANGERS_NOW, Said.NONE, A), True),
    (Claim(About.STRANGERS_NOW, Said.NONE, WIDE), False),
    (Claim(About.STRANGERS_NOW, Said.NONE, WIDE, by_default=True), False),
    (Claim(About.STRANGERS_NOW, Said.THESE, WIDE, referers=(EVIL,)), True),
    (Claim(About.STRANGERS_NOW, Said.THESE, WIDE), False),
    (Claim(About.STRANGERS_NOW, Said.THESE, A, referers=(EVIL,)), False),
    (Claim(About.STRANGERS_NOW, Said.THESE, WIDE, referers=(HERE,)), False),
    (Claim(About.STRANGERS_NOW, Said.THESE, WIDE, referers=("https://A.TEST.evil",)), False),
    (Claim(About.STRANGERS_NOW, Said.NOT_SEARCHED, WIDE), False),
    (Claim(About.STRANGERS_NEWLY, Said.NONE, A, WIDE), False),
    (Claim(About.STRANGERS_NEWLY, Said.NONE, WIDE, A), True),
    (Claim(About.STRANGERS_STILL, Said.NONE, WIDE, A), True),
    (Claim(About.STRANGERS_STILL, Said.NONE, WIDE, WIDE), False),
    (Claim(About.STRANGERS_NO_LONGER, Said.NONE, WIDE, A), False),
    (Claim(About.STRANGERS_AFTER, Said.NONE, WIDE, A), True),
    (Claim(About.OWN_DENIED_NOW, Said.NONE, A), True),
    (Claim(About.OWN_DENIED_NOW, Said.NONE, NOBODY), False),
    (Claim(About.OWN_DENIED_NOW, Said.THESE, NOBODY, referers=(HERE,)), True),
    (Claim(About.OWN_DENIED_NOW, Said.THESE, NOBODY, referers=(EVIL,)), False),
    (Claim(About.OWN_DENIED_AFTER, Said.NONE, NOBODY, A), True),
    (Claim(About.OWN_LOST, Said.NONE, A, NOBODY), False),
    (Claim(About.OWN_GAINED, Said.THESE, NOBODY, A, (HERE,)), True),
)  # fmt: skip
def test_sentences_are_held_against_samples(claim: Claim, ok: bool) -> None:
    assert (laws.is_true(SMALL, claim, SMALL.wanted) == []) is ok


def test_sentence_that_names_all_denied_pages_leaves_none_out() -> None:
    wish = (Site("a.test", BOTH), Site("b.test", HTTPS))
    rules = Rules(whitelist=("none.test",))
    named = ("https://a.test/", "https://b.test/")
    claim = Claim(About.OWN_DENIED_NOW, Said.THESE, rules, referers=named, all_named=True)
    (broken,) = laws.is_true(SMALL, claim, wish)
    assert broken.witnesses == ("http://a.test/",)
    assert laws.is_true(SMALL, replace(claim, referers=(*named, "http://a.test/")), wish) == []


def test_not_searched_is_accepted_only_if_asked_for() -> None:
    claim = Claim(About.STRANGERS_NOW, Said.NOT_SEARCHED, A)
    assert laws.is_true(SMALL, claim, SMALL.wanted, may_skip=True) == []


@pytest.mark.parametrize(
    "known", [one for one in KNOWN if one.exposed], ids=lambda one: one.case.name
)
def test_all_is_well_is_not_said_of_known_cases_with_strangers(known: Known) -> None:
    says = Binding[str](claims=lambda case: [Claim(About.STRANGERS_NOW, Said.NONE, case.rules)])
    assert laws.check_known(known, says)


def test_wish_questions_and_faces_of_known_cases_are_checked() -> None:
    known = KNOWN_BY_NAME["question-mark-beside-sites"]
    found = laws.check_known(known, Binding[str](wish=lambda case: [Site("x.com")]))
    assert found[0].witnesses == ("www.example.com",)
    assert laws.check_known(known, Binding[str](asks=lambda case: False))
    google = KNOWN_BY_NAME["any-top-level-domain"]
    wrong = {"review": lambda case: Rules(whitelist=("https://www.google/",))}
    assert laws.check_known(google, Binding[str](faces=wrong))
    assert laws.check_known(google, Binding[str](planned=wrong["review"]))


def test_plan_that_looks_at_names_or_order_is_found() -> None:
    def takes_first(case: Case) -> Rules:
        return replace(case.rules, whitelist=case.rules.whitelist[:1])

    def by_name(case: Case) -> Rules:
        longer = tuple(entry.replace("luno", "lunolu") for entry in case.rules.whitelist)
        return replace(case.rules, whitelist=longer)

    def deduplicated(case: Case) -> Rules:
        return replace(
            case.rules,
            whitelist=tuple(dict.fromkeys(case.rules.whitelist)),
            blacklist=tuple(dict.fromkeys(case.rules.blacklist)),
        )

    pairs = [pair for seed in range(60) for pair in lists.pairs(seed)]
    found = [
        {item.what.partition(":")[0] for pair in pairs for item in laws.check_pair(pair, planned)}
        for planned in (takes_first, by_name, deduplicated)
    ]
    assert "reversed" in found[0]
    assert "renamed" in found[1]
    assert found[2] == set()


def test_report_shows_the_rules_and_a_referer() -> None:
    (broken,) = laws.loses_no_page(SMALL.with_rules(A), [Outcome("all", Rules(whitelist=("b",)))])
    text = str(broken)
    for part in ("1 loses no page", "small", "https://a.test/", "['b']"):
        assert part in text
