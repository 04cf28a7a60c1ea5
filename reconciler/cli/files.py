"""Files that a user names: read and written with every failure explained."""

from __future__ import annotations

from pathlib import Path

from reconciler.diagnostics import Diagnostic, SpecError


def read_file(path: Path) -> bytes:
    """Return what is in the file, or raise SpecError."""
    try:
        return path.read_bytes()
    except OSError as error:
        finding = Diagnostic(
            code="unreadable",
            summary=f"cannot read the file: {error.strerror or error}",
            file=str(path),
            hint="check the name and its permissions",
        )
        raise SpecError(finding) from error


def write_file(path: Path, data: bytes) -> None:
    """Write the file, or raise SpecError."""
    try:
        path.write_bytes(data)
    except OSError as error:
        finding = Diagnostic(
            code="unwritable",
            summary=f"cannot write the file: {error.strerror or error}",
            file=str(path),
            hint="name a file in a directory that exists and that you may write to",
        )
        raise SpecError(finding) from error
