"""What every signer and every parent promises (`reconciler/ports.py`)."""

from __future__ import annotations

from dataclasses import replace

import dns.dnssec
import dns.rdata
import pytest

from reconciler.diagnostics import AdapterError
from reconciler.model.capabilities import DsWrite, Signing
from reconciler.model.desired import Denial, DenialKind
from reconciler.model.keys import REVOKE_FLAG, SEP_FLAG, DsRef, Key
from reconciler.model.moves import (
    ApexNsSet,
    CdsSet,
    DataSign,
    DenialSet,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    DsAdd,
    DsConfirm,
    DsRemove,
    DsReplace,
    NsSet,
    ParentMove,
    RollStart,
    SignerMove,
    TtlSet,
)
from reconciler.model.timeline import RRsetKind
from reconciler.ports import Idempotency
from tests.contract.benches import KSK, ZSK, ParentBench, SignerBench

PUBLIC = bytes(range(64))
CHILD_KEY = Key(label="k", algorithm=13, flags=257, public_key=PUBLIC)
OTHER_KEY = Key(label="o", algorithm=13, flags=257, public_key=PUBLIC[::-1])
KEYS = {"k": CHILD_KEY, "o": OTHER_KEY}
DS = frozenset({DsRef("k", 2)})
DIGESTS = {1: "SHA1", 2: "SHA256", 4: "SHA384"}


def ds_text(zone: str, key: Key, digest_type: int) -> str:
    record = dns.rdata.from_text("IN", "DNSKEY", key.text())
    policy = dns.dnssec.allow_all_policy
    return dns.dnssec.make_ds(zone, record, DIGESTS[digest_type], policy=policy).to_text()


def refused(caught: pytest.ExceptionInfo[AdapterError]) -> bool:
    return all(d.summary and d.hint and d.where for d in caught.value.diagnostics)


# Signers


def test_observing_a_signer_changes_nothing(signer_bench: SignerBench) -> None:
    before = signer_bench.world.dump()
    first = signer_bench.signer.observe(signer_bench.zone)
    assert signer_bench.signer.observe(signer_bench.zone) == first
    assert signer_bench.world.dump() == before


def test_a_claim_names_servers_absolute_and_lower_case(signer_bench: SignerBench) -> None:
    names = signer_bench.signer.observe(signer_bench.zone).nameservers
    assert names
    assert all(name == name.lower() and name.endswith(".") for name in names)


def test_signing_publishes_what_the_receipt_says(signer_bench: SignerBench) -> None:
    assert not signer_bench.signer.observe(signer_bench.zone).signing
    assert not signer_bench.signed()
    created = signer_bench.apply(signer_bench.sign, "1")
    assert created.keys() == {KSK, ZSK}
    assert all(label == key.label for label, key in created.items())
    published = {text.replace(" ", "") for text in signer_bench.dnskeys()}
    assert published == {key.text().replace(" ", "") for key in created.values()}
    assert signer_bench.signed()
    claim = signer_bench.signer.observe(signer_bench.zone)
    assert claim.signing
    assert set(created.values()) <= set(claim.keys)


def test_a_key_bears_its_symbol_home_and_generation(signer_bench: SignerBench) -> None:
    created = signer_bench.apply(signer_bench.sign, "1")
    for key in created.values():
        assert key.home == signer_bench.signer.name
        assert key.generation == 1
        assert key.public_key
    assert {key.flags for key in created.values()} == {256, 257}


def test_unsigning_leaves_nothing_behind(signer_bench: SignerBench) -> None:
    signer_bench.apply(signer_bench.sign, "1")
    signer_bench.apply(signer_bench.unsign, "2")
    assert not signer_bench.dnskeys()
    assert not signer_bench.signed()
    assert not signer_bench.signer.observe(signer_bench.zone).signing


def test_repeating_a_call_has_no_second_effect(signer_bench: SignerBench) -> None:
    first = signer_bench.apply(signer_bench.sign, "1")
    before = signer_bench.dnskeys(), signer_bench.serial()
    assert signer_bench.apply(signer_bench.sign, "1") == first
    assert (signer_bench.dnskeys(), signer_bench.serial()) == before


def test_repeating_an_old_call_does_not_undo_a_later_one(signer_bench: SignerBench) -> None:
    signer_bench.apply(signer_bench.sign, "1")
    signer_bench.apply(signer_bench.unsign, "2")
    signer_bench.apply(signer_bench.sign, "1")
    assert not signer_bench.signed()


