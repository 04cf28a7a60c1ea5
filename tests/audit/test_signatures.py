"""Changes that fit in every way but one: whoever made them has no key that the policy knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.spec.canonical import digest
from tests.audit.forge import Entry, Forged, find, judged, path_of


def rewritten(signed: Forged, at: int, *, foreign: bool) -> Forged:
    """Return it with the commits from that of entry `at` on made anew, as an attacker can."""
    made = replace(signed, signed_to=at, other=signed.other if foreign else None)
    return made.changed(at, lambda entry: entry["actor"].update(id="somebody else"))


@pytest.mark.parametrize("foreign", [False, True], ids=["unsigned", "with another key"])
def test_every_entry_rewritten_with_all_that_follows_is_found(
    signed: Forged, *, foreign: bool
) -> None:
    for at in range(len(signed.entries)):
        changed = rewritten(signed, at, foreign=foreign)
        found = {(f.file, f.code) for f in judged(changed).findings}
        assert (path_of(changed.entries[at]), "audit-signature") in found, f"entry {at + 1}"


def unsign(entry: Entry) -> None:
    """Make an approval one that only the writer of the ledger vouches for."""
    entry["actor"] = {"kind": "person", "id": entry["data"]["person"], "run": "1"}
    entry["data"]["channel"] = "local"
    entry["data"].pop("signature", None)


def loosen(entry: Entry) -> None:
    entry["data"]["rules"]["people"]["mallory"] = {"emails": ["m@x"], "github": None, "ssh": None}
    entry["data"]["digest"] = digest(entry["data"]["rules"])


UNTOLD: tuple[tuple[str, Callable[[Entry], object]], ...] = (
    ("approval", unsign),
    ("policy", loosen),
    ("outcome", lambda e: e["data"].update(message="all is well")),
    ("evidence", lambda e: e["data"].update(servers=["ns1.evil.example."])),
    ("plan", lambda e: e["data"].update(commit="0" * 40)),
    ("intent", lambda e: e.update(tool="9.9.9")),
)


@pytest.mark.parametrize(("event", "edit"), UNTOLD, ids=lambda v: v if isinstance(v, str) else "")
def test_what_entries_alone_cannot_tell_their_commits_do(
    ledger: Forged, signed: Forged, event: str, edit: Callable[[Entry], object]
) -> None:
    """Without signatures these are honest histories; with them, each names where it was changed."""
    assert judged(ledger.changed(find(ledger, event, -1), edit)).findings == ()
    at = find(signed, event, -1)
    changed = replace(signed, signed_to=at).changed(at, edit)
    found = {(f.file, f.code) for f in judged(changed).findings}
    assert (path_of(changed.entries[at]), "audit-signature") in found


def test_an_entry_added_at_the_end_without_a_key_is_found(signed: Forged) -> None:
    last = json.loads(json.dumps(signed.entries[-1])) | {"event": "heartbeat", "data": {}}
    entries = (*signed.entries, last)
    added = replace(signed, entries=entries, signed_to=len(signed.entries), other=None).chained()
    found = {(f.file, f.code) for f in judged(added).findings}
    assert (path_of(added.entries[-1]), "audit-signature") in found


def test_a_new_policy_is_signed_under_the_old_one(signed: Forged) -> None:
    """Whoever may not sign cannot let themselves in by a policy of their own."""
    old = signed.entries[find(signed, "policy")]
    mine = json.loads(json.dumps(old)) | {"at": signed.entries[-1]["at"]}
    rules = mine["data"]["rules"]
    rules["governance"]["ledger_signers"] = []
    mine["data"]["digest"] = digest(rules)
    entries = (*signed.entries, mine)
    taken = replace(signed, entries=entries, signed_to=len(signed.entries), other=None).chained()
    found = {(f.file, f.code) for f in judged(taken).findings}
    assert found == {(path_of(taken.entries[-1]), "audit-signature")}
