"""Steps, moves and keys in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import assert_never

from reconciler.model.durations import duration_words
from reconciler.model.keys import DsRef, Key, KeyEntry, UnmatchedDs
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
    Move,
    NsSet,
    ParentMove,
    RollStart,
    TtlSet,
    ZoneSign,
    ZoneUnsign,
    system,
)
from reconciler.model.plan import Deadline, Need, Step, WaitFrom
from reconciler.model.timeline import RRsetKind
from reconciler.report.console import visible

_ALGORITHMS = {
    5: "RSASHA1",
    7: "RSASHA1-NSEC3-SHA1",
    8: "RSASHA256",
    10: "RSASHA512",
    13: "ECDSAP256SHA256",
    14: "ECDSAP384SHA384",
    15: "ED25519",
    16: "ED448",
}
"""Mnemonics of DNSSEC algorithms (IANA, DNS Security Algorithm Numbers)."""
_DIGESTS = {1: "SHA-1", 2: "SHA-256", 3: "GOST R 34.11-94", 4: "SHA-384"}
"""Names of DS digest types (IANA, DS RR Type Digest Algorithms)."""
_ACTORS = {"parent": "the parent", "person": "a person"}


def who(actor: str) -> str:
    """Return who acts: `signer a`, `the parent`, `signer a by itself`, `a person`."""
    return ", ".join(_one_actor(part.strip()) for part in actor.split(","))


def who_acts(step: Step) -> str:
    """Return who makes a step; where several systems do, `orders` says who makes which move."""
    return "together, in any order" if _several(step) else who(step.actor)


def orders(step: Step, keys: Mapping[str, KeyEntry]) -> tuple[str, ...]:
    """Return the moves of a step as orders, `wait` where it has none."""
    if not step.moves:
        return ("wait",)
    told = ((who(_made_by(move, step)), move_words(move, keys)) for move in step.moves)
    several = _several(step)
    return tuple(f"{actor}: {words}" if several else words for actor, words in told)


def _several(step: Step) -> bool:
    return len({system(move) for move in step.moves}) > 1


def _made_by(move: Move, step: Step) -> str:
    """Return the actor that makes a move: a person for a manual parent, a signer by itself."""
    actors = {actor.strip() for actor in step.actor.split(",")}
    asked = system(move)
    if asked == "parent":
        return asked if asked in actors else "person"
    itself = asked.replace("signer:", "signer-itself:", 1)
    return itself if itself in actors and asked not in actors else asked


def _one_actor(actor: str) -> str:
    kind, _, name = actor.partition(":")
    match kind:
        case "signer":
            return f"signer {visible(name)}"
        case "signer-itself":
            return f"signer {visible(name)} by itself"
        case _:
            return _ACTORS.get(actor, visible(actor))


def key_words(label: str, keys: Mapping[str, KeyEntry]) -> str:
    """Return a key with what tells it from others: role, algorithm and tag."""
    entry = keys.get(label)
    match entry:
        case Key(public_key=None):
            return f"the new {_role(entry)} {visible(label)} ({_algorithm(entry.algorithm)})"
        case Key():
            kind = f"{_role(entry)} {visible(label)}"
            return f"{kind} ({_algorithm(entry.algorithm)}, tag {entry.tag})"
        case UnmatchedDs():
            rdata = f" ({visible(entry.rdata)})" if entry.rdata else ""
            return f"{visible(label)}, which fits no key{rdata}"
        case None:
            return visible(label)
        case _:
            assert_never(entry)


def _role(key: Key) -> str:
    return "KSK" if key.is_sep else "ZSK"


def _algorithm(number: int) -> str:
    return _ALGORITHMS.get(number, f"algorithm {number}")


def move_words(move: Move, keys: Mapping[str, KeyEntry]) -> str:
    """Return a move as an order: `withdraw KSK k1 (ECDSAP256SHA256, tag 4711)`."""
    match move:
        case DnskeyAdd() | DnskeyRemove() | DnskeySign() | DnskeySet() | DataSign():
            return _key_words(move, keys)
        case ZoneSign():
            return f"turn signing on, with {_listed(move.keys, keys)}"
        case ZoneUnsign():
            return "turn signing off: no DNSKEY and no signature remains"
        case ApexNsSet():
            own = f"the NS RRset at the apex of signer {visible(move.signer)}"
            return f"make {own} name {_servers(move.signers)}"
        case CdsSet() | DenialSet() | TtlSet() | RollStart() | DsConfirm():
            return _asked_words(move, keys)
        case DsReplace() | DsAdd() | DsRemove() | NsSet():
            return _parent_move_words(move, keys)
        case _:
            assert_never(move)


def _key_words(
    move: DnskeyAdd | DnskeyRemove | DnskeySign | DnskeySet | DataSign, keys: Mapping[str, KeyEntry]
) -> str:
    match move:
        case DnskeyAdd():
            entry = keys.get(move.key)
            create = "create and " if isinstance(entry, Key) and entry.public_key is None else ""
            sign = " and sign the DNSKEY RRset with it" if move.sign else ""
            return f"{create}publish {key_words(move.key, keys)}{sign}"
        case DnskeyRemove():
            return f"withdraw {key_words(move.key, keys)}"
        case DnskeySign():
            return f"sign the DNSKEY RRset with {_only(move.keys, keys)}"
        case DnskeySet():
            exactly = f"make the DNSKEY RRset exactly {_listed(move.keys, keys)}"
            return f"{exactly}, signed by {_only(move.signed_by, keys)}, in one change"
        case DataSign():
            return f"sign the zone's data with {_only(move.keys, keys)}"
        case _:
            assert_never(move)


def _cds_words(move: CdsSet, keys: Mapping[str, KeyEntry]) -> str:
    if move.cds is None:
        return "publish no CDS and no CDNSKEY"
    if move.cds == "delete":
        return "publish the CDS and CDNSKEY that ask the parent to remove every DS"
    named = ", ".join(_ds(ref, keys) for ref in sorted(move.cds))
    return f"publish CDS and CDNSKEY for {named}"


def _asked_words(
    move: CdsSet | DenialSet | TtlSet | RollStart | DsConfirm, keys: Mapping[str, KeyEntry]
) -> str:
    match move:
        case CdsSet():
            return _cds_words(move, keys)
        case DenialSet():
            return f"deny existence with {move.denial.kind.upper()}"
        case TtlSet(rrset=RRsetKind.DATA):
            return f"let no RRset of the data have a TTL above {duration_words(move.ttl)}"
        case TtlSet():
            return f"publish the {move.rrset} RRset with a TTL of {duration_words(move.ttl)}"
        case RollStart():
            return f"ask the signer to replace {key_words(move.old, keys)} by {move.new}"
        case DsConfirm():
            state = "at the parent" if move.present else "gone from the parent"
            return f"tell the signer that the DS of {key_words(move.key, keys)} is {state}"
        case _:
            assert_never(move)


def _parent_move_words(move: ParentMove, keys: Mapping[str, KeyEntry]) -> str:
    match move:
        case DsReplace():
            return _replaced(move.ds, keys)
        case DsAdd():
            return f"add the DS of {_ds(move.ds, keys)}"
        case DsRemove():
            return f"remove the DS of {_ds(move.ds, keys)}"
        case NsSet():
            return f"make the delegation name {_servers(move.signers)}"
        case _:
            assert_never(move)


def _servers(signers: frozenset[str]) -> str:
    named = _join(visible(name) for name in sorted(signers))
    return f"the servers of {named} only" if signers else "no server"


def _replaced(ds: frozenset[DsRef], keys: Mapping[str, KeyEntry]) -> str:
    if not ds:
        return "remove every DS"
    return f"make the DS RRset exactly that of {_join(_ds(ref, keys) for ref in sorted(ds))}"


def _ds(ref: DsRef, keys: Mapping[str, KeyEntry]) -> str:
    digest = _DIGESTS.get(ref.digest_type, f"digest type {ref.digest_type}")
    return f"{key_words(ref.key, keys)} by {digest}"


def _only(labels: frozenset[str], keys: Mapping[str, KeyEntry]) -> str:
    return f"{_listed(labels, keys)} only" if labels else "no key"


def _listed(labels: frozenset[str], keys: Mapping[str, KeyEntry]) -> str:
    return _join(key_words(label, keys) for label in sorted(labels)) or "no key"


def _join(words: Iterable[str]) -> str:
    return " and ".join(words)


def need_words(need: Need) -> str:
    """Return a wait and why: `after s1 is seen everywhere: 1 h 5 min + 1 h margin (proof)`."""
    margin = f" + {duration_words(need.margin)} margin" if need.margin else ""
    since = _since(need.step, need.wait_from)
    why = f": {visible(need.why)}" if need.why else ""
    return f"{since}: {duration_words(need.wait_min)}{margin} ({visible(need.reason)}){why}"


def deadline_words(deadline: Deadline) -> str:
    """Return a deadline: `at most 10 d after s1: the contract ends`."""
    after = "the observation" if deadline.step is None else visible(deadline.step)
    reason = f": {visible(deadline.reason)}" if deadline.reason else ""
    return f"at most {duration_words(deadline.wait_max)} after {after}{reason}"


def _since(step: str | None, wait_from: WaitFrom) -> str:
    if step is None:
        return "after the observation"
    match wait_from:
        case WaitFrom.EVIDENCE:
            return f"after {visible(step)} is seen everywhere"
        case WaitFrom.EFFECT:
            return f"after {visible(step)} takes effect"
        case _:
            assert_never(wait_from)


def exposure_words(bogus: int | None, insecure: int | None) -> Iterator[str]:
    """Yield what the best path that is not safe would cost."""
    for seconds, kind in ((bogus, "bogus"), (insecure, "insecure")):
        if seconds:
            yield f"the best path that is not safe is {kind} for {duration_words(seconds)}"
