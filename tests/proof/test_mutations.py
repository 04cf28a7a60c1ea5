"""Breaking one rule of the proof is caught: the tables say the wrong thing at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType

import pytest

from reconciler.model.plan import Proved, Refuted
from reconciler.proof import (
    deeds,
    installs,
    overlap,
    parts,
    profiles,
    prove,
    prover,
    pruning,
    reach,
    schedule,
    slack,
    views,
    wellformed,
    windows,
    world,
)
from reconciler.proof.profiles import Profile
from reconciler.proof.schedule import Arc, Closure
from reconciler.proof.windows import ALWAYS, Bound, Stay, Window
from tests.proof import test_cds, test_golden, test_malformed, test_schedule, test_starts
from tests.proof.golden import PROVED, algorithm_liberal
from tests.proof.stories import ALL, shortened


def golden(name: str) -> None:
    """A golden timeline is proved with just the slack it has."""
    given = PROVED[name]()
    verdict = prove(given.steps, given.timeline)
    assert isinstance(verdict, Proved)
    assert {(s.step, s.need): s.seconds for s in verdict.slack if s.seconds} == given.slack


def one_second_less(name: str) -> None:
    """Of a golden timeline, one second less of any tight wait is refuted."""
    given = PROVED[name]()
    for step in given.steps:
        for need in step.needs:
            if need.wait_min and (step.id, need.step) not in given.slack:
                less = shortened(given, step.id, need.step, need.wait_min - 1)
                assert isinstance(prove(less.steps, less.timeline), Refuted)


def liberal_rollover_fails_rfc4035() -> None:
    given = algorithm_liberal(ALL)
    verdict = prove(given.steps, given.timeline)
    assert isinstance(verdict, Refuted)
    assert verdict.profile == "rfc4035"


def misfit(name: str) -> None:
    test_malformed.test_what_does_not_make_sense_is_said(name)


def without_ttl(hold: Window, stay: Stay) -> Window | None:
    return windows.within(hold, stay.begin, stay.served)


def ttl_of_the_successor(hold: Window, stay: Stay) -> Window | None:
    """The TTL that is observed after the change."""
    fetch = windows.within(hold, stay.begin, stay.served)
    return None if fetch is None else windows.prolonged(fetch, 600)


def inclusive(begins: tuple[Bound, ...], ends: tuple[Bound, ...]) -> object:
    return MEETING_GAPS(begins, tuple(end.later(1) for end in ends))


MEETING_GAPS = overlap.meeting_gaps


def without_origin(size: int, arcs: list[Arc]) -> Closure | None:
    return schedule.closure_of(size, [arc for arc in arcs if arc.source])


def without_deadlines(size: int, arcs: list[Arc]) -> Closure | None:
    return schedule.closure_of(size, [arc for arc in arcs if arc.target])


def any_digest(profile: Profile, *rest: object) -> object:
    plain = replace(profile, ignores_sha1=False, top_digest=False)
    return USABLE(plain, *rest)  # type: ignore[arg-type]


USABLE = profiles.usable


def nothing(*_: object, **__: object) -> tuple[()]:
    return ()


def unexplained(*_: object) -> str:
    return ""


@dataclass(frozen=True)
class Mutation:
    """A rule, what it is broken to, and a promise that must then be broken."""

    module: ModuleType
    rule: str
    broken: Callable[..., object]
    promise: Callable[[], None]


T1 = "T1 ZSK pre-publication"
T8 = "T8 migration between signers"
MUTATIONS = {
    "TTLs do not count": Mutation(parts, "cached", without_ttl, lambda: one_second_less(T1)),
    "the TTL seen afterwards counts": Mutation(
        parts, "cached", ttl_of_the_successor, lambda: one_second_less(T1)
    ),
    "propagation does not count": Mutation(
        windows, "served_until", lambda left, _: left, lambda: one_second_less(T1)
    ),
    "the end itself is still cached": Mutation(
        overlap, "meeting_gaps", inclusive, lambda: golden(T1)
    ),
    "needs on the origin do not count": Mutation(
        prover,
        "closure_of",
        without_origin,
        test_starts.test_history_may_still_be_cached,
    ),
    "deadlines do not count": Mutation(
        prover,
        "closure_of",
        without_deadlines,
        lambda: test_starts.test_new_signatures_must_displace_old_ones_before_those_end(0),
    ),
    "every signer is always asked": Mutation(
        reach, "holds_of", lambda *_: dict.fromkeys("ab", (ALWAYS,)), lambda: golden(T8)
    ),
    "a signer is asked only while the parent names it": Mutation(
        reach,
        "cached",
        lambda hold, stay: windows.within(hold, stay.begin, stay.served),
        lambda: one_second_less(T8),
    ),
    "any window holds all that others do": Mutation(
        pruning,
        "covers",
        lambda *_: True,
        lambda: one_second_less("T8 migration, apex NS of the leaving signer stays"),
    ),
    "every gap holds anyway": Mutation(overlap, "certain", lambda *_: True, lambda: golden(T8)),
    "nobody follows a signer's own NS set": Mutation(
        reach,
        "last_refresh",
        nothing,
        lambda: one_second_less("T8 migration, apex NS of the leaving signer stays"),
    ),
    "a DS without key is a chain": Mutation(
        profiles,
        "broken_chain",
        unexplained,
        test_golden.test_the_loose_profile_asks_less_of_an_algorithm_rollover,
    ),
    "one algorithm is enough": Mutation(
        profiles, "incomplete", unexplained, liberal_rollover_fails_rfc4035
    ),
    "all digests count alike": Mutation(
        profiles, "usable", any_digest, lambda: one_second_less("digest trap")
    ),
    "revoked keys count": Mutation(
        profiles,
        "zone_keys",
        lambda _profile, labels, _keys: frozenset(labels),
        lambda: test_starts.test_a_revoked_key_or_one_without_the_zone_flag_carries_no_chain(
            385, Refuted
        ),
    ),
    "signatures last for ever": Mutation(
        parts,
        "by_expiry",
        lambda part, *_: (part,),
        test_starts.test_signatures_that_end_are_an_event,
    ),
    "moves are made at once": Mutation(
        world, "_half_done", nothing, test_starts.test_moves_on_one_rrset_leave_it_half_done
    ),
    "nobody polls CDS": Mutation(
        parts,
        "installed_by_cds",
        nothing,
        test_cds.test_cds_is_published_only_when_its_key_is_in_every_cache,
    ),
    "moves undo what CDS did": Mutation(
        installs,
        "_built_upon",
        nothing,
        test_cds.test_a_ds_is_added_to_whatever_the_parent_installed_by_itself,
    ),
    "insecure is as good as secure": Mutation(
        views,
        "insecure_unasked",
        nothing,
        lambda: test_starts.test_ds_deleted_is_insecure_and_only_safe_if_asked_for(asked=False),
    ),
    "everything is the start's fault": Mutation(
        views, "tolerated", lambda *_: True, lambda: one_second_less(T1)
    ),
    "nothing is the start's fault": Mutation(
        views,
        "tolerated",
        lambda *_: False,
        test_starts.test_a_dead_ds_is_replaced_at_once_and_the_exposure_is_told,
    ),
    "nothing is dead": Mutation(
        views,
        "dead_parts",
        lambda _: frozenset(),
        test_starts.test_a_dead_ds_is_replaced_at_once_and_the_exposure_is_told,
    ),
    "an unknown NS set is harmless": Mutation(
        views,
        "_lost",
        nothing,
        lambda: test_starts.test_a_change_waits_until_nothing_unknown_can_be_cached(
            "NsVersion", 3600
        ),
    ),
    "moves need not fit": Mutation(
        deeds, "_effect_flaws", nothing, lambda: misfit("another DS than the move's")
    ),
    "order does not matter": Mutation(
        wellformed, "_order_flaws", nothing, lambda: misfit("no order")
    ),
    "slack is a guess": Mutation(slack, "_holds", lambda *_: True, lambda: golden(T1)),
    "gaps are looked at one by one only": Mutation(
        schedule,
        "tighten",
        lambda closure, _: closure,
        test_schedule.test_gaps_may_contradict_each_other_only_together,
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_broken_rule_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutation = MUTATIONS[name]
    mutation.promise()
    monkeypatch.setattr(mutation.module, mutation.rule, mutation.broken)
    with pytest.raises(AssertionError):
        mutation.promise()
