"""Who wrote a change: the people behind the commits that hold the desired state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.ledger.plumbing import Plumbing, open_plumbing

_CO_AUTHOR = re.compile(
    r"^\s*co-authored-by:\s*(.*?)\s*<([^<>]+)>\s*$", re.IGNORECASE | re.MULTILINE
)
_FORMAT = "%an%x00%ae%x00%cn%x00%ce%x00%B%x00"
_PARTS = 5


def authors_of(root: Path, files: Sequence[str], since: str | None = None) -> frozenset[str]:
    """Return names and e-mail addresses of authors, committers and co-authors of a change.

    `files`, relative to `root`, hold the desired state; the first is the zone's own. The change is
    every commit after `since`, the commit of the last plan that was completed, that touched one of
    them; if none did, the last that touched the zone's own file. Where `since` is unknown it is
    every commit of the zone's own file, and the last of each other one. Files that differ from what
    is committed, and clones without history, raise SpecError: who wrote the change could not be
    told.
    """
    git = open_plumbing(root)
    paths = [_inside(git, root / file) for file in files]
    require_committed(git, paths)
    _require_history(git)
    commits = _commits(git, paths, since)
    if not commits:
        raise SpecError(_uncommitted(paths[:1]))
    return frozenset(name for commit in commits for name in _people(commit))


def _commits(git: Plumbing, paths: Sequence[str], since: str | None) -> list[tuple[str, ...]]:
    own, *others = paths
    if since is None or not _is_known(git, since):
        last = [commit for path in others for commit in _log(git, path, "-1", "HEAD")]
        return [*_whole_log(git, own, "HEAD"), *last]
    span = f"{since}..HEAD"
    changed = [commit for path in others for commit in _log(git, path, span)]
    return [*changed, *_whole_log(git, own, span)] or _log(git, own, "-1", "HEAD")


def _whole_log(git: Plumbing, path: str, span: str) -> list[tuple[str, ...]]:
    """Return every commit that made a file what it is, also under the names that it had before."""
    return [*_log(git, path, span), *_log(git, path, "--follow", span)]


def _people(commit: Sequence[str]) -> Iterable[str]:
    yield from commit[:4]
    for match in _CO_AUTHOR.finditer(commit[4]):
        yield from match.groups()


def _log(git: Plumbing, path: str, *which: str) -> list[tuple[str, ...]]:
    """Return the commits that made `path` what it is; a merge only where it fits no parent."""
    ran = git.run(
        "--literal-pathspecs",
        "log",
        "--no-show-signature",
        "--no-color",
        f"--format={_FORMAT}",
        *which,
        "--",
        path,
    )
    parts = [part.strip() for part in ran.out.decode("utf-8", "replace").split("\0")]
    return [tuple(parts[at : at + _PARTS]) for at in range(0, len(parts) - _PARTS, _PARTS)]


def _is_known(git: Plumbing, commit: str) -> bool:
    return git.run("merge-base", "--is-ancestor", f"{commit}^{{commit}}", "HEAD").ok


def _inside(git: Plumbing, file: Path) -> str:
    try:
        return file.resolve().relative_to(git.root.resolve()).as_posix()
    except ValueError:
        raise SpecError(_uncommitted([str(file)])) from None


def require_committed(git: Plumbing, paths: Sequence[str]) -> None:
    """Raise SpecError where one of `paths` (from the top) differs from what is committed."""
    ran = git.must(
        "--literal-pathspecs",
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=all",
        "--ignored=matching",
        "--no-renames",
        "--",
        *paths,
    )
    dirty = [line[3:] for line in ran.out.decode("utf-8", "replace").split("\0") if line]
    if dirty:
        raise SpecError(_uncommitted(dirty))


def _require_history(git: Plumbing) -> None:
    if git.must("rev-parse", "--is-shallow-repository").line == "true":
        raise SpecError(
            Diagnostic(
                code="shallow-clone",
                summary="this clone has no full history, so it cannot be told who wrote a change",
                hint="run `git fetch --unshallow` (in GitHub Actions: `fetch-depth: 0`)",
            )
        )


def _uncommitted(paths: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        code="uncommitted-change",
        summary=f"{', '.join(paths)}: not committed, so it cannot be told who wrote the change",
        file=paths[0],
        hint="commit the desired state first; what is planned and approved is what git holds",
    )
