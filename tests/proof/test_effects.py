"""Turning signing on as a whole leaves the choice of signing keys to the signer, within reason."""

from dataclasses import replace

import pytest

from reconciler.model.moves import ZoneSign
from reconciler.model.plan import Malformed, Proved, Verdict
from reconciler.model.timeline import DataVersion, DnskeyVersion, Version
from reconciler.proof import prove
from tests.proof.golden import enabling


@pytest.mark.parametrize(
    ("kind", "signed_by", "expected"),
    [
        (DnskeyVersion, "k1", Proved),
        (DnskeyVersion, "k1 z1", Proved),
        (DnskeyVersion, "z1", Malformed),
        (DnskeyVersion, "", Malformed),
        (DataVersion, "z1", Proved),
        (DataVersion, "k1 z1", Proved),
        (DataVersion, "k1", Malformed),
    ],
)
def test_keys_of_the_role_sign_at_least(
    kind: type[DnskeyVersion | DataVersion], signed_by: str, expected: type[Verdict]
) -> None:
    given = enabling()

    def altered(version: Version) -> Version:
        if isinstance(version, kind) and version.step == "s1":
            return replace(version, signed_by=frozenset(signed_by.split()))
        return version

    timeline = replace(given.timeline, versions=tuple(altered(v) for v in given.timeline.versions))
    assert isinstance(prove(given.steps, timeline), expected)


def test_a_single_key_signs_everything() -> None:
    given = enabling()
    one = frozenset({"k1"})
    versions: list[Version] = []
    for version in given.timeline.versions:
        if isinstance(version, DnskeyVersion) and version.step:
            versions.append(replace(version, keys=one, signed_by=one))
        elif isinstance(version, DataVersion) and version.step:
            versions.append(replace(version, signed_by=one))
        else:
            versions.append(version)
    first = replace(given.steps[0], moves=(ZoneSign(signer="a", keys=one),))
    timeline = replace(given.timeline, versions=tuple(versions))
    assert isinstance(prove((first, given.steps[1]), timeline), Proved)
