"""Real validators as witnesses: what `delv` says of one name, asked of the world's own servers.

Such a snapshot sees gross errors only: it has no cache from before, so it cannot see that a change
came too soon. And `delv` uses the system's clock while the world's time is virtual: its word counts
only where the world began at the real present and signatures are still valid there.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from reconciler.sandbox.judge.profiles import ValidationStatus

TIMEOUT = 20
"""Real seconds until `delv` counts as silent; it gives up on dead servers after 15 at most."""
SKEW = 300
"""Seconds between virtual and real time at which a snapshot still means something; signatures are
customarily backdated by more (RFC 6781 §4.4.2)."""
_SIGNS = (
    ("; fully validated", ValidationStatus.SECURE),
    ("; negative response, fully validated", ValidationStatus.SECURE),
    ("; unsigned answer", ValidationStatus.INSECURE),
    ("; negative response, unsigned answer", ValidationStatus.INSECURE),
    ("broken trust chain", ValidationStatus.BOGUS),
    ("RRSIG failed to verify", ValidationStatus.BOGUS),
    ("insecurity proof failed", ValidationStatus.BOGUS),
    ("no valid", ValidationStatus.BOGUS),
)


def delv() -> str | None:
    """Return the path of `delv` where it is installed."""
    return shutil.which("delv")


def write_anchor(path: Path, dnskeys: Sequence[str]) -> None:
    """Write the root's trust anchors, DNSKEYs in presentation form, in the syntax of `delv -a`."""
    lines = []
    for dnskey in dnskeys:
        flags, protocol, algorithm, key = dnskey.split(maxsplit=3)
        material = "".join(key.split())
        lines.append(f'    . static-key {flags} {protocol} {algorithm} "{material}";\n')
    path.write_text("trust-anchors {\n" + "".join(lines) + "};\n", encoding="utf-8")


def applies(virtual: datetime, real: datetime) -> bool:
    """True if virtual and real time are near enough for a snapshot by a real validator."""
    return abs((virtual - real).total_seconds()) <= SKEW


def witness(
    endpoint: tuple[str, int], anchor: Path, name: str, rdtype: str
) -> ValidationStatus | None:
    """Return what `delv` makes of a name by asking one server, None where it gives no verdict.

    The server must answer recursive questions for the whole chain from the root.
    """
    program = delv()
    if program is None:
        return None
    address, port = endpoint
    command = [program, f"@{address}", "-p", str(port), "-a", str(anchor), "+root=.", name, rdtype]
    try:
        done = subprocess.run(  # noqa: S603 (no shell; arguments are the world's own)
            command, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return verdict_in(done.stdout + done.stderr)


def verdict_in(output: str) -> ValidationStatus | None:
    """Return the verdict that `delv` printed, None where it says nothing about validation."""
    return next((status for sign, status in _SIGNS if sign in output), None)
