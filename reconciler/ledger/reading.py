"""Reading entries from the tree of a tip: only the folders that hold what is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.diagnostics import Diagnostic, VerificationError
from reconciler.ledger.plumbing import ObjectReader, Plumbing
from reconciler.ledger.trees import Tree, parse_tree
from reconciler.model.entries import Entry, Event
from reconciler.spec.entry_file import entry_digest, entry_from_bytes

NO_DIGEST = "sha256:" + "0" * 64
"""`prev` of the first entry, and the policy digest where no policy is in force yet."""
_PER_FOLDER = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where the chain stands after an entry: what the next one has to say about it."""

    seq: int = 0
    digest: str = NO_DIGEST
    at: datetime | None = None
    policy_seq: int = 0
    policy_digest: str = NO_DIGEST


def position_after(entry: Entry, data: bytes) -> Position:
    """Return where the chain stands after `entry`, whose canonical bytes are `data`."""
    policy_seq, policy_digest = entry.policy_seq, entry.policy_digest
    if entry.event is Event.POLICY:
        policy_seq, policy_digest = entry.seq, str(entry.draft.data.get("digest"))
    return Position(
        seq=entry.seq,
        digest=entry_digest(data),
        at=entry.at,
        policy_seq=policy_seq,
        policy_digest=policy_digest,
    )


def folder_of(seq: int) -> str:
    """Return the folder of entry `seq`, such as `entries/000000/0004` (of 100 entries each)."""
    digits = f"{seq:012d}"
    return f"entries/{digits[:6]}/{digits[6:10]}"


def last_position(git: Plumbing, tip: str) -> Position:
    """Return where the chain stands at `tip`, by reading its last entry alone."""
    with git.objects() as objects:
        folder = folder_of(_last_folder(git, objects, tip))
        tree = parse_tree(objects.read(f"{tip}:{folder}"), git.algorithm)
        name = max(tree)
        data = objects.read(tree[name].oid)
    return position_after(entry_from_bytes(data, f"{folder}/{name}"), data)


def read_files(git: Plumbing, tip: str, since: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield path and bytes of the files of the entries from the folder of `since` on, in order."""
    with git.objects() as objects:
        last = _last_folder(git, objects, tip)
        for start in range(since - since % _PER_FOLDER, last + _PER_FOLDER, _PER_FOLDER):
            folder = folder_of(start)
            listed = next(objects.read_all([f"{tip}:{folder}"]))
            if listed is not None:
                yield from _files(objects, folder, parse_tree(listed, git.algorithm))


def _files(objects: ObjectReader, folder: str, tree: Tree) -> Iterator[tuple[str, bytes]]:
    names = sorted(tree)
    contents = objects.read_all([tree[name].oid for name in names])
    for name, data in zip(names, contents, strict=True):
        if data is not None:
            yield f"{folder}/{name}", data


def _last_folder(git: Plumbing, objects: ObjectReader, tip: str) -> int:
    """Return the first `seq` of the last folder."""
    high = _last_name(objects.read(f"{tip}:entries"), git.algorithm, "entries")
    low = _last_name(objects.read(f"{tip}:entries/{high}"), git.algorithm, f"entries/{high}")
    return int(high + low) * _PER_FOLDER


def _last_name(tree: bytes, algorithm: str, path: str) -> str:
    name = max(parse_tree(tree, algorithm))
    if not (name.isascii() and name.isdecimal()):
        raise _stray(path, name)
    return name


def read_entries(git: Plumbing, tip: str, since: int) -> Iterator[Entry]:
    """Yield the entries with `seq` >= `since`, each checked to follow the one before.

    A gap or a broken chain raises VerificationError naming the entry.
    """
    before: Position | None = Position() if since <= 1 else None
    for path, data in read_files(git, tip, max(0, since - 1)):
        entry = entry_from_bytes(data, path)
        if before is not None and (entry.seq, entry.prev) != (before.seq + 1, before.digest):
            raise _broken(path, before.seq)
        before = position_after(entry, data)
        if entry.seq >= since:
            yield entry


def _broken(path: str, after: int) -> VerificationError:
    return VerificationError(
        Diagnostic(
            code="ledger-chain-broken",
            summary=f"this entry does not follow entry {after}",
            file=path,
            hint="the ledger was changed after it was written: compare it with another clone",
        )
    )


def _stray(folder: str, name: str) -> VerificationError:
    return VerificationError(
        Diagnostic(
            code="ledger-stray-file",
            summary="this is no folder of entries",
            file=f"{folder}/{name}",
            hint="somebody else wrote to the ledger's branch: compare it with another clone",
        )
    )
