"""Runs the command line as people do, on one fixture for each procedure."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.app import run
from reconciler.model.durations import duration_words

FIXTURES = Path(__file__).parent / "fixtures"
ZONE = "shop.example."
Json = dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Json:
        found: Json = json.loads(self.out)
        return found


Reconcile = Callable[..., Ended]


@pytest.fixture
def reconcile(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Reconcile:
    """Run one command in this process, as wide as a page."""
    monkeypatch.setenv("COLUMNS", "120")

    def command(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return Ended(code, told.out, told.err)

    return command


@pytest.fixture(scope="session")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the plan file of a fixture, made once by `reconcile plan --observed`."""
    folder = tmp_path_factory.mktemp("plans")

    def made(name: str) -> Path:
        file = folder / f"{name}.json"
        if not file.exists():
            root = FIXTURES / name
            asked = ["plan", "-C", root, "--observed", root / "observed.json", "--out", file]
            run([str(argument) for argument in asked])
        return file

    return made


@pytest.fixture
def plan_of(plans: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """Return a copy of a fixture's plan file that a test may change."""

    def copied(name: str) -> Path:
        return Path(shutil.copy(plans(name), tmp_path / "plan.json"))

    return copied


@pytest.fixture(scope="session")
def path_of() -> Callable[[Json], str]:
    """Return the path of a plan file as the lines that a fixture's `path.txt` holds."""
    return _path


def _path(plan: Json) -> str:
    zone = plan["zones"][ZONE]
    lines = [zone["status"], *(_step(step) for step in zone["steps"])]
    lines += [f"refused by {each['rule']}: {each['summary']}" for each in zone["refusals"]]
    for other in zone["alternatives"]:
        lines += [f"or {other['name']}", *(f"  {_step(step)}" for step in other["steps"])]
    return "\n".join(lines) + "\n"


def _step(step: Json) -> str:
    moves = " · ".join(sorted(_move(move) for move in step["moves"])) or "wait"
    return " ".join([f"{step['id']}:", moves, *map(_need, step["needs"]), *_limits(step)])


def _need(need: Json) -> str:
    return f"| {need['step'] or 'start'} + {duration_words(need['wait_min'])}"


def _limits(step: Json) -> list[str]:
    return [
        f"| by {each['step'] or 'start'} + {duration_words(each['wait_max'])}"
        for each in step["not_after"]
    ]


def _move(move: Json) -> str:
    who = move["system"].removeprefix("signer:")
    args = (_argument(name, value) for name, value in sorted(move["args"].items()))
    return " ".join([who, move["op"], *(arg for arg in args if arg)])


def _argument(name: str, value: Any) -> str:  # noqa: ANN401 (JSON)
    match value:
        case bool():
            return name if value else ""
        case {"key": key, "digest_type": digest}:
            return f"{key}/{digest}"
        case {"kind": kind}:
            return str(kind)
        case list():
            return ",".join(_argument(name, item) for item in value) or "none"
        case None:
            return "none"
        case _:
            return str(value)
