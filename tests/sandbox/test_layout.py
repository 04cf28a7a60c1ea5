"""Layouts as files, and layouts that could not work."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.diagnostics import SpecError
from reconciler.model.capabilities import DsWrite
from reconciler.model.desired import Denial, DenialKind
from reconciler.sandbox.layout import ServerLayout, SigningLayout, WorldLayout, example_layout
from reconciler.sandbox.layout_file import dump_layout, load_layout
from reconciler.sandbox.world import World
from tests.sandbox.worlds import START, zone_layout

EXAMPLE = example_layout()
SIGNER = EXAMPLE.signers[0]
HOSTED = EXAMPLE.signers[1]


def with_server(**changes: object) -> WorldLayout:
    server = replace(SIGNER.servers[1], **changes)  # type: ignore[arg-type]
    changed = replace(SIGNER, servers=(SIGNER.servers[0], server))
    return replace(EXAMPLE, signers=(changed, HOSTED))


def with_parent(**changes: int) -> WorldLayout:
    registrar = replace(EXAMPLE.parents[0], **changes)  # type: ignore[arg-type]
    return replace(EXAMPLE, parents=(registrar, EXAMPLE.parents[1]))


def test_a_layout_survives_being_written_and_read() -> None:
    salted = Denial(kind=DenialKind.NSEC3, salt=b"\x01\xff", iterations=2)
    layout = zone_layout(signing=SigningLayout(denial=salted))
    registrar = replace(layout.parents[0], write=DsWrite.ATOMIC_ADD_REMOVE)
    layout = replace(layout, parents=(registrar, layout.parents[1]))
    assert load_layout(dump_layout(layout)) == layout
    assert load_layout(dump_layout(EXAMPLE)) == EXAMPLE


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("root"), "root"),
        (lambda d: d.update(colour="red"), "unknown field colour"),
        (lambda d: d["zones"][0].update(dnskey_ttl="1h"), "'1h' does not belong here"),
        (lambda d: d["zones"][0].update(dnskey_ttl=True), "True does not belong here"),
        (lambda d: d["signers"][0].update(kind="cloud"), "'cloud' does not belong here"),
        (lambda d: d["parents"][0].update(write="shout"), "shout"),
        (lambda d: d["zones"][0]["signing"]["denial"].update(salt="xyz"), "hexadecimal"),
        (lambda d: d.update(tlds={}), "does not belong here"),
    ],
)
def test_what_does_not_belong_in_a_layout_is_named(change: object, words: str) -> None:
    data = json.loads(dump_layout(EXAMPLE))
    assert callable(change)
    change(data)
    with pytest.raises(SpecError, match=words) as caught:
        load_layout(json.dumps(data))
    assert caught.value.diagnostics[0].hint


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3"])
def test_what_is_no_layout_at_all_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        load_layout(text)


@pytest.mark.parametrize(
    ("layout", "words"),
    [
        (with_server(lag=301), "within|between 0 and the declared"),
        (with_server(address="192.0.2.1"), "stands twice"),
        (with_server(address="2001:db8::1"), "not an IPv4 address"),
        (with_server(name="NS2.a.example."), "lower case"),
        (with_server(name="a..example."), "absolute"),
        (with_server(name="ns1.a.example."), "stands twice"),
        (
            replace(EXAMPLE, signers=(replace(SIGNER, servers=SIGNER.servers[1:]), HOSTED)),
            "the primary",
        ),
        (replace(EXAMPLE, signers=(SIGNER, replace(HOSTED, zsk_period=3600))), "too short"),
        (with_parent(registration_delay=86401), "promises to act within 86400"),
        (with_parent(acts_after=-1), "acts_after is not negative"),
        (zone_layout(zone="shop.example.org."), "directly below a TLD"),
        (zone_layout(signers=("nobody",)), "must be a signer"),
        (zone_layout(signers=()), "must be a signer"),
        (zone_layout(parent="nobody"), "no parent nobody"),
        (zone_layout(keys=("my-key",)), "not a symbol"),
        (zone_layout(keys=("ksk@5/1",)), "cannot be made"),
        (zone_layout(records=("www A not-an-address",)), "cannot be read"),
        (zone_layout(signing=SigningLayout(validity=7200, refresh=3600)), "less than validity"),
        (zone_layout(signing=SigningLayout(refresh=86400)), "end in caches"),
        (zone_layout(signing=SigningLayout(denial=Denial(kind=DenialKind.NONE))), "nsec or nsec3"),
        (
            zone_layout(signing=SigningLayout(denial=Denial(kind=DenialKind.NSEC3, opt_out=True))),
            "opt-out",
        ),
    ],
)
def test_a_world_that_could_not_work_is_not_made(
    tmp_path: Path, layout: WorldLayout, words: str
) -> None:
    with pytest.raises(SpecError, match=words):
        World.create(tmp_path, start=START, layout=layout)
    with pytest.raises(SpecError, match="no sandbox world"):
        World.open(tmp_path)


def test_hidden_servers_stand_in_no_answer_and_are_known_to_judges(world: World) -> None:
    hidden = [instance for instance in world.instances("shop.example.") if instance.hidden]
    assert {instance.role for instance in hidden} == {"parent", "a"}
    layout = dump_layout(world.layout)
    assert all(isinstance(server, ServerLayout) for server in world.layout.servers)
    assert all(instance.address in layout for instance in hidden)
