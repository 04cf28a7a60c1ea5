"""The judge and real validators on the embedded world itself: real packets on loopback ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.model.desired import Denial, DenialKind
from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import DnskeyAdd, DnskeyRemove, DsReplace, Move
from reconciler.sandbox.judge import Judge, Report, Trust, ValidationStatus, WireClient
from reconciler.sandbox.judge.witness import applies, delv, witness, write_anchor
from reconciler.sandbox.layout import SigningLayout, WorldLayout, example_layout
from reconciler.sandbox.parents import parent
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World

START = datetime(2030, 1, 1, tzinfo=UTC)
ZONE = "legacy.example."
PROFILES = ("loose", "ds-alg", "sha1-ignored", "top-digest", "rfc4035")
PROBES = (
    (ZONE, "A"),
    (ZONE, "MX"),
    (f"web.{ZONE}", "A"),
    (f"any.apps.{ZONE}", "A"),
    (f"any.apps.{ZONE}", "MX"),
    (f"lab.{ZONE}", "DS"),
    (f"apps.{ZONE}", "A"),
)
HOUR = timedelta(hours=1)


@dataclass
class Watched:
    """A world whose every change is looked at."""

    world: World
    judge: Judge
    keys: dict[str, Key] = field(default_factory=dict)
    moves: int = 0

    def apply(self, move: Move) -> None:
        system = parent if isinstance(move, DsReplace) else signer
        name = "registrar" if isinstance(move, DsReplace) else "a"
        self.moves += 1
        receipt = system(self.world, name).apply(ZONE, move, self.keys, f"move-{self.moves}")  # type: ignore[arg-type]
        self.keys.update(receipt.created)

    def wait(self, delta: timedelta) -> None:
        self.world.leap_to(self.world.now() + delta)

    def report(self) -> Report:
        return self.judge.report()


@contextmanager
def watching(path: Path, zone: str = ZONE, denial: Denial | None = None) -> Iterator[Watched]:
    chosen = denying(example_layout(), denial or Denial())
    with (
        World.create(path / "world", start=START, layout=chosen, seed=7) as world,
        world.serve() as serving,
    ):
        layout = world.layout
        above = {r.zone: tuple(s.address for s in r.servers) for r in layout.registries}
        judge = Judge(
            zone,
            world.instances(zone),
            WireClient(serving.endpoint),
            profiles=PROFILES,
            probes=PROBES if zone == ZONE else (),
            trust=Trust(anchors=world.trust_anchors, servers=above),
        )
        world.on_change(judge.look)
        judge.look(world.now())
        watched = Watched(world, judge)
        watched.keys = {k.label: k for k in signer(world, "a").observe(ZONE).keys}
        yield watched


def denying(layout: WorldLayout, denial: Denial) -> WorldLayout:
    """The layout with all zones and registries denying in one way."""
    signing = SigningLayout(denial=denial)
    return replace(
        layout,
        root=replace(layout.root, signing=signing),
        tlds=tuple(replace(tld, signing=signing) for tld in layout.tlds),
        zones=tuple(replace(zone, signing=signing) for zone in layout.zones),
    )


def roll_ksk(watched: Watched, published: timedelta, swapped: timedelta) -> None:
    old = next(label for label in watched.keys if label.startswith("ksk@"))
    watched.apply(DnskeyAdd(signer="a", key="ksk@8/2", sign=True))
    watched.wait(published)
    watched.apply(DsReplace(ds=frozenset({DsRef("ksk@8/2", 2)})))
    watched.wait(swapped)
    watched.apply(DnskeyRemove(signer="a", key=old))
    watched.wait(48 * HOUR)


def test_a_patient_rollover_shows_no_bad_view_to_anybody(tmp_path: Path) -> None:
    with watching(tmp_path) as watched:
        roll_ksk(watched, 2 * HOUR, 4 * HOUR)
        report = watched.report()
    assert report.bad_views == ()
    assert report.unanswered == 0
    assert report.distinct_views > 100
    assert report.mixed_between(START) == 0
    assert report.first_secure == dict.fromkeys(PROFILES, START)


def test_a_hasty_rollover_is_bogus_for_as_long_as_caches_remember(tmp_path: Path) -> None:
    with watching(tmp_path) as watched:
        layout = watched.world.zone(ZONE)
        roll_ksk(watched, timedelta(0), 4 * HOUR)
        report = watched.report()
    assert {view.profile for view in report.bad_views} == set(PROFILES)
    (span,) = report.times(ValidationStatus.BOGUS)
    registered = START + timedelta(seconds=600)
    remembered = START + timedelta(seconds=300 + layout.dnskey_ttl)
    assert span == (registered, remembered)


@pytest.mark.parametrize(
    "denial",
    [
        Denial(kind=DenialKind.NSEC),
        Denial(kind=DenialKind.NSEC3),
        Denial(kind=DenialKind.NSEC3, iterations=3, salt=b"\xab\xcd"),
    ],
    ids=str,
)
def test_every_way_of_denying_is_understood(tmp_path: Path, denial: Denial) -> None:
    with watching(tmp_path / "signed", denial=denial) as watched:
        assert watched.report().bad_views == ()
    with watching(tmp_path / "unsigned", "shop.example.", denial) as watched:
        assert {v.verdict for v in watched.report().bad_views} == {ValidationStatus.INSECURE}


def test_an_unsigned_zone_is_insecure_and_its_denial_of_ds_is_proven(tmp_path: Path) -> None:
    with watching(tmp_path, "shop.example.") as watched:
        watched.wait(48 * HOUR)
        report = watched.report()
    assert {view.verdict for view in report.bad_views} == {ValidationStatus.INSECURE}
    assert report.insecure_unasked() == 0


def test_signatures_are_renewed_in_time_for_months(tmp_path: Path) -> None:
    with watching(tmp_path) as watched:
        watched.wait(timedelta(days=60))
        report = watched.report()
    assert report.bad_views == ()


@pytest.mark.lab
@pytest.mark.parametrize(
    ("name", "rdtype", "expected"),
    [
        (ZONE, "SOA", ValidationStatus.SECURE),
        (ZONE, "MX", ValidationStatus.SECURE),
        (f"nothing.{ZONE}", "A", ValidationStatus.SECURE),
        (f"any.apps.{ZONE}", "A", ValidationStatus.SECURE),
        ("shop.example.", "SOA", ValidationStatus.INSECURE),
        ("bank.example.", "SOA", ValidationStatus.BOGUS),
    ],
)
def test_delv_says_the_same(
    tmp_path: Path, name: str, rdtype: str, expected: ValidationStatus
) -> None:
    program = delv()
    if program is None:
        pytest.skip("delv is not installed")
    start = datetime.now(UTC)  # noqa: TID251 (delv goes by the system's clock)
    with (
        World.create(tmp_path / "world", start=start, layout=example_layout(), seed=7) as world,
        world.serve() as serving,
    ):
        stray = {"ksk@13/1": Key(label="ksk@13/1", algorithm=13, flags=257, public_key=b"x" * 64)}
        move = DsReplace(ds=frozenset({DsRef("ksk@13/1", 2)}))
        parent(world, "by-hand").apply("bank.example.", move, stray, "stray")
        world.act("bank.example.")
        anchor = tmp_path / "anchor"
        write_anchor(anchor, world.trust_anchors)
        assert applies(world.now(), start)
        assert witness(program, serving.resolver_endpoint, anchor, name, rdtype) is expected