def test_a_symbol_is_created_once_ever(signer_bench: SignerBench) -> None:
    first = signer_bench.apply(signer_bench.sign, "1")
    assert signer_bench.apply(signer_bench.sign, "2") == first
    signer_bench.apply(signer_bench.unsign, "3")
    assert signer_bench.apply(signer_bench.sign, "4") == first


def test_an_idempotency_key_is_not_for_two_requests(signer_bench: SignerBench) -> None:
    signer_bench.apply(signer_bench.sign, "1")
    with pytest.raises(AdapterError) as caught:
        signer_bench.apply(signer_bench.unsign, "1")
    assert refused(caught)
    assert signer_bench.signed()


def test_every_move_of_a_signer_says_how_it_is_made_idempotent(signer_bench: SignerBench) -> None:
    name = signer_bench.signer.name
    moves: list[SignerMove] = [
        DnskeyAdd(signer=name, key=KSK, sign=True),
        DnskeyRemove(signer=name, key=KSK),
        DnskeySign(signer=name, keys=frozenset({KSK})),
        DnskeySet(signer=name, keys=frozenset({KSK}), signed_by=frozenset({KSK})),
        DataSign(signer=name, keys=frozenset({ZSK})),
        signer_bench.sign,
        signer_bench.unsign,
        ApexNsSet(signer=name, signers=frozenset({name})),
        CdsSet(signer=name, cds=None),
        DenialSet(signer=name, denial=Denial()),
        TtlSet(signer=name, rrset=RRsetKind.DATA, ttl=60),
        RollStart(signer=name, old=KSK, new="ksk@13/2"),
        DsConfirm(signer=name, key=KSK, present=True),
    ]
    for move in moves:
        assert isinstance(signer_bench.signer.idempotency(move), Idempotency)


def test_an_unknown_zone_is_refused(signer_bench: SignerBench, any_parent: ParentBench) -> None:
    with pytest.raises(AdapterError) as caught:
        signer_bench.signer.observe("nobody.example.")
    assert refused(caught)
    with pytest.raises(AdapterError) as caught:
        signer_bench.signer.apply("nobody.example.", signer_bench.sign, {}, "1")
    assert refused(caught)
    with pytest.raises(AdapterError) as caught:
        any_parent.parent.observe("nobody.example.")
    assert refused(caught)
    with pytest.raises(AdapterError) as caught:
        any_parent.parent.apply("nobody.example.", DsReplace(ds=DS), KEYS, "1")
    assert refused(caught)


def test_an_algorithm_outside_the_capabilities_is_refused(signer_bench: SignerBench) -> None:
    sign = signer_bench.sign
    foreign = type(sign)(signer=sign.signer, keys=frozenset({"ksk@5/1", "zsk@5/1"}))
    before = signer_bench.world.dump()
    with pytest.raises(AdapterError) as caught:
        signer_bench.apply(foreign, "1")
    assert refused(caught)
    assert signer_bench.world.dump() == before, "a refused call leaves no trace"


def test_key_moves_are_made_or_refused_as_the_capabilities_say(signer_bench: SignerBench) -> None:
    name = signer_bench.signer.name
    moves: list[SignerMove] = [
        DnskeyAdd(signer=name, key=KSK, sign=True),
        DnskeySign(signer=name, keys=frozenset({KSK})),
        DataSign(signer=name, keys=frozenset({ZSK})),
        DnskeyRemove(signer=name, key=KSK),
    ]
    made = []
    for number, move in enumerate(moves):
        try:
            signer_bench.apply(move, f"{number}")
        except AdapterError:
            continue
        made.append(move)
    able = signer_bench.signer.capabilities.signing is Signing.KEYS
    assert made == (moves if able else [])


def test_a_dnskey_rrset_is_replaced_at_once_or_refused_as_the_capabilities_say(
    signer_bench: SignerBench,
) -> None:
    signer_bench.apply(signer_bench.sign, "sign")
    before, serial = signer_bench.dnskeys(), signer_bench.serial()
    move = DnskeySet(
        signer=signer_bench.signer.name,
        keys=frozenset({"ksk@13/2", "zsk@13/2"}),
        signed_by=frozenset({"ksk@13/2"}),
    )
    if not signer_bench.signer.capabilities.sets_dnskeys:
        with pytest.raises(AdapterError) as caught:
            signer_bench.apply(move, "1")
        assert refused(caught)
        assert (signer_bench.dnskeys(), signer_bench.serial()) == (before, serial)
        return
    made = signer_bench.apply(move, "1")
    assert made.keys() == move.keys
    assert len(signer_bench.dnskeys()) == 2
    assert not signer_bench.dnskeys() & before
    serial = signer_bench.serial()
    assert signer_bench.apply(move, "2") == made
    assert signer_bench.serial() == serial, "what is so already is left alone"


