"""Changes by somebody who makes number, chain, references and checkpoints fit again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reconciler.demo.repository import make_key
from reconciler.governance.statement import NAMESPACE
from reconciler.ledger.sshsig import sign
from reconciler.model.entries import Json
from reconciler.spec.canonical import digest
from tests.audit.forge import Edit, Entry, Forged, find, judged, path_of, put, shift, with_plan

HERE = "the entry itself"
LATER = "an entry that rests on it"


@dataclass(frozen=True, slots=True)
class Case:
    event: str
    kind: str
    edit: Callable[[Entry], object]
    code: str
    named: str = HERE
    only: int = 0
    """In how many of the first entries of its event this is a lie; 0: in all."""


OTHER = "sha256:" + "5" * 64
CASES = (
    Case("genesis", "another ledger's id", put("data", "ledger", value="f" * 32),
         "audit-approval", LATER),
    Case("policy", "a digest that is not of its rules", put("data", "digest", value=OTHER),
         "audit-policy"),
    Case("policy", "rules changed under their digest",
         lambda e: e["data"]["rules"]["governance"].update(separation_of_duties=False),
         "audit-policy"),
    Case("policy", "rules that are none", lambda e: e["data"]["rules"].update(people=[]),
         "audit-policy"),
    Case("adopt", "another digest", put("data", "observed", value=OTHER), "audit-adoption"),
    Case("adopt", "something else seen", lambda e: e["data"]["seen"].pop(), "audit-adoption"),
    Case("plan", "another plan", put("plan", value=OTHER), "audit-plan"),
    Case("plan", "another change", put("change", value=OTHER), "audit-change-digest"),
    Case("plan", "a plan file that is not there",
         put("data", "blob", value=f"plans/{'0' * 64}.json"), "audit-blob-missing"),
    Case("plan", "a step left out", lambda e: e["data"]["steps"].pop(), "audit-plan"),
    Case("plan", "steps in another order", lambda e: e["data"]["steps"].reverse(), "audit-plan"),
    Case("plan", "a lower class", put("data", "risk", value="R1"), "audit-plan"),
    Case("plan", "unknown authors", put("data", "authors", value=[]), "audit-not-approved", LATER),
    Case("plan", "an author who approves", put("data", "authors", value=["ann", "bob"]),
         "audit-not-approved", LATER),
    Case("plan", "another zone", put("zone", value="blog.example."), "audit-plan"),
    Case("approval", "another digest", put("data", "digest", value=OTHER), "audit-approval"),
    Case("approval", "another change", put("change", value=OTHER), "audit-approval"),
    Case("approval", "another person", put("data", "person", value="bob"), "audit-approval"),
    Case("approval", "nobody", put("data", "person", value="mallory"), "audit-approval"),
    Case("approval", "another zone", put("zone", value="blog.example."), "audit-approval"),
    Case("approval", "a changed statement",
         lambda e: e["data"].update(statement=e["data"]["statement"].replace("ann", "bob")),
         "audit-approval"),
    Case("approval", "a broken signature",
         lambda e: e["data"].update(signature=e["data"]["signature"].replace("A", "B", 9)),
         "audit-approval"),
    Case("approval", "no signature", lambda e: e["data"].pop("signature"), "audit-approval"),
    Case("approval", "a way that does not exist", put("data", "channel", value="telepathy"),
         "ledger-entry-malformed"),
    Case("approval", "a statement from the future",
         lambda e: e["data"].update(channel="local", statement=_postdated(e["data"]["statement"])),
         "audit-approval"),
    Case("intent", "another idempotency id", put("idem", value="0" * 32), "audit-idempotency"),
    Case("intent", "other moves", put("data", "moves", value=[]), "audit-moves"),
    Case("intent", "another attempt", put("data", "attempt", value=7), "audit-attempt"),
    Case("intent", "a deadline far away", shift("deadline", hours=3), "audit-deadline"),
    Case("intent", "another step", put("step", value="s9"), "audit-no-plan"),
    Case("intent", "another plan", put("plan", value=OTHER), "audit-no-plan"),
    Case("intent", "another change", put("change", value=OTHER), "audit-change-digest"),
    Case("intent", "another zone", put("zone", value="blog.example."), "audit-no-plan"),
    Case("outcome", "a failure instead", put("data", "ok", value=False), "audit-evidence", LATER),
    Case("outcome", "another step", put("step", value="s9"), "audit-no-intent"),
    Case("outcome", "another intent", put("idem", value="0" * 32), "audit-no-intent"),
    Case("outcome", "another run", put("actor", "run", value="77"), "audit-no-intent"),
    Case("outcome", "told from what was seen, too early",
         lambda e: e["data"].update(resolved=True), "audit-deadline"),
    Case("outcome", "keys nobody asked for",
         lambda e: e["data"].update(created={"ksk@13/9": "257 3 13 AAAA"}), "audit-keys"),
    Case("outcome", "another plan", put("plan", value=OTHER), "audit-no-plan"),
    Case("evidence", "seen before it was made", shift("data", "seen_at", days=-1),
         "audit-evidence"),
    Case("evidence", "seen after it was recorded", shift("data", "seen_at", days=1),
         "audit-evidence"),
    Case("evidence", "nobody saw it", put("data", "servers", value=[]), "audit-evidence"),
    Case("evidence", "another step", put("step", value="s9"), "audit-evidence"),
    Case("evidence", "nothing seen", put("data", "rrsets", value=[]), "audit-evidence"),
    Case("evidence", "a snapshot that is none", put("data", "rrsets", value=[{"rrset": "DS"}]),
         "audit-evidence"),
    Case("evidence", "keys that were not there",
         lambda e: [v.update(keys=[], signed_by=[]) for v in e["data"]["rrsets"] if "keys" in v],
         "audit-evidence", only=1),
    Case("refine", "another digest", put("data", "digest", value=OTHER), "audit-change-digest"),
    Case("refine", "another key",
         lambda e: e["data"]["keys"].update(dict.fromkeys(e["data"]["keys"], "257 3 13 AAAA")),
         "audit-keys"),
    Case("refine", "other DS", put("data", "ds", value=["257 3 13 AAAA / 2"]), "audit-keys"),
    Case("refine", "another step", put("step", value="s9"), "audit-order"),
)  # fmt: skip


def _postdated(statement: str) -> str:
    return json.dumps(
        {**json.loads(statement), "at": "2031-01-01T00:00:00Z"}, separators=(",", ":"),
        sort_keys=True,
    )  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.event}: {c.kind}")
def test_one_changed_member_is_found_at_every_entry_of_its_event(
    ledger: Forged, case: Case
) -> None:
    """Wherever it is a change; the finding names the entry, or one that rests on it."""
    places = [i for i, entry in enumerate(ledger.entries) if entry["event"] == case.event]
    codes: set[str] = set()
    for at in places:
        changed = ledger.changed(at, case.edit)
        if changed == ledger or (case.only and at not in places[: case.only]):
            continue
        found = judged(changed).findings
        assert found, f"entry {at + 1} was changed and nothing found"
        here = path_of(changed.entries[at])
        codes |= {f.code for f in found if f.file == here or (case.named == LATER and f.file)}
    assert case.code in codes


DROPPED = {
    "policy": "audit-approval",
    "plan": "audit-no-plan",
    "approval": "audit-not-approved",
    "intent": "audit-no-intent",
    "outcome": "audit-evidence",
    "evidence": "audit-order",
    "refine": "audit-keys",
}


@pytest.mark.parametrize("event", DROPPED)
def test_a_dropped_entry_is_found_by_what_rests_on_it(ledger: Forged, event: str) -> None:
    places = [i for i, entry in enumerate(ledger.entries) if entry["event"] == event]
    codes: set[str] = set()
    for at in places:
        found = judged(ledger.edited(partial(_leave_out, at), rechained=True))
        codes |= {f.code for f in found.findings}
        assert all(f.file for f in found.findings)
    assert DROPPED[event] in codes


@pytest.mark.parametrize("event", ["policy", "plan", "intent", "outcome", "evidence", "genesis"])
def test_an_entry_told_twice_is_found(ledger: Forged, event: str) -> None:
    places = [i for i, entry in enumerate(ledger.entries) if entry["event"] == event]
    for at in places:
        twice = ledger.edited(partial(_insert, at + 1, ledger.entries[at]), rechained=True)
        assert path_of(twice.entries[at + 1]) in {f.file for f in judged(twice).findings}


def test_neighbours_in_another_order_are_found_wherever_order_matters(ledger: Forged) -> None:
    free = {"approval", "adopt", "checkpoint"}
    for at in range(len(ledger.entries) - 1):
        events = {ledger.entries[at]["event"], ledger.entries[at + 1]["event"]}
        if events & free:
            continue
        changed = ledger.edited(partial(_exchange, at), rechained=True)
        assert judged(changed).findings, f"entries {at + 1} and {at + 2} exchanged"


def _insert(at: int, entry: Entry, entries: list[Entry]) -> None:
    entries.insert(at, json.loads(json.dumps(entry)))


def _leave_out(at: int, entries: list[Entry]) -> None:
    entries.pop(at)


def _exchange(at: int, entries: list[Entry]) -> None:
    """Exchange two entries, and let each be dated as its new place asks."""
    one, two = entries[at], entries[at + 1]
    entries[at], entries[at + 1] = {**two, "at": one["at"]}, {**one, "at": two["at"]}


def test_a_step_made_before_its_wait_was_over_is_found(ledger: Forged) -> None:
    """All intents that wait for an earlier step, moved to when that step was seen."""
    moved = 0
    for at, entry in enumerate(ledger.entries):
        before = ledger.entries[at - 1]
        if entry["event"] == "intent" and before["at"] < entry["at"]:
            early = ledger.edited(_at(at, before["at"]), rechained=True)
            codes = {f.code for f in judged(early).findings}
            assert "audit-wait" in codes, f"entry {at + 1}"
            moved += 1
    assert moved


def _at(at: int, when: str) -> Edit:
    def edit(entries: list[Entry]) -> None:
        entries[at]["at"] = when
        entries[at]["deadline"] = when

    return edit


def test_an_outcome_that_nobody_intended_is_found(ledger: Forged) -> None:
    at = find(ledger, "outcome")
    plan = find(ledger, "plan")
    forged = json.loads(json.dumps(ledger.entries[at]))
    forged["at"] = ledger.entries[plan]["at"]
    changed = ledger.edited(partial(_insert, plan + 1, forged), rechained=True)
    found = judged(changed).findings
    assert (path_of(changed.entries[plan + 1]), "audit-no-intent") in {
        (f.file, f.code) for f in found
    }


def test_an_approval_signed_anew_with_a_foreign_key_is_found(
    ledger: Forged, tmp_path: Path
) -> None:
    key = tmp_path / "mallory"
    make_key(key, "mallory")
    for at in (i for i, e in enumerate(ledger.entries) if e["event"] == "approval"):
        signature = sign(ledger.entries[at]["data"]["statement"], key, NAMESPACE)
        changed = ledger.changed(at, put("data", "signature", value=signature))
        assert path_of(changed.entries[at]) in {f.file for f in judged(changed).findings}


def test_an_approval_of_an_earlier_plan_cannot_be_used_again(ledger: Forged) -> None:
    """The signed approvals of the first change, copied to where the second needs its own."""
    second = find(ledger, "plan", 1)
    later = [i for i, e in enumerate(ledger.entries) if e["event"] == "approval" and i > second]
    replay = json.loads(json.dumps(ledger.entries[find(ledger, "approval")]))

    def edit(entries: list[Entry]) -> None:
        for at in later:
            entries[at] = {**replay, "at": entries[at]["at"]}

    found = judged(ledger.edited(edit, rechained=True)).findings
    assert "audit-not-approved" in {f.code for f in found}


@pytest.mark.parametrize("redo", [False, True])
@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("waits", "audit-change-digest"),
        ("moves", "audit-change-digest"),
        ("risk", "audit-change-digest"),
        ("profiles", "audit-change-digest"),
        ("desired", "audit-change-digest"),
        ("observed earlier", "audit-time"),
        ("observed later", "audit-time"),
    ],
)
def test_a_plan_file_changed_with_every_digest_redone_is_found(
    ledger: Forged, what: str, code: str, *, redo: bool
) -> None:
    at = find(ledger, "plan", 1)
    changed = with_plan(ledger, at, lambda plan: PLAN_EDITS[what](_zone(plan)), redo=redo)
    found = judged(changed).findings
    assert (path_of(changed.entries[at]), code) in {(f.file, f.code) for f in found}


def _zone(plan: dict[str, Any]) -> dict[str, Any]:
    return next(iter(plan["zones"].values()))


def _shorten(zone: dict[str, Any]) -> None:
    for step in zone["steps"]:
        for need in step["needs"]:
            need["wait_min"] = 0


PLAN_EDITS: dict[str, Callable[[dict[str, Any]], None]] = {
    "waits": _shorten,
    "moves": lambda zone: zone["steps"][0]["moves"].pop(),
    "risk": lambda zone: zone.update(risk="R1"),
    "profiles": lambda zone: zone["timeline"]["profiles"].pop(),
    "desired": lambda zone: zone.update(desired_digest=OTHER),
    "observed earlier": shift("at", days=-400),
    "observed later": shift("at", days=400),
}


def test_a_plan_with_shorter_waits_and_a_digest_that_fits_is_not_proved(ledger: Forged) -> None:
    """Not even who redoes every digest gets an unsafe plan past an audit."""
    at = find(ledger, "plan", 1)
    changed = with_plan(ledger, at, lambda plan: _shorten(_zone(plan)), redo=True)
    found = {(f.file, f.code) for f in judged(changed).findings}
    assert (path_of(changed.entries[at]), "audit-proof") in found


def test_a_plan_file_with_another_content_is_found(ledger: Forged) -> None:
    path, data = next((p, d) for p, d in ledger.blobs.items() if p.startswith("plans/"))
    changed = ledger.with_blobs({path: data.replace(b"R", b"Q", 1)})
    found = judged(changed).findings
    assert (path, "ledger-content") in {(f.file, f.code) for f in found}
    assert "audit-plan" in {f.code for f in found}


@pytest.mark.parametrize("loosened", ["approvers", "separation of duties", "a person more"])
def test_a_policy_made_looser_with_every_digest_redone_is_found(
    ledger: Forged, loosened: str
) -> None:
    """The change digests of plans cover the rules that approvals were asked by."""

    def edit(entries: list[Entry]) -> None:
        policy = entries[find(ledger, "policy")]["data"]
        rules = policy["rules"]
        if loosened == "approvers":
            need = {"approvers": 1, "from_owner": 0, "from_critical": 0}
            need |= {"signed": False, "max_age": 10**9}
            rules["governance"]["requirements"] = dict.fromkeys(("R1", "R2", "R3", "R4"), need)
        elif loosened == "separation of duties":
            rules["governance"]["separation_of_duties"] = False
        else:
            rules["people"]["bob"]["ssh"] = rules["people"]["ann"]["ssh"]
        policy["digest"] = digest(rules)

    found = judged(ledger.edited(edit, rechained=True)).findings
    assert {f.code for f in found} & {"audit-change-digest", "audit-approval"}


def test_an_entry_under_an_older_policy_is_found(ledger: Forged) -> None:
    """A policy rolled back: entries that name one which is no longer in force."""
    policy = find(ledger, "policy")

    def tighten(entries: list[Entry]) -> None:
        newer = json.loads(json.dumps(entries[policy]))
        newer["data"]["rules"]["people"]["carol"] = {"emails": [], "github": 7, "ssh": None}
        newer["data"]["digest"] = digest(newer["data"]["rules"])
        entries.insert(policy + 1, newer)

    two = ledger.edited(tighten, rechained=True)
    assert judged(two).findings == ()
    old: dict[str, Json] = {"seq": policy + 1, "digest": two.entries[policy]["data"]["digest"]}
    for at in range(policy + 2, len(two.entries)):
        back = two.changed(at, put("policy", value=old), rechained=False)
        assert (path_of(back.entries[at]), "ledger-policy") in {
            (f.file, f.code) for f in judged(back).findings
        }


def test_a_checkpoint_that_says_something_else_is_found(ledger: Forged) -> None:
    at = find(ledger, "checkpoint", 1)
    for name, value in (("count", 3), ("head", OTHER), ("commit", "0" * 40)):
        changed = ledger.changed(at, put("data", name, value=value), rechained=False)
        found = judged(changed).findings
        assert (path_of(changed.entries[at]), "audit-checkpoint") in {
            (f.file, f.code) for f in found
        }
