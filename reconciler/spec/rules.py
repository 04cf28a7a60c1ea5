"""`people:`, `owners:` and `governance:` of portfolio.yaml: who may agree to what, and when."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from reconciler.model.desired import (
    DEFAULT_REQUIREMENTS,
    FreezeWindow,
    Governance,
    Owner,
    Person,
    Requirement,
    RiskClass,
)
from reconciler.spec.fields import Name, PositiveSeconds, Strict, refusal

MAX_APPROVERS = 20
"""Most approvers that a requirement may ask for; more than any group is ever gathered."""

_NOT_OF_IANA = frozenset({"localtime", "posixrules"})
"""Names beside the database that mean something else on each machine."""

_SSH_KEY = "ssh-key"
_LOCAL_TIME = "local-time"
_SSH_TYPES = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-rsa",
)


def _ssh_key(text: str) -> str:
    """Return an SSH public key as type and base64, its comment left out (RFC 4253 §6.6)."""
    kind, _, rest = text.strip().partition(" ")
    blob = rest.strip().partition(" ")[0]
    prefix = len(kind).to_bytes(4, "big") + kind.encode()
    try:
        valid = base64.b64decode(blob, validate=True).startswith(prefix)
    except (binascii.Error, ValueError):
        valid = False
    if kind not in _SSH_TYPES or not valid or len(blob) <= len(base64.b64encode(prefix)):
        hint = "paste the first two words of the .pub file, such as `ssh-ed25519 AAAA...`"
        raise refusal(_SSH_KEY, "this is not an SSH public key", hint)
    return f"{kind} {blob}"


def _local_time(text: str) -> str:
    try:
        valid = datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        valid = False
    if not valid:
        hint = "write it like `2026-12-20T00:00`, without an offset: `zone` says where that is"
        raise refusal(_LOCAL_TIME, "this is not a local date and time", hint)
    return text


SshKey = Annotated[str, AfterValidator(_ssh_key)]
LocalTime = Annotated[str, AfterValidator(_local_time)]
Email = Annotated[
    str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254, examples=["ann@example.com"])
]


class PersonSpec(Strict):
    """Somebody who may approve."""

    github: Annotated[
        int | None,
        Field(
            ge=1, le=2**53 - 1, description="The numeric id, never the login", examples=[1234567]
        ),
    ] = None
    ssh: Annotated[SshKey | None, Field(description="SSH public key for signed approvals")] = None
    emails: Annotated[
        list[Email], Field(description="Addresses under which this person commits")
    ] = Field(default_factory=list)

    def to_domain(self, name: str) -> Person:
        """Return the person of this name."""
        return Person(name=name, github=self.github, ssh=self.ssh, emails=frozenset(self.emails))


class OwnerSpec(Strict):
    """Who owns zones and may approve their changes."""

    people: Annotated[list[Name], Field(examples=[["ann", "bob"]])]
    contacts: dict[str, str] = Field(default_factory=dict)

    def to_domain(self, name: str) -> Owner:
        """Return the owner of this name."""
        return Owner(name=name, people=frozenset(self.people), contacts=self.contacts)


class RequirementSpec(Strict):
    """Who must agree to a change of one risk class; what is left out keeps its default."""

    approvers: Annotated[int | None, Field(ge=1, le=MAX_APPROVERS, examples=[2])] = None
    from_owner: Annotated[int | None, Field(ge=0, le=MAX_APPROVERS)] = None
    from_critical: Annotated[int | None, Field(ge=0, le=MAX_APPROVERS)] = None
    signed: bool | None = None
    max_age: PositiveSeconds | None = None

    def to_domain(self, risk: RiskClass) -> Requirement:
        """Return the requirement for `risk`, completed from its default."""
        default = DEFAULT_REQUIREMENTS[risk]
        return Requirement(
            approvers=default.approvers if self.approvers is None else self.approvers,
            from_owner=default.from_owner if self.from_owner is None else self.from_owner,
            from_critical=(
                default.from_critical if self.from_critical is None else self.from_critical
            ),
            signed=default.signed if self.signed is None else self.signed,
            max_age=default.max_age if self.max_age is None else self.max_age,
        )


class FreezeSpec(Strict):
    """A period `[from, until)` in which no change begins; local times of an IANA time zone."""

    from_: Annotated[LocalTime, Field(alias="from", examples=['"2026-12-20T00:00"'])]
    until: Annotated[LocalTime, Field(examples=['"2027-01-05T00:00"'])]
    zone: Annotated[str, Field(min_length=1, examples=["Europe/Berlin"])]
    reason: Annotated[str, Field(min_length=1, examples=["year end"])]

    def to_domain(self) -> FreezeWindow:
        """Return the window in UTC; where clocks skip or repeat an hour, the longest reading.

        Raises LookupError, ValueError or OSError where the time zone is not known, OverflowError
        where a time is none in UTC.
        """
        if self.zone in _NOT_OF_IANA:
            raise LookupError(self.zone)
        zone = ZoneInfo(self.zone)
        return FreezeWindow(
            start=min(_instants(self.from_, zone)),
            end=max(_instants(self.until, zone)),
            reason=self.reason,
        )


def _instants(text: str, zone: ZoneInfo) -> list[datetime]:
    local = datetime.fromisoformat(text)
    return [local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]


class GovernanceSpec(Strict):
    """The rules of change control."""

    critical_group: Annotated[
        Name | None, Field(description="The owner whose people count for R3", examples=["core"])
    ] = None
    separation_of_duties: bool = True
    requirements: Annotated[
        dict[Literal["R0", "R1", "R2", "R3", "R4"], RequirementSpec],
        Field(description="What differs from the defaults, by risk class"),
    ] = Field(default_factory=dict)
    freeze: list[FreezeSpec] = Field(default_factory=list)
    ledger_signers: Annotated[
        list[SshKey],
        Field(description="SSH keys of machines that write the ledger; with any, all must sign"),
    ] = Field(default_factory=list)

    heartbeat: Annotated[
        PositiveSeconds | None,
        Field(
            description="After so long without an entry, a run says that it was there; "
            "an audit finds silence of twice as long",
            examples=["24h"],
        ),
    ] = None

    def to_domain(self, freeze: tuple[FreezeWindow, ...]) -> Governance:
        """Return the rules with their freeze windows in UTC."""
        return Governance(
            critical_group=self.critical_group,
            separation_of_duties=self.separation_of_duties,
            requirements={
                RiskClass(risk): spec.to_domain(RiskClass(risk))
                for risk, spec in self.requirements.items()
            },
            freeze=freeze,
            ledger_signers=tuple(self.ledger_signers),
            heartbeat=self.heartbeat,
        )
