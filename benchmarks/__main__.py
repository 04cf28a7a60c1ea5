"""`make bench`: print the figures of every module here that has `figures()`; never a gate."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path


def main() -> None:
    """Run the benchmarks one after the other, in the order of their names."""
    for module in sorted(m.name for m in pkgutil.iter_modules([str(Path(__file__).parent)])):
        if module == "__main__":
            continue
        figures = getattr(importlib.import_module(f"benchmarks.{module}"), "figures", None)
        for line in figures() if figures else ():
            print(line, flush=True)


if __name__ == "__main__":
    main()
