"""The content of a change in a normal form: steps by position, keys by what they are.

Steps stand in topological order of their needs, and where that leaves a choice, in the order of
their content. Steps of equal content are told apart by colours: a step's colour takes in those of
the steps it refers to and of those that refer to it, as often as there are steps. What is still
equal then may be exchanged without a difference.

Of keys only their order counts here: other keys in the same order stand in the same places.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from reconciler.model.desired import Denial
from reconciler.model.entries import Json
from reconciler.model.keys import DsRef, Key, KeyEntry, UnmatchedDs
from reconciler.model.moves import CdsSet, Move, TtlSet, op, system
from reconciler.model.plan import Step, ZonePlan
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Slot,
    Timeline,
    Version,
    slot,
)
from reconciler.spec.move_wire import Argument
from reconciler.spec.wire_types import denial_json, names_json


@dataclass(frozen=True, slots=True)
class _Edge:
    """A need or a deadline: the id of the step it counts from (None: the origin), its content."""

    target: str | None
    content: Json


def change_content(plan: ZonePlan) -> dict[str, Json]:
    """Return everything about a plan that an approval is for, and nothing else."""
    path = _Path(plan.steps, plan.timeline)
    outer: dict[str, Json] = {step: {"plan": at} for step, at in path.positions.items()}
    rollback = (
        {
            "after": outer.get(back.after, back.after),
            "path": _Path(back.steps, back.timeline).content(outer),
        }
        for back in plan.rollback
    )
    return {
        "zone": plan.zone,
        "status": plan.status.value,
        "risk": plan.risk.value,
        "path": path.content({}),
        "rollback": _ordered(rollback),
    }


class _Path:
    """Steps with their timeline, each step with its content and its position."""

    def __init__(self, steps: Sequence[Step], timeline: Timeline | None) -> None:
        self._timeline = timeline
        self._names = _Names(timeline.keys if timeline else {})
        versions = tuple(timeline.versions if timeline else ())
        self._versions = [
            (version.step, {"version": self._names.version(version), "place": place})
            for version, place in zip(versions, _places(versions), strict=True)
        ]
        self._contents = {step.id: self._content(step) for step in steps}
        self._edges = {step.id: _edges(step) for step in steps}
        self.positions = _positions(self._contents, self._edges)

    def content(self, outer: Mapping[str, Json]) -> Json:
        """Return the path; ids of steps that are not its own are looked up in `outer`."""
        places: dict[str, Json] = {**outer, **self.positions}
        return {
            "start": _ordered(
                version for step, version in self._versions if step not in self._contents
            ),
            "profiles": names_json(self._timeline.profiles if self._timeline else ()),
            "assumptions": names_json(self._timeline.assumptions if self._timeline else ()),
            "insecure_allowed": self._timeline is not None and self._timeline.insecure_allowed,
            "steps": [
                {
                    "step": self._contents[step],
                    "edges": _ordered(
                        [_place(edge, places), edge.content] for edge in self._edges[step]
                    ),
                }
                for step in sorted(self.positions, key=self.positions.__getitem__)
            ],
        }

    def _content(self, step: Step) -> Json:
        return {
            "moves": _ordered(self._names.move(move) for move in step.moves),
            "actor": names_json(step.actor.split(",")),
            "freeze_class": step.freeze_class.value,
            "risk": step.risk.value,
            "versions": _ordered(
                version for made_by, version in self._versions if made_by == step.id
            ),
        }


def _places(versions: Iterable[Version]) -> list[int]:
    """Return for each version how many of its RRset stand before it."""
    seen: Counter[Slot] = Counter()
    places: list[int] = []
    for version in versions:
        places.append(seen[slot(version)])
        seen[slot(version)] += 1
    return places


def _edges(step: Step) -> list[_Edge]:
    needs = (
        _Edge(
            need.step,
            {
                "wait_min": need.wait_min,
                "margin": need.margin,
                "from": need.wait_from.value,
                "reason": need.reason,
            },
        )
        for need in step.needs
    )
    deadlines = (_Edge(each.step, {"wait_max": each.wait_max}) for each in step.not_after)
    return [*needs, *deadlines]


def _place(edge: _Edge, places: Mapping[str, Json]) -> Json:
    return None if edge.target is None else places.get(edge.target, edge.target)


def _positions(contents: Mapping[str, Json], edges: Mapping[str, list[_Edge]]) -> dict[str, int]:
    """Return each step's position; steps that wait for each other in a circle come last."""
    colours = _colours(contents, edges)
    positions: dict[str, int] = {}
    while left := contents.keys() - positions.keys():
        free = {step for step in left if not left & {e.target for e in edges[step] if _is_need(e)}}
        positions[min(free or left, key=colours.__getitem__)] = len(positions)
    return positions


