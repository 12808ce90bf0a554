"""Adding: rules that let in a site more, by the changes of the plan with that site in the wish."""

from collections.abc import Iterator
from dataclasses import replace

from oss_referer.engine import DEFAULT, Assumptions, RefererConfiguration, Stage
from oss_referer.plan import Change, Site, Wish, WishError, plan, read_entry, read_site
from oss_referer.search.entry import Parts
from oss_referer.search.url import is_address, registered


def add(
    rules: RefererConfiguration, wish: Wish, assumptions: Assumptions = DEFAULT
) -> RefererConfiguration:
    """Return rules that let in what a wish names; the entries of other sites stay as they are.

    Each change of a plan stands alone, so only those are made that write an entry for the wish.
    Raises WishError.
    """
    sites = tuple(dict.fromkeys(_find_sites(rules)))
    programs = (site.path.strip("/") for site in sites if site.is_mini_program)
    named = (site.entry(site.schemes[-1]) for site in sites if not site.is_mini_program)
    whole = replace(
        wish,
        sites=(*wish.sites, *filter(read_site, named)),
        mini_programs=(*wish.mini_programs, *programs),
        console=wish.console or any(site.is_console for site in sites),
    )
    wanted = {*plan(RefererConfiguration(), wish, assumptions).corrected.whitelist}
    planned = plan(rules, whole, assumptions)
    chosen = [
        line
        for line in planned.lines
        # Its entry may be there, and match nothing while TruncatePath is true.
        if wanted.intersection(_written(line.change)) or line.about == "truncate-path"
    ]
    for line in chosen:
        wanted.difference_update(_written(line.change))
    # A change is a question too if all changes together need more room than a bucket has.
    asked = (line for line in planned.questions if line.options)
    chosen += [line for line in asked if wanted.intersection(_written(line.options[0].change))]
    return planned.answer(first=True, lines=chosen)


def _written(change: Change) -> tuple[str, ...]:
    return change.added(Stage.WHITELIST)


def _find_sites(rules: RefererConfiguration) -> Iterator[Site]:
    for entry in rules.whitelist:
        reading = read_entry(entry)
        yield from () if reading.is_guess else reading.sites


def widen(text: str) -> str:
    """Return a text that names the domain of a site and all its sub-domains. Raises WishError."""
    for site in read_site(text):
        base = site.host.removeprefix("*.").removeprefix("www.")
        if is_address(base) or registered(base) is None:
            raise WishError(f"{base} has no sub-domains of its own; name only the site")
        return Parts(site.schemes[-1], f"*.{base}", site.port, "/").join()
    return text
