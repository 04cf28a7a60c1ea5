"""The state of a world on disk: one SQLite file in write-ahead mode.

Each change is one transaction, so that a process killed at any moment leaves the old state or the
new one. Several processes may have the same world open. Instants are whole seconds since the epoch.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from reconciler.diagnostics import AdapterError, Diagnostic, ReconcileError, SpecError
from reconciler.sandbox.faults import FaultKind
from reconciler.sandbox.history import (
    PARENT,
    ActiveFault,
    DelegationVersion,
    HeldKey,
    History,
    SignerVersion,
    State,
)
from reconciler.sandbox.state_text import dump_state, load_delegation, load_signer

FILE = "world.sqlite3"
FORMAT = "reconcile-world/1"

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1),
                    now INTEGER NOT NULL, generation INTEGER NOT NULL);
CREATE TABLE keys (id INTEGER PRIMARY KEY, zone TEXT NOT NULL, place TEXT NOT NULL,
                   label TEXT NOT NULL, algorithm INTEGER NOT NULL, flags INTEGER NOT NULL,
                   public BLOB NOT NULL, private BLOB, UNIQUE (zone, place, label));
CREATE TABLE versions (id INTEGER PRIMARY KEY, place TEXT NOT NULL, zone TEXT NOT NULL,
                       at INTEGER NOT NULL, state TEXT NOT NULL);
CREATE TABLE calls (system TEXT NOT NULL, zone TEXT NOT NULL, idem TEXT NOT NULL,
                    at INTEGER NOT NULL, request TEXT NOT NULL, receipt TEXT NOT NULL,
                    PRIMARY KEY (system, zone, idem));
CREATE TABLE faults (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, target TEXT NOT NULL,
                     seconds INTEGER NOT NULL, remaining INTEGER,
                     since INTEGER NOT NULL, until INTEGER, seen INTEGER NOT NULL);
"""

_BUSY_SECONDS = 30
"""How long a writer waits for another one; SQLite's own default of 5 s is short on a busy CI."""


