"""Counts views as they are judged, and keeps the bad ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.sandbox.judge.profiles import Profile, ValidationStatus, Verdict
from reconciler.sandbox.judge.report import BadView, Origin
from reconciler.sandbox.judge.spans import Span, union
from reconciler.sandbox.judge.views import (
    Glance,
    Identity,
    Mix,
    describe_data,
    describe_ds,
    describe_keys,
)


@dataclass(slots=True)
class _Seen:
    mix: Mix
    glance: Glance
    verdicts: tuple[Verdict, ...]
    spans: list[Span] = field(default_factory=list)
    origins: set[Origin] = field(default_factory=set)


@dataclass(slots=True)
class Tally:
    """Views judged so far, by what makes them distinct."""

    profiles: Sequence[Profile]
    views: int = 0
    _seen: dict[Identity, _Seen] = field(default_factory=dict)

    def count(self, mix: Mix, glance: Glance, span: Span) -> None:
        """Judge one mix that could be seen throughout the span, under every profile."""
        self.views += len(self.profiles)
        seen = self._seen.get(glance.identity)
        if seen is None:
            verdicts = tuple(profile.judge(glance.facts) for profile in self.profiles)
            seen = self._seen[glance.identity] = _Seen(mix, glance, verdicts)
        seen.spans.append(span)
        seen.origins.add((mix.ds.since, mix.dnskey.since, mix.data.since))

    @property
    def distinct_views(self) -> int:
        """Distinct (DS, DNSKEY, data, profile) contents judged."""
        return len(self._seen) * len(self.profiles)

    def origins(self) -> tuple[frozenset[Origin], ...]:
        """Return for each distinct (DS, DNSKEY, data) when its parts were first served."""
        return tuple(frozenset(seen.origins) for seen in self._seen.values())

    def bad_views(self) -> tuple[BadView, ...]:
        """Return the distinct views that are not secure, the earliest first."""
        bad = (
            _bad_view(seen, profile, verdict)
            for seen in self._seen.values()
            for profile, verdict in zip(self.profiles, seen.verdicts, strict=True)
            if verdict[0] is not ValidationStatus.SECURE
        )
        return tuple(sorted(bad, key=lambda view: view.begins))

    def first_secure(self, since: datetime, until: datetime) -> dict[str, datetime | None]:
        """Return for each profile the earliest instant of a time without any bad view."""
        bad = self.bad_views()
        return {
            profile.name: _first_gap([v for v in bad if v.profile == profile.name], since, until)
            for profile in self.profiles
        }


def _first_gap(bad: Sequence[BadView], since: datetime, until: datetime) -> datetime | None:
    for begins, ends in union(span for view in bad for span in view.spans):
        if begins <= since < ends:
            since = ends
    return since if since <= until else None


def _bad_view(seen: _Seen, profile: Profile, verdict: Verdict) -> BadView:
    _, _, _, _, key_signers, data_signers = seen.glance.identity
    return BadView(
        profile=profile.name,
        verdict=verdict[0],
        spans=union(seen.spans) or (min(seen.spans),),
        ds=describe_ds(seen.mix.ds.content),
        dnskey=describe_keys(seen.mix.dnskey.content, key_signers),
        data=describe_data(seen.mix.data.content, data_signers),
        why=verdict[1],
    )
