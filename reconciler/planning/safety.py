"""When a view is bogus or insecure, in each validator profile (planning.md §3).

A view is one DS RRset, one DNSKEY RRset and one version of the data, each out of some cache.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from reconciler.model.keys import Key
from reconciler.planning.publication import World

SHA1 = 1
"""Digest type that validators may ignore beside a stronger one (RFC 4509 §3)."""
KNOWN_DIGESTS = frozenset({1, 2, 4})
"""Digest types that validators know (RFC 4509, RFC 6605)."""


class View(Enum):
    """What a validator says about one view."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"


@dataclass(frozen=True, slots=True)
class Profile:
    """How a validator judges.

    `each_algorithm`: every algorithm of a usable DS needs a chain (RFC 6840 §5.11 forbids asking
    so, some validators do). `every_dnskey`: every algorithm in the DNSKEY RRset signs everything
    (RFC 4035 §2.2). `without` is an algorithm that this validator does not know.
    """

    name: str
    each_algorithm: bool = False
    every_dnskey: bool = False
    ignores_sha1: bool = False
    top_digest: bool = False
    without: int | None = None


LOOSE = Profile("loose")
DS_ALG = Profile("ds-alg", each_algorithm=True)
PROFILES: tuple[Profile, ...] = (
    LOOSE,
    DS_ALG,
    Profile("sha1-ignored", ignores_sha1=True),
    Profile("top-digest", each_algorithm=True, top_digest=True),
    Profile("rfc4035", each_algorithm=True, every_dnskey=True),
)
"""The profiles of every plan, in the order of preference."""


def profiles_for(weak_algorithms: Iterable[int]) -> tuple[Profile, ...]:
    """Return the profiles to try, with one for each algorithm that the policy calls weak."""
    weak = (Profile(f"without-alg({n})", without=n) for n in sorted(weak_algorithms))
    return (*PROFILES, *weak)


