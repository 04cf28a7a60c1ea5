"""Answers and claims that are not what they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import dns.message
import dns.rcode

from reconciler.ports import Signer, SignerClaim

if TYPE_CHECKING:
    from tests.observe.conftest import Lab


def fixed_signer(lab: Lab, claim: SignerClaim) -> Signer:
    class Fixed:
        name = "fixed"
        capabilities = lab.signer("a").capabilities

        def observe(self, _zone: str) -> SignerClaim:
            return claim

    return cast("Signer", Fixed())


def refused(query: bytes, _wire: bytes) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(query))
    response.set_rcode(dns.rcode.REFUSED)
    return response.to_wire()
