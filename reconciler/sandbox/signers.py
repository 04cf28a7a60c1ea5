"""The signers of an embedded world, by name."""

from __future__ import annotations

from reconciler.sandbox.signer_base import signer_layout
from reconciler.sandbox.signer_full import SandboxSigner
from reconciler.sandbox.signer_hosted import SandboxHostedSigner
from reconciler.sandbox.signer_policy import SandboxPolicySigner
from reconciler.sandbox.world import World

SandboxSigners = SandboxSigner | SandboxHostedSigner | SandboxPolicySigner


def signer(world: World, name: str) -> SandboxSigners:
    """Return the signer `name` of a world's layout; an unknown one raises AdapterError."""
    match signer_layout(world, name).kind:
        case "sandbox":
            return SandboxSigner(world, name)
        case "sandbox-policy":
            return SandboxPolicySigner(world, name)
        case "sandbox-hosted" | "sandbox-multi":
            return SandboxHostedSigner(world, name)
