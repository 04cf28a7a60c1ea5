"""An embedded DNS world: root, TLDs and zones with real signatures, under virtual time, on disk.

What its servers answer follows from the history of events, the server and the virtual time alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.model.entries import Json
from reconciler.model.keys import SEP_FLAG
from reconciler.sandbox import changes, genesis
from reconciler.sandbox.authority import Authority
from reconciler.sandbox.contents import Moment
from reconciler.sandbox.dump import dump
from reconciler.sandbox.faults import SYSTEM_FAULTS, Fault
from reconciler.sandbox.history import ActiveFault, History
from reconciler.sandbox.keymaker import ds_text
from reconciler.sandbox.keyring import Keyring
from reconciler.sandbox.layout import ServerLayout, WorldLayout, ZoneLayout
from reconciler.sandbox.layout_file import dump_layout, load_layout, require_sound
from reconciler.sandbox.passing import pass_time
from reconciler.sandbox.serving import RESOLVER, Serving
from reconciler.sandbox.store import Store
from reconciler.sandbox.wire import Transport

_ANCHOR_TTL = 172800
"""TTL written with trust anchors; that of the Internet's root DNSKEY RRset. Nothing reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One server that serves a zone or its delegation.

    `role`: `parent`, or the name of the signer. A hidden one has an address that only judges know.
    """

    server: str
    address: str
    role: str
    hidden: bool


class World:
    """A world on disk. It is a `Clock`: its virtual time stands still until it leaps.

    The clock ticks in whole seconds. Several processes may have one world open; callbacks are those
    of this process. Close it, or use it as a context manager.
    """

    def __init__(self, store: Store) -> None:
        """Use `World.create` or `World.open`."""
        self.store = store
        self.layout: WorldLayout = load_layout(store.meta("layout"))
        self.keyring = Keyring(store, int(store.meta("seed")))
        self._start = int(store.meta("start"))
        self._authority = Authority(self.layout)
        self._callbacks: list[Callable[[datetime], None]] = []

    @classmethod
    def create(cls, path: Path, *, start: datetime, layout: WorldLayout, seed: int = 0) -> Self:
        """Make a world in the directory `path`, which may exist, and open it.

        A layout that cannot work and a directory that holds a world raise SpecError.
        """
        require_sound(layout)
        _make_directory(path)
        store = Store(path, create=True)
        try:
            with store.transaction():
                second = int(start.timestamp())
                store.initialise(start=second, layout=dump_layout(layout), seed=seed)
                genesis.begin(Keyring(store, seed), layout, second)
        except BaseException:
            store.close()
            raise
        return cls(store)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the world in the directory `path`; where there is none, raise SpecError."""
        return cls(Store(path))

    def close(self) -> None:
        """Let go of the files."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def now(self) -> datetime:
        """Return the virtual time."""
        return _instant(self.store.clock()[0])

    def leap_to(self, instant: datetime) -> None:
        """Move time to `instant`, rounded up to a second; going back raises ValueError.

        Where somebody listens (`on_change`), time stops on the way at each instant at which an
        answer may change, and they are called there and at the end.
        """
        target = -int(-instant.timestamp() // 1)
        now = self.store.clock()[0]
        if target < now:
            message = f"time cannot go back from {_instant(now):%FT%TZ} to {instant:%FT%TZ}"
            raise ValueError(message)
        while self._callbacks and (stop := self._next_change(now)) is not None and stop < target:
            self._advance(stop)
            now = stop
        self._advance(target)

    def next_change(self, after: datetime) -> datetime | None:
        """Return the first instant after `after` at which some answer may change by itself.

        It never misses one as far as is known now; None: never.
        """
        found = self._next_change(int(after.timestamp()))
        return None if found is None else _instant(found)

    def on_change(self, callback: Callable[[datetime], None]) -> None:
        """Call `callback` with the virtual time after each change that this process makes."""
        self._callbacks.append(callback)

    def instances(self, zone: str) -> tuple[Instance, ...]:
        """Return the servers of the parent of `zone` and of its signers, hidden ones included."""
        signers = self.zone(zone).signers
        tld = next(tld for tld in self.layout.tlds if tld.zone == zone.partition(".")[2])
        found = _instances("parent", tld.servers)
        for signer in self.layout.signers:
            if signer.name in signers:
                found += _instances(signer.name, signer.servers)
        return found

    def zone(self, zone: str) -> ZoneLayout:
        """Return the layout of a zone; an unknown one raises SpecError."""
        zones = {layout.zone: layout for layout in self.layout.zones}
        if zone not in zones:
            raise SpecError(_unknown("zone", zone, zones))
        return zones[zone]

    @property
    def hints(self) -> Mapping[str, tuple[str, ...]]:
        """Names and addresses of the root servers."""
        return {s.name: (s.address,) for s in self.layout.root.servers if not s.hidden}

    @property
    def trust_anchors(self) -> tuple[str, ...]:
        """The DS records of the root's keys, as in a zone file."""
        texts = [
            ds_text(".", flags=key.flags, algorithm=key.algorithm, public_key=key.public)
            for key in self.store.view()[1].zone_keys(".", ".")
            if key.flags & SEP_FLAG
        ]
        return tuple(f". {_ANCHOR_TTL} IN DS {text}" for text in texts)

    def respond(
        self, address: str, query: bytes, transport: Transport = Transport.TCP
    ) -> bytes | None:
        """Return what the server at a published address answers now; None: nothing."""
        now, history = self.store.view()
        host = self._authority.hosts[address]
        return self._authority.respond(
            host, query, transport, self._moment(now, history), self._strike
        )

    @contextmanager
    def serve(self) -> Iterator[Serving]:
        """Serve every server on loopback UDP and TCP ports while the context lasts."""
        addresses = [a for a in self._authority.hosts if a != RESOLVER]
        with Serving(addresses, self.respond) as serving:
            yield serving

    def act(self, zone: str) -> None:
        """Let the people behind a delegation do now what is still pending."""
        self.zone(zone)
        with self.store.transaction():
            self.store.hasten(zone, self.store.clock()[0])
        self.changed()

    def inject(self, fault: Fault) -> None:
        """Let something go wrong from now on; a target that cannot fail so raises SpecError."""
        known = {server.name for server in self.layout.servers}
        if fault.kind in SYSTEM_FAULTS:
            known = {system.name for system in self.layout.signers}
            known |= {system.name for system in self.layout.parents}
        if fault.target not in known:
            raise SpecError(_unknown("target", fault.target, known))
        with self.store.transaction():
            now, history = self.store.view()
            self.store.add_fault(
                ActiveFault(
                    id=0,
                    kind=fault.kind,
                    target=fault.target,
                    seconds=fault.seconds,
                    remaining=fault.count,
                    since=now,
                    seen=history.newest,
                    until=None if fault.until is None else int(fault.until.timestamp()),
                )
            )
        self.changed()

    def clear_faults(self) -> None:
        """End all faults."""
        with self.store.transaction():
            self.store.clear_faults()
        self.changed()

    def dump(self) -> dict[str, Json]:
        """Return everything there is to know about this world but private keys."""
        return dump(self.store, self.layout)

    @property
    def delv_anchors(self) -> str:
        """The trust anchors as a file for BIND's `delv -a`."""
        anchors = (anchor.rpartition(" DS ")[2].split() for anchor in self.trust_anchors)
        lines = [f'  . static-ds {a[0]} {a[1]} {a[2]} "{a[3]}";\n' for a in anchors]
        return f"trust-anchors {{\n{''.join(lines)}}};\n"

    def changed(self) -> None:
        """Tell those who listen that an answer may have changed."""
        now = self.now()
        for callback in self._callbacks:
            callback(now)

    def _strike(self, fault: ActiveFault) -> None:
        if fault.remaining is not None:
            with self.store.transaction():
                self.store.strike(fault)

    def _moment(self, at: int, history: History) -> Moment:
        return Moment(
            layout=self.layout,
            history=history,
            start=self._start,
            at=at,
            seed=self.keyring.seed,
        )

    def _next_change(self, after: int) -> int | None:
        return changes.next_change(self._moment(after, self.store.view()[1]))

    def _advance(self, target: int) -> None:
        with self.store.transaction():
            pass_time(self.keyring, self.layout, target)
            self.store.set_now(max(target, self.store.clock()[0]))
        self.changed()


def _instances(role: str, servers: tuple[ServerLayout, ...]) -> tuple[Instance, ...]:
    return tuple(
        Instance(server=s.name, address=s.address, role=role, hidden=s.hidden) for s in servers
    )


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(
            Diagnostic(
                code="world-unwritable",
                summary=f"no world can be made there: {error.strerror}",
                where=str(path),
                hint="name a directory that is empty, or that you may create",
            )
        ) from error


def _unknown(what: str, name: str, known: Iterable[str]) -> Diagnostic:
    return Diagnostic(
        code=f"unknown-{what}",
        summary=f"the sandbox has no {what} {name}",
        where=name,
        hint=f"it has {', '.join(sorted(known))}",
    )


def _instant(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
