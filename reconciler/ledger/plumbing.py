"""The only file that touches GitPython: git's plumbing as calls that never surprise."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.diagnostics import Diagnostic, LedgerError
from reconciler.ledger.refusals import without_credentials
from reconciler.ledger.trees import object_id

if TYPE_CHECKING:
    import git

OLDEST_GIT = (2, 31, 0)
"""First release with every option used here (`fetch --no-write-fetch-head` is of 2.29,
`log --diff-merges=combined` of 2.31)."""
_FSYNC_GIT = (2, 36, 0)
"""First release with `core.fsync`; older ones know `core.fsyncObjectFiles`."""
NETWORK_TIMEOUT = 60.0
"""Seconds after which a remote that is asked or pushed to and stays silent is given up: far above
what is healthy. With the fetches between them two pushes end within 12 minutes, and so within the
life of an intent (20 minutes, design/change-control.md §3)."""
FETCH_TIMEOUT = 240.0
"""The same for a fetch, which in a new clone brings the whole ledger."""
_PIPELINE = 400
"""Object ids asked for at once: 400 x 65 bytes stay below the 64 KiB that a pipe holds, so that
neither side ever waits for the other."""

_LEAVES_OUT = r"^(extensions\.partialclone|remote\..*\.promisor)$"
"""Settings by which git knows that a clone has not everything (git-clone(1), --filter)."""

_SETTINGS = {
    "core.filesRefLockTimeout": "5000",  # ms: wait for another writer's lock instead of failing
    "core.quotePath": "false",
    "http.lowSpeedLimit": "1000",  # bytes/s over `lowSpeedTime` seconds: a dead link ends
    "http.lowSpeedTime": "60",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "log.follow": "false",
}

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",  # a missing credential is an error, not a question nobody hears
    "GIT_NO_REPLACE_OBJECTS": "1",  # the record is what its ids say, not what stands in for it
    "GIT_OPTIONAL_LOCKS": "0",  # reading never writes the user's index
    "GIT_TRACE_REDACT": "1",  # whoever traces may see what is sent, but not as whom
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a git command ended. `status` None: it was given up after its timeout."""

    status: int | None
    out: bytes
    err: str

    @property
    def ok(self) -> bool:
        """True if git said so."""
        return self.status == 0

    @property
    def line(self) -> str:
        """Return the output as one stripped line of text."""
        return self.out.decode("utf-8", "replace").strip()


