"""Findings as SARIF 2.1.0 (OASIS), the form that code scanning services read."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.entries import Json

_LEVELS = {
    Severity.INFO: "note",
    Severity.NOTICE: "note",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
    Severity.CRITICAL: "error",
}


def sarif(diagnostics: Iterable[Diagnostic], version: str) -> Json:
    """Return findings as one SARIF log with one run; `version` is this tool's."""
    found = tuple(diagnostics)
    rules: list[Json] = [{"id": code} for code in sorted({d.code for d in found})]
    results: list[Json] = [_result(diagnostic) for diagnostic in found]
    driver: Json = {"name": "reconcile", "version": version, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _result(diagnostic: Diagnostic) -> Json:
    words = (diagnostic.summary, diagnostic.detail, diagnostic.hint)
    result: dict[str, Json] = {
        "ruleId": diagnostic.code,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": "\n".join(text for text in words if text)},
    }
    if diagnostic.file is not None:
        result["locations"] = [{"physicalLocation": _place(diagnostic, diagnostic.file)}]
    return result


def _place(diagnostic: Diagnostic, file: str) -> Json:
    place: dict[str, Json] = {"artifactLocation": {"uri": file}}
    if diagnostic.line is not None:
        place["region"] = {"startLine": diagnostic.line, "startColumn": diagnostic.column or 1}
    return place
