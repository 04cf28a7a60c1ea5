"""What only a process of its own can show: pipes, closed outputs, encodings, missing tools."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.places import Place

RECONCILE = [sys.executable, "-c", "from reconciler.cli.app import main; main()"]


def ended(
    *arguments: str | Path, env: dict[str, str] | None = None, line: str = '"$@"'
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", line, "sh", *RECONCILE, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
        timeout=60,
    )


@pytest.mark.parametrize("line", ['"$@" | true', '"$@" | head -n 1', '"$@" >&-', '"$@" 2>&-'])
def test_outputs_that_nobody_reads_are_no_fault(line: str, scaffolded: Place) -> None:
    for arguments in (["validate", scaffolded.root], ["--version"], ["sandbox", "layout"]):
        ran = ended(*arguments, line=line)
        assert ran.stderr == ""


def test_a_full_disk_is_told(scaffolded: Place) -> None:
    ran = ended("validate", scaffolded.root, line='"$@" > /dev/full')
    assert ran.returncode == 1
    assert "error[system]" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_what_the_terminal_cannot_show_is_escaped(scaffolded: Place) -> None:
    scaffolded.edit(scaffolded.zone, "owner: everybody", "owner: müller")
    ran = ended("validate", scaffolded.root, env={"PYTHONIOENCODING": "ascii"})
    assert ran.returncode == 1
    assert "m\\xfcller" in ran.stdout
    assert "Traceback" not in ran.stderr


def test_without_git_everything_that_needs_none_works(scaffolded: Place, tmp_path: Path) -> None:
    none = {"PATH": str(tmp_path)}
    line = f'PATH="{tmp_path}"; "$@"'
    assert ended("--version", env=none, line=line).returncode == 0
    assert ended("-h", env=none, line=line).returncode == 0
    assert ended("validate", scaffolded.root, env=none, line=line).returncode == 0
    ran = ended("demo", tmp_path / "demo", env=none, line=line)
    assert (ran.returncode, "error[git-missing]" in ran.stderr) == (1, True)


def test_pipes_and_logs_get_no_colour(scaffolded: Place) -> None:
    ran = ended("validate", scaffolded.root, env={"FORCE_COLOR": "", "TERM": "xterm"})
    assert "\x1b" not in ran.stdout
