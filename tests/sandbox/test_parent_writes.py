"""Parents that add and remove DS, instead of replacing the set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.diagnostics import AdapterError
from reconciler.model.capabilities import DsWrite
from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import DsAdd, DsRemove, DsReplace, ParentMove, ZoneSign
from reconciler.sandbox.layout import example_layout
from reconciler.sandbox.parents import SandboxParents, parent
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.sandbox.worlds import TLD, Client

ZONE = "shop.example."
KEYS = {
    name: Key(label=name, algorithm=13, flags=257, public_key=bytes([number]) * 64)
    for number, name in enumerate(("old", "new"))
}
OLD, NEW = DsRef("old", 2), DsRef("new", 2)


def registrar(make_world: Callable[..., World], write: DsWrite) -> tuple[SandboxParents, World]:
    layout = example_layout()
    changed = replace(layout.parents[0], write=write)
    world = make_world(replace(layout, parents=(changed, layout.parents[1])))
    return parent(world, "registrar"), world


def tags(world: World) -> set[int]:
    world.act(ZONE)
    answer = Client(world).ask(TLD, ZONE, "DS").answer
    return {ds.key_tag for ds in answer[0]} if answer else set()


@pytest.mark.parametrize("write", [DsWrite.ONE_AT_A_TIME, DsWrite.ATOMIC_ADD_REMOVE])
def test_ds_are_added_and_removed_one_by_one(
    make_world: Callable[..., World], write: DsWrite
) -> None:
    adapter, world = registrar(make_world, write)
    old, new = KEYS["old"].tag, KEYS["new"].tag
    moves: list[tuple[ParentMove, set[int | None]]] = [
        (DsAdd(ds=OLD), {old}),
        (DsAdd(ds=NEW), {old, new}),
        (DsAdd(ds=NEW), {old, new}),
        (DsRemove(ds=OLD), {new}),
        (DsRemove(ds=OLD), {new}),
        (DsRemove(ds=NEW), set()),
    ]
    for number, (move, expected) in enumerate(moves):
        adapter.apply(ZONE, move, KEYS, f"{number}")
        assert tags(world) == expected


def test_changes_that_are_on_their_way_add_up(make_world: Callable[..., World]) -> None:
    adapter, world = registrar(make_world, DsWrite.ONE_AT_A_TIME)
    adapter.apply(ZONE, DsAdd(ds=OLD), KEYS, "1")
    adapter.apply(ZONE, DsAdd(ds=NEW), KEYS, "2")
    assert tags(world) == {KEYS["old"].tag, KEYS["new"].tag}


@pytest.mark.parametrize(
    ("write", "move"),
    [
        (DsWrite.ONE_AT_A_TIME, DsReplace(ds=frozenset({OLD}))),
        (DsWrite.REPLACE, DsAdd(ds=OLD)),
        (DsWrite.NONE, DsReplace(ds=frozenset())),
        (DsWrite.NONE, DsRemove(ds=OLD)),
    ],
)
def test_what_the_parent_cannot_write_is_refused(
    make_world: Callable[..., World], write: DsWrite, move: ParentMove
) -> None:
    adapter, world = registrar(make_world, write)
    with pytest.raises(AdapterError, match="cannot change DS like that"):
        adapter.apply(ZONE, move, KEYS, "1")
    assert tags(world) == set()


def test_a_hosted_signer_publishes_no_ds_and_keeps_the_keys_it_signs_with(world: World) -> None:
    hosted = signer(world, "hosted")
    pair = frozenset({"ksk@13/1", "zsk@13/1"})
    hosted.apply("blog.example.", ZoneSign(signer="hosted", keys=pair), {}, "1")
    other = frozenset({"ksk@13/2", "zsk@13/2"})
    with pytest.raises(AdapterError, match="signed with other keys"):
        hosted.apply("blog.example.", ZoneSign(signer="hosted", keys=other), {}, "2")
    with pytest.raises(AdapterError, match="does not publish DS"):
        hosted.apply("blog.example.", DsReplace(ds=frozenset()), {}, "3")  # type: ignore[arg-type]
    assert {key.label for key in hosted.observe("blog.example.").keys} == pair
