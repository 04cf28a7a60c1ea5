"""Real validators as witnesses: what `delv` says of one name, asked of the world's own servers.

Such a snapshot sees gross errors only: it has no cache from before, so it cannot see that a change
came too soon. And `delv` uses the system's clock while the world's time is virtual: its word counts
only where the two are near each other (`applies`), as in a world that begins at the real present.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import dns.rdatatype

from reconciler.sandbox.judge.ancestry import anchor_records
from reconciler.sandbox.judge.profiles import ValidationStatus

TIMEOUT = 20
"""Real seconds until `delv` counts as silent; it gives up on dead servers after 15 at most."""
SKEW = 300
"""Seconds between virtual and real time at which a snapshot still means something: signatures are
backdated by more (RFC 6781 §4.4.2)."""
_BROKEN = (
    "broken trust chain",
    "insecurity proof failed",
    "RRSIG failed to verify",
    "RRSIG has expired",
    "RRSIG validity period has not begun",
    "no valid ",
)
_ANSWERS = (
    (r"^; (negative response, )?fully validated", ValidationStatus.SECURE),
    (r"^; (negative response, )?unsigned answer", ValidationStatus.INSECURE),
    (f"resolution failed: ({'|'.join(_BROKEN)})", ValidationStatus.BOGUS),
)


def delv() -> str | None:
    """Return the path of `delv` where it is installed."""
    return shutil.which("delv")


def write_anchor(path: Path, anchors: Sequence[str]) -> None:
    """Write trust anchors, DS or DNSKEY as in a zone file, in the syntax of `delv -a`."""
    lines = []
    for record in anchor_records(anchors):
        first, second, third, rest = record.to_text().split(maxsplit=3)
        kind = "static-ds" if record.rdtype == dns.rdatatype.DS else "static-key"
        lines.append(f'    . {kind} {first} {second} {third} "{"".join(rest.split())}";\n')
    path.write_text("trust-anchors {\n" + "".join(lines) + "};\n", encoding="utf-8")


def applies(virtual: datetime, real: datetime) -> bool:
    """True if virtual and real time are near enough for a snapshot by a real validator."""
    return abs((virtual - real).total_seconds()) <= SKEW


def witness(
    program: str, endpoint: tuple[str, int], anchor: Path, name: str, rdtype: str
) -> ValidationStatus | None:
    """Return what `delv` (at `program`) makes of a name, None where it gives no verdict.

    The one server at `endpoint` must answer for the whole chain from the root.
    """
    address, port = endpoint
    command = [program, f"@{address}", "-p", str(port), "-a", str(anchor), "+root=.", name, rdtype]
    try:
        done = subprocess.run(  # noqa: S603 (no shell; arguments are the world's own)
            command, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return verdict_in(done.stdout + "\n" + done.stderr)


def verdict_in(output: str) -> ValidationStatus | None:
    """Return the verdict that `delv` printed, None where it says nothing about validation."""
    found = (status for sign, status in _ANSWERS if re.search(sign, output, re.MULTILINE))
    return next(found, None)
