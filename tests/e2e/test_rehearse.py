"""`reconcile rehearse`: plans played in a sandbox like their zone, under the judges' eyes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.app import run
from reconciler.demo.likeness import Likeness, Unlike, likeness
from reconciler.demo.rehearsal import rehearse
from reconciler.demo.rehearsal_seen import Rehearsed
from reconciler.demo.scenery import AUTHOR, zone_yaml
from reconciler.demo.stage import build, open_stage
from reconciler.diagnostics import BlockedError, ExitCode
from reconciler.execute.propose import bundled
from reconciler.model.desired import Denial, DenialKind
from reconciler.model.keys import DsRef, UnmatchedDs
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Need, Proved, Refuted, Status, ZonePlan
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Version,
    slot,
)
from reconciler.planning import plan_zone
from reconciler.proof import prove
from reconciler.spec.plan_file import dump_plan
from tests.planning.conftest import Builders, Times, shorten

B = Builders()
DEAD = UnmatchedDs(label="dead", algorithm=13, rdata=f"7 13 2 {'ab' * 32}")


def _history() -> ObservedZone:
    """A start whose last change, a new KSK, caches may not know of yet."""
    old: tuple[Version, ...] = (
        NsVersion(ttl=86400, propagation=3600, signers=frozenset({"a"})),
        NsVersion(signer="a", ttl=86400, propagation=300, signers=frozenset({"a"})),
        DataVersion(ttl=86400, propagation=300, signer="a", signed_by=frozenset({"z1"})),
        DsVersion(ttl=3600, propagation=3600, ds=frozenset({DsRef("k1", 2)})),
        _dnskey("k1", "z1"),
        replace(_dnskey("k1", "k2", "z1"), at=-1000),
    )
    return B.observe(ds=["k1"], keys=["k1", "k2", "z1"], data=["z1"], settled=False, history=old)


def _dnskey(*keys: str) -> DnskeyVersion:
    signed_by = frozenset(key for key in keys if key[0] == "k")
    return DnskeyVersion(
        ttl=3600, propagation=300, signer="a", keys=frozenset(keys), signed_by=signed_by
    )


SHORT = Times(ds=600, dnskey=1200, data=1800, ns=1800, negative=300, parent=60, child=30)
SITUATIONS: dict[str, Callable[[], ZonePlan]] = {
    "sign": lambda: plan_zone(B.desire(), B.observe()),
    "unsign": lambda: plan_zone(B.desire(signed=False), B.signed()),
    "roll the ZSK": lambda: plan_zone(B.desire(zsk=2), B.signed()),
    "roll the KSK": lambda: plan_zone(B.desire(ksk=2), B.signed()),
    "roll both, short TTLs": lambda: plan_zone(B.desire(ksk=2, zsk=2), B.signed(times=SHORT)),
    "roll the CSK": lambda: plan_zone(B.desire(scheme=B.CSK, csk=2), B.signed_csk()),
    "split a CSK": lambda: plan_zone(B.desire(), B.signed_csk()),
    "another algorithm": lambda: plan_zone(B.desire(algorithm=15), B.signed()),
    "a change that caches may not know yet": lambda: plan_zone(B.desire(ksk=2), _history()),
    "an unknown past": lambda: plan_zone(B.desire(ksk=2), B.signed(settled=False)),
}


def _proved(plan: ZonePlan) -> Proved:
    assert plan.timeline
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved)
    return verdict


def _like(plan: ZonePlan, *, parent_delay: int = 0) -> Likeness:
    assert plan.timeline
    found = likeness(plan.zone, plan.steps, plan.timeline, parent_delay=parent_delay)
    assert isinstance(found, Likeness), found
    return found


def _rehearse(plan: ZonePlan, folder: Path, *, parent_delay: int = 0) -> Rehearsed:
    assert plan.timeline
    verdict = prove(plan.steps, plan.timeline)
    return rehearse(plan, _like(plan, parent_delay=parent_delay), verdict, folder / "world")


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_proved_plan_shows_no_bad_view_to_any_judge(name: str, tmp_path: Path) -> None:
    plan = SITUATIONS[name]()
    _proved(plan)
    seen = _rehearse(plan, tmp_path)
    assert seen.good
    assert [step.step for step in seen.steps] == [step.id for step in plan.steps]
    assert all(step.mixes for step in seen.steps), "each step was judged while it was new"


def _tight() -> list[tuple[str, int, int]]:
    found = []
    for name, planned in SITUATIONS.items():
        for place, step in enumerate(planned().steps):
            for number, need in enumerate(step.needs):
                if need.reason == "proof":
                    found.append((name, place, number))
    return found


@pytest.mark.parametrize(("name", "place", "number"), _tight())
def test_a_wait_of_the_proof_cut_by_one_second_shows_bogus_views(
    name: str, place: int, number: int, tmp_path: Path
) -> None:
    plan = SITUATIONS[name]()
    step = plan.steps[place]
    cut = shorten(plan, step.id, step.needs[number])
    assert cut.timeline
    assert isinstance(prove(cut.steps, cut.timeline), Refuted)
    seen = _rehearse(cut, tmp_path)
    assert seen.bogus
    first = next(s for s in seen.steps if s.bogus)
    assert first.step == step.id
    assert first.example


def test_a_parent_that_takes_its_time_changes_nothing_but_the_time(tmp_path: Path) -> None:
    plan = SITUATIONS["roll the KSK"]()
    seen = _rehearse(plan, tmp_path, parent_delay=86400)
    assert seen.good
    assert [step.after for step in seen.steps] == [0, 3900, 11100 + 86400]


def test_a_start_that_is_bogus_is_mended_and_counted_apart(tmp_path: Path) -> None:
    start = B.observe(ds=["dead"], keys=["k1", "z1"], data=["z1"], entries=[DEAD])
    plan = plan_zone(B.desire(), start)
    assert _proved(plan).exposure_until
    seen = _rehearse(plan, tmp_path)
    assert seen.mended
    assert seen.good


def test_steps_that_wait_for_each_other_are_told_and_not_waited_for(tmp_path: Path) -> None:
    plan = SITUATIONS["roll the KSK"]()
    first = replace(plan.steps[0], needs=(Need(step="s3", wait_min=1),))
    with pytest.raises(BlockedError, match="wait for each other"):
        _rehearse(replace(plan, steps=(first, *plan.steps[1:])), tmp_path)


def test_every_instance_lags_by_nothing_or_by_the_declared_bound() -> None:
    layout = _like(SITUATIONS["roll both, short TTLs"]()).layout
    lags = {(server.hidden, server.lag) for server in layout.servers}
    assert lags == {(False, 0), (True, SHORT.parent), (True, SHORT.child)}
    (zone,), (registry,) = layout.zones, layout.tlds
    assert (registry.ds_ttl, zone.dnskey_ttl) == (SHORT.ds, SHORT.dnskey)
    assert max(int(line.split()[1]) for line in zone.records) == SHORT.data


def _with(plan: ZonePlan, **change: Any) -> ZonePlan:  # noqa: ANN401 (fields of any version)
    """The same plan with the data of signer `a` changed where it stands from the start."""
    assert plan.timeline
    versions = tuple(
        replace(v, **change) if isinstance(v, DataVersion) and v.step is None else v
        for v in plan.timeline.versions
    )
    return replace(plan, timeline=replace(plan.timeline, versions=versions))


def _and(plan: ZonePlan, version: Version) -> ZonePlan:
    assert plan.timeline
    kept = [v for v in plan.timeline.versions if slot(v) != slot(version)]
    return replace(plan, timeline=replace(plan.timeline, versions=(*kept, version)))


def _unlike(plan: ZonePlan, observed: ObservedZone | None = None) -> str:
    assert plan.timeline
    found = likeness(plan.zone, plan.steps, plan.timeline, observed)
    assert isinstance(found, Unlike)
    return "; ".join(found.why)


def _polled() -> CdsVersion:
    return CdsVersion(
        signer="a", ttl=60, propagation=60, cds=frozenset(), polled=True, processing_max=9
    )


def _slow(plan: ZonePlan) -> ZonePlan:
    third = replace(plan.steps[2], needs=(Need(step="s2", wait_min=2**31 - 1),))
    return replace(plan, steps=(*plan.steps[:2], third))


LIMITS: dict[str, Callable[[], ZonePlan]] = {
    "run out": lambda: _with(SITUATIONS["roll the ZSK"](), expires=86400),
    "takes time to sign": lambda: _with(SITUATIONS["roll the KSK"](), propagation=9999),
    "the TTL of data at a changes": lambda: _with(SITUATIONS["roll the ZSK"](), ttl=60),
    "the timeline tells nothing of b": lambda: _and(
        SITUATIONS["roll the KSK"](),
        NsVersion(ttl=86400, propagation=3600, signers=frozenset({"a", "b"})),
    ),
    "longer than signatures": lambda: _slow(SITUATIONS["roll the KSK"]()),
    "below the root": lambda: replace(SITUATIONS["roll the KSK"](), zone="example."),
}


@pytest.mark.parametrize("why", LIMITS)
def test_what_the_sandbox_cannot_be_is_said_and_not_smoothed_over(why: str) -> None:
    assert why in _unlike(LIMITS[why]())


def test_denial_is_taken_from_the_observation_or_refused() -> None:
    plan, observed = SITUATIONS["roll the KSK"](), B.signed()
    (facts,) = observed.signers.values()

    def seen(kind: DenialKind) -> ObservedZone:
        return replace(observed, signers={"a": replace(facts, denial=Denial(kind=kind))})

    assert "compact denial" in _unlike(plan, seen(DenialKind.COMPACT))
    assert plan.timeline
    like = likeness(plan.zone, plan.steps, plan.timeline, seen(DenialKind.NSEC3))
    assert isinstance(like, Likeness)
    assert like.layout.zones[0].signing.denial.kind is DenialKind.NSEC3
    assert not any("denial" in note for note in like.notes)


def test_what_a_polling_parent_does_at_other_times_is_left_to_the_proof() -> None:
    notes = _like(_and(SITUATIONS["roll the KSK"](), _polled())).notes
    assert any("left to the proof" in note for note in notes)


def test_an_unknown_past_is_named_as_not_played() -> None:
    notes = _like(SITUATIONS["an unknown past"]()).notes
    assert any("not known" in note for note in notes)


def _file(folder: Path, *plans: ZonePlan) -> Path:
    path = folder / "plan.json"
    path.write_bytes(dump_plan(bundled({plan.zone: plan for plan in plans})))
    return path


def _changed(file: Path) -> Path:
    """The same file with its second step a second early, margins 0, and a digest that tells."""
    data = json.loads(file.read_bytes())
    for step in data["zones"]["example.com."]["steps"]:
        for need in step["needs"]:
            need["margin"] = 0
    data["zones"]["example.com."]["steps"][1]["needs"][0]["wait_min"] -= 1
    changed = file.with_name("changed.json")
    changed.write_text(json.dumps(data))
    return changed


def test_a_plan_file_alone_is_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = _file(tmp_path, SITUATIONS["roll the KSK"]())
    assert run(["rehearse", str(file)]) == ExitCode.OK
    told = capsys.readouterr().out
    assert told.count("0 bogus, 0 insecure unasked") >= 3
    assert "not played" in told


def test_a_plan_that_was_changed_is_rehearsed_only_when_asked_and_then_shown_to_be_bogus(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _changed(_file(tmp_path, SITUATIONS["roll the KSK"]()))
    assert run(["rehearse", str(file)]) == ExitCode.VERIFICATION_FAILED
    assert "plan-digest-mismatch" in capsys.readouterr().err
    asked = ["rehearse", str(file), "--even-if-unproved", "--format", "json"]
    assert run(asked) == ExitCode.VERIFICATION_FAILED
    told = capsys.readouterr()
    zone = json.loads(told.out)["zones"]["example.com."]
    assert zone["status"] == "failed"
    assert zone["bogus"] > 0
    assert zone["steps"][1]["example"].startswith("loose: no DS matches")
    assert "not-proved" in told.err


def test_a_plan_that_does_not_prove_is_refused_with_the_counterexample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = SITUATIONS["roll the KSK"]()
    cut = shorten(plan, "s2", plan.steps[1].needs[0])
    assert run(["rehearse", str(_file(tmp_path, cut))]) == ExitCode.VERIFICATION_FAILED
    told = capsys.readouterr()
    assert "some cache may hold together" in told.err
    assert "--even-if-unproved" in told.err
    assert not told.out.strip()


def test_zones_of_a_file_are_chosen_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    still = replace(SITUATIONS["sign"](), zone="still.example.", steps=(), timeline=None)
    quiet = replace(still, status=Status.NO_CHANGE)
    file = _file(tmp_path, SITUATIONS["sign"](), quiet)
    assert run(["rehearse", str(file), "still.example"]) == ExitCode.OK
    assert "nothing to rehearse, it is as desired" in capsys.readouterr().out
    assert run(["rehearse", str(file), "other.example"]) == ExitCode.ERROR
    assert "the file holds no plan of it" in capsys.readouterr().err
    assert run(["rehearse", str(tmp_path / "none.json")]) == ExitCode.ERROR


def test_what_cannot_be_rehearsed_blocks_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _file(tmp_path, LIMITS["run out"]())
    assert run(["rehearse", str(file), "--even-if-unproved"]) == ExitCode.BLOCKED
    assert "run out" in capsys.readouterr().err


def test_a_portfolio_is_planned_and_rehearsed_and_nothing_of_it_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "portfolio"
    build(root)
    with open_stage(root) as stage:
        text = zone_yaml("legacy.example.", "own", "registrar", signed=False)
        files = {"zones/legacy.example.yaml": text}
        stage.repository.commit(files, "Unsign", AUTHOR, stage.world.now())
        before, commits = stage.world.dump(), stage.repository.count()
    kept = shutil.copytree(root / "zones", tmp_path / "kept")
    assert run(["rehearse", "legacy.example", "-C", str(root)]) == ExitCode.OK
    assert "legacy.example.: rehearsed in a sandbox like it" in capsys.readouterr().out
    with open_stage(root) as stage:
        assert (stage.world.dump(), stage.repository.count()) == (before, commits)
    for file in kept.iterdir():
        assert file.read_text() == (root / "zones" / file.name).read_text()


def test_a_step_is_explained_and_a_plan_drawn_from_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = SITUATIONS["roll the KSK"]()
    file = _file(tmp_path, first, replace(first, zone="other.example."))
    assert run(["show", str(file), "--explain", "other.example./s2", "-C", str(tmp_path)]) == 0
    assert "some cache may hold together" in capsys.readouterr().out
    assert run(["show", str(file), "--explain", "s2", "-C", str(tmp_path)]) == ExitCode.ERROR
    assert "--explain example.com./s2" in capsys.readouterr().err
    assert run(["show", str(file), "--explain", "s9", "-C", str(tmp_path)]) == ExitCode.ERROR
    assert "the plan has no step s9" in capsys.readouterr().err
    assert run(["show", str(file), "--format", "svg", "-C", str(tmp_path)]) == ExitCode.OK
    assert capsys.readouterr().out.count("other.example.: change planned") == 1
