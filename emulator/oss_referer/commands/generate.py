"""`oss-emulator generate`: write rules for sites, and the decision table that tests them."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from pathlib import Path

from oss_referer import lint
from oss_referer.advice.adding import widen
from oss_referer.advice.table import format_table, make_cases
from oss_referer.engine import RefererConfiguration, Sentence
from oss_referer.engine.policy import MAX_SIZE
from oss_referer.engine.sentence import join
from oss_referer.lint import Severity
from oss_referer.plan import Plan, Wish, WishError, plan
from oss_referer.sources import forms, tables
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.programs import format_oss2, format_ossutil
from oss_referer.sources.tables import DecisionTable
from oss_referer.terminal import bucket, language, traffic
from oss_referer.terminal.output import Text, Tone, line, show, write
from oss_referer.terminal.parser import Commands, InputError
from oss_referer.traffic import figures
from oss_referer.traffic.judge import Judge
from oss_referer.traffic.keeping import Kept, keep
from oss_referer.traffic.requests import Traffic

_DESCRIPTION = (
    "Writes rules that allow the given sites and clients, and nobody else; with --traffic, the "
    "fewest that keep a share of their recorded requests. Standard "
    "output gets the rules, or with --to table the decision table that `oss-emulator test` runs in "
    "CI. The command lints and tests its own rules, and says so on standard error. The exit status "
    "is 0, 1 if no safe rules keep the share, or 2 if there are no rules."
)


def declare(commands: Commands) -> None:
    parser = commands.add_parser("generate", run, description=_DESCRIPTION)
    said = "a site, such as https://www.example.com"
    parser.add_value("sites", "SITE", said, nargs="*", default=[])
    parser.add_repeated("--site", "URL", "a site, in any position", dest="named")
    parser.add_switch("--subdomains", "allow the domain of each site and all its sub-domains")
    parser.add_repeated("--mini-program", "APPID", "allow a WeChat mini program")
    parser.add_switch("--console", "allow the preview in the OSS console")
    parser.add_repeated("--cdn", "HOST", "allow the style sheets of a host")
    said = "what to do with requests without a Referer (default: deny)"
    parser.add_choice("--empty", ["allow", "deny"], said, default="deny")
    parser.add_choice("--to", _FORMS, "what to print", required=True)
    traffic.declare(parser)
    said = "the share of their recorded requests to keep with few entries (default: 99.9%%)"
    parser.add_value("--keep", "SHARE", said, type=_share, default=Decimal("0.999"))
    bucket.declare(parser)


def run(arguments: argparse.Namespace) -> int:
    sites = (*arguments.named, *arguments.sites)
    if not sites:
        arguments.parser.error("give a SITE, such as https://www.example.com")
    rules = RefererConfiguration(allow_empty_referer=arguments.empty == "allow")
    try:
        wish = Wish(
            tuple(map(widen, sites)) if arguments.subdomains else sites,
            mini_programs=tuple(arguments.mini_program),
            console=arguments.console,
            cdn=tuple(arguments.cdn),
        )
        found = _keep(rules, wish, arguments)
        proposal = found.plan if found else plan(rules, wish)
    except WishError as error:
        raise InputError(str(error)) from None
    new = proposal.answer(first=True)  # without the questions about what is too much
    if new.size > MAX_SIZE:
        raise InputError(
            f"the rules would have {new.size:,} bytes of entries, and a bucket accepts "
            f"{MAX_SIZE:,}; name fewer sites, hosts and mini programs"
        )
    write(_FORMS[arguments.to](proposal, ", ".join(found.sites if found else sites)))
    sys.stdout.flush()
    show(*([line(one) for one in _describe(found)] if found else ()), to=sys.stderr)
    show(line(_check(proposal)), to=sys.stderr)
    return int(found is not None and found.share < arguments.keep)


def _share(text: str) -> Decimal:
    try:
        share = Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        is_share = 0 < share <= 1
    except InvalidOperation:
        is_share = False
    if not is_share:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share; write a number up to 1")
    return share


def _keep(rules: RefererConfiguration, wish: Wish, arguments: argparse.Namespace) -> Kept | None:
    """Return the fewest sites that keep the recorded requests; None without a record."""
    if not arguments.traffic:
        return None
    judge = Judge(plan(rules, wish).answer(first=True))
    recorded = traffic.read(arguments, judge) or Traffic()
    found = keep(recorded, wish, rules, arguments.keep)
    if not found.wanted.requests:
        names = [one.asked.home for one in recorded.groups if one.asked.home]
        others = ", ".join([*dict.fromkeys(names)][:_SHOWN]) or "nobody with a Referer"
        raise InputError(f"the traffic has no answered request of these sites, but of {others}")
    return found


_SHOWN = 10


def _describe(found: Kept) -> Iterator[Text]:
    kept, wanted = found.kept, found.wanted
    entries = len(found.rules.whitelist) + len(found.rules.blacklist)
    said = Sentence(
        "These rules, with {}, keep {} of {} requests of these sites ({} %).",
        Sentence("1 entry") if entries == 1 else Sentence("{} entries", str(entries)),
        figures.quantity(kept.requests),
        figures.quantity(wanted.requests),
        str((found.share * 100).quantize(Decimal("0.01"), ROUND_DOWN)),
    )
    yield Text(said, Tone.GOOD)
    if found.lost:
        names = [f"{page} ({count:,})" for page, count in found.lost.items()]
        more = [Sentence("{} more", str(len(names) - _SHOWN))] * (len(names) > _SHOWN)
        yield Text(Sentence("Not kept: {}.", join([*names[:_SHOWN], *more])))
    if found.unseen:
        yield Text(Sentence("Left out, because nobody recorded a request: {}.", join(found.unseen)))
    if found.empty.requests and not found.rules.allow_empty_referer:
        count = figures.quantity(found.empty.requests)
        yield Text(Sentence("Requests without a Referer are denied: {}; see --empty.", count))


def _check(proposal: Plan) -> Text:
    rules = proposal.corrected
    found = lint.lint(rules).found
    mistakes = sorted({item.rule for item in found if item.severity is Severity.ERROR})
    if mistakes:
        raise InputError(f"lint finds mistakes in these rules: {', '.join(mistakes)}")
    cases = tuple(replace(case, rules="site") for case in make_cases(proposal))
    report = tables.run(DecisionTable(Path(), {"site": rules}, cases))
    failed = [result.case.name for result in report.results if not result.passed]
    if failed:
        raise InputError(f"these rules fail their own table: {', '.join(failed)}")
    said = Sentence(
        "These rules are checked: lint finds nothing to correct, and all {} cases of their table "
        "pass.",
        str(len(cases)),
    )
    return Text(said, Tone.GOOD)


def _rules_as(form: RulesForm) -> Callable[[Plan, str], str]:
    return lambda proposal, _: forms.format(proposal.corrected, form)


_FORMS: Mapping[str, Callable[[Plan, str], str]] = {
    "xml": _rules_as(RulesForm.XML),
    "json": _rules_as(RulesForm.JSON),
    "terraform": _rules_as(RulesForm.TERRAFORM),
    "toml": _rules_as(RulesForm.TOML),
    "oss2": lambda proposal, about: format_oss2(proposal.corrected, about, say=language.say),
    "ossutil": lambda proposal, about: format_ossutil(proposal.corrected, about, say=language.say),
    "table": lambda proposal, about: format_table(proposal, about, language.say),
}
