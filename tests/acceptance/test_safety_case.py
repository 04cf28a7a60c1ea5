"""The safety case names only what exists, and says something of every invariant."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/safety-case.md"
SECTION = re.compile(r"^## (I\d+) .*?(?=^## )", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`(reconciler(?:\.\w+)+):(\w+)`")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
SECTIONS = {match[1]: match[0] for match in SECTION.finditer(PAGE.read_text())}


def test_every_invariant_has_its_case() -> None:
    assert list(SECTIONS) == [f"I{number}" for number in range(1, 21)]


@pytest.mark.parametrize("name", SECTIONS)
def test_a_case_is_claim_argument_and_evidence_that_exists(name: str) -> None:
    text = SECTIONS[name]
    assert [text.count(f"**{word}.**") for word in ("Claim", "Argument", "Evidence")] == [1, 1, 1]
    code, tests = CODE.findall(text), TEST.findall(text)
    assert code
    assert tests
    missing = [f"{module}:{thing}" for module, thing in code if not _there(module, thing)]
    missing += [f"{file}::{test}" for file, test in tests if not _tested(file, test)]
    assert missing == []


def _there(module: str, thing: str) -> bool:
    try:
        return hasattr(importlib.import_module(module), thing)
    except ModuleNotFoundError:
        return False


def _tested(file: str, test: str) -> bool:
    path = ROOT / file
    return path.exists() and f"\ndef {test}(" in path.read_text()
