"""Starting points that are not neat: wildcards, history, ends of signatures, broken zones."""

from dataclasses import replace

import pytest

from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import DsAdd, DsRemove
from reconciler.model.plan import Proved, Refuted, Step, Verdict
from reconciler.model.timeline import Timeline
from reconciler.proof import prove
from tests.proof.stories import add, ds, remove, sign_with
from tests.proof.worlds import World, hours, keys, minutes, step

W = World(keys=keys("k1 z1 k2 x:ds"), dnskey_ttl=hours(2), child=hours(1), ds_ttl=hours(2))


def swap_ds(*, after: int = 0, by: int | None = None) -> tuple[Step, ...]:
    """One step, `after` seconds or more after the start."""
    limit: dict[str | None, int] = {} if by is None else {None: by}
    return (step("s1", {None: after}, ds("k2"), by=limit),)


def double_ksk() -> Timeline:
    """Both KSKs are published and sign; the DS moves from k1 to k2 at s1."""
    return W.timeline(
        W.ds(None, "k1"),
        W.ds("s1", "k2"),
        W.dnskey(None, "k1 z1 k2", "k1 k2"),
        W.data(None, "z1"),
    )


def unsettled(timeline: Timeline, kind: str, at: int, ttl: int) -> Timeline:
    """Put a wildcard before the start version of one kind, which stands since `at`."""
    versions = []
    for version in timeline.versions:
        if type(version).__name__ == kind and version.step is None:
            versions += [replace(version, unknown=True, ttl=ttl), replace(version, at=at)]
        else:
            versions.append(version)
    return replace(timeline, versions=tuple(versions))


def refuted(verdict: Verdict) -> Refuted:
    assert isinstance(verdict, Refuted), verdict
    return verdict


def proved(verdict: Verdict) -> Proved:
    assert isinstance(verdict, Proved), verdict
    return verdict


@pytest.mark.parametrize(
    ("kind", "propagation"),
    [("DnskeyVersion", hours(1)), ("DataVersion", hours(1)), ("NsVersion", hours(1))],
)
def test_a_change_waits_until_nothing_unknown_can_be_cached(kind: str, propagation: int) -> None:
    timeline = unsettled(double_ksk(), kind, at=-minutes(10), ttl=hours(5))
    until = hours(5) + propagation - minutes(10)
    assert proved(prove(swap_ds(after=until), timeline)).slack[0].seconds == 0
    verdict = refuted(prove(swap_ds(after=until - 1), timeline))
    assert (verdict.begins, verdict.ends) == (until - 1, until)
    assert any("unknown" in text for text in verdict.versions)


def test_a_wildcard_of_a_zone_that_does_not_change_harms_nothing() -> None:
    timeline = W.timeline(
        W.unknown(W.ds(None)),
        W.ds(0, "k1"),
        W.unknown(W.dnskey(None, "")),
        W.dnskey(0, "k1 z1", "k1"),
        W.data(None, "z1"),
    )
    assert proved(prove((), timeline)).exposure_until is None


def test_an_unknown_ds_spoils_a_new_dnskey_until_it_must_have_gone() -> None:
    timeline = W.timeline(
        W.unknown(W.ds(None, ttl=hours(48))),
        W.ds(0, "k1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.dnskey("s1", "k1 z1 k2", "k1 k2"),
        W.data(None, "z1"),
    )
    for wait, expected in ((hours(49), Proved), (hours(49) - 1, Refuted)):
        steps = (step("s1", {None: wait}, add("k2", sign=True)),)
        assert isinstance(prove(steps, timeline), expected)


def test_history_may_still_be_cached() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.ds("s1", "k2"),
        W.dnskey(None, "k1 z1", "k1"),
        W.dnskey(-minutes(30), "k1 z1 k2", "k1 k2"),
        W.data(None, "z1"),
    )
    until = hours(3) - minutes(30)
    assert isinstance(prove(swap_ds(after=until), timeline), Proved)
    verdict = refuted(prove(swap_ds(after=until - 1), timeline))
    assert (verdict.begins, verdict.ends) == (until - 1, until)


def test_a_hasty_change_of_the_past_is_not_blamed_on_the_plan() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.ds(-60, "k1", "k2"),
        W.dnskey(None, "k1 z1", "k1"),
        W.dnskey(-30, "z1 k2", "k2"),
        W.data(None, "z1"),
    )
    verdict = proved(prove((), timeline))
    assert verdict.exposure_until == hours(3) - 60


def test_signatures_that_end_are_an_event() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"), W.dnskey(None, "k1 z1", "k1"), W.data(None, "z1", expires=hours(9))
    )
    verdict = refuted(prove((), timeline))
    assert (verdict.begins, verdict.ends) == (hours(9), None)
    assert any("expired" in text for text in verdict.versions)


@pytest.mark.parametrize("late", [0, 1])
def test_new_signatures_must_displace_old_ones_before_those_end(late: int) -> None:
    expires = hours(48)
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.data(None, "z1", expires=expires),
        W.data("s1", "z1"),
    )
    latest = expires - hours(25) + late
    verdict = prove((step("s1", {}, sign_with("z1"), by={None: latest}),), timeline)
    assert isinstance(verdict, Refuted if late else Proved)


