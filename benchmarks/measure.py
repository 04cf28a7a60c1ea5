"""Wall time and peak memory of one command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What a command used: seconds from start to exit, and its largest resident set in MiB."""

    seconds: float
    mebibytes: float


def run(arguments: Sequence[str]) -> Used:
    """Run `reconcile` with these arguments as a user would, and return what it used.

    Exits with its output where it fails: a figure of a failed run would mean nothing.
    """
    reconcile = Path(sys.executable).with_name("reconcile")
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [str(reconcile), *arguments], stdout=output, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            told = output.read(_SHOWN).decode(errors="replace")
            sys.exit(f"reconcile {' '.join(arguments)} failed:\n{told}")
    return Used(seconds=seconds, mebibytes=usage.ru_maxrss / _RSS_PER_MEBIBYTE)


_SHOWN = 10_000
"""Of a failed run, so many octets of output tell why."""
_RSS_PER_MEBIBYTE = 1024 * 1024 if sys.platform == "darwin" else 1024
"""`ru_maxrss` counts bytes on macOS and KiB elsewhere."""