class Views:
    """Judges views of one world; every answer is remembered.

    A set of profiles is a bit mask over `profiles`. `insecure_allowed`: an insecure view does no
    harm. `dead` holds, for each profile, the values (kind, value) that were beyond repair at the
    start: a bogus view that holds one is no new harm (planning.md §6). It excuses no insecure view:
    who repairs a zone did not ask for that.
    """

    def __init__(
        self, world: World, profiles: tuple[Profile, ...], *, insecure_allowed: bool
    ) -> None:
        self.world = world
        self.profiles = profiles
        self.insecure_allowed = insecure_allowed
        self.dead: tuple[frozenset[tuple[str, int]], ...] = (frozenset(),) * len(profiles)
        self.shunned = 0
        self._excused: frozenset[tuple[int, int]] = frozenset()
        self._shift = len(world.labels)
        self._all = world.all_keys
        self._zone_keys = world.mask(
            label
            for label in world.labels
            if isinstance(entry := world.keys[label], Key) and entry.is_zone_key
        )
        self._by_algorithm: dict[int, int] = {}
        for i, label in enumerate(world.labels):
            entry = world.keys[label]
            if isinstance(entry, Key):
                mask = self._by_algorithm.get(entry.algorithm, 0)
                self._by_algorithm[entry.algorithm] = mask | 1 << i
        self._usable: dict[tuple[int, int], dict[int, int]] = {}
        self._bad: dict[tuple[int, int, int], int] = {}

    @property
    def everything(self) -> int:
        """The mask of all profiles."""
        return (1 << len(self.profiles)) - 1

    def usable(self, profile: int, ds: int) -> dict[int, int]:
        """Return the algorithms of the DS that count, each with the mask of the keys they name."""
        found = self._usable.get((profile, ds))
        if found is None:
            found = self._usable[profile, ds] = self._find_usable(self.profiles[profile], ds)
        return found

    def _find_usable(self, profile: Profile, ds: int) -> dict[int, int]:
        refs = [ref for i, ref in enumerate(self.world.refs) if ds >> i & 1]
        digests = {ref.digest_type for ref in refs}
        if profile.ignores_sha1 and digests - {SHA1}:
            refs = [ref for ref in refs if ref.digest_type != SHA1]
        if profile.top_digest:
            top = max(digests & KNOWN_DIGESTS, default=0)
            refs = [ref for ref in refs if ref.digest_type == top]
        named: dict[int, int] = {}
        for ref in refs:
            entry = self.world.keys[ref.key]
            if entry.algorithm != profile.without:
                bit = self.world.mask([ref.key]) if isinstance(entry, Key) else 0
                named[entry.algorithm] = named.get(entry.algorithm, 0) | bit & self._zone_keys
        return named

    def view(self, profile: int, ds: int, dnskey: int, data: int) -> View:
        """Return what a validator of this profile says about one view."""
        usable = self.usable(profile, ds)
        if not usable:
            return View.INSECURE
        keys = dnskey & self._zone_keys
        entry = keys & dnskey >> self._shift
        signers = keys & data
        kind = self.profiles[profile]
        if not kind.each_algorithm:
            chained = any(anchors & entry for anchors in usable.values()) and signers
            return View.SECURE if chained else View.BOGUS
        for algorithm, anchors in usable.items():
            if not (anchors & entry and signers & self._by_algorithm.get(algorithm, 0)):
                return View.BOGUS
        if kind.every_dnskey and not self._all_sign(dnskey & self._all, entry, signers):
            return View.BOGUS
        return View.SECURE

    def _all_sign(self, served: int, entry: int, signers: int) -> bool:
        return all(
            entry & of_algorithm and signers & of_algorithm
            for of_algorithm in self._by_algorithm.values()
            if served & of_algorithm
        )

    def bad(self, ds: int, dnskey: int, data: int) -> int:
        """Return the mask of profiles in which this view does harm: bogus, or insecure unasked."""
        found = self._bad.get((ds, dnskey, data))
        if found is None:
            found = 0
            for i in range(len(self.profiles)):
                if self._harms(i, ds, dnskey, data):
                    found |= 1 << i
            self._bad[ds, dnskey, data] = found
        return found

    def _harms(self, profile: int, ds: int, dnskey: int, data: int) -> bool:
        if self.shunned and (ds, dnskey) not in self._excused and self.leads_astray(ds, dnskey):
            return True
        view = self.view(profile, ds, dnskey, data)
        if view is not View.BOGUS:
            return view is View.INSECURE and not self.insecure_allowed
        dead = self.dead[profile]
        return not dead or not {("DS", ds), ("DNSKEY", dnskey), ("data", data)} & dead

    def leads_astray(self, ds: int, dnskey: int) -> bool:
        """True if a DNSKEY RRset that holds a shunned key fits a DS RRset that names none."""
        anchors = self.world.anchors(ds)
        led = dnskey & self._all & self.shunned and dnskey >> self._shift & anchors
        return bool(led) and not anchors & self.shunned

    def shun(self, keys: int, excused: Iterable[tuple[int, int]] = ()) -> None:
        """Take a view for harmful too where a DS that names none of these keys leads to one.

        `excused` are pairs of a DS and a DNSKEY RRset that were there before.
        """
        if (keys, frozenset(excused)) != (self.shunned, self._excused):
            self.shunned, self._excused = keys, frozenset(excused)
            self._bad.clear()

    def bad_beside_unknown(self, ds: int | None) -> int:
        """Return the mask of profiles in which an unknown DNSKEY RRset or data does harm.

        Something unknown fits nothing; only where there is no DS to use does nobody look at it.
        """
        if ds is None or not self.insecure_allowed:
            return self.everything
        return sum(1 << i for i in range(len(self.profiles)) if self.usable(i, ds))

    def bury(self, dead: tuple[frozenset[tuple[str, int]], ...]) -> None:
        """Take these values for dead in each profile."""
        if dead != self.dead:
            self.dead = dead
            self._bad.clear()
