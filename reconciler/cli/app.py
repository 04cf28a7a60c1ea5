"""`reconcile`: the commands, each a few lines, and the one place where errors become exit codes.

A command's module is imported once the command is asked for, so that checking files does not wait
for servers, git and cryptography; help and wrong usage import them all.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import typer

from reconciler import __version__
from reconciler.cli.output import complain
from reconciler.diagnostics import Diagnostic, ExitCode, ReconcileError

COMMANDS = {
    "init": "validating",
    "validate": "validating",
    "plan": "planning",
    "show": "planning",
    "verify": "planning",
    "approve": "approving",
    "approvals": "approving",
    "apply": "applying",
    "status": "applying",
    "sandbox": "sandboxing",
    "demo": "demonstrating",
}
"""Each command and the module of this package that registers it, in the order of the help."""


def application(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with the command that `arguments` ask for, else with all of them."""
    app = typer.Typer(
        name="reconcile",
        help="Keep DNSSEC as YAML in git: plan, prove, approve and apply every key and DS change.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback(invoke_without_command=True)(version)
    asked = COMMANDS.get(next((a for a in arguments if not a.startswith("-")), ""))
    for module in [asked] if asked else dict.fromkeys(COMMANDS.values()):
        import_module(f"reconciler.cli.{module}").register(app)
    return app


def version(
    version: bool = typer.Option(False, "--version", is_eager=True, help="Print the version."),
) -> None:
    """Print the version where it is asked for."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> NoReturn:
    """Run the command line; every way to end is one of the documented exit codes."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; wrong usage is 1 (click's own 2 means changes)."""
    try:
        result = application(arguments)(
            args=arguments, prog_name="reconcile", standalone_mode=False
        )
    except ReconcileError as error:
        complain(error.diagnostics)
        return error.exit_code
    except typer.Exit as ended:
        return ended.exit_code
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("interrupted; the next run goes on from what is on record", err=True)
        return ExitCode.ERROR
    except typer.TyperException as error:
        complain((_usage(error),))
        return ExitCode.ERROR
    except BrokenPipeError:
        sys.stderr.close()
        return ExitCode.ERROR
    return int(result) if isinstance(result, int) else ExitCode.OK


def _usage(error: typer.TyperException) -> Diagnostic:
    what = getattr(error, "format_message", error.__str__)()
    return Diagnostic(code="usage", summary=str(what), hint="see `reconcile --help`")
