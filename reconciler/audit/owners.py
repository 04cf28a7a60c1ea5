"""Who owned a zone when its plan was made, as far as the record tells."""

from __future__ import annotations

import json
from collections.abc import Sequence

from reconciler.audit.scene import Scene
from reconciler.audit.shape import Node, ShapeError
from reconciler.model.plan import ZonePlan


def possible_owners(scene: Scene, plan: ZonePlan) -> Sequence[str]:
    """Return the owner in the desired state that the plan serves; all owners where it is not held.

    The desired state may stand in the ledger under its digest, which the change digest covers.
    """
    data = scene.blob(f"desired/{plan.desired_digest.removeprefix('sha256:')}.json")
    if data is None:
        return sorted(scene.rules.owners) if scene.rules else ()
    try:
        return [Node(json.loads(data), "file").member("desired").member("owner").text()]
    except (ShapeError, ValueError, RecursionError):
        return ()
