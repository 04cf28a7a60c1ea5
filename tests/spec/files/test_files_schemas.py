"""The JSON Schemas accept what is written, refuse what the readers refuse, and are up to date."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.spec.entry_file import entry_to_bytes
from reconciler.spec.observed_file import dump_observed
from reconciler.spec.plan_file import dump_plan
from reconciler.spec.schemas import main, schemas

PATIENT = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no bug; the values are large."""

VALIDATORS = {
    name.removesuffix(".schema.json"): Draft202012Validator(json.loads(text))
    for name, text in schemas().items()
}


@pytest.mark.parametrize("name", VALIDATORS)
def test_each_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(VALIDATORS[name].schema)


@PATIENT
@given(data=st.data())
def test_what_is_written_fits_its_schema(strategies: SimpleNamespace, data: st.DataObject) -> None:
    VALIDATORS["plan"].validate(json.loads(dump_plan(data.draw(strategies.plan()))))
    VALIDATORS["observed"].validate(json.loads(dump_observed(data.draw(strategies.observed()))))
    VALIDATORS["ledger-entry"].validate(json.loads(entry_to_bytes(data.draw(strategies.entry()))))


def test_a_schema_refuses_a_wrong_type(observation: dict[str, Any]) -> None:
    VALIDATORS["observed"].validate(observation)
    observation["zones"]["example.com."]["parent"]["ds_ttl"] = "1h"
    (error,) = VALIDATORS["observed"].iter_errors(observation)
    assert list(error.absolute_path) == ["zones", "example.com.", "parent", "ds_ttl"]


def test_writing_twice_gives_the_same_bytes_and_checking_finds_no_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 0
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert first == dict(schemas())
    assert main(["--check", str(tmp_path)]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("damage", ["change", "remove", "add"])
def test_checking_names_the_file_that_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    main([str(tmp_path)])
    plan, extra = tmp_path / "plan.schema.json", tmp_path / "extra.schema.json"
    match damage:
        case "change":
            plan.write_text("{}")
        case "remove":
            plan.unlink()
        case _:
            extra.write_text("{}")
    assert main(["--check", str(tmp_path)]) == 1
    named = extra if damage == "add" else plan
    assert capsys.readouterr().err == f"{named} differs from the code: run `make schemas`\n"


def test_the_schemas_of_this_repository_are_up_to_date() -> None:
    assert main(["--check", str(Path(__file__).parents[3] / "schemas")]) == 0
