"""Runs `reconcile apply` in processes of its own that can be killed, stopped or held at a gate.

Started once, it imports everything and then forks one process per run, so that a run costs what it
does and not what its imports do. One JSON object per line: on stdin `{"root", "zone", "at", "do"}`,
on stdout `{"pid"}` when a run begins, and `{"pid", "code", "result"}` when it ended, where a
negative code is the signal that ended it. `at` is a checkpoint and a count, `["after-call", 2]`;
`do` is what happens there: `kill`, `stop` (SIGSTOP), `INT:PATH` or `TERM:PATH` (PATH tells when),
or `meet:PATH` (wait until PATH is there).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reconciler import wiring
from reconciler.cli import app

POLL = 0.01


def hook(at: list[Any] | None, do: str) -> Callable[[str], None]:
    passes: Counter[str] = Counter()

    def checkpoint(name: str) -> None:
        passes[name] += 1
        if at != [name, passes[name]]:
            return
        if do == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif do.startswith(("INT:", "TERM:")):
            name, _, path = do.partition(":")
            Path(path).touch()
            os.kill(os.getpid(), getattr(signal, f"SIG{name}"))
        elif do == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        else:
            meet(Path(do.removeprefix("meet:")))

    return checkpoint


def meet(gate: Path) -> None:
    """Say that this run has come to the gate, and wait until it opens."""
    gate.with_name(f"{gate.name}.{os.getpid()}").touch()
    while not gate.exists():
        threading.Event().wait(POLL)


def run(order: dict[str, Any], out: Path) -> None:
    """Be the process of one run; never returns."""
    os.setpgid(0, 0)
    told = os.open(out, os.O_WRONLY | os.O_CREAT)
    os.dup2(told, sys.stdout.fileno())
    setting = partial(wiring.Setting, checkpoint=hook(order.get("at"), order.get("do", "")))
    wiring.Setting = setting  # type: ignore[assignment,misc]
    arguments = ["apply", order["zone"], "-C", order["root"], "--format", "json"]
    code = app.run([*arguments, *order.get("options", ["--detailed-exitcode"])])
    sys.stdout.flush()
    os._exit(code)


def wait(pid: int, out: Path, lock: threading.Lock) -> None:
    _, status = os.waitpid(pid, 0)
    text = out.read_text(encoding="utf-8") if out.exists() else ""
    tell({"pid": pid, "code": os.waitstatus_to_exitcode(status), "result": text}, lock)


def tell(message: dict[str, Any], lock: threading.Lock) -> None:
    with lock:
        print(json.dumps(message), flush=True)  # noqa: T201 - the protocol


def serve() -> None:
    lock = threading.Lock()
    with TemporaryDirectory() as folder:
        for number, line in enumerate(sys.stdin):
            out = Path(folder) / f"{number}.json"
            with lock:
                pid = os.fork()
                if pid == 0:
                    run(json.loads(line), out)
            tell({"pid": pid}, lock)
            threading.Thread(target=wait, args=(pid, out, lock)).start()


if __name__ == "__main__":
    serve()
