"""Canonical JSON is that of RFC 8785, however it was made."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diagnostics import SpecError
from reconciler.model.entries import Json
from reconciler.spec.canonical import canonical, digest

KEY = st.text(max_size=3) | st.sampled_from(["\ue000", "\U0001f600", "\xe9", "a:1.5", "[9" * 9])
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | KEY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEY, inner, max_size=4),
)


@settings(deadline=None)  # a busy machine is no bug
@given(VALUE)
def test_the_fast_way_gives_the_same_bytes(value: Json) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value", [2**53, -(2**53), [10**20], float("nan"), {"a": float("inf")}, "\ud800", {"\udfff": 1}]
)
def test_what_has_no_canonical_form_is_refused(value: Json) -> None:
    with pytest.raises(SpecError) as caught:
        canonical(value)
    assert [found.code for found in caught.value.diagnostics] == ["not-canonical"]


def test_a_digest_names_its_algorithm() -> None:
    assert digest({}) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
