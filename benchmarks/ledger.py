"""Appending to small and large ledgers, and `reconcile audit verify` on 100,000 entries.

The large record is real in everything but its number: the demo signs a zone, and what it put on
record is made again for thousands of zones, with plans, digests and signatures of their own.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import run
from reconciler.audit.digests import digest_of
from reconciler.audit.intents import idempotency_id
from reconciler.audit.plans import refined
from reconciler.audit.policy import rules_from
from reconciler.demo.stage import build, open_stage
from reconciler.demo.stories import STORIES
from reconciler.governance.approvals import Rules
from reconciler.governance.statement import NAMESPACE
from reconciler.ledger.git_ledger import GitLedger, place_of
from reconciler.ledger.record import open_record
from reconciler.ledger.sshsig import sign
from reconciler.model.entries import Actor, ActorKind, Draft, Event
from reconciler.model.plan import Plan, ZonePlan
from reconciler.spec.canonical import bytes_digest, canonical
from reconciler.spec.digests import plan_digest
from reconciler.spec.plan_file import dump_plan, load_plan

AUDITED = 100_000
APPENDED = (1_000, 200_000)
_SAMPLES = 20
_AT_ONCE = 100
"""Entries in each commit of a ledger that is only appended to."""
_ACTOR = Actor(kind=ActorKind.CI, id="bench", run="1")
_ZERO = "sha256:" + "0" * 64
Json = dict[str, Any]


def figures() -> Iterator[str]:
    """Yield what an append costs by size, then what an audit costs."""
    with tempfile.TemporaryDirectory() as directory:
        for size in APPENDED:
            yield _appends(Path(directory, str(size)), size)
        yield _audit(Path(directory, "audited"))


def _appends(root: Path, size: int) -> str:
    import_beats(root, size)
    ledger = GitLedger(root, actor=_ACTOR)
    walls, cores = [], []
    for _ in range(_SAMPLES):
        begin, used = time.perf_counter(), _core_seconds()
        ledger.refresh()
        ledger.append([Draft(event=Event.HEARTBEAT)], datetime.fromisoformat(_BEGAN))
        walls.append((time.perf_counter() - begin) * 1000)
        cores.append((_core_seconds() - used) * 1000)
    return (
        f"append to {size:>7,} entries: {median(walls):6.1f} ms "
        f"({median(cores):5.1f} ms on a core, git's processes included)"
    )


def _core_seconds() -> float:
    """Return what this process and those that it waited for have used so far."""
    whose = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    return sum(sum(resource.getrusage(who)[:2]) for who in whose)


def import_beats(root: Path, size: int) -> None:
    """Make a ledger of `size` entries at `root`, of which all but the first are heartbeats."""
    _import(root, _beats(size))


_BEGAN = "2026-01-05T09:00:00Z"


def _beats(size: int) -> Iterator[dict[str, bytes]]:
    chain = _Chain()
    begin = {"event": "genesis", "data": {"ledger": "5eed"}}
    about = {"v": 1, "at": _BEGAN, "actor": {"kind": "ci", "id": "b", "run": "1"}, "tool": "0"}
    for start in range(0, size, _AT_ONCE):
        beats: list[Json] = [{"event": "heartbeat", "data": {}}] * min(_AT_ONCE, size - start)
        if not start:
            beats = [begin, *beats[1:]]
        yield dict(chain.file({**about, **beat}) for beat in beats)


def _audit(root: Path) -> str:
    zones = import_stories(root, AUDITED)
    used = run(["audit", "verify", "-C", str(root)])
    return f"audit verify {AUDITED:,} entries of {zones:,} zones: {used}"


def import_stories(root: Path, size: int) -> int:
    """Make a ledger of about `size` entries at `root`; return of how many zones it tells."""
    with tempfile.TemporaryDirectory() as directory:
        story = _play(Path(directory, "played"))
        zones = size // len(story.entries)
        told = [story.of(f"z{number:05}.example.") for number in range(zones)]
    chain = _Chain()
    head = [{**dict(chain.file(entry) for entry in story.head), **story.desired}]
    body = (_with(chain, *entry) for entries in zip(*told, strict=True) for entry in entries)
    _import(root, [*head, *body])
    return zones


def _with(chain: _Chain, entry: Json, blobs: dict[str, bytes]) -> dict[str, bytes]:
    return {**dict([chain.file(entry)]), **blobs}


class _Chain:
    """Gives entries their number, chain and policy, in the order in which they come."""

    def __init__(self) -> None:
        self._seq, self._prev = 0, _ZERO
        self._policy: Json = {"seq": 0, "digest": _ZERO}

    def file(self, entry: Json) -> tuple[str, bytes]:
        self._seq += 1
        placed = {**entry, "seq": self._seq, "prev": self._prev, "policy": self._policy}
        data = canonical(placed)
        self._prev = bytes_digest(data)
        if entry["event"] == "policy":
            self._policy = {"seq": self._seq, "digest": entry["data"]["digest"]}
        digits = f"{self._seq:012}"
        return f"entries/{digits[:6]}/{digits[6:10]}/{digits}-{entry['event']}.json", data


@dataclass(frozen=True, slots=True, kw_only=True)
class _Story:
    """What the demo put on record about one zone, to be told of others.

    `desired` is the file of the desired state, which every zone shares.
    """

    head: list[Json]
    desired: dict[str, bytes]
    entries: list[Json]
    plan: ZonePlan
    rules: Rules
    keys: dict[str, Path]

    def of(self, zone: str) -> list[tuple[Json, dict[str, bytes]]]:
        """Return the entries and files of the same story of another zone."""
        plan = replace(self.plan, zone=zone)
        plan = replace(plan, change_digest=digest_of(plan, self.rules))
        whole = Plan(zones={zone: plan})
        data = dump_plan(replace(whole, plan_digest=plan_digest(whole)))
        created = next(e["data"]["keys"] for e in self.entries if e["event"] == "refine")
        approved = {self.plan.change_digest: plan.change_digest}
        approved[self._refined] = digest_of(refined(plan, created), self.rules)
        return [self._entry(entry, zone, data, approved) for entry in self.entries]

    @property
    def _refined(self) -> str:
        return str(next(e["data"]["digest"] for e in self.entries if e["event"] == "refine"))

    def _entry(
        self, entry: Json, zone: str, plan: bytes, approved: dict[str, str]
    ) -> tuple[Json, dict[str, bytes]]:
        made: Json = json.loads(json.dumps(entry)) | {"zone": zone}
        name, content = bytes_digest(plan), made["data"]
        if "change" in made:
            made["change"] = approved[made["change"]]
        if "digest" in content:
            content["digest"] = approved[content["digest"]]
        if "plan" in made:
            made["plan"] = name
        if "idem" in made:
            made["idem"] = idempotency_id(name, made["step"])
        if made["event"] == "approval":
            said = json.loads(content["statement"]) | {"zone": zone, "digest": content["digest"]}
            content["statement"] = canonical(said).decode()
            key = self.keys[content["person"]]
            content["signature"] = sign(content["statement"], key, NAMESPACE)
        if made["event"] != "plan":
            return made, {}
        content["blob"] = f"plans/{name.removeprefix('sha256:')}.json"
        return made, {place_of(content["blob"]): plan}


def _play(root: Path) -> _Story:
    build(root)
    with open_stage(root) as stage:
        stage.play(STORIES[0])
        keys = {name: Path(shutil.copy(key, root.parent)) for name, key in stage.approvers.items()}
    ledger = GitLedger(root, actor=_ACTOR)
    with open_record(ledger.git, ledger.refresh() or "") as record:
        entries: list[Json] = [json.loads(data) for _, data in record.entries]
        files = dict(record.others.items())
    ((path, data),) = ((p, d) for p, d in files.items() if p.startswith("plans/"))
    return _Story(
        head=entries[:2],
        desired={p: d for p, d in files.items() if p != path},
        entries=[entry for entry in entries if entry.get("zone") == STORIES[0].zone],
        plan=load_plan(data, path).zones[STORIES[0].zone],
        rules=rules_from(entries[1]["data"]["rules"]),
        keys=keys,
    )


def _import(root: Path, commits: Iterable[dict[str, bytes]]) -> None:
    """Make a repository whose ledger is a line of commits that add these files."""
    git = shutil.which("git") or "git"
    subprocess.run([git, "init", "-q", str(root)], check=True)
    for name, value in (("user.name", "Bench"), ("user.email", "bench@shop.example")):
        subprocess.run([git, "config", name, value], cwd=root, check=True)
    importer = subprocess.Popen([git, "fast-import", "--quiet"], cwd=root, stdin=subprocess.PIPE)
    assert importer.stdin is not None, "it was asked for"  # noqa: S101  (invariant)
    for files in commits:
        importer.stdin.write(
            b"commit refs/heads/reconcile/log\ncommitter B <b@x.example> 0 +0000\ndata 0\n"
        )
        for path, data in files.items():
            importer.stdin.write(
                b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)
            )
    importer.stdin.close()
    if importer.wait():
        message = "git fast-import failed"
        raise RuntimeError(message)
