"""Small worlds for the proof, in few words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.keys import DsRef, Key, KeyEntry, UnmatchedDs
from reconciler.model.moves import Move
from reconciler.model.plan import Deadline, Need, Step
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Timeline,
    Version,
)


def hours(count: float) -> int:
    return round(count * 3600)


def minutes(count: float) -> int:
    return round(count * 60)


def refs(*names: str, digest: int = 2) -> frozenset[DsRef]:
    """`k1` is its SHA-256 DS, `k1/4` the SHA-384 one."""
    split = [name.partition("/") for name in names]
    return frozenset(DsRef(label, int(kind or digest)) for label, _, kind in split)


def step_of(when: str | int | None) -> str | None:
    return when if isinstance(when, str) else None


def instant_of(when: str | int | None) -> int | None:
    return 0 if isinstance(when, str) else when


@dataclass(frozen=True)
class World:
    """Builds versions with the figures of one zone; a step id or a negative instant as `when`."""

    keys: Mapping[str, KeyEntry]
    dnskey_ttl: int = 3600
    data_ttl: int = 86400
    ds_ttl: int = 3600
    ns_ttl: int = 86400
    child: int = 300
    parent: int = 3600
    signing: int = 0
    negative_ttl: int = 3600
    ds_negative_ttl: int = 900
    signer: str = "a"

    def ds(self, when: str | int | None, *names: str, ttl: int | None = None) -> DsVersion:
        own = self.ds_ttl if names else self.ds_negative_ttl
        return DsVersion(
            step=step_of(when),
            at=instant_of(when),
            ttl=own if ttl is None else ttl,
            propagation=self.parent,
            ds=refs(*names),
        )

    def dnskey(
        self,
        when: str | int | None,
        keys: str,
        signed_by: str = "",
        *,
        ttl: int | None = None,
        expires: int | None = None,
        signer: str | None = None,
    ) -> DnskeyVersion:
        own = self.dnskey_ttl if keys else self.negative_ttl
        return DnskeyVersion(
            step=step_of(when),
            at=instant_of(when),
            ttl=own if ttl is None else ttl,
            propagation=self.child,
            signer=signer or self.signer,
            keys=frozenset(keys.split()),
            signed_by=frozenset(signed_by.split()),
            expires=expires,
        )

    def data(
        self,
        when: str | int | None,
        signed_by: str = "",
        *,
        ttl: int | None = None,
        expires: int | None = None,
        signer: str | None = None,
    ) -> DataVersion:
        return DataVersion(
            step=step_of(when),
            at=instant_of(when),
            ttl=self.data_ttl if ttl is None else ttl,
            propagation=self.child + (0 if when is None else self.signing),
            signer=signer or self.signer,
            signed_by=frozenset(signed_by.split()),
            expires=expires,
        )

    def ns(
        self, when: str | int | None, signers: str, at: str | None = None, ttl: int | None = None
    ) -> NsVersion:
        return NsVersion(
            step=step_of(when),
            at=instant_of(when),
            ttl=self.ns_ttl if ttl is None else ttl,
            propagation=self.parent if at is None else self.child,
            signer=at,
            signers=frozenset(signers.split()),
        )

    def cds(
        self,
        when: str | int | None,
        *names: str,
        ttl: int = 3600,
        processing_max: int = 86400,
        polled: bool = True,
        delete: bool = False,
        signer: str | None = None,
    ) -> CdsVersion:
        return CdsVersion(
            step=step_of(when),
            at=instant_of(when),
            ttl=ttl,
            propagation=self.child,
            signer=signer or self.signer,
            cds="delete" if delete else (refs(*names) or None),
            polled=polled,
            processing_max=processing_max,
        )

    def unknown(self, version: Version) -> Version:
        return replace(version, unknown=True)

    def timeline(
        self,
        *versions: Version,
        profiles: Sequence[str] = ("loose",),
        insecure_allowed: bool = False,
        ns: bool = True,
    ) -> Timeline:
        """One signer's delegation is added unless `ns` is false."""
        delegation = (self.ns(None, self.signer), self.ns(None, self.signer, at=self.signer))
        return Timeline(
            profiles=tuple(profiles),
            assumptions=(),
            insecure_allowed=insecure_allowed,
            keys=self.keys,
            versions=(delegation if ns else ()) + versions,
        )


def key(label: str, algorithm: int = 13, flags: int = 257) -> Key:
    return Key(label=label, algorithm=algorithm, flags=flags)


def keys(text: str) -> dict[str, KeyEntry]:
    """`k1 z1 k8:8 x:ds`: z's are ZSKs, all others have SEP; after the colon the algorithm."""
    found: dict[str, KeyEntry] = {}
    for word in text.split():
        label, _, kind = word.partition(":")
        if kind == "ds":
            found[label] = UnmatchedDs(label=label, algorithm=13)
        else:
            found[label] = key(label, int(kind or 13), 256 if label.startswith("z") else 257)
    return found


def step(
    name: str,
    needs: Mapping[str | None, int] | None = None,
    *moves: Move,
    by: Mapping[str | None, int] | None = None,
    actor: str = "signer-itself:a,signer-itself:b,parent",
) -> Step:
    return Step(
        id=name,
        moves=moves,
        actor=actor,
        needs=tuple(Need(step=s, wait_min=w) for s, w in (needs or {}).items()),
        not_after=tuple(Deadline(step=s, wait_max=w, reason="test") for s, w in (by or {}).items()),
    )