def test_without_a_deadline_a_step_may_come_too_late() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.data(None, "z1", expires=hours(48)),
        W.data("s1", "z1"),
    )
    verdict = refuted(prove((step("s1", {}, sign_with("z1")),), timeline))
    assert verdict.schedule["s1"] > hours(23)


def test_expired_signatures_at_the_start_are_repaired() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.data(None, "z1", expires=-hours(1)),
        W.data("s1", "z1"),
    )
    verdict = proved(prove((step("s1", {None: 60}, sign_with("z1")),), timeline))
    assert verdict.exposure_until == 60 + hours(25)


def test_a_dead_ds_is_replaced_at_once_and_the_exposure_is_told() -> None:
    timeline = W.timeline(
        W.ds(None, "x"),
        W.ds("s1", "k1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.data(None, "z1"),
        profiles=("loose", "ds-alg"),
    )
    verdict = proved(prove((step("s1", {None: 600}, ds("k1")),), timeline))
    assert verdict.exposure_until == 600 + hours(3)


def test_a_dead_part_excuses_no_other_mistake() -> None:
    timeline = W.timeline(
        W.ds(None, "x", "k1"),
        W.ds("s1", "k2"),
        W.dnskey(None, "k1 z1", "k1"),
        W.dnskey("s1", "z1 k2", "k2"),
        W.data(None, "z1"),
    )
    assert isinstance(prove((step("s1", {}, ds("k2")),), timeline), Refuted)


def test_an_unknown_ds_installed_by_the_parent_breaks_the_zone_for_ever() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"), W.ds("s1", "x"), W.dnskey(None, "k1 z1", "k1"), W.data(None, "z1")
    )
    verdict = refuted(prove((step("s1", {}, ds("x")),), timeline))
    assert (verdict.verdict, verdict.ends) == ("bogus", None)


@pytest.mark.parametrize("asked", [False, True])
def test_ds_deleted_is_insecure_and_only_safe_if_asked_for(*, asked: bool) -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.ds("s1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.data(None, "z1"),
        insecure_allowed=asked,
    )
    verdict = prove((step("s1", {}, ds()),), timeline)
    if asked:
        proved(verdict)
    else:
        assert refuted(verdict).verdict == "insecure"


def test_ds_installed_half_an_hour_after_its_key_is_bogus_until_the_key_is_everywhere() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.ds("s2", "k2"),
        W.dnskey(None, "k1 z1", "k1"),
        W.dnskey("s1", "k1 z1 k2", "k1 k2"),
        W.data(None, "z1"),
    )
    steps = (step("s1", {}, add("k2", sign=True)), step("s2", {"s1": minutes(30)}, ds("k2")))
    verdict = refuted(prove(steps, timeline))
    assert (verdict.begins, verdict.ends) == (minutes(30), hours(3))


@pytest.mark.parametrize(("flags", "expected"), [(257, Proved), (385, Refuted), (1, Refuted)])
def test_a_revoked_key_or_one_without_the_zone_flag_carries_no_chain(
    flags: int, expected: type[Verdict]
) -> None:
    timeline = double_ksk()
    k2 = Key(label="k2", algorithm=13, flags=flags)
    timeline = replace(timeline, keys={**timeline.keys, "k2": k2})
    assert isinstance(prove(swap_ds(), timeline), expected)


def test_moves_on_one_rrset_leave_it_half_done() -> None:
    """Removing the only KSK and adding the next are two moves: between them none stands."""
    timeline = W.timeline(
        W.ds(None, "k1", "k2"),
        W.dnskey(None, "k1 z1", "k1"),
        W.dnskey("s1", "z1 k2", "k2"),
        W.data(None, "z1"),
    )
    verdict = refuted(prove((step("s1", {}, remove("k1"), add("k2", sign=True)),), timeline))
    assert "half way through s1" in " ".join(verdict.versions)
    proved(prove((step("s1"),), timeline))


def test_a_parent_that_takes_one_ds_at_a_time_leaves_none_between() -> None:
    both = (DsRemove(ds=DsRef("k1", 2)), DsAdd(ds=DsRef("k2", 2)))
    verdict = refuted(prove((step("s1", {}, *both),), double_ksk()))
    assert (verdict.verdict, verdict.versions) == ("insecure", ("no DS (half way through s1)",))


def test_an_algorithm_that_a_validator_does_not_know_leaves_it_insecure() -> None:
    w = World(keys=keys("k16:16 z16:16 k13"))
    versions = (w.ds(None, "k13", "k16"), w.ds("s1", "k16"))
    served = (w.dnskey(None, "k16 k13", "k16 k13"), w.data(None, "k16 k13"))
    steps = (step("s1", {}, ds("k16")),)
    goal = w.timeline(*versions, *served, profiles=("loose", "without-alg(16)"))
    proved(prove(steps, goal))
    back = w.ds("s2", "k13", "k16")
    through = w.timeline(*versions, back, *served, profiles=("loose", "without-alg(16)"))
    verdict = prove((*steps, step("s2", {"s1": 60}, ds("k13", "k16"))), through)
    assert refuted(verdict).profile == "without-alg(16)"
    assert refuted(verdict).verdict == "insecure"