class Store:
    """One connection to a world's state, safe to share between threads."""

    def __init__(self, directory: Path, *, create: bool = False) -> None:
        """Connect to the state in `directory`; without `create` it must be there."""
        self._lock = threading.RLock()
        self._file = directory / FILE
        if not create and not self._file.is_file():
            raise SpecError(_no_world(directory))
        self._loaded: tuple[int, History] | None = None
        with self._told():
            self._db = sqlite3.connect(
                self._file, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False
            )
        try:
            with self._told():
                self._db.execute("PRAGMA journal_mode = WAL")
                whole = create or self._tables()
        except ReconcileError:
            self._db.close()
            raise
        if not whole:
            self._db.close()
            raise SpecError(_no_world(directory))

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside happen at once or not at all; the whole world is locked."""
        with self._lock, self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                self._loaded = None
                raise
            self._db.execute("COMMIT")

    def initialise(self, *, start: int, layout: str, seed: int) -> None:
        """Lay out an empty world; within a transaction. A second time raises SpecError."""
        if self._tables():
            raise SpecError(
                Diagnostic(
                    code="world-exists",
                    summary="there is a world already",
                    where=str(self._file.parent),
                    hint="choose another directory, or remove this one first",
                )
            )
        for statement in _SCHEMA.split(";"):
            self._db.execute(statement)
        rows = {"format": FORMAT, "layout": layout, "seed": str(seed), "start": str(start)}
        self._db.executemany("INSERT INTO meta VALUES (?, ?)", rows.items())
        self._db.execute("INSERT INTO clock VALUES (1, ?, 0)", (start,))

    def meta(self, name: str) -> str:
        """Return what was written down at the creation of the world."""
        with self._lock, self._told():
            row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0])

    def clock(self) -> tuple[int, int]:
        """Return the virtual time and the generation, which grows with each change of history."""
        with self._lock, self._told():
            row = self._db.execute("SELECT now, generation FROM clock").fetchone()
        return int(row[0]), int(row[1])

    def set_now(self, now: int) -> None:
        """Move the virtual time."""
        self._db.execute("UPDATE clock SET now = ?", (now,))

    def view(self) -> tuple[int, History]:
        """Return the virtual time and everything that happened, as of one moment.

        History is read anew only where something happened.
        """
        with self._lock, self._told(), self._snapshot():
            now, generation = self.clock()
            if self._loaded is None or self._loaded[0] != generation:
                self._loaded = generation, self._load()
            return now, self._loaded[1]

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK")

    def add_key(self, key: HeldKey) -> HeldKey:
        """Write down a new key and return it with its id."""
        row = self._db.execute(
            "INSERT INTO keys VALUES (NULL, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
            (key.zone, key.place, key.label, key.algorithm, key.flags, key.public, key.private),
        ).fetchone()
        self._grow()
        return replace(key, id=int(row[0]))

    def add_version(self, place: str, zone: str, at: int, state: State) -> None:
        """Write down that `zone` at `place` is `state` from `at` on."""
        self._db.execute(
            "INSERT INTO versions VALUES (NULL, ?, ?, ?, ?)", (place, zone, at, dump_state(state))
        )
        self._grow()

    def hasten(self, zone: str, at: int) -> None:
        """Publish what is pending for the delegation of `zone` at `at` instead."""
        self._db.execute(
            "UPDATE versions SET at = ? WHERE place = ? AND zone = ? AND at > ?",
            (at, PARENT, zone, at),
        )
        self._grow()

    def call(self, system: str, zone: str, idem: str) -> tuple[str, str] | None:
        """Return request and receipt of an earlier call, None where there was none."""
        with self._lock:
            row = self._db.execute(
                "SELECT request, receipt FROM calls WHERE system = ? AND zone = ? AND idem = ?",
                (system, zone, idem),
            ).fetchone()
        return None if row is None else (str(row[0]), str(row[1]))

    def add_call(self, system: str, zone: str, idem: str, request: str, receipt: str) -> None:
        """Remember a call, so that repeating it has no second effect."""
        self._db.execute(
            "INSERT INTO calls VALUES (?, ?, ?, (SELECT now FROM clock), ?, ?)",
            (system, zone, idem, request, receipt),
        )

    def calls(self) -> tuple[tuple[str, str, str, int, str], ...]:
        """Return (system, zone, idem, at, request) of every call that had its effect."""
        with self._lock:
            rows = self._db.execute(
                "SELECT system, zone, idem, at, request FROM calls ORDER BY rowid"
            ).fetchall()
        return tuple((str(s), str(z), str(i), int(at), str(r)) for s, z, i, at, r in rows)

    def add_fault(self, fault: ActiveFault) -> None:
        """Write down a fault."""
        self._db.execute(
            "INSERT INTO faults VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)",
            (
                fault.kind.value,
                fault.target,
                fault.seconds,
                fault.remaining,
                fault.since,
                fault.until,
                fault.seen,
            ),
        )
        self._grow()

    def strike(self, fault: ActiveFault) -> None:
        """Count one strike of a fault; it ends with its last."""
        if fault.remaining is None:
            return
        self._db.execute("UPDATE faults SET remaining = remaining - 1 WHERE id = ?", (fault.id,))
        self._db.execute("DELETE FROM faults WHERE remaining <= 0")
        self._grow()

    def clear_faults(self) -> None:
        """End all faults."""
        self._db.execute("DELETE FROM faults")
        self._grow()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what SQLite says about the file into an error that a person can act on."""
        try:
            yield
        except sqlite3.Error as error:
            raise AdapterError(
                Diagnostic(
                    code="world-unusable",
                    summary=f"the sandbox's state cannot be used: {error}",
                    where=str(self._file),
                    hint="see that the file is whole and writable, or create the world anew",
                )
            ) from error

    def _grow(self) -> None:
        self._db.execute("UPDATE clock SET generation = generation + 1")

    def _tables(self) -> bool:
        query = "SELECT 1 FROM sqlite_master WHERE name = 'meta'"
        return self._db.execute(query).fetchone() is not None

    def _load(self) -> History:
        keys = {
            int(row[0]): HeldKey(
                id=row[0],
                zone=row[1],
                place=row[2],
                label=row[3],
                algorithm=row[4],
                flags=row[5],
                public=row[6],
                private=row[7],
            )
            for row in self._db.execute("SELECT * FROM keys ORDER BY id")
        }
        signers: dict[tuple[str, str], list[SignerVersion]] = defaultdict(list)
        delegations: dict[str, list[DelegationVersion]] = defaultdict(list)
        query = "SELECT id, place, zone, at, state FROM versions ORDER BY at, id"
        for number, place, zone, at, text in self._db.execute(query):
            if place == PARENT:
                state = load_delegation(text)
                delegations[zone].append(DelegationVersion(id=number, at=at, state=state))
            else:
                signers[place, zone].append(
                    SignerVersion(id=number, at=at, state=load_signer(text))
                )
        return History(
            keys=keys,
            signers={name: tuple(versions) for name, versions in signers.items()},
            delegations={name: tuple(versions) for name, versions in delegations.items()},
            faults=tuple(
                ActiveFault(
                    id=row[0],
                    kind=FaultKind(row[1]),
                    target=row[2],
                    seconds=row[3],
                    remaining=row[4],
                    since=row[5],
                    until=row[6],
                    seen=row[7],
                )
                for row in self._db.execute("SELECT * FROM faults ORDER BY id")
            ),
        )


def _no_world(directory: Path) -> Diagnostic:
    return Diagnostic(
        code="no-world",
        summary="there is no sandbox world here",
        where=str(directory),
        hint=f"make one with `reconcile sandbox create {directory}`",
    )
