"""`reconcile`: the commands, each a few lines, and the one place where errors become exit codes.

A command's module is imported once the command is asked for, so that checking files does not wait
for servers, git and cryptography; help and wrong usage import them all.
"""

from __future__ import annotations

import io
import os
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
    "show": "reviewing",
    "verify": "reviewing",
    "rehearse": "rehearsing",
    "approve": "approving",
    "approvals": "approving",
    "apply": "applying",
    "status": "applying",
    "drift": "drifting",
    "annotate": "drifting",
    "suspend": "controlling",
    "resume": "controlling",
    "resolve": "controlling",
    "abandon": "controlling",
    "revoke": "controlling",
    "audit": "auditing",
    "sandbox": "sandboxing",
    "demo": "demonstrating",
}
"""Each command and the module of this package that registers it, in the order of the help."""


def application(arguments: Sequence[str]) -> typer.Typer:
    """Return the application with the command that `arguments` ask for, else with all of them."""
    app = typer.Typer(
        name="reconcile",
        help="Keep DNSSEC as YAML in git: plan, prove, approve and apply every key and DS change.",
        context_settings={"help_option_names": ["-h", "--help"]},
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
    for name in ("stdout", "stderr"):
        _make_safe(name)
    sys.exit(run(sys.argv[1:]))


def _make_safe(name: str) -> None:
    """Let what cannot be encoded be escaped, and what nobody listens to go nowhere."""
    stream = getattr(sys, name)
    if stream is None:
        setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))
    elif isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; wrong usage is 1 (click's own 2 means changes)."""
    try:
        result = application(arguments)(
            args=arguments, prog_name="reconcile", standalone_mode=False
        )
        sys.stdout.flush()
    except ReconcileError as error:
        complain(error.diagnostics)
        return error.exit_code
    except typer.Exit as ended:
        return ended.exit_code
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("interrupted; the next run goes on from what is on record", err=True)
        return ExitCode.ERROR
    except typer.TyperException as error:
        complain(_usage(error))
        return ExitCode.ERROR
    except BrokenPipeError:
        _close_output()
        return ExitCode.ERROR
    except OSError as error:
        complain((_system(error),))
        _close_output()
        return ExitCode.ERROR
    return int(result) if isinstance(result, int) else ExitCode.OK


def _close_output() -> None:
    """Throw away what nobody reads, or Python complains of it at its end."""
    own = sys.__stdout__
    if own is not None and sys.stdout is own:
        os.dup2(os.open(os.devnull, os.O_WRONLY), own.fileno())


def _usage(error: typer.TyperException) -> tuple[Diagnostic, ...]:
    """Return what is wrong with the usage; nothing where the help was printed instead."""
    what = str(getattr(error, "format_message", error.__str__)())
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "reconcile"
    if not what:
        return ()
    summary = what.replace("Value error, ", "")
    return (Diagnostic(code="usage", summary=summary, hint=f"see `{command} --help`"),)


def _system(error: OSError) -> Diagnostic:
    return Diagnostic(
        code="system",
        summary=f"the system refused: {error.strerror or error}",
        where=None if error.filename is None else str(error.filename),
        hint="check the name, the permissions, and the space on the disk; then run it again",
    )
