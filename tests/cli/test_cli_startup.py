"""A command imports what it needs, and no more."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.main import get_group

from reconciler.cli.app import COMMANDS, application

_HEAVY = {"git", "cryptography", "reconciler.sandbox", "reconciler.observe"}


def imported_by(*arguments: str) -> set[str]:
    """The modules that stand in memory once the command is ready to run."""
    ready = f"application({list(arguments)!r})"
    code = f"import sys; from reconciler.cli.app import application; {ready}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("command", ["validate", "plan", "show", "verify"])
def test_commands_that_read_files_import_no_servers_git_or_cryptography(
    command: str,
) -> None:
    assert not imported_by(command) & _HEAVY


def test_every_command_stands_in_the_table_of_modules() -> None:
    assert set(get_group(application([])).commands) == set(COMMANDS)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_each_command_is_registered_by_its_own_module(command: str) -> None:
    assert command in get_group(application([command])).commands
