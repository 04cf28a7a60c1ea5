"""Every way of tampering with a plan file that issue 3 lists, at every place where it fits."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from reconciler.diagnostics import SpecError
from reconciler.model.plan import ZonePlan
from reconciler.spec.canonical import digest
from reconciler.spec.digests import change_digest
from reconciler.spec.plan_file import load_plan

Json = dict[str, Any]
Tampered = Iterator[tuple[str, Json]]
PROFILES = ("sha1-ignored", "top-digest", "rfc4035", "ds-alg", "without-alg(13)", "strictest")


def needs_removed(zone: Json) -> Tampered:
    for place, changed, number in _needs(zone):
        changed["needs"].pop(number)
        yield place


def waits_shortened(zone: Json) -> Tampered:
    for place, changed, number in _needs(zone):
        need = changed["needs"][number]
        if need["wait_min"]:
            need["wait_min"] -= 1
            yield place


def margins_counted(zone: Json) -> Tampered:
    for place, changed, number in _needs(zone):
        need = changed["needs"][number]
        if need["margin"]:
            need["wait_min"] += need["margin"]
            need["margin"] = 0
            yield place


def margins_taken_out_of_waits(zone: Json) -> Tampered:
    for place, changed, number in _needs(zone):
        need = changed["needs"][number]
        if 0 < need["margin"] <= need["wait_min"]:
            need["wait_min"] -= need["margin"]
            yield place


def deadlines_removed(zone: Json) -> Tampered:
    for index, step in enumerate(zone["steps"]):
        for number in range(len(step["not_after"])):
            changed = copy.deepcopy(zone)
            changed["steps"][index]["not_after"].pop(number)
            yield f"deadline {number} of {step['id']}", changed


def _needs(zone: Json) -> Iterator[tuple[tuple[str, Json], Json, int]]:
    for index, step in enumerate(zone["steps"]):
        for number in range(len(step["needs"])):
            changed = copy.deepcopy(zone)
            label = f"need {number} of {step['id']}"
            yield (label, changed), changed["steps"][index], number


def effects_altered(zone: Json) -> Tampered:
    for index, version in enumerate(zone["timeline"]["versions"]):
        for member in ("keys", "signed_by", "signers"):
            if version.get(member):
                changed = copy.deepcopy(zone)
                changed["timeline"]["versions"][index][member].pop()
                yield f"{member} of {_label(version)}", changed


def moves_altered(zone: Json) -> Tampered:
    for index, step in enumerate(zone["steps"]):
        for number, move in enumerate(step["moves"]):
            for member, value in move["args"].items():
                changed = copy.deepcopy(zone)
                args = changed["steps"][index]["moves"][number]["args"]
                args[member] = _other(value, zone) if value != [] else _one_more(member, zone)
                yield f"{member} of {move['op']} in {step['id']}", changed


def _other(value: Any, zone: Json) -> Any:  # noqa: ANN401 (JSON)
    match value:
        case bool():
            return not value
        case list():
            return value[:-1]
        case "DNSKEY" | "NS" | "data":
            return "data" if value == "DNSKEY" else "DNSKEY"
        case str():
            return min(set(zone["timeline"]["keys"]) - {value}, default="nothing")
        case {"key": key, "digest_type": digest_type}:
            return {"key": key, "digest_type": 4 if digest_type == 2 else 2}
        case {"kind": kind}:
            return {**value, "kind": "nsec" if kind != "nsec" else "nsec3"}
        case _:
            return value + 1


def _one_more(member: str, zone: Json) -> list[Any]:
    key = min(zone["timeline"]["keys"])
    return [{"key": key, "digest_type": 2}] if member in {"ds", "cds"} else [key]


def moves_left_out(zone: Json) -> Tampered:
    for index, step in enumerate(zone["steps"]):
        for number, move in enumerate(step["moves"]):
            changed = copy.deepcopy(zone)
            changed["steps"][index]["moves"].pop(number)
            yield f"{move['op']} of {step['id']}", changed


def profiles_added(zone: Json) -> Tampered:
    for name in PROFILES:
        if name not in zone["profiles"]:
            changed = copy.deepcopy(zone)
            changed["profiles"].append(name)
            changed["timeline"]["profiles"].append(name)
            yield name, changed


def ds_bytes_changed(zone: Json) -> Tampered:
    for index, record in enumerate(zone.get("ds_records", ())):
        changed = copy.deepcopy(zone)
        changed["ds_records"][index]["rdata"] = _other_digit(record["rdata"])
        yield f"DS of {record['key']}", changed
    for label, entry in zone["timeline"]["keys"].items():
        changed = copy.deepcopy(zone)
        if "rdata" in entry:
            changed["timeline"]["keys"][label]["rdata"] = _other_digit(entry["rdata"])
            yield f"dead DS {label}", changed
        elif "public_key" in entry:
            octets = bytearray(base64.b64decode(entry["public_key"]))
            octets[-1] ^= 1
            changed["timeline"]["keys"][label]["public_key"] = base64.b64encode(octets).decode()
            yield f"key {label}", changed


def _other_digit(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def versions_left_out(zone: Json) -> Tampered:
    for index, version in enumerate(zone["timeline"]["versions"]):
        changed = copy.deepcopy(zone)
        changed["timeline"]["versions"].pop(index)
        yield _label(version), changed


def ttls_lowered(zone: Json) -> Tampered:
    for index, version in enumerate(zone["timeline"]["versions"]):
        if version["ttl"]:
            changed = copy.deepcopy(zone)
            changed["timeline"]["versions"][index]["ttl"] -= 1
            yield _label(version), changed


def ends_of_signatures_set_to_null(zone: Json) -> Tampered:
    for index, version in enumerate(zone["timeline"]["versions"]):
        if version.get("expires") is not None:
            changed = copy.deepcopy(zone)
            changed["timeline"]["versions"][index]["expires"] = None
            yield _label(version), changed


def _label(version: Json) -> str:
    since = version["step"] or ("the start" if version["at"] is None else f"{version['at']} s")
    return f"{version['rrset']} at {version.get('signer', 'the parent')} since {since}"


def moves_all_deleted(zone: Json) -> Tampered:
    for by_themselves in (False, True):
        changed = copy.deepcopy(zone)
        for step in changed["steps"]:
            step["moves"] = []
            if by_themselves:
                step["actor"] = step["actor"].replace("signer:", "signer-itself:")
        if changed["steps"]:
            yield f"all moves, by themselves: {by_themselves}", changed


def profiles_shortened(zone: Json) -> Tampered:
    for name in zone["profiles"]:
        changed = copy.deepcopy(zone)
        told = (changed, changed["timeline"], changed.get("proof", {}))
        for each in told:
            each["profiles"] = [profile for profile in each.get("profiles", ()) if profile != name]
        yield name, changed


def insecurity_smuggled_in(zone: Json) -> Tampered:
    if not zone["timeline"]["insecure_allowed"]:
        changed = copy.deepcopy(zone)
        changed["timeline"]["insecure_allowed"] = True
        yield "insecure_allowed", changed


def assumptions_removed(zone: Json) -> Tampered:
    for number, sentence in enumerate(zone["assumptions"]):
        if not sentence.startswith("not claimed"):
            changed = copy.deepcopy(zone)
            changed["assumptions"].pop(number)
            changed["timeline"]["assumptions"].pop(number)
            yield sentence, changed


def freeze_classes_lowered(zone: Json) -> Tampered:
    order = ("start", "continue", "rescue")
    for index, step in enumerate(zone["steps"]):
        for lower in order[order.index(step["freeze_class"]) + 1 :]:
            changed = copy.deepcopy(zone)
            changed["steps"][index]["freeze_class"] = lower
            yield f"{step['id']} {lower}", changed


def risks_lowered(zone: Json) -> Tampered:
    for index, step in enumerate(zone["steps"]):
        if step["risk"] != "R0":
            changed = copy.deepcopy(zone)
            changed["steps"][index]["risk"] = "R0"
            yield step["id"], changed
    changed = copy.deepcopy(zone)
    changed["risk"] = changed["rules"]["risk"] = "R1"
    if changed["steps"]:
        yield "the plan", changed


def actors_altered(zone: Json) -> Tampered:
    signer = min(zone["observed"]["signers"])
    for index, step in enumerate(zone["steps"]):
        for actor in ("parent", f"signer:{signer}", f"signer-itself:{signer}", "person"):
            if set(actor.split(",")) != set(step["actor"].split(",")):
                changed = copy.deepcopy(zone)
                changed["steps"][index]["actor"] = actor
                yield f"{step['id']} {actor}", changed


def evidence_not_waited_for(zone: Json) -> Tampered:
    for place, changed, number in _needs(zone):
        changed["needs"][number]["from"] = "effect"
        yield place


def propagation_lowered(zone: Json) -> Tampered:
    for index, version in enumerate(zone["timeline"]["versions"]):
        follows = version["step"] is not None or version["at"] is not None
        if follows and version["propagation"]:
            changed = copy.deepcopy(zone)
            changed["timeline"]["versions"][index]["propagation"] -= 1
            yield _label(version), changed


def desires_altered(zone: Json) -> Tampered:
    changed = copy.deepcopy(zone)
    policy = changed["desired"]["desired"]["policy"]
    policy["ksk_rollover"] = (
        "double-rrset" if "rrset" not in policy["ksk_rollover"] else "double-ds"
    )
    yield "ksk_rollover", changed
    changed = copy.deepcopy(zone)
    changed["desired"]["desired"]["signed"] ^= True
    yield "signed", changed


def members_left_out(zone: Json) -> Tampered:
    for name in ("observed", "desired", "rules", "desired_digest", "change_digest"):
        if zone["steps"]:
            yield name, {member: value for member, value in zone.items() if member != name}


KINDS: dict[str, Callable[[Json], Tampered]] = {
    "a need removed": needs_removed,
    "a wait shortened": waits_shortened,
    "a margin counted into a wait": margins_counted,
    "a margin taken out of a wait": margins_taken_out_of_waits,
    "a deadline removed": deadlines_removed,
    "a step's effect altered": effects_altered,
    "a move altered": moves_altered,
    "a move left out": moves_left_out,
    "a profile added": profiles_added,
    "a DS byte changed": ds_bytes_changed,
    "a version left out": versions_left_out,
    "a TTL lowered": ttls_lowered,
    "expires set to null": ends_of_signatures_set_to_null,
    "all moves deleted": moves_all_deleted,
    "a profile dropped": profiles_shortened,
    "insecurity allowed": insecurity_smuggled_in,
    "an assumption removed": assumptions_removed,
    "a freeze class lowered": freeze_classes_lowered,
    "a risk lowered": risks_lowered,
    "an actor altered": actors_altered,
    "a wait from an effect": evidence_not_waited_for,
    "a propagation bound lowered": propagation_lowered,
    "what was desired altered": desires_altered,
    "a member left out": members_left_out,
}


def carelessly(plan: Json) -> Json:
    """Leave the digests as they were."""
    return plan


def with_another_plan_digest(plan: Json) -> Json:
    """Make the file look intact again."""
    rest = {name: value for name, value in plan.items() if name != "plan_digest"}
    return {**rest, "plan_digest": digest(rest)}


def with_every_digest_anew(plan: Json) -> Json:
    """Compute the digests of what people approve anew too, as whoever makes another plan does.

    What cannot be read as a plan any more keeps those it has.
    """
    try:
        read = load_plan(json.dumps(plan).encode(), "tampered.json")
    except SpecError:
        return plan
    zones = {name: zone | _digests(zone, read.zones[name]) for name, zone in plan["zones"].items()}
    return with_another_plan_digest({**plan, "zones": zones})


def _digests(zone: Json, plan: ZonePlan) -> Json:
    if "change_digest" not in zone:
        return {}
    return {"change_digest": change_digest(plan, plan.desired_digest, plan.rules)}
