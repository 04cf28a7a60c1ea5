"""A record in memory that an attacker with write access may rewrite, consistently or not."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from reconciler.audit.verify import Audit, Demands, audit
from reconciler.demo.repository import make_key
from reconciler.ledger.commits import Change, Commit
from reconciler.ledger.git_ledger import GitLedger, place_of
from reconciler.ledger.record import Record, open_record
from reconciler.ledger.sshsig import sign
from reconciler.model.entries import Actor, ActorKind, Json
from reconciler.spec.canonical import bytes_digest, canonical, digest

LOG = "refs/heads/reconcile/log"
ZERO = "sha256:" + "0" * 64
Entry = dict[str, Any]
Edit = Callable[[list[Entry]], object]


def path_of(entry: Entry) -> str:
    digits = f"{entry['seq']:012d}"
    return f"entries/{digits[:6]}/{digits[6:10]}/{digits}-{entry['event']}.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forged:
    """Entries and content-addressed files as somebody wants them to be.

    `signing` is the private key that commits are signed with, from the commit of entry `signed_to`
    on with `other` instead; None there: not at all.
    """

    entries: tuple[Entry, ...]
    blobs: Mapping[str, bytes]
    signing: Path | None = None
    other: Path | None = None
    signed_to: int | None = None
    paths: Mapping[int, str] = field(default_factory=dict)
    """Places of entries, by their position, where they are not what the entries say."""

    def edited(self, edit: Edit, *, rechained: bool) -> Forged:
        """Return it with `edit` done to a copy of its entries."""
        entries = copy.deepcopy(list(self.entries))
        edit(entries)
        made = replace(self, entries=tuple(entries))
        return made.chained() if rechained else made

    def changed(
        self, at: int, edit: Callable[[Entry], object], *, rechained: bool = True
    ) -> Forged:
        """Return it with one entry edited."""
        return self.edited(lambda entries: edit(entries[at]), rechained=rechained)

    def with_blobs(self, blobs: Mapping[str, bytes]) -> Forged:
        return replace(self, blobs={**self.blobs, **blobs})

    def chained(self) -> Forged:
        """Return it with numbers, chain, policy references and checkpoints made to fit again."""
        entries = copy.deepcopy(list(self.entries))
        prev, policy, before = ZERO, {"seq": 0, "digest": ZERO}, ""
        commits = []
        for seq, entry in enumerate(entries, 1):
            entry["seq"], entry["prev"], entry["policy"] = seq, prev, dict(policy)
            if entry["event"] == "checkpoint":
                entry["data"] |= {"count": seq - 1, "head": prev, "commit": before}
            if entry["event"] == "policy":
                policy = {"seq": seq, "digest": entry["data"]["digest"]}
            data = canonical(entry)
            prev = bytes_digest(data)
            commits.append(self._commit(entry, before))
            before = commits[-1].oid
        return replace(self, entries=tuple(entries))

    def files(self) -> dict[str, bytes]:
        """Return every file of the tree that this makes."""
        named = {self.paths.get(i, path_of(e)): canonical(e) for i, e in enumerate(self.entries)}
        return {**named, **self.blobs}

    def record(self) -> Record:
        files = self.files()
        return Record(
            commits=self.commits(),
            entries=sorted((p, d) for p, d in files.items() if p.startswith("entries/")),
            others=self.blobs,
        )

    def commits(self) -> list[Commit]:
        """Return one commit for each entry."""
        found: list[Commit] = []
        for i, entry in enumerate(self.entries):
            placed = {**entry, "_path": self.paths.get(i, path_of(entry))}
            found.append(self._commit(placed, found[-1].oid if found else ""))
        return found

    def _commit(self, entry: Entry, before: str) -> Commit:
        path = entry.get("_path", path_of(entry))
        bare = {name: value for name, value in entry.items() if name != "_path"}
        parent = f"parent {before}\n" if before else ""
        head = f"tree {bytes_digest(canonical(bare))}\n{parent}author A <a@x.example> 0 +0000\n"
        raw = _signed(f"{head}committer A <a@x.example> 0 +0000\n", self._key(entry["seq"]))
        return Commit(
            oid=hashlib.sha1(raw.encode()).hexdigest(),  # noqa: S324 - as git names its objects
            parents=(before,) if before else (),
            changes=(Change("A", "100644", path),),
            raw=raw.encode(),
        )

    def _key(self, seq: int) -> Path | None:
        forged = self.signed_to is not None and seq > self.signed_to
        return self.other if forged else self.signing


def _signed(head: str, key: Path | None) -> str:
    text = f"{head}\nan entry\n"
    if key is None:
        return text
    signature = sign(text, key, "git").rstrip("\n").replace("\n", "\n ")
    return f"{head}gpgsig {signature}\n\nan entry\n"


def honest(root: Path) -> Forged:
    """Return what is on record at `root`, one commit for each entry."""
    ledger = GitLedger(root, actor=Actor(kind=ActorKind.PERSON, id="auditor"))
    with open_record(ledger.git, ledger.refresh() or "") as record:
        entries = tuple(json.loads(data) for _, data in record.entries)
        return Forged(entries=entries, blobs=dict(record.others)).chained()


def asking_for_signatures(record: Forged, keys: Path) -> Forged:
    """Return the same record, had its policy asked for signatures from the start."""
    machine, other = keys / "machine", keys / "other"
    public = make_key(machine, "machine").rpartition(" ")[0]
    make_key(other, "other")

    def ask(entries: list[Entry]) -> None:
        for entry in entries:
            if entry["event"] == "policy":
                entry["data"]["rules"]["governance"]["ledger_signers"] = [public]
                entry["data"]["digest"] = digest(entry["data"]["rules"])

    signed = replace(record, signing=machine, other=other)
    return signed.edited(ask, rechained=True)


def judged(record: Forged, demands: Demands | None = None) -> Audit:
    return audit(record.record(), demands or Demands())


def find(record: Forged, event: str, nth: int = 0) -> int:
    """Return the position of the n-th entry of this event."""
    return [i for i, entry in enumerate(record.entries) if entry["event"] == event][nth]


def put(*path: str, value: Json) -> Callable[[Entry], None]:
    """Return an edit that sets one member, however deep."""

    def edit(entry: Entry) -> None:
        for name in path[:-1]:
            entry = entry[name]
        assert path[-1] in entry, "a mutation changes what is there"
        entry[path[-1]] = value

    return edit


def shift(*path: str, **span: int) -> Callable[[Entry], None]:
    def edit(entry: Entry) -> None:
        for name in path[:-1]:
            entry = entry[name]
        moved = datetime.fromisoformat(entry[path[-1]]) + timedelta(**span)
        entry[path[-1]] = f"{moved:%Y-%m-%dT%H:%M:%SZ}"

    return edit


def with_plan(record: Forged, at: int, edit: Callable[[Any], None], *, redo: bool) -> Forged:
    """Return it with another plan file at entry `at`, whose digests all fit where `redo` says so.

    Everything that names the plan is made to name the new one: entries, idempotency ids, places.
    """
    entry = record.entries[at]
    old = entry["plan"]
    plan = json.loads(record.blobs[place_of(entry["data"]["blob"])])
    edit(plan)
    if redo:
        plan.pop("plan_digest", None)
        plan["plan_digest"] = digest(plan)
    data = json.dumps(plan, indent=1).encode()
    new = bytes_digest(data)
    name = f"plans/{new.removeprefix('sha256:')}.json"

    def rename(entries: list[Entry]) -> None:
        entries[at]["data"]["blob"] = name
        for other in entries:
            if other.get("plan") == old:
                other["plan"] = new
            if "idem" in other and other.get("plan") == new:
                text = f"{new}/{other['step']}"
                other["idem"] = hashlib.sha256(text.encode()).hexdigest()[:32]

    return record.edited(rename, rechained=True).with_blobs({place_of(name): data})


def write(repository: Path, commits: Iterable[Mapping[str, bytes]]) -> None:
    """Make the branch a line of commits, each of which adds these files."""
    lines: list[bytes] = []
    for number, files in enumerate(commits):
        start = b"" if number else b"reset refs/heads/reconcile/log\n"
        lines.append(start + b"commit refs/heads/reconcile/log\n")
        lines.append(b"committer E <e@x.example> %d +0000\ndata 0\n" % number)
        lines += [
            b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)
            for path, data in files.items()
        ]
    subprocess.run(["git", "update-ref", "-d", LOG], cwd=repository, check=True)
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"],
        cwd=repository,
        input=b"".join(lines),
        check=True,
    )


def line_of(record: Forged) -> Sequence[Mapping[str, bytes]]:
    """Return what each commit adds; every content-addressed file comes with the first."""
    entries = [
        {record.paths.get(i, path_of(entry)): canonical(entry)}
        for i, entry in enumerate(record.entries)
    ]
    return [{**entries[0], **record.blobs}, *entries[1:]]
