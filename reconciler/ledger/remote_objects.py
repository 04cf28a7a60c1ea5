"""Clones that leave files out (`git clone --filter`): bring the ledger's in one fetch.

Git would bring each of them by itself, one connection per file, as the ledger is read.
"""

from __future__ import annotations

from reconciler.ledger import refusals
from reconciler.ledger.plumbing import FETCH_TIMEOUT, Plumbing

_ROUNDS = 20
"""Fetches after which a clone that still lacks something is left to git itself: where trees are
left out too, each round brings the next level, and the ledger's are five deep."""


def bring_objects(git: Plumbing, remote: str, tip: str, known: str | None) -> None:
    """Bring what `tip` holds beyond `known` and this clone left out; LedgerError where it cannot.

    A clone that leaves nothing out is left alone.
    """
    if not git.is_partial:
        return
    for _ in range(_ROUNDS):
        missing = _missing(git, tip, known)
        if not missing:
            return
        ran = git.run(
            "-c",
            "fetch.negotiationAlgorithm=noop",
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--recurse-submodules=no",
            "--filter=blob:none",
            "--stdin",
            remote,
            stdin="".join(f"{oid}\n" for oid in missing).encode(),
            timeout=FETCH_TIMEOUT,
        )
        if not ran.ok:
            raise refusals.unreachable(remote, ran.err)


def _missing(git: Plumbing, tip: str, known: str | None) -> list[str]:
    beyond = () if known is None else (f"^{known}",)
    listing = git.must("rev-list", "--objects", "--missing=print", tip, *beyond).out.decode()
    return [line[1:] for line in listing.splitlines() if line.startswith("?")]