class ObjectReader:
    """Reads objects through one `git cat-file --batch`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Take over the pipes of a running `git cat-file --batch`."""
        self._process = process

    def read(self, name: str) -> bytes:
        """Return the object that `name` (an id, or `<tree>:<path>`) names, or raise LedgerError."""
        (data,) = self.read_all([name])
        if data is None:
            raise LedgerError(_missing_object(name))
        return data

    def read_all(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """Yield the objects that `names` name, in order; None for one that is not there."""
        for start in range(0, len(names), _PIPELINE):
            part = names[start : start + _PIPELINE]
            pipe = self._process.stdin
            if pipe is None:
                return
            pipe.write("".join(f"{name}\n" for name in part).encode())
            pipe.flush()
            yield from [self._next() for _ in part]

    def _next(self) -> bytes | None:
        pipe = self._process.stdout
        header = b"" if pipe is None else pipe.readline()
        if not header:
            raise LedgerError(
                Diagnostic(
                    code="ledger-unreadable",
                    summary="git stopped while the ledger was being read",
                    hint="run `git fsck`; if it is clean, run the command again",
                )
            )
        size = header.split()[-1]
        if pipe is None or not size.isdigit():
            return None
        data = pipe.read(int(size))
        pipe.read(1)
        return data


class Plumbing:
    """One repository, spoken to by plumbing commands that read no user's preferences."""

    def __init__(self, repository: git.Repo) -> None:
        """Use an opened repository; `open_plumbing` opens one with the errors explained."""
        self._repository = repository
        self._settings = dict(_SETTINGS)
        if repository.git.version_info >= _FSYNC_GIT:
            self._settings["core.fsync"] = "loose-object,pack,reference"
        else:
            self._settings["core.fsyncObjectFiles"] = "true"
        self.root = Path(repository.working_tree_dir or repository.git_dir)
        self.algorithm = self.must("rev-parse", "--show-object-format").line
        self.is_partial = self.run("config", "--get-regexp", _LEAVES_OUT).ok

    @property
    def has_remote(self) -> bool:
        """True if this repository knows another one."""
        return bool(self.must("remote").line)

    def run(
        self,
        *args: str,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Ran:
        """Run `git <args>` to its end. Never raises for what git says; look at `status`."""
        process = self._start(*args, env=env)
        try:
            out, err = process.communicate(stdin, timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with its helpers, which hold the pipes open
            out, err = process.communicate()
            return Ran(status=None, out=out, err=f"no answer within {timeout:g} s")
        words = without_credentials(err.decode("utf-8", "replace").strip())
        return Ran(status=process.returncode, out=out, err=words)

    def must(self, *args: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
        """Run `git <args>`; a failure raises LedgerError with git's own words."""
        ran = self.run(*args, stdin=stdin, env=env)
        if not ran.ok:
            raise LedgerError(
                Diagnostic(
                    code="git-failed",
                    summary=f"`git {args[0]}` failed in the repository {self.root}",
                    detail=ran.err,
                    hint="see git's own words above; `git fsck` tells whether the repository is "
                    "whole",
                )
            )
        return ran

    @contextlib.contextmanager
    def objects(self) -> Iterator[ObjectReader]:
        """Open a reader of objects."""
        process = self._start("cat-file", "--batch")
        try:
            yield ObjectReader(process)
        finally:
            process.kill()
            process.communicate()

    def store(self, kind: str, contents: Sequence[bytes]) -> list[str]:
        """Write objects of one kind durably and return their ids, in order."""
        ids = [object_id(kind, data, self.algorithm) for data in contents]
        with tempfile.TemporaryDirectory(prefix="reconcile-") as folder:
            paths = [Path(folder, str(number)) for number in range(len(contents))]
            for path, data in zip(paths, contents, strict=True):
                path.write_bytes(data)
            names = "".join(f"{path}\n" for path in paths).encode()
            self.must("hash-object", "-w", "-t", kind, "--no-filters", "--stdin-paths", stdin=names)
        return ids

    def _start(self, *args: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        settings = [word for name, value in self._settings.items() for word in _set(name, value)]
        started = self._repository.git.execute(
            ["git", *settings, *args],
            as_process=True,
            istream=subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C is for us: git finishes what it began
            env={**_ENVIRONMENT, **(env or {})},
        )
        process, started.proc = started.proc, None  # this file, not GitPython, waits for it
        if process is None:
            raise LedgerError(no_git())
        return process


def _set(name: str, value: str) -> tuple[str, str]:
    return "-c", f"{name}={value}"


def open_plumbing(path: Path) -> Plumbing:
    """Open the repository that holds `path`; no git, or no repository, raises LedgerError."""
    try:
        import git  # noqa: PLC0415 - GitPython looks for git as it is imported
    except ImportError as error:
        raise LedgerError(no_git()) from error
    try:
        repository = git.Repo(path, search_parent_directories=True)
        version = repository.git.version_info
        if version < OLDEST_GIT:
            raise LedgerError(_old_git(version))
        return Plumbing(repository)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError) as error:
        raise LedgerError(_no_repository(path)) from error
    except git.GitCommandNotFound as error:
        raise LedgerError(no_git()) from error


def _missing_object(name: str) -> Diagnostic:
    return Diagnostic(
        code="ledger-unreadable",
        summary=f"git does not have the object {name}",
        hint="`git fsck` tells what is missing; `git fetch` the branch reconcile/log from a clone "
        "that is whole",
    )


def no_git() -> Diagnostic:
    """Return that there is no git to run."""
    return Diagnostic(
        code="git-missing",
        summary="git is not installed, or not on the PATH",
        where=os.environ.get("PATH", ""),
        hint="install git (https://git-scm.com) and run the command again",
    )


def _old_git(version: Sequence[int]) -> Diagnostic:
    found, wanted = (".".join(map(str, numbers)) for numbers in (version, OLDEST_GIT))
    return Diagnostic(
        code="git-too-old",
        summary=f"git {found} is too old; the ledger needs {wanted} or newer",
        hint="update git and run the command again",
    )


def _no_repository(path: Path) -> Diagnostic:
    return Diagnostic(
        code="not-a-repository",
        summary=f"{path} is not in a git repository",
        detail="the ledger is a branch of the repository that holds the desired state",
        hint=f"run `git init {path}` and commit the desired state, or go to the right folder",
    )
