"""`zones/**/*.yaml`, version 1: one zone each."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter

from reconciler.model.desired import DesiredZone, DnssecPolicy, KeyState
from reconciler.model.keys import KeyRole
from reconciler.spec.fields import Strict
from reconciler.spec.json_schema import document_schema
from reconciler.spec.key_names import Instant, KeyName, key_state

MAX_GENERATION = 1_000_000
"""Highest generation of a key: far beyond any number of rollovers, and short in every report."""

MAX_SIGNERS = 16
"""Most signers of one zone: RFC 8901 thinks of two or three, and DNSKEY answers must stay small."""

Reference = Annotated[str, Field(min_length=1, max_length=64)]
"""A name that portfolio.yaml defines."""


class KeySpec(Strict):
    """A key whose generation is asked for."""

    generation: Annotated[
        int,
        Field(
            ge=1,
            le=MAX_GENERATION,
            description="Raise it by one to roll this key; leave the key out to keep what is there",
            examples=[2],
        ),
    ]


class KeysSpec(Strict):
    """Keys by role; a role left out means: keep what is there."""

    ksk: KeySpec | None = None
    zsk: KeySpec | None = None
    csk: KeySpec | None = None


class ZoneSpec(Strict):
    """What one zone shall be."""

    zone: Annotated[
        str, Field(min_length=1, description="The zone's name", examples=["example.com"])
    ]
    owner: Annotated[
        Reference,
        Field(description="Who owns it: a name under `owners:`", examples=["payments"]),
    ]
    policy: Annotated[
        Reference,
        Field(description="Its keys and signatures: a name under `policies:`", examples=["std"]),
    ]
    dnssec: Annotated[
        Literal["signed", "unsigned"],
        Field(description="Whether the zone shall be signed", examples=["signed"]),
    ]
    signers: Annotated[
        list[Reference],
        Field(
            min_length=1,
            max_length=MAX_SIGNERS,
            description="Who signs and serves it: names under `signers:`; two: multi-signer",
            examples=[["primary"]],
        ),
    ]
    parent: Annotated[
        Reference,
        Field(description="How its DS changes: a name under `parents:`", examples=["registrar"]),
    ]
    keys: KeysSpec = KeysSpec()
    tags: Annotated[
        dict[str, str],
        Field(description="Free labels for people and rules", examples=[{"region": "eu"}]),
    ] = Field(default_factory=dict)
    named_keys: Annotated[
        dict[
            KeyName,
            Annotated[Literal["keep", "remove", "compromised", "lost"], BeforeValidator(key_state)],
        ],
        Field(
            description="What is known of single keys and DS: `keep` adopts one that nobody "
            "declared, `remove` takes one away, `compromised` must not be trusted any more, `lost` "
            "has no private key",
            examples=[{"13/2371": "compromised"}],
        ),
    ] = Field(default_factory=dict)
    ends: Annotated[
        dict[Reference, Instant],
        Field(
            description="Until when a signer still serves and signs the zone, such as the end of a "
            "contract",
            examples=[{"old-provider": "2026-12-31T00:00:00Z"}],
        ),
    ] = Field(default_factory=dict)
    variant: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=64,
            description="The alternative to carry out, by the name that `reconcile plan` gives it, "
            "instead of the plan it prefers",
            examples=["fastest-distrust"],
        ),
    ] = None

    def generations(self) -> dict[KeyRole, int]:
        """Return the roles whose generation is asked for."""
        asked = {
            KeyRole.KSK: self.keys.ksk,
            KeyRole.ZSK: self.keys.zsk,
            KeyRole.CSK: self.keys.csk,
        }
        return {role: key.generation for role, key in asked.items() if key is not None}

    def to_domain(self, zone: str, policy: DnssecPolicy) -> DesiredZone:
        """Return the desired state of `zone`, its normalised name, under its `policy`."""
        return DesiredZone(
            zone=zone,
            owner=self.owner,
            policy=policy,
            signed=self.dnssec == "signed",
            signers=tuple(self.signers),
            parent=self.parent,
            generations=self.generations(),
            tags=self.tags,
            named_keys={name: KeyState(state) for name, state in self.named_keys.items()},
            ends=self.ends,
            variant=self.variant,
        )


ZONE: TypeAdapter[ZoneSpec] = TypeAdapter(ZoneSpec)
"""Built once: validating 10,000 zones must not build anything again."""


def zone_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a zone file."""
    return document_schema(ZONE, "zone", "The desired state of one zone")
