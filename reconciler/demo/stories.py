"""The stories of the demo: one change of desired state each."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.demo.scenery import zone_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One change: `before` and `after` are the zone's file; `message` is the commit's subject.

    `secure` says whether every view must be secure all the way through, as it is where the zone is
    secure before and after.
    """

    name: str
    zone: str
    before: str
    after: str
    message: str
    secure: bool = True


def _shop(*, signed: bool, keys: str = "") -> str:
    return zone_yaml("shop.example.", "own", "registrar", signed=signed, keys=keys)


_ROLLED = "{ksk: {generation: 2}, zsk: {generation: 2}}"


_LEGACY = "legacy.example."
_BLOG = "blog.example."
_MAIL = "mail.example."
_NEWS = "news.example."

STORIES = (
    Story(
        name="sign a zone",
        zone="shop.example.",
        before=_shop(signed=False),
        after=_shop(signed=True),
        message="Sign shop.example",
        secure=False,
    ),
    Story(
        name="roll its ZSK",
        zone="shop.example.",
        before=_shop(signed=True),
        after=_shop(signed=True, keys="{zsk: {generation: 2}}"),
        message="Roll the ZSK of shop.example",
    ),
    Story(
        name="roll its KSK",
        zone="shop.example.",
        before=_shop(signed=True, keys="{zsk: {generation: 2}}"),
        after=_shop(signed=True, keys=_ROLLED),
        message="Roll the KSK of shop.example",
    ),
    Story(
        name="turn DNSSEC off for one",
        zone=_LEGACY,
        before=zone_yaml(_LEGACY, "own", "registrar", signed=True),
        after=zone_yaml(_LEGACY, "own", "registrar", signed=False),
        message="Turn DNSSEC off for legacy.example",
        secure=False,
    ),
    Story(
        name="sign at a hosted signer, parent by hand",
        zone=_BLOG,
        before=zone_yaml(_BLOG, "hosted", "by-hand", signed=False),
        after=zone_yaml(_BLOG, "hosted", "by-hand", signed=True),
        message="Sign blog.example",
        secure=False,
    ),
    Story(
        name="algorithm rollover",
        zone=_MAIL,
        before=zone_yaml(_MAIL, "own", "registrar", signed=True, policy="rsa"),
        after=zone_yaml(_MAIL, "own", "registrar", signed=True),
        message="Move mail.example from RSASHA256 to ECDSAP256SHA256",
    ),
    Story(
        name="move to another provider",
        zone=_NEWS,
        before=zone_yaml(_NEWS, "own", "registrar", signed=True),
        after=zone_yaml(_NEWS, "multi", "registrar", signed=True),
        message="Move news.example to another provider",
    ),
)


def opening() -> dict[str, str]:
    """Return each zone's file as it is before any story."""
    files: dict[str, str] = {}
    for story in STORIES:
        files.setdefault(story.zone, story.before)
    return files
