"""Breaking one rule of the proof is caught: the tables say the wrong thing at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import ModuleType

import pytest

from reconciler.model.desired import DenialKind
from reconciler.model.moves import TtlSet
from reconciler.model.plan import Malformed, Proved, Refuted
from reconciler.proof import (
    claims,
    deeds,
    effects,
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
from reconciler.proof.profiles import Finding, Profile, Status
from reconciler.proof.schedule import Arc, Closure
from reconciler.proof.windows import ALWAYS, Bound, Stay, Window
from tests.proof import (
    test_cds,
    test_claims,
    test_deadlines,
    test_golden,
    test_malformed,
    test_moves,
    test_pruning,
    test_schedule,
    test_starts,
)
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


EFFECT = effects.effect
BEARS_OUT = claims._bears_out
FINDING = views._finding
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
    "a TTL changes as anybody likes": Mutation(
        deeds,
        "_ttl_flaws",
        nothing,
        test_moves.test_a_ttl_does_not_change_in_the_shadow_of_another_move,
    ),
    "a TTL that is set is not published": Mutation(
        effects,
        "effect",
        lambda move, before, *rest: (
            before if isinstance(move, TtlSet) else EFFECT(move, before, *rest)
        ),
        test_moves.test_a_ttl_raised_beside_another_move_may_reach_the_old_content_first,
    ),
    "an empty RRset has the TTL of any": Mutation(
        effects, "is_empty", lambda _: False, test_moves.test_a_signer_keeps_its_negative_ttl_apart
    ),
    "anybody may change anything": Mutation(
        deeds,
        "_without_move",
        lambda *_: True,
        test_moves.test_cds_changes_by_its_move_or_by_the_signer_itself,
    ),
    "a move may be forgotten": Mutation(
        deeds, "_lost_effect_flaws", nothing, lambda: misfit("a move without its version")
    ),
    "NSEC3 suits every key": Mutation(
        deeds,
        "_denial_flaws",
        nothing,
        lambda: test_moves.test_nsec3_comes_when_keys_that_rule_it_out_have_gone(
            DenialKind.NSEC3, Malformed
        ),
    ),
    "a step may be left to nobody": Mutation(
        deeds,
        "_idle_flaws",
        nothing,
        test_moves.test_a_step_left_to_a_signer_brings_something_about,
    ),
    "a parent never forgets a CDS set": Mutation(
        deeds,
        "may_install",
        lambda *_: True,
        test_moves.test_a_parent_installs_by_itself_only_while_it_may_still_remember_the_cds_set,
    ),
    "a parent may have acted before it was looked at": Mutation(
        installs,
        "_unseen_from",
        lambda stay: stay.begin,
        test_cds.test_what_was_seen_at_the_start_was_not_replaced_before,
    ),
    "signers may be told anything": Mutation(
        prover,
        "untrue_claims",
        nothing,
        lambda: test_claims.test_a_signer_told_a_second_too_early_is_told_what_is_not_true("s5"),
    ),
    "caches count for what signers are told": Mutation(
        claims,
        "_giving",
        lambda stay: windows.cached(ALWAYS, stay),
        test_claims.test_a_signer_is_told_once_every_server_of_the_parent_shows_it,
    ),
    "what is unknown bears out anything": Mutation(
        claims,
        "_bears_out",
        lambda part, move: part.version.unknown or BEARS_OUT(part, move),
        test_claims.test_what_stood_before_is_not_told_of_while_nobody_knows_it,
    ),
    "what is unknown is harmless": Mutation(
        views,
        "_finding",
        lambda view, *rest: (
            Finding(Status.SECURE)
            if any(part.version.unknown for part in view)
            else FINDING(view, *rest)
        ),
        lambda: test_starts.test_a_change_waits_until_nothing_unknown_can_be_cached(
            "DnskeyVersion", 3600
        ),
    ),
    "no DS asks for a chain": Mutation(
        views,
        "_without_chain",
        lambda *_: True,
        lambda: test_starts.test_a_change_waits_until_nothing_unknown_can_be_cached(
            "DataVersion", 3600
        ),
    ),
    "every zone is to stay secure": Mutation(
        views,
        "stays_secure",
        lambda *_: True,
        test_starts.test_an_algorithm_that_a_validator_does_not_know_leaves_it_insecure,
    ),
    "a broken start has no end": Mutation(
        prover,
        "exposures",
        lambda *_: frozenset(),
        test_starts.test_a_dead_ds_is_replaced_at_once_and_the_exposure_is_told,
    ),
    "waits are shortened past the order of versions": Mutation(
        prover, "_orders", nothing, test_deadlines.test_slack_never_turns_two_versions_round
    ),
    "what waits bring about is taken to be sure": Mutation(
        prover,
        "floor_of",
        lambda steps: schedule.closure_of(len(steps) + 1, schedule.arcs_of(steps)),
        test_pruning.test_what_a_longer_wait_covers_counts_again_where_it_is_cut,
    ),
    "one demand is as good as all": Mutation(
        prover, "smallest", lambda found: tuple(found)[:1], lambda: golden(T8)
    ),
    "gaps follow from any others": Mutation(
        pruning,
        "_follows",
        lambda *_: True,
        test_pruning.test_a_window_is_kept_for_its_own_gaps_and_for_its_own_bounds,
    ),
    "any bound follows from any other": Mutation(
        pruning,
        "_not_later",
        lambda *_: True,
        test_pruning.test_a_window_is_kept_for_its_own_gaps_and_for_its_own_bounds,
    ),
    "parents may poll now and then": Mutation(
        wellformed, "_polling_flaws", nothing, test_moves.test_one_parent_polls_in_one_way
    ),
    "anything may be missing": Mutation(
        wellformed, "_missing", nothing, lambda: misfit("named signer without zone")
    ),
    "lanes may be in any order": Mutation(
        wellformed, "_lane_flaws", nothing, lambda: misfit("history out of order")
    ),
    "versions may name anything": Mutation(
        wellformed, "_key_flaws", nothing, lambda: misfit("unknown DS key")
    ),
    "figures may be negative": Mutation(
        wellformed, "_version_flaws", nothing, lambda: misfit("negative TTL")
    ),
    "steps may need anything": Mutation(
        wellformed, "_step_flaws", nothing, lambda: misfit("negative wait")
    ),
    "steps may need steps that do not exist": Mutation(
        wellformed, "_reference_flaws", nothing, lambda: misfit("need on nothing")
    ),
    "steps may go in circles": Mutation(
        wellformed, "_cycle_flaws", nothing, lambda: misfit("needs itself")
    ),
    "profiles may have any name": Mutation(
        wellformed, "_profile_flaws", nothing, lambda: misfit("unknown profile")
    ),
    "moves may go anywhere": Mutation(
        wellformed, "_target_flaws", nothing, lambda: misfit("too many moves")
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
    with pytest.raises((AssertionError, LookupError)):
        mutation.promise()


@pytest.mark.parametrize("module", [wellformed, deeds])
def test_every_rule_of_what_makes_sense_is_broken_once(module: ModuleType) -> None:
    rules = {name for name in vars(module) if name.startswith("_") and name.endswith("_flaws")}
    assert rules <= {mutation.rule for mutation in MUTATIONS.values()}
