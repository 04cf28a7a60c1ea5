"""`reconcile sandbox`: make an embedded DNS world, move its time, break it, look into it."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.files import read_file
from reconciler.cli.output import print_json, say
from reconciler.clock import SystemClock
from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.sandbox.faults import Fault, FaultKind
from reconciler.sandbox.layout_file import dump_layout, load_layout
from reconciler.sandbox.starter import starter_layout
from reconciler.sandbox.world import World
from reconciler.spec.fields import seconds

sandbox = typer.Typer(help="An embedded DNS world with virtual time.", no_args_is_help=True)
Where = Annotated[Path, typer.Argument(help="The directory of the world.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(sandbox, name="sandbox")


@sandbox.command()
def create(
    world: Where,
    layout: Annotated[Path | None, typer.Option(help="A layout as JSON.")] = None,
    start: Annotated[datetime | None, typer.Option(help="Where virtual time begins, UTC.")] = None,
    seed: Annotated[int, typer.Option(help="Equal seeds make equal keys.")] = 0,
) -> None:
    """Make a world in a directory."""
    chosen = load_layout(_text(layout)) if layout else starter_layout()
    begin = start.replace(tzinfo=UTC) if start else SystemClock().now().replace(microsecond=0)
    World.create(world, start=begin, layout=chosen, seed=seed).close()
    say(f"made a world in {world}; it is {begin:%F %T} UTC there")


def _text(file: Path) -> str:
    return read_file(file).decode("utf-8", "replace")


@sandbox.command("layout")
def show_layout() -> None:
    """Print the layout that `create` uses by default: a start for one of your own."""
    say(dump_layout(starter_layout()))


@sandbox.command()
def leap(
    world: Where,
    by: Annotated[str | None, typer.Option(help="How far, such as `1d` or `1h30m`.")] = None,
    until: Annotated[datetime | None, typer.Option(help="To which instant, UTC.")] = None,
) -> None:
    """Move virtual time forward."""
    if (by is None) == (until is None):
        problem = "give either --by or --until"
        raise typer.BadParameter(problem)
    with World.open(world) as opened:
        now = opened.now()
        target = _later(now, by) if by else (until or now).replace(tzinfo=UTC)
        if target < now:
            raise SpecError(_backwards(target, now))
        opened.leap_to(target)
        say(f"it is {opened.now():%F %T} UTC")


def _later(now: datetime, by: str) -> datetime:
    try:
        return now + _span(by, "--by")
    except OverflowError as error:
        problem = "time does not go that far"
        raise typer.BadParameter(problem, param_hint="--by") from error


def _span(text: str, option: str) -> timedelta:
    try:
        return timedelta(seconds=seconds(text))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from error


def _backwards(target: datetime, now: datetime) -> Diagnostic:
    return Diagnostic(
        code="time-goes-forward",
        summary=f"it is {now:%F %T} UTC in the world, after {target:%F %T}",
        hint="virtual time leaps forward only; make a new world to begin earlier",
    )


@sandbox.command("dump")
def show(world: Where) -> None:
    """Print everything that the world holds, as JSON."""
    with World.open(world) as opened:
        print_json(opened.dump())


@sandbox.command()
def act(world: Where, zone: Annotated[str, typer.Argument(help="The delegation.")]) -> None:
    """Let the people behind a delegation do now what they were asked for."""
    with World.open(world) as opened:
        opened.act(zone if zone.endswith(".") else f"{zone}.")
    say("done")


@sandbox.command()
def fault(
    world: Where,
    kind: Annotated[FaultKind, typer.Argument(help="What goes wrong.")],
    target: Annotated[str, typer.Argument(help="A server, a signer or a parent.")],
    count: Annotated[int | None, typer.Option(min=1, help="How often (default: for ever).")] = None,
    span: Annotated[str, typer.Option("--for", help="For lag and throttle: how long.")] = "30s",
) -> None:
    """Let something go wrong from now on."""
    span_seconds = int(_span(span, "--for").total_seconds())
    with World.open(world) as opened:
        opened.inject(Fault(kind=kind, target=target, count=count, seconds=span_seconds))
    say(f"{kind} at {target} from now on; `reconcile sandbox heal {world}` ends all faults")


@sandbox.command()
def heal(world: Where) -> None:
    """End all faults."""
    with World.open(world) as opened:
        opened.clear_faults()
    say("all faults have ended")


@sandbox.command()
def serve(world: Where) -> None:
    """Serve the world until interrupted, and say which port answers for everything."""
    with World.open(world) as opened, opened.serve() as serving:
        address, port = serving.resolver_endpoint
        zone = min((placed.zone for placed in opened.layout.zones), default=".")
        say(f"everything: dig @{address} -p {port} +dnssec {zone} SOA")
        for server in opened.layout.servers:
            ip, at = serving.endpoint(server.address)
            say(f"{server.name} ({server.address}): {ip} port {at}")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    say("stopped")
