"""`policies:` of portfolio.yaml: key and signing parameters."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from reconciler.model.desired import (
    Bounds,
    Denial,
    DenialKind,
    DnssecPolicy,
    KeyScheme,
    KskRollover,
    StandbyKsk,
)
from reconciler.spec.fields import Algorithm, DigestType, PositiveSeconds, Seconds, Strict

_DEFAULT = DnssecPolicy(name="default")
"""Where every default below comes from."""

MAX_ITERATIONS = 2500
"""Largest NSEC3 iteration count that was ever allowed (RFC 5155 §10.3); RFC 9276 wants 0."""


class LifetimeSpec(Strict):
    """How long keys of one role live; left out: until a generation is raised."""

    lifetime: PositiveSeconds | None = None


class Nsec3Spec(Strict):
    """NSEC3 parameters; RFC 9276 wants no iterations and no salt."""

    iterations: Annotated[int, Field(ge=0, le=MAX_ITERATIONS, examples=[0])] = 0
    salt: Annotated[
        str,
        Field(
            pattern=r"^(none|([0-9a-fA-F]{2}){1,255})$",
            description="`none`, or hexadecimal digits",
            examples=["none"],
        ),
    ] = "none"
    opt_out: bool = False


class Nsec3DenialSpec(Strict):
    """`denial: {nsec3: {...}}`."""

    nsec3: Nsec3Spec


def _denial_form(value: object) -> str:
    return "word" if isinstance(value, str) else "mapping"


DenialSpec = Annotated[
    Annotated[Literal["nsec", "nsec3", "compact"], Tag("word")]
    | Annotated[Nsec3DenialSpec, Tag("mapping")],
    Discriminator(_denial_form),
]


class DsSpec(Strict):
    """The DS RRset: digests to publish, and the TTL to ask the parent for (never assumed)."""

    digest_types: Annotated[list[DigestType], Field(min_length=1, examples=[["SHA256"]])] | None = (
        None
    )
    ttl: PositiveSeconds | None = None


class BoundsSpec(Strict):
    """Declared upper bounds, used where nothing can be measured."""

    max_zone_ttl: PositiveSeconds | None = None
    propagation: Seconds | None = None
    parent_propagation: Seconds | None = None
    signing_delay: Seconds | None = None


class SignaturesSpec(Strict):
    """How long signatures are valid, and how long before their end they are made anew."""

    validity: PositiveSeconds = _DEFAULT.signature_validity
    refresh: PositiveSeconds = _DEFAULT.signature_refresh


class MarginsSpec(Strict):
    """What a plan adds to the waits that the proof asks for."""

    publish_safety: Seconds = _DEFAULT.publish_safety
    retire_safety: Seconds = _DEFAULT.retire_safety


class PolicySpec(Strict):
    """Key and signing parameters of a zone."""

    algorithm: Algorithm = _DEFAULT.algorithm
    keys: Literal["split", "csk"] = "split"
    ksk: LifetimeSpec = LifetimeSpec()
    zsk: LifetimeSpec = LifetimeSpec()
    csk: LifetimeSpec = LifetimeSpec()
    denial: Annotated[
        DenialSpec | None,
        Field(
            examples=["nsec"],
            description="How zones deny existence; left out: as they do, NSEC where they are new",
        ),
    ] = None
    ds: DsSpec = DsSpec()
    bounds: BoundsSpec = BoundsSpec()
    signatures: SignaturesSpec = SignaturesSpec()
    margins: MarginsSpec = MarginsSpec()
    cds: Annotated[
        Literal["publish", "none"] | None,
        Field(
            description="Whether CDS and CDNSKEY shall be published (RFC 7344); left out: as they "
            "are, and where some are they follow the DS",
        ),
    ] = None
    weak_algorithms: Annotated[
        list[Algorithm],
        Field(description="Algorithms that some validators are said not to know"),
    ] = Field(default_factory=list)
    drop_strict: Annotated[
        bool,
        Field(description="Plan without the ds-alg profile: strict validators may see bogus data"),
    ] = False
    ksk_rollover: Annotated[
        Literal["double-ksk", "double-ds", "double-rrset"],
        Field(
            description="How a key with a DS is replaced (RFC 7583 §3.3); the last two submit a DS "
            "ahead of its DNSKEY, which not every parent takes",
        ),
    ] = "double-ksk"
    standby_ksk: Annotated[
        Literal["none", "ds", "dnskey", "both", "signing"] | None,
        Field(
            description="What of a spare KSK is published ahead of need (RFC 7583 §4); `signing`: "
            "its DS, its DNSKEY and its signature, so that it can take over at once; left out: "
            "none is made, and one that is there stays",
        ),
    ] = None
    standby_zsk: Annotated[
        bool | None,
        Field(
            description="Publish a spare ZSK that signs nothing, so that it can take over; left "
            "out: none is made, and one that is there stays",
        ),
    ] = None
    lower_ttls: Annotated[
        bool,
        Field(description="Let plans lower TTLs first and restore them last, where that is faster"),
    ] = False

    def to_domain(self, name: str) -> DnssecPolicy:
        """Return the policy of this name; a CSK's lifetime counts as the KSK's."""
        scheme = KeyScheme(self.keys)
        entry = self.csk if scheme is KeyScheme.CSK else self.ksk
        return DnssecPolicy(
            name=name,
            algorithm=self.algorithm,
            keys=scheme,
            ksk_lifetime=entry.lifetime,
            zsk_lifetime=self.zsk.lifetime,
            denial=self._denial(),
            digest_types=None if self.ds.digest_types is None else frozenset(self.ds.digest_types),
            ds_ttl=self.ds.ttl,
            bounds=Bounds(**self.bounds.model_dump()),
            signature_validity=self.signatures.validity,
            signature_refresh=self.signatures.refresh,
            publish_cds=None if self.cds is None else self.cds == "publish",
            publish_safety=self.margins.publish_safety,
            retire_safety=self.margins.retire_safety,
            weak_algorithms=frozenset(self.weak_algorithms),
            drop_strict=self.drop_strict,
            ksk_rollover=KskRollover(self.ksk_rollover),
            standby_ksk=None if self.standby_ksk is None else StandbyKsk(self.standby_ksk),
            standby_zsk=self.standby_zsk,
            lower_ttls=self.lower_ttls,
        )

    def _denial(self) -> Denial | None:
        if self.denial is None:
            return None
        if isinstance(self.denial, str):
            return Denial(kind=DenialKind(self.denial))
        nsec3 = self.denial.nsec3
        salt = b"" if nsec3.salt == "none" else bytes.fromhex(nsec3.salt)
        return Denial(
            kind=DenialKind.NSEC3, iterations=nsec3.iterations, salt=salt, opt_out=nsec3.opt_out
        )
