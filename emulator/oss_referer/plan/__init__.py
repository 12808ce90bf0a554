"""The plan: what rules mean, what to change in them, and a proof of what that costs.

`plan` is the only adviser: `lint`, `review`, `generate`, the pages and `apply` show its results.
"""

from oss_referer.plan.changes import LISTS, Change, EntryPlace, Switch, apply, find_places
from oss_referer.plan.costs import Costs, compare
from oss_referer.plan.lines import Line, Option, WhoGetsIn
from oss_referer.plan.planning import Plan, Wish, WishError, plan
from oss_referer.plan.reading import BOTH, EntryReading, Kind, Site, read_entry, read_site

__all__ = [
    "BOTH",
    "LISTS",
    "Change",
    "Costs",
    "EntryPlace",
    "EntryReading",
    "Kind",
    "Line",
    "Option",
    "Plan",
    "Site",
    "Switch",
    "WhoGetsIn",
    "Wish",
    "WishError",
    "apply",
    "compare",
    "find_places",
    "plan",
    "read_entry",
    "read_site",
]
