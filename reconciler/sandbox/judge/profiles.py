"""Validator profiles: secure, insecure or bogus, from what the signatures of one view prove.

Source: design/planning.md §3; RFC 4035 §5, RFC 4509 §3, RFC 6840 §5.11.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

ALGORITHMS = frozenset({8, 10, 13, 14, 15, 16})
"""Algorithms that validators must or should implement (RFC 9904)."""
DIGESTS = frozenset({1, 2, 4})
"""Digest types that validators implement (RFC 9904)."""
SHA1 = 1
WITHOUT = re.compile(r"without-alg\((\d+)\)")


class ValidationStatus(StrEnum):
    """What a validator concludes (RFC 4033 §5)."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"


@dataclass(frozen=True, slots=True, kw_only=True)
class DsFact:
    """One DS of the view. `chained`: its key is served, may be used, and signs the DNSKEY RRset."""

    algorithm: int
    digest_type: int
    chained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What holds in one view at one instant, by cryptography alone.

    `key_algorithms`: algorithms of the served zone keys. `signs_keys`: algorithms of those whose
    signature over the DNSKEY RRset is good. `signs_data`: the same for each RRset of the data.
    `ds_problem` and `data_problem` say what no key can mend (a denial that proves nothing).
    """

    ds: tuple[DsFact, ...]
    key_algorithms: frozenset[int]
    signs_keys: frozenset[int]
    signs_data: tuple[frozenset[int], ...]
    ds_problem: str = ""
    data_problem: str = ""


Verdict = tuple[ValidationStatus, str]
"""The status, and why (empty for secure)."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of validator.

    `counting` narrows the supported DS to those that count. `each_ds_algorithm` and
    `each_key_algorithm` ask for a whole chain of every algorithm, not of any one.
    """

    name: str
    algorithms: frozenset[int] = ALGORITHMS
    counting: Callable[[tuple[DsFact, ...]], tuple[DsFact, ...]] = lambda ds: ds
    each_ds_algorithm: bool = False
    each_key_algorithm: bool = False

    def judge(self, facts: Facts) -> Verdict:
        """Return what this validator concludes from the facts of one view."""
        if facts.ds_problem:
            return ValidationStatus.BOGUS, facts.ds_problem
        usable = self._usable(facts.ds)
        if not usable:
            return ValidationStatus.INSECURE, "no DS that counts" if facts.ds else "no DS"
        why = self._fault(usable, facts)
        return (ValidationStatus.BOGUS, why) if why else (ValidationStatus.SECURE, "")

    def _usable(self, ds: tuple[DsFact, ...]) -> tuple[DsFact, ...]:
        known = (d for d in ds if d.algorithm in self.algorithms and d.digest_type in DIGESTS)
        return self.counting(tuple(known))

    def _fault(self, usable: tuple[DsFact, ...], facts: Facts) -> str:
        if not any(d.chained for d in usable):
            return "no DS matches a usable key that signs the DNSKEY RRset"
        if facts.data_problem:
            return facts.data_problem
        if not facts.signs_data or not all(s & self.algorithms for s in facts.signs_data):
            return "no usable key of the DNSKEY RRset signs the data"
        return self._fault_of_algorithms(usable, facts)

    def _fault_of_algorithms(self, usable: tuple[DsFact, ...], facts: Facts) -> str:
        if self.each_ds_algorithm:
            chained = {d.algorithm for d in usable if d.chained}
            for n in sorted({d.algorithm for d in usable}):
                if n not in chained or any(n not in signers for signers in facts.signs_data):
                    return f"no whole chain of algorithm {n}, which the DS RRset names"
        if self.each_key_algorithm:
            for n in sorted(facts.key_algorithms & self.algorithms):
                if not all(n in signers for signers in (facts.signs_keys, *facts.signs_data)):
                    return f"algorithm {n} of the DNSKEY RRset does not sign everything"
        return ""


def _without_sha1(ds: tuple[DsFact, ...]) -> tuple[DsFact, ...]:
    return tuple(d for d in ds if d.digest_type != SHA1) or ds


def _top_digest(ds: tuple[DsFact, ...]) -> tuple[DsFact, ...]:
    top = max((d.digest_type for d in ds), default=0)
    return tuple(d for d in ds if d.digest_type == top)


_PROFILES = {
    profile.name: profile
    for profile in (
        Profile("loose"),
        Profile("ds-alg", each_ds_algorithm=True),
        Profile("sha1-ignored", counting=_without_sha1),
        Profile("top-digest", counting=_top_digest, each_ds_algorithm=True),
        Profile("rfc4035", each_ds_algorithm=True, each_key_algorithm=True),
    )
}


def profile_named(name: str) -> Profile:
    """Return the profile of that name, `without-alg(n)` included; others raise ValueError."""
    if profile := _PROFILES.get(name):
        return profile
    if found := WITHOUT.fullmatch(name):
        return Profile(name, algorithms=ALGORITHMS - {int(found[1])})
    known = ", ".join([*_PROFILES, "without-alg(n)"])
    message = f"no validator profile is called {name!r}; there are {known}"
    raise ValueError(message)
