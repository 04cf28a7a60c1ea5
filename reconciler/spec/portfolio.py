"""`zones/portfolio.yaml`, version 1: everything that zones refer to."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter

from reconciler.model.desired import Observers, SystemSpec
from reconciler.spec.fields import Name, Strict, refusal
from reconciler.spec.json_schema import document_schema
from reconciler.spec.ledger_home import LedgerSpec, WitnessSpec
from reconciler.spec.policies import PolicySpec
from reconciler.spec.rules import GovernanceSpec, OwnerSpec, PersonSpec

_IP_ADDRESS = "ip-address"


def _ip_address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        hint = "write it like `192.0.2.53` or `2001:db8::53`"
        raise refusal(_IP_ADDRESS, "this is not an IP address", hint) from None


_Family = Literal["ipv4", "ipv6"]


def _ipv4() -> list[_Family]:
    return ["ipv4"]


_Address = Annotated[str, AfterValidator(_ip_address)]


class SystemFileSpec(Strict):
    """A signer or a parent: the kind of its adapter, and that kind's own options."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    kind: Annotated[str, Field(min_length=1, examples=["sandbox"])]

    def to_domain(self, name: str) -> SystemSpec:
        """Return the system of this name."""
        return SystemSpec(name=name, kind=self.kind, options=dict(self.model_extra or {}))


class ResolverSpec(Strict):
    """A public resolver, asked as a witness of what users see."""

    address: _Address
    validating: bool = False


class ObserversSpec(Strict):
    """From where the world is observed."""

    address_families: Annotated[list[_Family], Field(min_length=1, examples=[["ipv4"]])] = Field(
        default_factory=_ipv4
    )
    resolvers: list[ResolverSpec] = Field(default_factory=list)
    hints: Annotated[
        dict[str, Annotated[list[_Address], Field(min_length=1)]],
        Field(description="Root servers: name to addresses; left out: those of the Internet"),
    ] = Field(default_factory=dict)
    trust_anchors: Annotated[
        list[str],
        Field(description="DS records, such as `. 172800 IN DS 20326 8 2 e06d...`"),
    ] = Field(default_factory=list)

    def to_domain(self) -> Observers:
        """Return from where to observe; server names absolute and lower case."""
        return Observers(
            address_families=frozenset(self.address_families),
            hints={
                f"{name.lower().removesuffix('.')}.": tuple(addresses)
                for name, addresses in self.hints.items()
            },
            trust_anchors=tuple(self.trust_anchors),
        )


class PortfolioSpec(Strict):
    """Signers, parents, policies, people, owners, rules and observers."""

    policies: dict[Name, PolicySpec]
    signers: dict[Name, SystemFileSpec]
    parents: dict[Name, SystemFileSpec]
    people: dict[Name, PersonSpec] = Field(default_factory=dict)
    owners: dict[Name, OwnerSpec]
    governance: GovernanceSpec = GovernanceSpec()
    observers: ObserversSpec = ObserversSpec()
    ledger: LedgerSpec = LedgerSpec()
    witness: WitnessSpec | None = None


PORTFOLIO: TypeAdapter[PortfolioSpec] = TypeAdapter(PortfolioSpec)


def portfolio_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of portfolio.yaml."""
    return document_schema(PORTFOLIO, "portfolio", "What the zones of this repository refer to")
