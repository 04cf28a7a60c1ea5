"""BIND's own validator agrees: `delv` from the root anchor (skipped where not installed)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.clock import SystemClock
from reconciler.model.desired import Denial, DenialKind
from reconciler.sandbox.layout import SigningLayout
from reconciler.sandbox.world import World
from tests.sandbox.worlds import DAY, HOUR, sign, zone_layout

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(shutil.which("delv") is None, reason="delv is not installed"),
]

NSEC3 = Denial(kind=DenialKind.NSEC3)
SALTED = Denial(kind=DenialKind.NSEC3, iterations=3, salt=b"\xab\xcd")


@dataclass(frozen=True)
class Delv:
    endpoint: tuple[str, int]
    anchors: Path

    def ask(self, name: str, rdtype: str) -> str:
        """Return delv's first verdict."""
        ip, port = self.endpoint
        command = ["delv", f"@{ip}", "-p", f"{port}", "-a", f"{self.anchors}", "+root=."]
        done = subprocess.run([*command, name, rdtype], capture_output=True, text=True, check=False)
        lines = (done.stdout + done.stderr).splitlines()
        return next(line for line in lines if line.startswith(";"))


@pytest.fixture(
    params=[
        ("ksk@13/1", "zsk@13/1", Denial()),
        ("ksk@8/1", "zsk@8/1", NSEC3),
        ("ksk@15/1", "zsk@15/1", SALTED),
        ("csk@13/1", NSEC3),
    ],
    ids=lambda p: "-".join([*p[:-1], p[-1].kind]),
    scope="module",
)
def delv(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Delv]:
    """Serve a world whose time is that of this machine, for delv knows no other."""
    *labels, denial = request.param
    path = tmp_path_factory.mktemp("world")
    start = SystemClock().now() - DAY - HOUR
    layout = zone_layout(signing=SigningLayout(denial=denial))
    with World.create(path, start=start, layout=layout, seed=1) as world:
        sign(world, "shop.example.", *labels)
        anchors = path / "anchors"
        anchors.write_text(world.delv_anchors)
        with world.serve() as serving:
            yield Delv(serving.resolver_endpoint, anchors)


@pytest.mark.parametrize(
    ("name", "rdtype"),
    [
        ("shop.example.", "SOA"),
        ("shop.example.", "DNSKEY"),
        ("shop.example.", "DS"),
        ("www.shop.example.", "A"),
        ("web.shop.example.", "A"),
        ("x.y.apps.shop.example.", "A"),
    ],
)
def test_delv_fully_validates_answers(delv: Delv, name: str, rdtype: str) -> None:
    assert delv.ask(name, rdtype) == "; fully validated"


@pytest.mark.parametrize(
    ("name", "rdtype"),
    [
        ("x.apps.shop.example.", "MX"),
        ("nope.shop.example.", "A"),
        ("a.b.shop.example.", "A"),
        ("www.shop.example.", "AAAA"),
        ("apps.shop.example.", "A"),
        ("bank.example.", "DS"),
        ("nope.example.", "A"),
        ("nope.", "A"),
    ],
)
def test_delv_fully_validates_denial(delv: Delv, name: str, rdtype: str) -> None:
    assert delv.ask(name, rdtype) == "; negative response, fully validated"


def test_delv_finds_an_unsigned_zone_insecure_and_not_bogus(delv: Delv) -> None:
    assert delv.ask("bank.example.", "A") == "; unsigned answer"
