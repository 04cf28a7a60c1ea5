"""Everything a run of `apply` needs from outside, joined once by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from reconciler.clock import Clock
from reconciler.execute.propose import Prove
from reconciler.execute.stopping import Stop
from reconciler.ledger.history import History
from reconciler.model.capabilities import PARENT_KINDS, SIGNER_KINDS
from reconciler.model.desired import DesiredZone, Portfolio
from reconciler.model.entries import Actor
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import ZonePlan
from reconciler.model.sightings import Observation
from reconciler.ports import Ledger, Parent, Signer

INTENT_LIFE = timedelta(minutes=20)
"""How long a runner may take for one step before another may resolve it: longer than any call's
time-out and shorter than a schedule's usual gap. No official reference."""

CALL_LIFE = timedelta(minutes=2)
"""The least time that a call and its outcome need before a deadline: several time-outs of a call.
No official reference."""

LOOK_AGAIN = timedelta(minutes=5)
"""When to look again for something that is under way: the finest schedule that GitHub offers."""

LOOK_AGAIN_AT_PEOPLE = timedelta(hours=1)
"""The same where a person has to act: nobody is faster for being asked more often."""

Propose = Callable[[DesiredZone, ObservedZone], ZonePlan]
Observe = Callable[[DesiredZone], Observation]
Authors = Callable[[str, str | None], frozenset[str]]
Newer = Callable[[str], bool]
Recall = Callable[[], History]
Checkpoint = Callable[[str], None]
Leave = Callable[[str, bytes], None]


def pass_by(_name: str) -> None:
    """Do nothing at a checkpoint; tests put something deadly in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The outside world as one run sees it.

    `recall` folds the ledger as it is now. `observe` looks at one zone at the current instant.
    `authors` gives the names and e-mail addresses of those who wrote what a zone's desired state
    says since a commit (None: its last change), `commit` the commit that holds it. `newer` tells
    whether another commit is known to be built on that one. `propose` plans from here, `prove`
    judges what is left of a plan. `checkpoint` is called with the name of each
    point at which a run may be killed. `stop` tells whether the run was asked to end. `leave` keeps
    a file for people, by name, where the ledger cannot be written.
    """

    portfolio: Portfolio
    clock: Clock
    ledger: Ledger
    recall: Recall
    signers: Mapping[str, Signer]
    parents: Mapping[str, Parent]
    observe: Observe
    authors: Authors
    commit: str | None
    newer: Newer
    propose: Propose
    prove: Prove
    actor: Actor
    checkpoint: Checkpoint = pass_by
    stop: Stop = field(default_factory=Stop)
    leave: Leave


def interruptible(outside: Outside) -> Outside:
    """Return `outside` with looking and planning that end at once when the run is to stop."""
    stop = outside.stop
    return replace(
        outside,
        observe=stop.free(outside.observe),
        propose=stop.free(outside.propose),
        prove=stop.free(outside.prove),
    )


CHECKPOINTS = (
    "observed",
    "planned",
    "before-intent",
    "after-intent",
    "before-call",
    "after-call",
    "before-outcome",
    "after-outcome",
    "before-evidence",
    "after-evidence",
)
"""Where a run may be killed, in the order in which one step passes them."""
TURNING = ("before-turning", "after-turning")
"""Where a run may be killed besides, when a plan is turned back."""


def unbuilt(portfolio: Portfolio, zone: DesiredZone) -> tuple[str, ...]:
    """Return the kinds of adapters that `zone` needs and this release cannot apply with."""
    signers = (portfolio.signers[name].kind for name in zone.signers)
    missing = [kind for kind in signers if not SIGNER_KINDS[kind].built]
    parent = portfolio.parents[zone.parent].kind
    return (*missing, *(() if PARENT_KINDS[parent].built else (parent,)))
