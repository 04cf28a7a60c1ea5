"""The JSON Schemas of every file: `python -m reconciler.spec.schemas [--check] DIR`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from reconciler.spec.entry_file import EntryFileV1
from reconciler.spec.json_schema import DIALECT
from reconciler.spec.observed_wire import ObservedFileV1
from reconciler.spec.plan_file import PlanFileV1
from reconciler.spec.portfolio import portfolio_schema
from reconciler.spec.zones import zone_schema


def schemas() -> Mapping[str, bytes]:
    """Return the files of the folder `schemas/`: their names and their content."""
    documents = {
        "zone": zone_schema(),
        "portfolio": portfolio_schema(),
        "observed": _schema(ObservedFileV1, "observed"),
        "plan": _schema(PlanFileV1, "plan"),
        "ledger-entry": _schema(EntryFileV1, "ledger-entry"),
    }
    return {f"{name}.schema.json": _text(document) for name, document in documents.items()}


def main(arguments: list[str] | None = None) -> int:
    """Write the schemas to a folder; with `--check`, return 1 where a file there differs."""
    parser = argparse.ArgumentParser(description="Write the JSON Schemas of every file.")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    return _check(folder) if options.check else _write(folder)


def _write(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_bytes(text)
    return 0


def _check(folder: Path) -> int:
    expected = schemas()
    there = {path.name for path in folder.glob("*.schema.json")}
    differing = sorted(
        {n for n, text in expected.items() if n not in there or (folder / n).read_bytes() != text}
        | there - expected.keys()
    )
    for name in differing:
        sys.stderr.write(f"{folder / name} differs from the code: run `make schemas`\n")
    return 1 if differing else 0


def _schema(model: type[BaseModel], name: str) -> dict[str, Any]:
    schema = model.model_json_schema(by_alias=True)
    return {"$schema": DIALECT, "$id": f"{name}.schema.json", **schema}


def _text(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


if __name__ == "__main__":
    sys.exit(main())
