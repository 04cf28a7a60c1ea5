"""What a proof takes for granted of the world, in the words that every plan prints."""

from __future__ import annotations

ASSUMPTIONS = (
    "caches keep TTLs: no stale answers are served (RFC 8767), and no minimum is put on a TTL",
    "every server, also those that cannot be seen, follows within the propagation bound",
    "clocks are right within the margins",
    "resolvers return to the parent when the delegation they hold has run out",
)
"""The named assumptions of design/planning.md §2: where one fails, a proof says nothing."""
