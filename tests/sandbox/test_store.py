"""The state on disk: one world for several processes, whole whatever kills them."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.diagnostics import AdapterError, SpecError
from reconciler.model.moves import DnskeyAdd, ZoneSign
from reconciler.sandbox.layout import example_layout
from reconciler.sandbox.signers import signer
from reconciler.sandbox.store import FILE
from reconciler.sandbox.world import World
from tests.sandbox.worlds import DAY, SHOP, START, Client

ZONE = "shop.example."

WRITER = f"""
import sys
from pathlib import Path
from reconciler.model.moves import DnskeyAdd, DnskeyRemove, ZoneSign, ZoneUnsign
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
with World.open(Path(sys.argv[1])) as world:
    a, first = signer(world, "a"), int(sys.argv[2])
    a.apply({ZONE!r}, ZoneUnsign(signer="a"), {{}}, f"clean {{first}}")
    for number in range(first, first + 100000):
        pair = frozenset({{f"ksk@13/{{number}}", f"zsk@13/{{number}}"}})
        a.apply({ZONE!r}, ZoneSign(signer="a", keys=pair), {{}}, f"on {{number}}")
        print(number, flush=True)
        a.apply({ZONE!r}, ZoneUnsign(signer="a"), {{}}, f"off {{number}}")
"""


def test_a_writer_killed_at_any_moment_leaves_a_whole_world(world: World, tmp_path: Path) -> None:
    path, moments, first = tmp_path / "world", random.Random(7), 1  # noqa: S311  not a secret
    for _ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(first)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for _ in range(moments.randint(1, 12)):
                first = int(writer.stdout.readline()) + 1
            writer.send_signal(signal.SIGKILL)
        client = Client(world)
        keys = client.ask(SHOP, ZONE, "DNSKEY").answer
        data = client.ask(SHOP, ZONE, "SOA").answer
        assert (len(keys), len(data)) in {(2, 2), (0, 1)}, "signed wholly or not at all"
        held = [key.label for key in signer(world, "a").observe(ZONE).keys]
        assert len(held) == len(set(held))
        assert len(held) % 2 == 0, "a call makes both keys or none"


COUNTER = f"""
import sys
from pathlib import Path
from reconciler.model.moves import DnskeyAdd
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
with World.open(Path(sys.argv[1])) as world:
    for number in range(1, 21):
        move = DnskeyAdd(signer="a", key=f"zsk@13/{{number}}", sign=False)
        signer(world, "a").apply({ZONE!r}, move, {{}}, f"add {{number}}")
"""


def test_two_writers_at_once_make_each_key_once(world: World, tmp_path: Path) -> None:
    command = [sys.executable, "-c", COUNTER, str(tmp_path / "world")]
    with subprocess.Popen(command) as one, subprocess.Popen(command) as two:
        assert (one.wait(), two.wait()) == (0, 0)
    keys = signer(world, "a").observe(ZONE).keys
    assert [key.label for key in keys] == [f"zsk@13/{number}" for number in range(1, 21)]
    assert len(Client(world).ask(SHOP, ZONE, "DNSKEY").answer[0]) == 20


def test_another_process_sees_each_change_and_the_time(world: World, tmp_path: Path) -> None:
    with World.open(tmp_path / "world") as other:
        sign = ZoneSign(signer="a", keys=frozenset({"csk@13/1"}))
        created = signer(other, "a").apply(ZONE, sign, {}, "1").created
        assert signer(world, "a").observe(ZONE).signing
        assert signer(world, "a").apply(ZONE, sign, {}, "1").created == created
        other.leap_to(START + DAY)
        assert world.now() == START + DAY
        with pytest.raises(ValueError, match="back"):
            world.leap_to(START)


def test_a_served_world_answers_with_what_another_process_changed(
    world: World, tmp_path: Path
) -> None:
    client = Client(world)
    before = client.serial(SHOP, ZONE)
    code = (
        "import sys; from pathlib import Path;"
        "from reconciler.model.moves import DnskeyAdd;"
        "from reconciler.sandbox.signers import signer;"
        "from reconciler.sandbox.world import World;"
        "w = World.open(Path(sys.argv[1]));"
        "signer(w, 'a').apply('shop.example.', DnskeyAdd(signer='a', key='zsk@13/1', sign=False),"
        " {}, '1'); w.close()"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "world")], check=True)
    assert client.serial(SHOP, ZONE) == before + 1


def test_a_world_lives_on_after_it_was_closed(tmp_path: Path) -> None:
    layout = example_layout()
    with World.create(tmp_path / "w", start=START, layout=layout, seed=3) as world:
        signer(world, "a").apply(ZONE, DnskeyAdd(signer="a", key="zsk@13/1", sign=False), {}, "1")
        world.leap_to(START + DAY)
        before = world.dump()
    with World.open(tmp_path / "w") as world:
        assert world.dump() == before
        assert world.layout == layout


def test_a_refused_transaction_is_forgotten_wholly(world: World) -> None:
    before = world.dump()
    state = world.store.view()[1].signers["a", ZONE][0].state
    with suppress(RuntimeError), world.store.transaction():
        world.store.add_version("a", ZONE, 5, state)
        assert len(world.store.view()[1].signers["a", ZONE]) == 2
        raise RuntimeError
    assert world.dump() == before


@pytest.mark.parametrize("content", [None, b""], ids=["no file", "an unfinished file"])
def test_a_directory_without_a_world_is_an_error_with_a_hint(
    tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(SpecError, match="no sandbox world") as caught:
        World.open(tmp_path)
    assert "sandbox create" in caught.value.diagnostics[0].hint


def test_a_file_that_is_no_world_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"rubbish" * 1000)
    with pytest.raises(AdapterError, match="cannot be used") as caught:
        World.open(tmp_path)
    assert caught.value.diagnostics[0].hint


def test_a_file_in_the_way_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "w").write_text("")
    with pytest.raises(SpecError, match="no world can be made there") as caught:
        World.create(tmp_path / "w", start=START, layout=example_layout())
    assert caught.value.diagnostics[0].hint


def test_a_closed_world_says_so(tmp_path: Path) -> None:
    world = World.create(tmp_path / "w", start=START, layout=example_layout(), seed=3)
    world.close()
    with pytest.raises(AdapterError, match="closed"):
        world.now()


def test_unknown_zones_are_named(world: World) -> None:
    for ask in (world.zone, world.act, world.instances):
        with pytest.raises(SpecError, match=r"no zone nobody\.example\."):
            ask("nobody.example.")


def test_a_world_is_not_made_twice_in_one_place(world: World, tmp_path: Path) -> None:
    before = world.dump()
    with pytest.raises(SpecError, match="already"):
        World.create(tmp_path / "world", start=START, layout=example_layout(), seed=2)
    assert world.dump() == before


def test_an_unfinished_creation_can_be_repeated(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"")
    with World.create(tmp_path, start=START, layout=example_layout(), seed=2) as world:
        assert world.now() == START
