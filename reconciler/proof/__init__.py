"""Pure and independent of planning: no view that any cache may assemble is bogus."""

from reconciler.proof.assumed import ASSUMPTIONS
from reconciler.proof.cardinal import unready_ds
from reconciler.proof.profiles import PROFILES
from reconciler.proof.prover import exposed_until, prove
from reconciler.proof.words import explain

__all__ = ["ASSUMPTIONS", "PROFILES", "explain", "exposed_until", "prove", "unready_ds"]
