"""What the tests of commands speak of: how a command ended, and a portfolio to try it on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 (whatever the command answers)
        return json.loads(self.out)


Reconcile = Callable[..., Ended]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A portfolio with its sandbox world, committed by Dana; `keys` sign for Ann and Bob."""

    root: Path
    keys: Path

    @property
    def world(self) -> Path:
        return self.root / "build/world"

    @property
    def zone(self) -> Path:
        return self.root / "zones/shop.example.yaml"

    def git(self, *arguments: str) -> str:
        ran = subprocess.run(
            ["git", "-C", str(self.root), *arguments], check=True, capture_output=True, text=True
        )
        return ran.stdout

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def edit(self, file: Path, old: str, new: str) -> None:
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