def test_a_foreign_zsk_is_published_or_refused_as_the_capabilities_say(
    signer_bench: SignerBench,
) -> None:
    foreign = Key(label="z", algorithm=13, flags=256, public_key=PUBLIC, home="elsewhere")
    signer_bench.apply(signer_bench.sign, "1")
    own = signer_bench.dnskeys()
    add = DnskeyAdd(signer=signer_bench.signer.name, key="z", sign=False)
    if not signer_bench.signer.capabilities.foreign_zsk:
        with pytest.raises(AdapterError) as caught:
            signer_bench.apply(add, "2", z=foreign)
        assert refused(caught)
        return
    for idem in ("2", "3"):
        assert not signer_bench.apply(add, idem, z=foreign)
        assert len(signer_bench.dnskeys() - own) == 1
    remove = DnskeyRemove(signer=signer_bench.signer.name, key="z")
    for idem in ("4", "5"):
        signer_bench.apply(remove, idem, z=foreign)
        assert signer_bench.dnskeys() == own


def test_a_key_that_another_signer_is_to_make_is_not_made_here(signer_bench: SignerBench) -> None:
    theirs = Key(label="zsk@13/1@b", algorithm=13, flags=256, home="b")
    move = DnskeyAdd(signer=signer_bench.signer.name, key=theirs.label, sign=False)
    with pytest.raises(AdapterError) as caught:
        signer_bench.signer.apply(signer_bench.zone, move, {theirs.label: theirs}, "1")
    assert refused(caught)


def test_an_apex_ns_set_is_made_or_refused_as_the_capabilities_say(
    signer_bench: SignerBench,
) -> None:
    name = signer_bench.signer.name
    move = ApexNsSet(signer=name, signers=frozenset({name}))
    if signer_bench.signer.capabilities.sets_apex_ns:
        signer_bench.apply(move, "1")
        return
    with pytest.raises(AdapterError) as caught:
        signer_bench.apply(move, "1")
    assert refused(caught)


# Parents


def test_observing_a_parent_changes_nothing(any_parent: ParentBench) -> None:
    before = any_parent.world.dump()
    assert any_parent.parent.observe(any_parent.zone) == any_parent.parent.observe(any_parent.zone)
    assert any_parent.world.dump() == before


@pytest.mark.parametrize("digest_type", sorted(DIGESTS))
def test_a_ds_appears_in_dns_as_submitted(parent_bench: ParentBench, digest_type: int) -> None:
    zone, move = parent_bench.zone, DsReplace(ds=frozenset({DsRef("k", digest_type)}))
    parent_bench.parent.apply(zone, move, KEYS, "1")
    expected = ds_text(zone, CHILD_KEY, digest_type)
    assert parent_bench.ds() == {expected}
    claim = parent_bench.parent.observe(zone)
    assert claim.ds in {None, frozenset({expected})}
    assert not claim.pending


def test_replacing_leaves_only_what_was_named(parent_bench: ParentBench) -> None:
    zone = parent_bench.zone
    parent_bench.parent.apply(zone, DsReplace(ds=DS), KEYS, "1")
    parent_bench.parent.apply(zone, DsReplace(ds=frozenset({DsRef("o", 2)})), KEYS, "2")
    assert parent_bench.ds() == {ds_text(zone, OTHER_KEY, 2)}
    parent_bench.parent.apply(zone, DsReplace(ds=frozenset()), KEYS, "3")
    assert parent_bench.ds() == set()


def test_repeating_an_old_submission_does_not_undo_a_later_one(parent_bench: ParentBench) -> None:
    zone = parent_bench.zone
    first = parent_bench.parent.apply(zone, DsReplace(ds=DS), KEYS, "1")
    parent_bench.parent.apply(zone, DsReplace(ds=frozenset()), KEYS, "2")
    assert parent_bench.parent.apply(zone, DsReplace(ds=DS), KEYS, "1") == first
    assert parent_bench.ds() == set()


