"""What the judges saw: counts, and every bad view with the time in which it could be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.sandbox.judge.profiles import ValidationStatus
from reconciler.sandbox.judge.spans import FOREVER, Spans, union

EXAMPLES = 5
"""Bad views worth showing to a person; the rest says the same."""
CHAIN = "chain"
"""In place of a profile: the chain above the zone was broken, for every validator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadView:
    """One distinct mix that is not secure, under one profile.

    `spans` are the half-open times in which some cache could have shown it; one that begins and
    ends at the same instant was served then, and could not be kept. `ds`, `dnskey` and `data`
    describe its parts for people, `why` says what is missing.
    """

    profile: str
    verdict: ValidationStatus
    spans: Spans
    ds: str
    dnskey: str
    data: str
    why: str

    @property
    def begins(self) -> datetime:
        """When it could first be seen."""
        return self.spans[0][0]

    @property
    def ends(self) -> datetime | None:
        """From when on it can be seen no more; None while nothing has replaced its parts."""
        last = self.spans[-1][1]
        return None if last == FOREVER else last


Origin = tuple[datetime, datetime, datetime]
"""When the DS, the DNSKEY and the data of a mix were first served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The verdict of the judges over a whole story.

    `views` counts every mix in every stretch of time and under every profile, `distinct_views` the
    distinct contents (DS, DNSKEY, data, profile) among them; `bogus` and `insecure` are counts of
    those. `first_secure` gives for each profile the instant from which on no other view was
    possible for a while, None where there was none. `origins` holds for each distinct
    (DS, DNSKEY, data) when its parts were first served. `verified` counts signatures verified,
    `unanswered` questions to which no usable answer came.
    """

    views: int
    distinct_views: int
    bogus: int
    insecure: int
    bad_views: tuple[BadView, ...]
    first_secure: Mapping[str, datetime | None]
    origins: tuple[frozenset[Origin], ...]
    verified: int
    unanswered: int

    @property
    def examples(self) -> tuple[BadView, ...]:
        """A few bad views for people: bogus before insecure, then the earliest."""
        order = sorted(self.bad_views, key=lambda v: (v.verdict.value, v.begins))
        return tuple(order[:EXAMPLES])

    def insecure_unasked(
        self, *, secure_from: datetime | None = None, secure_until: datetime | None = None
    ) -> int:
        """Count the distinct insecure mixes that nobody asked for.

        They are those that could be seen after all views were first secure (`secure_from`, by
        default each profile's own `first_secure`) and before going insecure was asked for.
        """
        until = secure_until or FOREVER
        return sum(
            any(begins < until and ends > since for begins, ends in view.spans)
            for view in self.bad_views
            if view.verdict is ValidationStatus.INSECURE
            and (since := secure_from or self.first_secure.get(view.profile)) is not None
        )

    def mixed_between(self, change: datetime, until: datetime = FOREVER) -> int:
        """Count the distinct mixes of parts first served before a change and parts from it on.

        `until` is the next change: newer parts are that one's.
        """
        return sum(
            any(
                any(since < change for since in origin)
                and any(change <= since < until for since in origin)
                for origin in origins
            )
            for origins in self.origins
        )

    def times(self, verdict: ValidationStatus, profile: str | None = None) -> Spans:
        """Return when such a view could be seen, under one profile or any."""
        return union(
            span
            for view in self.bad_views
            if view.verdict is verdict and profile in {None, view.profile}
            for span in view.spans
        )
