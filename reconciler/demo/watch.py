"""The judges of the demo: one for each zone, looking whenever an answer may have changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from reconciler.demo.scenery import PROBES
from reconciler.sandbox.judge import Judge, Report, Trust, WireClient
from reconciler.sandbox.serving import Serving
from reconciler.sandbox.world import World

PROFILES = ("loose", "ds-alg", "sha1-ignored", "top-digest", "rfc4035")
"""The validator profiles that every story of the demo is proved for."""


class Watch:
    """Watches some zones of a world from now on."""

    def __init__(
        self,
        world: World,
        serving: Serving,
        zones: Iterable[str],
        profiles: Sequence[str] = PROFILES,
    ) -> None:
        """Look once now, and then at every change, as validators of these profiles do."""
        client = WireClient(serving.endpoint)
        self._judges = {zone: _judge(world, client, zone, profiles) for zone in zones}
        world.on_change(self.look)
        self.look(world.now())

    def look(self, now: datetime) -> None:
        """Let every judge ask every server."""
        for judge in self._judges.values():
            judge.look(now)

    def report(self, zone: str) -> Report:
        """Return what the judge of a zone has seen up to now."""
        return self._judges[zone].report()


def _judge(world: World, client: WireClient, zone: str, profiles: Sequence[str]) -> Judge:
    names = [(f"{name}.{zone}" if name else zone, rdtype) for name, rdtype in PROBES]
    parent = zone.partition(".")[2]
    servers = {
        place.zone: tuple(server.address for server in place.servers)
        for place in world.layout.registries
    }
    trust = Trust(anchors=world.trust_anchors, servers={z: servers[z] for z in (".", parent)})
    return Judge(
        zone,
        world.instances(zone),
        client,
        profiles=profiles,
        probes=names,
        trust=trust,
    )
