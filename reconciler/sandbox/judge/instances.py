"""What the judges need of a world: who serves a zone, a way to ask, and where trust begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

PARENT = "parent"
"""The role of an instance that serves the parent zone; any other role is a signer's name."""


class Instance(Protocol):
    """One server process that answers for a zone or for its delegation."""

    @property
    def role(self) -> str:
        """`parent`, or the name of the signer that this server belongs to."""
        ...

    @property
    def server(self) -> str:
        """The server's name as NS RRsets give it; several instances may share one (anycast)."""
        ...

    @property
    def address(self) -> str:
        """Where this very instance is asked; unique to it."""
        ...

    @property
    def hidden(self) -> bool:
        """True if no NS RRset names it: it is one more instance behind its role's other servers.

        Resolvers somewhere are answered by it whenever they ask one of those (anycast).
        """
        ...


class Ask(Protocol):
    """Asks one address one question and returns the answer's wire form."""

    def __call__(self, address: str, qname: str, rdtype: str) -> bytes | None:
        """Return the whole message (DO set, TCP where truncated), None if nothing came back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Where the chain of trust above a zone begins, and who serves the zones on its way.

    `anchors` are DS or DNSKEY records of the root as in a zone file (`. 172800 IN DS ...`).
    `servers` maps each ancestor, root first and the parent zone last, to the addresses that serve
    it.
    """

    anchors: tuple[str, ...]
    servers: Mapping[str, tuple[str, ...]]