def test_submitting_what_is_there_changes_nothing(parent_bench: ParentBench) -> None:
    zone = parent_bench.zone
    parent_bench.parent.apply(zone, DsReplace(ds=DS), KEYS, "1")
    parent_bench.ds()
    before = parent_bench.world.dump()["delegations"]
    parent_bench.parent.apply(zone, DsReplace(ds=DS), KEYS, "2")
    assert parent_bench.world.dump()["delegations"] == before


def test_accepting_is_not_publishing(parent_bench: ParentBench) -> None:
    zone = parent_bench.zone
    parent_bench.parent.apply(zone, DsReplace(ds=DS), KEYS, "1")
    claim = parent_bench.parent.observe(zone)
    assert claim.ds in {None, frozenset()}
    assert claim.pending or claim.ds is None


def test_a_manual_parent_says_what_a_person_must_do(parent_bench: ParentBench) -> None:
    receipt = parent_bench.parent.apply(parent_bench.zone, DsReplace(ds=DS), KEYS, "1")
    manual = parent_bench.parent.capabilities.manual
    assert bool(receipt.instructions) is manual
    if receipt.instructions:
        assert ds_text(parent_bench.zone, CHILD_KEY, 2) in receipt.instructions


@pytest.mark.parametrize(
    ("refs", "keys"),
    [
        (DS, {}),
        (DS, {"k": replace(CHILD_KEY, public_key=None)}),
        (frozenset({DsRef("k", 3)}), KEYS),
        (DS, {"k": replace(CHILD_KEY, flags=257 | REVOKE_FLAG)}),
        (DS, {"k": replace(CHILD_KEY, flags=SEP_FLAG)}),
    ],
    ids=["unknown key", "key to come", "unknown digest type", "revoked key", "no zone key"],
)
def test_a_ds_that_makes_no_sense_is_refused(
    parent_bench: ParentBench, refs: frozenset[DsRef], keys: dict[str, Key]
) -> None:
    with pytest.raises(AdapterError) as caught:
        parent_bench.parent.apply(parent_bench.zone, DsReplace(ds=refs), keys, "1")
    assert refused(caught)
    assert parent_bench.ds() == set()


def test_moves_that_the_parent_cannot_make_are_refused(any_parent: ParentBench) -> None:
    moves: dict[DsWrite, list[ParentMove]] = {
        DsWrite.REPLACE: [DsAdd(ds=DsRef("k", 2)), DsRemove(ds=DsRef("k", 2))],
        DsWrite.ONE_AT_A_TIME: [DsReplace(ds=DS)],
        DsWrite.NONE: [DsReplace(ds=DS), DsAdd(ds=DsRef("k", 2)), DsRemove(ds=DsRef("k", 2))],
    }
    for move in moves.get(any_parent.parent.capabilities.write, []):
        with pytest.raises(AdapterError) as caught:
            any_parent.parent.apply(any_parent.zone, move, KEYS, "1")
        assert refused(caught)


def test_every_move_of_a_parent_says_how_it_is_made_idempotent(any_parent: ParentBench) -> None:
    moves: list[ParentMove] = [
        DsReplace(ds=DS),
        DsAdd(ds=DsRef("k", 2)),
        DsRemove(ds=DsRef("k", 2)),
    ]
    for move in moves:
        assert isinstance(any_parent.parent.idempotency(move), Idempotency)


def test_a_delegation_is_changed_or_refused_as_the_capabilities_say(
    any_parent: ParentBench,
) -> None:
    move = NsSet(signers=frozenset({"a"}))
    assert isinstance(any_parent.parent.idempotency(move), Idempotency)
    if any_parent.parent.capabilities.sets_ns:
        first = any_parent.parent.apply(any_parent.zone, move, {}, "1")
        assert any_parent.parent.apply(any_parent.zone, move, {}, "1") == first
        assert bool(first.instructions) is any_parent.parent.capabilities.manual
        return
    with pytest.raises(AdapterError) as caught:
        any_parent.parent.apply(any_parent.zone, move, {}, "1")
    assert refused(caught)


