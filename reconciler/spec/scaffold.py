"""`reconcile init`: the first files of a portfolio."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from reconciler import __version__
from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.spec.names import BadNameError, zone_name
from reconciler.spec.tree import printable

_PLAIN = {
    "zones/portfolio.yaml": "portfolio.yaml",
    "CODEOWNERS": "CODEOWNERS",
    ".gitignore": "gitignore",
}
_FILLED_IN = {
    ".github/workflows/plan.yml": "plan.yml",
    ".github/workflows/apply.yml": "apply.yml",
}


def scaffold(root: Path, *, zone: str = "example.com") -> tuple[Path, ...]:
    """Write a portfolio with one example zone below `root`, and return the files written.

    Raises SpecError and writes nothing where one of them exists already, where `zone` is no zone
    name, or where the directory cannot be written to.
    """
    contents = {root / path: text for path, text in _contents(zone).items()}
    present = [path for path in contents if path.exists() or path.is_symlink()]
    if present:
        raise SpecError(*(_present(path, root) for path in present))
    written: list[Path] = []
    try:
        for path, text in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                written.append(path)
                file.write(text)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise SpecError(_unwritable(root, error)) from error
    return tuple(written)


def _contents(zone: str) -> dict[str, str]:
    try:
        name = zone_name(zone).removesuffix(".")
    except BadNameError as error:
        raise SpecError(
            Diagnostic(
                code="zone-name",
                summary=f"this is no zone name: {error}",
                hint="write it like `example.com`",
                where=printable(zone),
            )
        ) from None
    return {
        **{path: _template(template) for path, template in _PLAIN.items()},
        **{path: _template(t).format(version=__version__) for path, t in _FILLED_IN.items()},
        f"zones/{name}.yaml": _template("zone.yaml").format(zone=name),
    }


def _template(name: str) -> str:
    return files("reconciler.spec").joinpath("templates", name).read_text(encoding="utf-8")


def _present(path: Path, root: Path) -> Diagnostic:
    return Diagnostic(
        code="file-exists",
        summary="this file exists already; nothing was written",
        hint="choose an empty directory, or move the file away",
        file=printable(str(path.relative_to(root))),
    )


def _unwritable(root: Path, error: OSError) -> Diagnostic:
    return Diagnostic(
        code="unwritable",
        summary=f"cannot write: {error.strerror or error}",
        hint="check the permissions of the directory and the space on its disk",
        where=printable(str(root)),
    )
