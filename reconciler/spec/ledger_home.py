"""`ledger:` and `witness:` of portfolio.yaml: where the record of this portfolio is kept.

Remotes are named, never given by address: what git may reach, and with which credentials, is for
the configuration of a clone to say, and never for a file that anybody may propose to change.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from reconciler.model.desired import LedgerHome
from reconciler.spec.fields import Strict

_PART = r"[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*"
_PATH = rf"^{_PART}(/{_PART})*$"
"""Stricter than git (git-check-ref-format(1)): no dot or dash at either end, no two in a row."""
_NAME_MAX = 100
"""Characters of a name: git's own limit is that of a file name, 255 bytes."""

RemoteName = Annotated[
    str, Field(pattern=_PATH, max_length=_NAME_MAX, examples=["origin"], description="A git remote")
]
BranchName = Annotated[str, Field(pattern=_PATH, max_length=_NAME_MAX)]


class LedgerSpec(Strict):
    """Where the ledger is; without `remote` it is in the repository at hand, and only there."""

    remote: RemoteName | None = None
    branch: BranchName = LedgerHome().branch


class WitnessSpec(Strict):
    """Another remote, which refuses force pushes and is given the ledger after each run."""

    remote: RemoteName


def ledger_home(ledger: LedgerSpec, witness: WitnessSpec | None) -> LedgerHome:
    """Return what the two sections say."""
    return LedgerHome(
        branch=ledger.branch,
        remote=ledger.remote,
        witness=witness.remote if witness else None,
    )
