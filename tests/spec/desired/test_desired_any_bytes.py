"""Whatever a file holds, loading answers with findings at places that exist."""

from pathlib import Path
from typing import Protocol

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.spec.fields import MAX_SECONDS, seconds
from reconciler.spec.load import Loaded
from reconciler.spec.names import BadNameError, zone_name
from reconciler.spec.yaml_nodes import parse


class Repository(Protocol):
    zones: Path

    def write(self, path: str, data: str | bytes) -> Path: ...
    def load(self) -> Loaded: ...


TEXT = (
    "zone owner policy dnssec signers parent keys ksk zsk csk generation tags policies people "
    "owners governance requirements freeze R2 approvers kind shop.example web std signed a reg "
    "sandbox 1 0 -1 1e9 010 no true null ~ 90d : - ? , [ ] { } & * ! | > ' \" % @ ` # --- ... << "
    "&a *a !!str é \u2028"
)
WORDS = st.sampled_from([*TEXT.split(" "), "\n", "\t", "\n  ", ": ", "- ", " "])
YAMLISH = st.lists(WORDS, max_size=40).map("".join)
ANYTHING = st.one_of(st.binary(max_size=200), YAMLISH.map(str.encode))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


def stands_in(finding: Diagnostic, text: str) -> bool:
    lines = text.split("\n")
    if finding.line is None or finding.column is None:
        return False
    inside = 1 <= finding.line <= len(lines)
    return inside and 1 <= finding.column <= len(lines[finding.line - 1]) + 1


@settings(max_examples=300, deadline=None)
@given(data=ANYTHING)
@example(data=b"\xff")
@example(data=b"? ? a")
@example(data=b"{[]: a}")
@example(data=b'"\\')
def test_parsing_never_raises_and_points_into_the_file(data: bytes) -> None:
    parsed = parse(data, "x.yaml")
    text = data.decode("utf-8-sig", "replace")
    assert parsed.root is not None or parsed.problems
    for problem in parsed.problems:
        assert problem.file == "x.yaml"
        assert stands_in(problem, text), (problem, text)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(zone=ANYTHING, portfolio=ANYTHING)
def test_loading_any_bytes_never_raises(
    zone: bytes, portfolio: bytes, repository: Repository
) -> None:
    repository.write("shop.example.yaml", zone)
    repository.write("portfolio.yaml", portfolio)
    loaded = repository.load()
    assert loaded.portfolio is None
    assert any(d.severity is Severity.ERROR for d in loaded.diagnostics)


FIELDS = (
    *["policies", "signers", "parents", "people", "owners", "governance", "observers"],
    *["zone", "owner", "policy", "dnssec", "signers", "parent", "keys", "tags"],
)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(values=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=6))
def test_loading_any_values_never_raises(values: dict[str, object], repository: Repository) -> None:
    # JSON is YAML, so this writes deep and odd values that parse
    text = repr_json(values)
    repository.write("shop.example.yaml", text)
    repository.write("portfolio.yaml", text)
    loaded = repository.load()
    assert loaded.portfolio is None
    for finding in loaded.diagnostics:
        assert finding.summary
        assert stands_in(finding, text), (finding, text)


def repr_json(value: object) -> str:
    match value:
        case dict():
            inner = ", ".join(f"{repr_json(k)}: {repr_json(v)}" for k, v in value.items())
            return f"{{{inner}}}"
        case list():
            return f"[{', '.join(repr_json(item) for item in value)}]"
        case str():
            return "'" + "".join(c for c in value if c.isprintable()).replace("'", "''") + "'"
        case None:
            return "null"
        case _:
            return str(value).lower()


@given(st.integers(0, MAX_SECONDS))
def test_a_duration_reads_as_it_is_written(total: int) -> None:
    days, rest = divmod(total, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    assert seconds(f"{days}d{hours}h{minutes}m{left}s") == total
    assert seconds(f"P{days}DT{hours}H{minutes}M{left}S") == total


@given(st.text(max_size=70))
def test_a_zone_name_is_normalised_once_and_for_all(text: str) -> None:
    try:
        name = zone_name(text)
    except BadNameError:
        return
    assert name.endswith(".")
    assert name.isascii()
    assert name == name.lower()
    assert "/" not in name
    assert zone_name(name) == name
