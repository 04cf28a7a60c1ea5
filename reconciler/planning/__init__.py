"""The planner: the cheapest safe path from what is published to what is desired.

A path is found by Dijkstra's search over publications (`search`), joined by edges that are safe in
every mix of old and new (`safety`), and then tightened: steps keep exactly the separations that
some bad combination asks for (`tighten`). There is no code per kind of rollover.
"""

from reconciler.planning.plan import plan_zone

__all__ = ["plan_zone"]