def _is_need(edge: _Edge) -> bool:
    return isinstance(edge.content, dict) and "wait_min" in edge.content


def _colours(contents: Mapping[str, Json], edges: Mapping[str, list[_Edge]]) -> dict[str, int]:
    colours = _ranks({step: _text(content) for step, content in contents.items()})
    for _ in contents:
        if len(set(colours.values())) == len(colours):
            break
        colours = _ranks({step: _mixed(step, colours, edges) for step in contents})
    return colours


def _ranks(texts: Mapping[str, str]) -> dict[str, int]:
    """Return the place of each step's text among all of them, equal for equal texts."""
    places = {text: place for place, text in enumerate(sorted(set(texts.values())))}
    return {step: places[text] for step, text in texts.items()}


def _mixed(step: str, colours: Mapping[str, int], edges: Mapping[str, list[_Edge]]) -> str:
    out = sorted(_text([colours.get(e.target or "", e.target), e.content]) for e in edges[step])
    back = sorted(
        _text([colours[other], edge.content])
        for other, theirs in edges.items()
        for edge in theirs
        if edge.target == step
    )
    return _text([colours[step], *out, "", *back])


_text: Callable[[Json], str] = json.JSONEncoder(sort_keys=True).encode
"""Returns a text that is equal for equal values, to order by."""


def _ordered(values: Iterable[Json]) -> list[Json]:
    found = list(values)
    return sorted(found, key=_text) if found[1:] else found


@dataclass(frozen=True, slots=True)
class _Names:
    """Says of keys what they are in place of their labels."""

    keys: Mapping[str, KeyEntry]

    def key(self, label: str) -> Json:
        """Return the DNSKEY, the DS, or the symbol with the flags and algorithm it will have."""
        match self.keys.get(label):
            case Key(public_key=None) as key:
                return [label, key.flags, key.algorithm]
            case Key() as key:
                return key.text()
            case UnmatchedDs() as ds:
                return ds.rdata or [label, ds.algorithm]
            case None:
                return label

    def key_set(self, labels: Iterable[str]) -> Json:
        return _ordered(self.key(label) for label in labels)

    def ds(self, ds: DsRef) -> Json:
        return [self.key(ds.key), ds.digest_type]

    def ds_set(self, refs: Iterable[DsRef]) -> Json:
        return _ordered(self.ds(ref) for ref in refs)

    def version(self, version: Version) -> Json:
        """Return a version without the instants that another observation would change."""
        kind, signer = slot(version)
        return {
            "rrset": kind.value,
            "signer": signer,
            "ttl": version.ttl,
            "propagation": version.propagation,
            "unknown": version.unknown,
            **self._version_content(version),
        }

    def _version_content(self, version: Version) -> dict[str, Json]:
        match version:
            case DsVersion():
                return {"ds": self.ds_set(version.ds)}
            case NsVersion():
                return {"signers": names_json(version.signers)}
            case DnskeyVersion():
                return {
                    "keys": self.key_set(version.keys),
                    "signed_by": self.key_set(version.signed_by),
                    "ends": version.expires is not None,
                }
            case DataVersion():
                return {
                    "signed_by": self.key_set(version.signed_by),
                    "ends": version.expires is not None,
                }
            case CdsVersion():
                cds = version.cds
                return {
                    "cds": self.ds_set(cds) if isinstance(cds, frozenset) else cds,
                    "polled": version.polled,
                    "processing_max": version.processing_max,
                }
            case _:
                assert_never(version)

    def move(self, move: Move) -> Json:
        """Return who makes the move, its name and its arguments."""
        names = (name for name in type(move).__dataclass_fields__ if name != "signer")
        args = {name: self._member(move, name) for name in names}
        return {"system": system(move), "op": op(move), "args": args}

    def _member(self, move: Move, name: str) -> Json:
        value: Argument = getattr(move, name)
        match move, value:
            case (_, frozenset()) if name == "signers":
                return names_json(str(item) for item in value)
            case (TtlSet() | CdsSet(), str()):
                return str(value)
            case _:
                return self._arg(value)

    def _arg(self, value: Argument) -> Json:
        match value:
            case str():
                return self.key(value)
            case DsRef():
                return self.ds(value)
            case Denial():
                return denial_json(value)
            case frozenset():
                return _ordered(self._arg(item) for item in value)
            case _:
                return value
