"""Which of its parts a standby key shows ahead of need (RFC 7583 §4; lifecycle P18)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.model.desired import StandbyKsk
from reconciler.model.keys import Key, KeyRole
from reconciler.planning.choice import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbyPart:
    """The standby keys of one signer, and where each of them is to be seen."""

    keys: Mapping[str, Key] = field(default_factory=dict)
    published: frozenset[str] = frozenset()
    signing: frozenset[str] = frozenset()
    anchored: frozenset[str] = frozenset()

    @property
    def hidden(self) -> frozenset[str]:
        """Standby keys that are not published."""
        return frozenset(self.keys) - self.published

    @property
    def silent(self) -> frozenset[str]:
        """Standby keys that do not sign the DNSKEY RRset."""
        return frozenset(self.keys) - self.signing


_PUBLISHED = frozenset({StandbyKsk.DNSKEY, StandbyKsk.BOTH, StandbyKsk.SIGNING})
_ANCHORED = frozenset({StandbyKsk.DS, StandbyKsk.BOTH, StandbyKsk.SIGNING})


def standby_part(
    kind: StandbyKsk | None, choices: Iterable[Choice], known: Container[str] | None = None
) -> StandbyPart:
    """Return what the standby keys show; a standby ZSK is published and signs nothing.

    Only keys that are `known` count, if that is given: an emergency makes no key that can wait.
    """
    ready = [c for c in choices if c.standby and (known is None or c.standby.label in known)]
    keys = {c.standby.label: c.standby for c in ready if c.standby}
    zsks = frozenset(c.standby.label for c in ready if c.standby and c.role is KeyRole.ZSK)
    ksks = keys.keys() - zsks
    return StandbyPart(
        keys=keys,
        published=zsks | (ksks if kind in _PUBLISHED else set()),
        signing=frozenset(ksks if kind is StandbyKsk.SIGNING else ()),
        anchored=frozenset(ksks if kind in _ANCHORED else ()),
    )
