"""Versions and verdicts in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from reconciler.model.durations import duration_words
from reconciler.model.keys import DsRef
from reconciler.model.plan import Malformed, Proved, Refuted, Verdict, WaitSlack
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Slot,
    Version,
)
from reconciler.proof.profiles import Status

_DIGESTS = {1: "SHA-1", 2: "SHA-256", 3: "GOST", 4: "SHA-384"}


def listed(labels: Iterable[str]) -> str:
    """Return labels in order and in braces."""
    return "{" + ", ".join(sorted(labels)) + "}"


def place(where: Slot) -> str:
    """Return the name of a slot: `DS`, `DNSKEY at a`."""
    kind, signer = where
    return str(kind) if signer is None else f"{kind} at {signer}"


def ds_text(ds: Iterable[DsRef]) -> str:
    """Return a DS set: `{k1 (SHA-256)}`."""
    return listed(f"{r.key} ({_DIGESTS.get(r.digest_type, r.digest_type)})" for r in ds)


def describe(version: Version, note: str = "") -> str:
    """Return what a version holds and since when: `DS {k1 (SHA-256)} (since s2)`."""
    since = note or _since(version)
    return f"{_unknown(version) if version.unknown else _holds(version)} ({since})"


def _since(version: Version) -> str:
    if version.step is not None:
        return f"since {version.step}"
    return "from before" if version.at is None else f"since {duration_words(-version.at)} before"


def _unknown(version: Version) -> str:
    match version:
        case DsVersion():
            return "an unknown DS RRset"
        case NsVersion(signer=None):
            return "an unknown NS RRset of the parent"
        case NsVersion():
            return f"an unknown NS RRset at {version.signer}"
        case DnskeyVersion():
            return f"an unknown DNSKEY RRset at {version.signer}"
        case DataVersion():
            return f"unknown data at {version.signer}"
        case CdsVersion():
            return f"an unknown CDS RRset at {version.signer}"


def _holds(version: Version) -> str:
    match version:
        case DsVersion():
            return f"DS {ds_text(version.ds)}" if version.ds else "no DS"
        case NsVersion():
            return f"NS {listed(version.signers)} at {version.signer or 'the parent'}"
        case DnskeyVersion():
            if not version.keys:
                return f"no DNSKEY at {version.signer}"
            keys, signers = listed(version.keys), listed(version.signed_by)
            return f"DNSKEY {keys} at {version.signer} signed by {signers}"
        case DataVersion():
            signed = f"signed by {listed(version.signed_by)}" if version.signed_by else "unsigned"
            return f"data at {version.signer} {signed}"
        case CdsVersion():
            return f"CDS at {version.signer}"


def explain(verdict: Verdict) -> str:
    """Return a verdict in plain words, for people: several lines, no colour."""
    match verdict:
        case Proved():
            return "\n".join(_proved(verdict))
        case Refuted():
            return "\n".join(_refuted(verdict))
        case Malformed():
            return f"Cannot be proved: {verdict.why}."
        case _:
            assert_never(verdict)


def _proved(verdict: Proved) -> list[str]:
    profiles = ", ".join(verdict.profiles)
    lines = [
        f"Proved for {profiles}: whatever the delays, no cache can assemble a bogus view,",
        "or an insecure one unasked for.",
    ]
    if verdict.versions_only:
        lines.append("No step names a move: only the versions were judged.")
    if verdict.separations:
        closest = min(verdict.separations, key=lambda s: s.seconds)
        count = len(verdict.separations)
        lines += [
            f"Bad combinations that can never be cached together: {count}. The closest:",
            f"  {closest.apart[0]} is gone {_ahead(closest.seconds)} {closest.apart[1]}.",
        ]
    lines += [_slack(slack) for slack in verdict.slack]
    if verdict.exposure_until is not None:
        lines.append(
            "The start is broken already; its last broken part is out of every cache "
            f"{duration_words(verdict.exposure_until)} after the start at the earliest:\n"
            "if each step is taken as soon as its needs allow. Whoever is late prolongs it."
        )
    if verdict.unmended:
        lines.append("The start is broken already, and these steps do not mend all of it.")
    return lines


def _ahead(seconds: int) -> str:
    return f"at least {duration_words(seconds)} before" if seconds else "just when"


def _slack(slack: WaitSlack) -> str:
    after = slack.need or "the start"
    room = f"{duration_words(slack.seconds)} longer than needed" if slack.seconds else "tight"
    return f"Wait of {slack.step} after {after}: {room}."


def _refuted(verdict: Refuted) -> list[str]:
    """Tell the steps up to the bad view, and then the view; what comes later changes nothing."""
    story = sorted((at, step) for step, at in verdict.schedule.items() if at <= verdict.begins)
    until = "for ever" if verdict.ends is None else f"until {duration_words(verdict.ends)}"
    several = len(verdict.versions) > 1
    seen = "there may be" if verdict.verdict == Status.UNTRUE else "some cache may hold"
    view = f"{seen} together" if several else seen
    return [
        f"Refuted under {verdict.profile}: the needs allow this course.",
        *(f"  {duration_words(at):>18}  {step} takes effect" for at, step in story),
        f"  {duration_words(verdict.begins):>18}  from here, {until}, {view}",
        *(f"{'':>20}- {text}" for text in verdict.versions),
        f"{'Together they are' if several else 'It is'} {verdict.verdict}. {verdict.why}",
    ]
