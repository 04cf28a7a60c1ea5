"""The world that a newcomer gets: it fits what `reconcile init` writes and this project's zones."""

from __future__ import annotations

from dataclasses import replace

from reconciler.sandbox.layout import SignerLayout, WorldLayout, ZoneLayout, example_layout

_OWN = "primary"
"""The signer that the scaffold names; the example layout calls it `a`."""


def starter_layout() -> WorldLayout:
    """Return the layout that `reconcile sandbox create` uses: a signer under full control
    (`primary`), a hosted one, a registrar with an API and one where a person clicks.
    """
    example = example_layout()
    signers = tuple(replace(signer, name=_named(signer.name)) for signer in example.signers)
    return replace(example, signers=signers, zones=_zones(example, signers))


def _zones(example: WorldLayout, signers: tuple[SignerLayout, ...]) -> tuple[ZoneLayout, ...]:
    own, hosted = (signer.name for signer in signers)
    records = example.zones[0].records
    return (
        ZoneLayout(zone="shop.example.", signers=(own,), parent="registrar", records=records),
        ZoneLayout(zone="parked.example.", signers=(own,), parent="registrar", records=records),
        ZoneLayout(zone="blog.example.", signers=(hosted,), parent="by-hand", records=records),
        ZoneLayout(
            zone="legacy.example.",
            signers=(own,),
            parent="registrar",
            records=records,
            keys=("ksk@8/1", "zsk@8/1"),
        ),
    )


def _named(signer: str) -> str:
    return _OWN if signer == "a" else signer
