"""A git server on loopback, real to git (`git http-backend`), that fails as servers do.

Faults are taken in order, one per push (a POST to `git-receive-pack`) or per reading (a POST to
`git-upload-pack`). What is held back waits for `release`, never for time.
"""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

PATIENCE = 30
"""Seconds after which what is held back is let go: only where a test has failed."""


class Fault(Enum):
    """What happens to one request."""

    NONE = auto()
    BAD_GATEWAY_AFTER = auto()
    """The server takes the push, and the proxy before it answers 502."""
    HANG_UP_AFTER = auto()
    """The server takes the push, and the connection ends without an answer."""
    CUT_ANSWER = auto()
    """The server takes the push, and half of its answer arrives."""
    DROPPED_PACK = auto()
    """Half of the request reaches the server."""
    UNAVAILABLE = auto()
    """503, and nothing reaches the server."""
    FORBIDDEN = auto()
    """403: this user may not."""
    PAGE = auto()
    """200 and a page for people, as captive portals and login walls answer."""
    LATE = auto()
    """504 at once; the server takes the push when it is released."""
    HELD = auto()
    """No answer; the server takes the push when it is released."""
    SILENT = auto()
    """No answer, and the push is lost."""
    LIE = auto()
    """The server says that all went well, and has done nothing."""


@dataclass
class SmartHttp:
    """A running server: `url` of the one repository it serves, and what it shall do wrong."""

    url: str
    pushes: list[Fault] = field(default_factory=list)
    readings: list[Fault] = field(default_factory=list)
    password: str | None = None
    """Asked of whoever pushes, where it is set."""
    held: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Counts the requests that are held back."""
    release: threading.Event = field(default_factory=threading.Event)
    done: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    """Counts the requests that were held back and have run."""
    seen: list[str] = field(default_factory=list)

    def wait_held(self) -> None:
        assert self.held.acquire(timeout=PATIENCE), "no request came"

    def let_go(self) -> None:
        """Let what is held back run to its end."""
        self.release.set()
        assert self.done.acquire(timeout=PATIENCE), "what was held back did not end"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    smart: SmartHttp
    root: Path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name there)
        """Say nothing."""

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(self._body())

    @property
    def _smart(self) -> SmartHttp:
        return cast("_Server", self.server).smart

    def _serve(self, body: bytes) -> None:
        self._smart.seen.append(f"{self.command} {self.path}")
        writes = "git-receive-pack" in self.path
        if writes and not self._knows_password():
            self._answer(401, b"", {"WWW-Authenticate": 'Basic realm="git"'})
            return
        faults = self._smart.pushes if writes else self._smart.readings
        fault = faults.pop(0) if self.command == "POST" and faults else Fault.NONE
        with suppress(BrokenPipeError, ConnectionResetError):
            self._fail(fault, body)

    def _knows_password(self) -> bool:
        wanted = self._smart.password
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        return wanted is None or base64.b64decode(given).decode().endswith(f":{wanted}")

    def _fail(self, fault: Fault, body: bytes) -> None:
        if fault in _ANSWERS:
            status, page = _ANSWERS[fault]
            self._answer(status, page, {"Content-Type": "text/html"})
        elif fault is Fault.LIE:
            self._answer(200, _all_is_well(body), _RESULT)
        elif fault in {Fault.LATE, Fault.HELD, Fault.SILENT}:
            self._hold(fault, body)
        else:
            self._end_badly(fault, self._backend(body[: _half(fault, body)]))

    def _end_badly(self, fault: Fault, said: bytes) -> None:
        if fault is Fault.BAD_GATEWAY_AFTER:
            self._answer(502, b"Bad Gateway")
        elif fault in {Fault.HANG_UP_AFTER, Fault.DROPPED_PACK}:
            self.close_connection = True
        else:
            self._relay(said, cut=fault is Fault.CUT_ANSWER)

    def _hold(self, fault: Fault, body: bytes) -> None:
        if fault is Fault.LATE:
            self._answer(504, b"Gateway Timeout")
        self._smart.held.release()
        self._smart.release.wait(PATIENCE)
        if fault is not Fault.SILENT:
            self._backend(body)
            self._smart.done.release()
        self.close_connection = True

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _backend(self, body: bytes) -> bytes:
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(cast("_Server", self.server).root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_USER": "somebody",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        command = ["git", "http-backend"]
        return subprocess.run(
            command, input=body, env=environment, capture_output=True, check=False
        ).stdout

    def _relay(self, said: bytes, *, cut: bool = False) -> None:
        head, _, body = said.partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode().split("\r\n") if line]
        headers = {name: value for name, _, value in lines}
        status = int(headers.pop("Status", "200 OK").split()[0])
        self._answer(status, body, headers, cut=cut)

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, *, cut: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.close_connection = cut


_ANSWERS = {
    Fault.UNAVAILABLE: (503, b""),
    Fault.FORBIDDEN: (403, b"no"),
    Fault.PAGE: (200, b"<html>Please log in</html>"),
}
_RESULT = {"Content-Type": "application/x-git-receive-pack-result"}


def _half(fault: Fault, body: bytes) -> int:
    return len(body) // 2 if fault is Fault.DROPPED_PACK else len(body)


def _all_is_well(push: bytes) -> bytes:
    """Return the report of a push that landed (gitprotocol-pack(5), report-status, side band)."""
    ref = push[4:].split(b"\0")[0].split(b" ")[2]
    report = _line(b"unpack ok\n") + _line(b"ok " + ref + b"\n") + b"0000"
    return _line(b"\1" + report) + b"0000"


def _line(data: bytes) -> bytes:
    return b"%04x" % (len(data) + 4) + data


@contextmanager
def serve(bare: Path) -> Iterator[SmartHttp]:
    """Serve the bare repository at `bare`, which takes pushes, until the end."""
    subprocess.run(["git", "-C", str(bare), "config", "http.receivepack", "true"], check=True)
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.root = bare.parent
        server.smart = SmartHttp(f"http://127.0.0.1:{server.server_address[1]}/{bare.name}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.smart
        finally:
            server.smart.release.set()
            server.shutdown()
            thread.join()