def test_what_stands_at_the_apex_is_changed_or_refused_as_the_capabilities_say(
    signer_bench: SignerBench,
) -> None:
    name, can = signer_bench.signer.name, signer_bench.signer.capabilities
    created = signer_bench.apply(signer_bench.sign, "sign")
    cds = CdsSet(signer=name, cds=frozenset({DsRef(KSK, 2)}))
    denial = DenialSet(signer=name, denial=Denial(kind=DenialKind.NSEC3))
    ttl = TtlSet(signer=name, rrset=RRsetKind.DATA, ttl=60)
    asked: list[tuple[SignerMove, bool]] = [
        (cds, can.sets_cds),
        (denial, DenialKind.NSEC3 in can.denials),
        (ttl, can.sets_ttl),
    ]
    for number, (move, able) in enumerate(asked):
        if able:
            signer_bench.apply(move, f"{number}", **{KSK: created[KSK]})
            before = signer_bench.serial()
            signer_bench.apply(move, f"again {number}", **{KSK: created[KSK]})
            assert signer_bench.serial() == before, "what is so already is left alone"
            continue
        with pytest.raises(AdapterError) as caught:
            signer_bench.apply(move, f"{number}", **{KSK: created[KSK]})
        assert refused(caught)


SAFE_TO_REPEAT = {
    Idempotency.DECLARATIVE,
    Idempotency.CALLER_KEY,
    Idempotency.MARKER,
    Idempotency.OPERATION_ID,
}
"""Every class but the opaque one: a run that does not know how a call ended may make it again."""


def test_a_signers_move_that_is_safe_to_repeat_has_one_effect(signer_bench: SignerBench) -> None:
    """Repeated by a run that knows nothing of the first, and once more under its own id."""
    moves: list[SignerMove] = [signer_bench.sign, signer_bench.unsign]
    for number, move in enumerate(moves):
        assert signer_bench.signer.idempotency(move) in SAFE_TO_REPEAT
        signer_bench.apply(move, f"{number}")
        shown = signer_bench.dnskeys(), signer_bench.serial()
        signer_bench.apply(move, f"{number}")
        signer_bench.apply(move, f"{number}-again")
        assert (signer_bench.dnskeys(), signer_bench.serial()) == shown


def test_a_marked_key_is_found_again_by_its_symbol(signer_bench: SignerBench) -> None:
    assert signer_bench.signer.idempotency(signer_bench.sign) is Idempotency.MARKER
    made = signer_bench.apply(signer_bench.sign, "1")
    labels = {key.label: key.text() for key in signer_bench.signer.observe(signer_bench.zone).keys}
    assert {symbol: key.text() for symbol, key in made.items()}.items() <= labels.items()
    assert signer_bench.apply(signer_bench.sign, "2") == made


def test_a_parents_move_that_is_safe_to_repeat_has_one_effect(parent_bench: ParentBench) -> None:
    move = DsReplace(ds=DS)
    assert parent_bench.parent.idempotency(move) in SAFE_TO_REPEAT
    parent_bench.parent.apply(parent_bench.zone, move, KEYS, "1")
    shown = parent_bench.ds()
    parent_bench.parent.apply(parent_bench.zone, move, KEYS, "1")
    parent_bench.parent.apply(parent_bench.zone, move, KEYS, "2")
    assert not parent_bench.parent.observe(parent_bench.zone).pending
    assert parent_bench.ds() == shown


def test_an_operation_id_can_be_asked_after_until_it_is_done(parent_bench: ParentBench) -> None:
    move = DsReplace(ds=DS)
    by_id = parent_bench.parent.idempotency(move) is Idempotency.OPERATION_ID
    receipt = parent_bench.parent.apply(parent_bench.zone, move, KEYS, "1")
    assert (receipt.operation is not None) == by_id
    assert parent_bench.parent.observe(parent_bench.zone).pending == by_id
    assert parent_bench.ds()
    assert not parent_bench.parent.observe(parent_bench.zone).pending


def test_an_opaque_move_is_declared_so_for_repeating_it_does_it_twice(
    forgetful_bench: SignerBench,
) -> None:
    add = DnskeyAdd(signer=forgetful_bench.signer.name, key=KSK, sign=False)
    assert forgetful_bench.signer.idempotency(add) is Idempotency.OPAQUE
    forgetful_bench.apply(add, "1")
    assert len(forgetful_bench.dnskeys()) == 1
    forgetful_bench.apply(add, "1")
    assert len(forgetful_bench.dnskeys()) == 2


def test_a_move_by_caller_key_has_one_effect_for_each_key(keyed_bench: SignerBench) -> None:
    add = DnskeyAdd(signer=keyed_bench.signer.name, key=KSK, sign=False)
    assert keyed_bench.signer.idempotency(add) is Idempotency.CALLER_KEY
    made = keyed_bench.apply(add, "1")
    assert keyed_bench.apply(add, "1") == made
    assert len(keyed_bench.dnskeys()) == 1
    keyed_bench.apply(add, "2")
    assert len(keyed_bench.dnskeys()) == 2
