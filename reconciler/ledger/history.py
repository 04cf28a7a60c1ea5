"""What the ledger tells of each zone, as values: the result of `fold`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.ledger.records import Channel
from reconciler.model.entries import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnedBack:
    """A plan is the rollback of another, whose approvals cover it: those of `change`, and for what
    touches the parent those of `refined` where keys were created; `risk` is that plan's class and
    `begun_at` its first intent. `after` is the last of its steps that was begun, `cause` and `why`
    what was seen.
    """

    of: str
    change: str
    refined: str | None
    risk: str
    begun_at: datetime | None
    after: str
    cause: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedPlan:
    """The plan being carried out. `steps` are ids in order, `blob` the path of the whole plan.

    `turned`: it is the way back from another plan.
    """

    seq: int
    at: datetime
    plan: str
    change: str
    blob: str
    steps: tuple[str, ...]
    risk: str
    authors: frozenset[str]
    commit: str | None
    turned: TurnedBack | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refined:
    """What a step's symbols became: DNSKEYs by symbol, DS texts, and the digest to approve."""

    seq: int
    at: datetime
    step: str
    keys: Mapping[str, str]
    ds: frozenset[str]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedApproval:
    """An approval as recorded; whether its evidence holds is for `examined` to say. `actor` is
    who put it on record.
    """

    seq: int
    actor: str
    at: datetime
    digest: str
    person: str
    channel: Channel
    statement: str
    signature: str | None
    revoked: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIntent:
    """A step that was begun and whose end nobody recorded: it may have happened or not."""

    seq: int
    at: datetime
    plan: str
    step: str
    idem: str
    deadline: datetime | None
    moves: tuple[Json, ...]
    attempt: int
    run: str
    operation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How the last intent of a step ended; a claim, never proof of what is published.

    `resolved`: a later run told it from what it saw; with `ok` False the effect may still come.
    `refused_since`: when the first of the refusals was recorded that this one ends.
    """

    seq: int
    at: datetime
    step: str
    idem: str
    ok: bool
    message: str
    operation: str | None = None
    created: Mapping[str, str] = field(default_factory=dict)
    resolved: bool = False
    refused_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Every server was seen to serve what `step` of `plan` publishes, at `seen_at`."""

    seq: int
    plan: str
    step: str
    seen_at: datetime
    servers: tuple[str, ...]
    rrsets: tuple[Json, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Why a person is needed, and since when."""

    seq: int
    at: datetime
    why: str
    step: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """No step begins before `until`; `person` asked for it at `at`, where the record says who."""

    seq: int
    at: datetime
    until: datetime
    reason: str
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """Steps of a plan that was given up whose effects may still come, `until` then."""

    seq: int
    steps: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """What `rrset` was seen to publish (`seen`: digest) is known to `person`, until `until`."""

    seq: int
    rrset: str
    seen: str
    until: datetime
    reason: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """The zone was taken into care as observed; `seen` are the versions that were published."""

    seq: int
    at: datetime
    observed: str
    seen: tuple[Json, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneLog:
    """What the ledger knows of one zone.

    `refined`, `outcomes`, `attempts` and `evidence` are of the current plan, by step; so is
    `begun_at`, its first intent. `seen` holds the evidence of every plan, oldest first, and
    `created` every key made, DNSKEY text by symbol. `approvals` are kept by digest, until a plan
    that they were given to was carried out to its end, or given up by a person: then they are
    spent. `completed` is the last plan carried out. `annotations` are kept by RRset, the last one
    of each. After a plan was given up in mid-change, `seen` and `adopted` begin anew.
    """

    plan: LoggedPlan | None = None
    completed: LoggedPlan | None = None
    begun_at: datetime | None = None
    refined: Mapping[str, Refined] = field(default_factory=dict)
    approvals: Mapping[str, tuple[LoggedApproval, ...]] = field(default_factory=dict)
    open_intents: tuple[OpenIntent, ...] = ()
    attempts: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    seen: tuple[Evidence, ...] = ()
    created: Mapping[str, str] = field(default_factory=dict)
    blocked: Blocked | None = None
    suspended: Suspension | None = None
    adopted: Adoption | None = None
    under_way: UnderWay | None = None
    annotations: Mapping[str, Annotation] = field(default_factory=dict)

    @property
    def open_intent(self) -> OpenIntent | None:
        """The oldest intent whose end is not recorded."""
        return self.open_intents[0] if self.open_intents else None

    @property
    def turned(self) -> TurnedBack | None:
        """Why the plan on record leads back, None where it does not."""
        return self.plan.turned if self.plan else None

    @property
    def complete(self) -> bool:
        """True if there is evidence for every step of the current plan."""
        return self.plan is not None and set(self.plan.steps) <= set(self.evidence)

    def suspended_at(self, now: datetime) -> Suspension | None:
        """Return the suspension in force at `now`; it ends by itself at its `until`."""
        return self.suspended if self.suspended and now < self.suspended.until else None

    def under_way_at(self, now: datetime) -> UnderWay | None:
        """Return what an abandoned plan may still bring about at `now`."""
        return self.under_way if self.under_way and now < self.under_way.until else None


def turned_back(
    log: ZoneLog, running: LoggedPlan, *, after: str, cause: str, why: str
) -> TurnedBack:
    """Return the turning back from the plan that runs, as `log` tells of it."""
    refined = max(log.refined.values(), key=lambda r: r.seq, default=None)
    return TurnedBack(
        of=running.plan,
        change=running.change,
        refined=refined.digest if refined else None,
        risk=running.risk,
        begun_at=log.begun_at,
        after=after,
        cause=cause,
        why=why,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyInForce:
    """The governance that entries after `seq` are written under; `rules` as JSON."""

    seq: int
    at: datetime
    digest: str
    rules: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The last time that the ledger said how much it holds."""

    seq: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The whole ledger folded, up to and with entry `seq` (0: none)."""

    seq: int = 0
    at: datetime | None = None
    ledger_id: str | None = None
    policy: PolicyInForce | None = None
    checkpoint: Checkpoint | None = None
    zones: Mapping[str, ZoneLog] = field(default_factory=dict)

    def zone(self, name: str) -> ZoneLog:
        """Return what is known of a zone; one never heard of has an empty log."""
        return self.zones.get(name, ZoneLog())
