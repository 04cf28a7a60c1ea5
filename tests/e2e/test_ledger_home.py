"""Where the ledger lives: at a remote that clones share, with a witness that never forgets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.places import Place, Reconcile

LOG = "refs/heads/reconcile/log"
PROGRAM = "import sys; from reconciler.cli.app import run; sys.exit(run(sys.argv[1:]))"

Settle = Callable[[str], Path]


def git(path: Path, *arguments: str) -> str:
    command = ["git", "-C", str(path), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def bare(place: Place, tmp_path: Path) -> Path:
    """A bare remote that takes no force push, named origin in the portfolio's repository."""
    path = tmp_path / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    git(path, "config", "receive.denyNonFastForwards", "true")
    git(path, "config", "receive.denyDeletes", "true")
    place.git("remote", "add", "origin", str(path))
    return path


@pytest.fixture
def settle(place: Place, bare: Path) -> Settle:
    """Write where the ledger is, commit and push it."""

    def write(text: str) -> Path:
        portfolio = place.root / "zones/portfolio.yaml"
        portfolio.write_text(portfolio.read_text() + text)
        place.commit("Say where the ledger is")
        place.git("push", "--quiet", "origin", "main")
        return bare

    return write


@pytest.fixture
def clone(place: Place, bare: Path, tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, *options: str) -> Path:
        path = tmp_path / name
        address = f"file://{bare}"
        subprocess.run(["git", "clone", "-q", *options, address, str(path)], check=True)
        (path / "build").symlink_to(place.root / "build")
        return path

    return make


@pytest.fixture
def witness(place: Place, tmp_path: Path) -> Path:
    path = tmp_path / "witness.git"
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    place.git("remote", "add", "backup", str(path))
    return path


def test_the_ledger_is_written_at_the_remote_and_read_in_every_clone(
    place: Place, settle: Settle, clone: Callable[..., Path], reconcile: Reconcile
) -> None:
    bare = settle("ledger: {remote: origin}\n")
    assert reconcile("apply", "-C", place.root).code == 0
    tip = git(bare, "rev-parse", LOG)
    other = clone("other")
    shown = reconcile("status", "-C", other, "--format", "json").json
    assert shown["zones"]["shop.example."]["stand"] != "unseen"
    assert git(other, "rev-parse", LOG) == tip
    ended = reconcile("audit", "verify", "-C", other, "--format", "json")
    assert (ended.code, ended.json["tip"], ended.json["witness"]) == (0, tip, None)


def test_the_branch_may_have_another_name(
    place: Place, settle: Settle, reconcile: Reconcile
) -> None:
    bare = settle("ledger: {remote: origin, branch: dnssec/record}\n")
    assert reconcile("apply", "-C", place.root).code == 0
    assert git(bare, "for-each-ref", "--format=%(refname)").split() == [
        "refs/heads/dnssec/record",
        "refs/heads/main",
    ]
    assert reconcile("audit", "verify", "-C", place.root).code == 0


def test_offline_an_audit_looks_at_what_the_clone_holds(
    place: Place, settle: Settle, reconcile: Reconcile
) -> None:
    bare = settle("ledger: {remote: origin}\n")
    assert reconcile("apply", "-C", place.root).code == 0
    bare.rename(f"{bare}.away")
    ended = reconcile("audit", "verify", "-C", place.root)
    assert (ended.code, "error[ledger-remote-unreachable]" in ended.err) == (1, True)
    assert reconcile("audit", "verify", "-C", place.root, "--offline").code == 0
    assert reconcile("audit", "log", "-C", place.root, "--offline").out
    assert reconcile("audit", "export", "-C", place.root, "--offline").out


@pytest.mark.usefixtures("bare")
def test_a_run_in_ci_never_writes_its_record_into_a_clone_that_is_thrown_away(
    place: Place, reconcile: Reconcile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "7")
    ended = reconcile("apply", "-C", place.root)
    assert (ended.code, "error[ledger-not-kept]" in ended.err) == (1, True)
    assert "ledger: {remote: origin}" in ended.err
    assert place.git("branch", "--list", "reconcile/log") == ""


def test_after_each_run_the_witness_holds_the_ledger(
    place: Place, settle: Settle, witness: Path, reconcile: Reconcile
) -> None:
    bare = settle("ledger: {remote: origin}\nwitness: {remote: backup}\n")
    assert reconcile("apply", "-C", place.root).code == 0
    assert git(witness, "rev-parse", LOG) == git(bare, "rev-parse", LOG)
    reconcile("sandbox", "leap", place.world, "--by", "10d")
    assert reconcile("apply", "-C", place.root).code == 0
    assert git(witness, "rev-parse", LOG) == git(bare, "rev-parse", LOG)
    ended = reconcile("audit", "verify", "-C", place.root)
    assert (ended.code, "witness backup" in ended.err + ended.out) == (0, True)


