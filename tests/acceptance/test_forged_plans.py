"""Plan files forged with care, every digest made anew: what was observed gives them away."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.audit.offered import offer_flaws
from reconciler.model.moves import DnskeySet
from reconciler.model.plan import Step, ZonePlan
from reconciler.spec.digests import change_digest, plan_digest
from reconciler.spec.plan_file import dump_plan, load_plan

if TYPE_CHECKING:
    from tests.acceptance.conftest import Reconcile

Zone = dict[str, Any]
NAME = "shop.example."


def a_person_acts(zone: Zone) -> None:
    zone["steps"][0]["actor"] = "person"


def nobody_acts(zone: Zone) -> None:
    zone["steps"][0]["actor"] = "signer-itself:a"


def the_key_is_elsewhere(zone: Zone) -> None:
    zone["timeline"]["keys"]["zsk@13/1"]["home"] = "b"


def the_parent_takes_one_at_a_time(zone: Zone) -> None:
    zone["observed"]["parent"]["capabilities"] = {"write": "one_at_a_time"}


def the_parent_takes_none(zone: Zone) -> None:
    zone["observed"]["parent"]["capabilities"] = {"write": "none"}


def the_signer_has_a_switch(zone: Zone) -> None:
    zone["observed"]["signers"]["a"]["capabilities"]["signing"] = "switch"


def insecurity_is_slipped_in(zone: Zone) -> None:
    zone["timeline"]["insecure_allowed"] = True


def it_is_called_harmless(zone: Zone) -> None:
    zone["risk"] = zone["rules"]["risk"] = "R1"
    for step in zone["steps"]:
        step["risk"] = "R1"


def nothing_is_taken_for_granted(zone: Zone) -> None:
    zone["timeline"]["assumptions"] = []


def strict_validators_are_passed_over(zone: Zone) -> None:
    zone["timeline"]["profiles"] = ["loose"]


ALONE: dict[str, tuple[Callable[[Zone], None], str]] = {
    "another actor": (a_person_acts, "names person as who acts"),
    "no actor": (nobody_acts, "which does nothing by itself"),
    "custody": (the_key_is_elsewhere, "a key that it does not hold"),
    "one DS after the other": (the_parent_takes_one_at_a_time, "which it does not offer"),
    "no way to change DS": (the_parent_takes_none, "which it does not offer"),
    "no way to add keys": (the_signer_has_a_switch, "which it does not offer"),
    "insecure": (insecurity_is_slipped_in, "that of what it does is R4"),
    "risk": (it_is_called_harmless, "that of what it does is R3"),
    "assumptions": (nothing_is_taken_for_granted, "it takes for granted"),
    "profiles": (strict_validators_are_passed_over, "no safety for the profile ds-alg"),
}


def the_content_is_not_alike(zone: Zone) -> None:
    zone["observed"]["content_equal"] = {}


def the_delegation_is_fixed(zone: Zone) -> None:
    zone["observed"]["parent"]["capabilities"]["sets_ns"] = False


def the_apex_is_fixed(zone: Zone) -> None:
    zone["observed"]["signers"]["a"]["capabilities"]["sets_apex_ns"] = False


def no_foreign_keys(zone: Zone) -> None:
    zone["observed"]["signers"]["b"]["capabilities"]["foreign_zsk"] = False


TOGETHER: dict[str, tuple[Callable[[Zone], None], str]] = {
    "other content": (the_content_is_not_alike, "which was not seen to serve the same"),
    "delegation": (the_delegation_is_fixed, "asks the parent for ns.set"),
    "apex": (the_apex_is_fixed, "asks a for apex_ns.set"),
    "foreign keys": (no_foreign_keys, "asks b for dnskey.add"),
}


def forge(file: Path, change: Callable[[Zone], None]) -> None:
    """Change a plan, then make times, digests and what it says of its proof fit again."""
    content = json.loads(file.read_bytes())
    zone = content["zones"][NAME]
    zone.pop("proof")
    change(zone)
    zone["profiles"] = zone["timeline"]["profiles"]
    zone["assumptions"] = zone["timeline"]["assumptions"]
    plan = load_plan(json.dumps(content).encode(), "forged")
    plan = replace(plan, zones={NAME: _signed(plan.zones[NAME])})
    file.write_bytes(dump_plan(replace(plan, plan_digest=plan_digest(plan))))


def _signed(zone: ZonePlan) -> ZonePlan:
    return replace(zone, change_digest=change_digest(zone, zone.desired_digest, zone.rules))


@pytest.mark.parametrize(("change", "told"), ALONE.values(), ids=ALONE.keys())
def test_a_forged_plan_of_one_signer_is_found_out(
    change: Callable[[Zone], None],
    told: str,
    plan_of: Callable[[str], Path],
    reconcile: Reconcile,
) -> None:
    file = plan_of("p10")
    forge(file, change)
    ended = reconcile("verify", file)
    assert ended.code == 8
    assert told in ended.err


@pytest.mark.parametrize(("change", "told"), TOGETHER.values(), ids=TOGETHER.keys())
def test_a_forged_plan_of_two_signers_is_found_out(
    change: Callable[[Zone], None],
    told: str,
    plan_of: Callable[[str], Path],
    reconcile: Reconcile,
) -> None:
    file = plan_of("p16")
    forge(file, change)
    ended = reconcile("verify", file)
    assert ended.code == 8
    assert told in ended.err


@pytest.mark.parametrize("name", ["p10", "p16"])
def test_a_plan_that_was_only_written_anew_is_verified(
    name: str, plan_of: Callable[[str], Path], reconcile: Reconcile
) -> None:
    file = plan_of(name)
    forge(file, lambda _: None)
    assert reconcile("verify", file).code == 0


def test_a_signer_that_shows_parts_of_a_change_is_not_asked_for_all_at_once(
    plan_of: Callable[[str], Path],
) -> None:
    observed = load_plan(plan_of("p10").read_bytes(), "p10").zones[NAME].observed
    assert observed
    key = frozenset({"ksk"})
    asked = Step(id="s1", moves=(DnskeySet(signer="a", keys=key, signed_by=key),), actor="signer:a")
    assert list(offer_flaws([asked], observed, observed.keys)) == [
        "s1 asks a for dnskey.set, which it does not offer"
    ]
