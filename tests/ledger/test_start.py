from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.diagnostics import LostRaceError
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.start import ensure_started
from reconciler.ledger.verify import verify_chain
from reconciler.model.desired import (
    FreezeWindow,
    Governance,
    Observers,
    Owner,
    Person,
    Portfolio,
    Requirement,
    RiskClass,
)
from reconciler.model.entries import Actor, ActorKind, Draft, Entry, Event
from reconciler.spec.canonical import digest
from reconciler.spec.governance import governance_digest, governance_json

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
ACTOR = Actor(kind=ActorKind.PERSON, id="ann")


def portfolio(*people: str) -> Portfolio:
    persons = {
        name: Person(name=name, github=7, ssh="ssh-ed25519 AAAA", emails=frozenset({f"{name}@x"}))
        for name in people
    }
    owners = {
        "core": Owner(name="core", people=frozenset(people), contacts={"registrar": "contract 1"})
    }
    rules = Governance(
        critical_group="core",
        requirements={RiskClass.R3: Requirement(approvers=1)},
        freeze=(FreezeWindow(start=NOW, end=NOW + timedelta(days=1), reason="year end"),),
    )
    return Portfolio(
        signers={}, parents={}, policies={}, people=persons, owners=owners, governance=rules,
        observers=Observers(), zones={}, sources={},
        governance_digest=governance_digest(persons, owners, rules),
    )  # fmt: skip


def test_the_first_use_writes_genesis_and_policy(repository: Path) -> None:
    ledger = GitLedger(repository, actor=ACTOR)
    history = ensure_started(ledger, portfolio("ann"), NOW)
    events = [entry.event for entry in ledger.entries()]
    assert events == [Event.GENESIS, Event.POLICY]
    assert history.ledger_id
    assert history.policy is not None
    assert history.policy.digest == portfolio("ann").governance_digest
    assert verify_chain(ledger) == ()


def test_the_next_use_writes_nothing(repository: Path) -> None:
    ledger = GitLedger(repository, actor=ACTOR)
    first = ensure_started(ledger, portfolio("ann"), NOW)
    assert ensure_started(ledger, portfolio("ann"), NOW + timedelta(days=1)) == first
    assert ensure_started(ledger, portfolio("ann"), NOW, first) == first


def test_changed_governance_is_put_on_record_and_in_force(repository: Path) -> None:
    ledger = GitLedger(repository, actor=ACTOR)
    ensure_started(ledger, portfolio("ann"), NOW)
    history = ensure_started(ledger, portfolio("ann", "bob"), NOW)
    (entry,) = ledger.append([Draft(event=Event.HEARTBEAT)], NOW)
    assert history.policy is not None
    assert (entry.policy_seq, entry.policy_digest) == (3, history.policy.digest)
    policy = next(ledger.entries(3))
    assert policy.policy_seq == 2, "a policy is written under the one before it"
    assert verify_chain(ledger) == ()


def test_the_recorded_rules_are_what_the_digest_is_over(repository: Path) -> None:
    whole = portfolio("ann", "bob")
    policy = ensure_started(GitLedger(repository, actor=ACTOR), whole, NOW).policy
    assert policy is not None
    assert policy.rules == governance_json(whole.people, whole.owners, whole.governance)
    assert digest(dict(policy.rules)) == policy.digest == whole.governance_digest


def test_two_ledgers_never_share_an_id(repository: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path / "two")], check=True)
    ids = {
        ensure_started(GitLedger(path, actor=ACTOR), portfolio("ann"), NOW).ledger_id
        for path in (repository, tmp_path / "two")
    }
    assert len(ids) == 2


class Contended:
    """A ledger in which somebody else always writes first."""

    def __init__(self, inner: GitLedger, rival: GitLedger, races: int) -> None:
        self.inner, self.rival, self.races = inner, rival, races

    def entries(self, since: int = 0) -> Iterator[Entry]:
        found = list(self.inner.entries(since))
        if self.races:
            self.races -= 1
            ensure_started(self.rival, portfolio(f"p{self.races}"), NOW)
        return iter(found)

    def append(
        self, drafts: Sequence[Draft], now: datetime, blobs: Mapping[str, bytes] | None = None
    ) -> tuple[Entry, ...]:
        return self.inner.append(drafts, now, blobs)

    def blob(self, path: str) -> bytes:
        return self.inner.blob(path)


def test_losing_the_race_to_begin_reads_again(repository: Path) -> None:
    inner, rival = (GitLedger(repository, actor=ACTOR) for _ in range(2))
    history = ensure_started(Contended(inner, rival, 1), portfolio("p0"), NOW)
    assert [entry.event for entry in inner.entries()] == [Event.GENESIS, Event.POLICY]
    assert history.seq == 2


def test_losing_every_race_says_so(repository: Path) -> None:
    inner, rival = (GitLedger(repository, actor=ACTOR) for _ in range(2))
    with pytest.raises(LostRaceError):
        ensure_started(Contended(inner, rival, 9), portfolio("mine"), NOW)