def test_a_witness_that_is_silent_is_an_error_after_the_work_is_done(
    place: Place, settle: Settle, witness: Path, reconcile: Reconcile
) -> None:
    bare = settle("ledger: {remote: origin}\nwitness: {remote: backup}\n")
    assert reconcile("apply", "-C", place.root).code == 0
    rules = place.root / "zones/portfolio.yaml"
    place.edit(rules, "separation_of_duties: true", "separation_of_duties: false")
    place.commit("Change the rules, which the next run puts on record")
    witness.rename(f"{witness}.away")
    tip = git(bare, "rev-parse", LOG)
    ended = reconcile("apply", "-C", place.root)
    assert (ended.code, "error[ledger-remote-unreachable]" in ended.err) == (1, True)
    assert "shop.example" in ended.out
    assert git(bare, "rev-parse", LOG) != tip
    Path(f"{witness}.away").rename(witness)
    assert reconcile("apply", "-C", place.root).code == 0
    assert git(witness, "rev-parse", LOG) == git(bare, "rev-parse", LOG)


def test_a_rewritten_ledger_is_told_by_run_and_audit(
    place: Place, settle: Settle, witness: Path, clone: Callable[..., Path], reconcile: Reconcile
) -> None:
    bare = settle("ledger: {remote: origin}\nwitness: {remote: backup}\n")
    assert reconcile("apply", "-C", place.root).code == 0
    git(bare, "update-ref", LOG, f"{LOG}~1")
    cut = git(bare, "rev-parse", LOG)
    ended = reconcile("audit", "verify", "-C", place.root)
    assert (ended.code, "error[ledger-diverged]" in ended.err) == (8, True)
    fresh = clone("fresh")
    git(fresh, "remote", "add", "backup", str(witness))
    for command in (["audit", "verify"], ["apply"]):
        ended = reconcile(*command, "-C", fresh)
        assert (ended.code, "ledger-witness" in ended.err + ended.out) == (8, True)
    assert git(bare, "rev-parse", LOG) == cut, "nothing is written after such a past"


def test_a_deleted_ledger_is_never_begun_anew_where_a_witness_has_one(
    place: Place, settle: Settle, witness: Path, clone: Callable[..., Path], reconcile: Reconcile
) -> None:
    bare = settle("ledger: {remote: origin}\nwitness: {remote: backup}\n")
    assert reconcile("apply", "-C", place.root).code == 0
    git(bare, "update-ref", "-d", LOG)
    fresh = clone("fresh")
    git(fresh, "remote", "add", "backup", str(witness))
    ended = reconcile("apply", "-C", fresh)
    assert (ended.code, "error[ledger-lost]" in ended.err) == (8, True)
    assert git(bare, "for-each-ref", LOG) == ""


@pytest.mark.parametrize(
    "text",
    [
        "ledger: {remote: 'https://token@git.example/x.git'}",
        "ledger: {remote: '--upload-pack=touch x'}",
        "ledger: {remote: 'ext::sh -c date'}",
        "ledger: {remote: ../elsewhere}",
        "ledger: {branch: 'x..y'}",
        "ledger: {branch: -x}",
        "ledger: {branch: x.lock/}",
        "witness: {remote: /srv/other.git}",
        "witness: {}",
    ],
)
def test_remotes_are_named_and_never_given_by_address(
    text: str, scaffolded: Place, reconcile: Reconcile
) -> None:
    portfolio = scaffolded.root / "zones/portfolio.yaml"
    portfolio.write_text(f"{portfolio.read_text()}{text}\n")
    ended = reconcile("validate", scaffolded.root)
    assert ended.code == 1
    assert "zones/portfolio.yaml:" in ended.out + ended.err


def test_of_many_first_runs_at_once_one_begins_the_ledger_and_none_fails(
    settle: Settle, clone: Callable[..., Path]
) -> None:
    bare = settle("ledger: {remote: origin}\n")
    clones = [clone(f"runner-{number}") for number in range(4)]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "apply", "-C", str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for path in clones
    ]
    said = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0, 0], said
    paths = git(bare, "ls-tree", "-r", "--name-only", LOG).split()
    assert [path.rpartition("-")[2] for path in paths].count("genesis.json") == 1
    assert [path.rpartition("-")[2] for path in paths].count("policy.json") == 1
