"""Certificate: what a diff claims, with a proof that `oss-emulator verify` checks.

`verifier.py` does so without any code of the lab.
"""

import hashlib
import json
from dataclasses import asdict

from oss_emulator.referer.assumptions import DEFAULT, Assumptions
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.policy import RefererPolicy

from . import automaton, diff
from .automaton import UndecidedError
from .diff import Certainty, Diff


def certify(
    old: RefererConfiguration,
    new: RefererConfiguration,
    found: Diff,
    assumptions: Assumptions = DEFAULT,
    **about: str,
) -> dict[str, object]:
    """Return the certificate of a diff, as values for JSON; `about` says whose rules they are.

    Raises UndecidedError.
    """
    certificate = {
        "claim": "equal" if found.equivalent else "different",
        **about,
        **state(old, new, assumptions),
        **(_prove(old, new, found, assumptions) if found.equivalent else _witness(found)),
    }
    text = json.dumps(certificate, sort_keys=True)
    return {**certificate, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def state(
    old: RefererConfiguration, new: RefererConfiguration, assumptions: Assumptions = DEFAULT
) -> dict[str, object]:
    """Return what a certificate is about, as values for JSON."""
    return {"old": asdict(old), "new": asdict(new), "assumptions": asdict(assumptions)}


def _witness(found: Diff) -> dict[str, object]:
    words = {True: "allowed", False: "denied"}
    witnesses = [
        {
            "referer": change.referer,
            "old": words[change.old.allowed],
            "new": words[change.new.allowed],
        }
        for change in found.changes
    ]
    return {"witnesses": witnesses}


def _prove(
    old: RefererConfiguration,
    new: RefererConfiguration,
    found: Diff,
    assumptions: Assumptions,
) -> dict[str, object]:
    if found.certainty is not Certainty.PROVED:
        raise UndecidedError
    if diff.are_same(old, new):
        return {"letters": "", "moves": []}
    policies = (RefererPolicy.compile(rules, assumptions) for rules in (old, new))
    table = automaton.tabulate([entries for policy in policies for entries in diff.watch(policy)])
    return {"letters": table.letters, "moves": [" ".join(map(str, row)) for row in table.moves]}
