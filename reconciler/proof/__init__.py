"""Pure and independent of planning: no view that any cache may assemble is bogus."""

from reconciler.proof.prover import prove
from reconciler.proof.words import explain

__all__ = ["explain", "prove"]
