"""Wall time and peak memory of one command in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_RSS_PER_MEBIBYTE = 1024 * 1024 if sys.platform == "darwin" else 1024
"""`ru_maxrss` counts octets on macOS and KiB elsewhere."""
_SHOWN = 10_000
"""Of a failed run, so many octets of output tell why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a command used: seconds from start to exit, those it had a core for, and its largest
    resident set in MiB.
    """

    seconds: float
    core_seconds: float
    mebibytes: float

    def __str__(self) -> str:
        """Return the figures in columns."""
        wall, core, memory = self.seconds, self.core_seconds, self.mebibytes
        return f"{wall:6.2f} s ({core:6.2f} s on a core), {memory:5.0f} MiB"


def run(arguments: Sequence[str]) -> Used:
    """Run `reconcile` with these arguments as a user would, and return what it used.

    Exits with its output where it fails: a figure of a failed run would mean nothing.
    """
    reconcile = Path(sys.executable).with_name("reconcile")
    timed = [sys.executable, "-I", "-S", str(Path(__file__).with_name("timed.py"))]
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [*timed, str(reconcile), *arguments], stdout=output, stderr=subprocess.PIPE, check=False
        )
        if done.returncode:
            output.seek(0)
            told = (done.stderr + output.read(_SHOWN)).decode(errors="replace")
            sys.exit(f"reconcile {' '.join(arguments)} failed:\n{told}")
    seconds, core, peak = done.stderr.split()[-3:]
    return Used(
        seconds=float(seconds),
        core_seconds=float(core),
        mebibytes=int(peak) / _RSS_PER_MEBIBYTE,
    )
