"""`reconcile suspend`, `resume`, `resolve`, `abandon`, `revoke`: a person's word in the ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from reconciler.cli.instants import For, Until, until_when
from reconciler.cli.options import HERE, Root, Zones, chosen
from reconciler.cli.output import say
from reconciler.execute.abandon import abandon as give_up
from reconciler.execute.control import resolve as settle
from reconciler.execute.control import resume as go_on
from reconciler.execute.control import revoke as take_back
from reconciler.execute.control import suspend as stop
from reconciler.execute.control import word_of
from reconciler.wiring import open_workspace

Reason = Annotated[
    str, typer.Option("--reason", help="Why: it stays in the ledger for ever.", show_default=False)
]
As = Annotated[
    str | None, typer.Option("--as", help="Your name in the portfolio (default: by git).")
]
OneZone = Annotated[str, typer.Argument(help="The zone.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (suspend, resume, resolve, abandon, revoke):
        app.command(command.__name__)(command)


def suspend(
    reason: Reason,
    zones: Zones = None,
    until: Until = None,
    duration: For = None,
    person: As = None,
    root: Root = HERE,
) -> None:
    """Let no step of zones begin before a date; without zones, of any."""
    with open_workspace(root) as workspace:
        names = [zone.zone for zone in chosen(workspace.portfolio, zones)]
        word = word_of(workspace.outside, reason=reason, person=person)
        end = until_when(until, duration, workspace.clock.now())
        stop(workspace.outside, names, end, word)
    for name in names:
        say(f"{name} is suspended until {end:%FT%TZ} ({word.person})")


def resume(reason: Reason, zones: Zones = None, person: As = None, root: Root = HERE) -> None:
    """End suspensions early; without zones, every one that is in force."""
    with open_workspace(root) as workspace:
        names = [zone.zone for zone in chosen(workspace.portfolio, zones)]
        word = word_of(workspace.outside, reason=reason, person=person)
        resumed = go_on(workspace.outside, names, word, named=bool(zones))
    for name in resumed:
        say(f"{name} goes on ({word.person})")


def resolve(
    zone: OneZone,
    step: Annotated[str, typer.Option("--step", help="The step whose end nobody recorded.")],
    done: Annotated[
        bool, typer.Option("--done/--not-done", help="Is its effect there?", show_default=False)
    ],
    reason: Reason,
    person: As = None,
    root: Root = HERE,
) -> None:
    """Say how a step ended that was begun and whose end is not on record; ends its block too."""
    with open_workspace(root) as workspace:
        (desired,) = chosen(workspace.portfolio, [zone])
        word = word_of(workspace.outside, reason=reason, person=person)
        settle(workspace.outside, desired.zone, step, word, done=done)
    told = "counts as made; its evidence is looked for" if done else "may be made again"
    say(f"{desired.zone}: {step} {told} ({word.person})")


def abandon(zone: OneZone, reason: Reason, person: As = None, root: Root = HERE) -> None:
    """Give up the running plan where it stands; the next one needs its own approval."""
    with open_workspace(root) as workspace:
        (desired,) = chosen(workspace.portfolio, [zone])
        word = word_of(workspace.outside, reason=reason, person=person)
        left = give_up(workspace.outside, desired, word)
    say(f"{desired.zone}: the plan is given up where it stands ({word.person})")
    if left:
        say(f"  {', '.join(left)} may still take effect; nothing is planned before it cannot")


def revoke(
    digest: Annotated[str, typer.Argument(help="What you approved, or its first 12 or more.")],
    reason: Reason,
    person: As = None,
    root: Root = HERE,
) -> None:
    """Take your own approval of a change back."""
    with open_workspace(root) as workspace:
        word = word_of(workspace.outside, reason=reason, person=person)
        zone, full = take_back(workspace.outside, digest, word)
    say(f"{word.person} took the approval of {full} of {zone} back")
