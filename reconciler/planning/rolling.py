"""Signers that replace a key by themselves while others publish it (planning.md §6, I18).

What they sign from then on fits no DNSKEY RRset of another signer that lacks the new key. Where it
is known when that happens, cross-publication must be over by then; where not, that it does not
happen meanwhile is an assumption that the plan names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.capabilities import RollsByItself
from reconciler.model.durations import duration_words
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Refusal
from reconciler.planning.limits import Event, Limit, Missed, out_of_reach
from reconciler.planning.publication import DS_SLOT, dnskey_slot, reached_at
from reconciler.planning.reach import Way
from reconciler.planning.task import Task
from reconciler.planning.tighten import Waits
from reconciler.planning.windows import Window


def roll_gate(task: Task) -> Refusal | None:
    """Return which signer would replace a key for good beside others, None where none is known to.

    Signers that are together already are left so: they gain nothing from a refusal.
    """
    if not task.goal[DS_SLOT]:
        return None
    together = reached_at(task.start, len(task.signers)) if task.start[DS_SLOT] else 0
    for index in _lasting(task):
        others = reached_at(task.goal, len(task.signers)) & ~(1 << index)
        seconds = task.signers[index].rolls
        if seconds is not None and others & ~(together if together >> index & 1 else 0):
            name = task.world.signers[index]
            return Refusal(
                rule="I18",
                summary=f"signer {name} replaces a key by itself in {duration_words(seconds)}, and"
                " other signers would publish the old one",
                detail="what it signs from then on would be bogus beside their DNSKEY RRsets",
                opens=f"a signer in the place of {name} whose capability `rolls_by_itself` is `no`",
            )
    return None


def _lasting(task: Task) -> Iterator[int]:
    """The signers in reach in the end, where there are several."""
    asked = reached_at(task.goal, len(task.signers))
    if asked.bit_count() > 1:
        yield from (i for i in range(len(task.signers)) if asked >> i & 1)


def limits(
    task: Task,
    waits: Waits,
    ways: Sequence[Sequence[Way]],
    windows: Sequence[Sequence[Window]],
) -> Iterator[Limit | Missed]:
    """Yield until when steps must be taken so that no such key is published elsewhere any more.

    A signer that leaves is out of reach by then; beside one that stays, what those that leave
    published has left every cache.
    """
    if task.insecure or not (task.start[DS_SLOT] or task.goal[DS_SLOT]):
        return
    asked = reached_at(task.goal, len(task.signers))
    for index, stand in enumerate(task.signers):
        if stand.rolls is None:
            continue
        if not asked >> index & 1:
            ends = [way.highs for way in ways[index]]
            yield from out_of_reach(waits, ends, stand.rolls, Event.ROLLS)
            continue
        for other in range(len(task.signers)):
            if not asked >> other & 1:
                ends = [each.highs for each in windows[dnskey_slot(other)] if not each.ended]
                yield from out_of_reach(waits, ends, stand.rolls, Event.ROLLS)


def notes_on_rolls(task: Task, observed: ObservedZone) -> Iterator[str]:
    """Yield what is taken for granted of signers that replace keys by themselves."""
    lasting = frozenset(_lasting(task))
    for index, name in enumerate(task.world.signers):
        seconds = task.signers[index].rolls
        if observed.signers[name].capabilities.rolls_by_itself is RollsByItself.NO:
            continue
        if seconds is None:
            yield f"signer {name} replaces no key by itself while another signer publishes it"
            continue
        yield (
            f"signer {name} replaces no key by itself sooner than {duration_words(seconds)} after"
            " the observation"
        )
        if index in lasting:
            yield (
                f"each other signer publishes the next key of {name} before it signs, in"
                f" {duration_words(seconds)} or later"
            )
