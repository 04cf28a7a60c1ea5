import re
import subprocess
from pathlib import Path

import pytest
import yaml

from reconciler.diagnostics import SpecError
from reconciler.spec.load import load_portfolio, validate_json
from reconciler.spec.scaffold import scaffold

FILES = {
    ".github/workflows/apply.yml",
    ".github/workflows/plan.yml",
    ".gitignore",
    "CODEOWNERS",
    "zones/example.com.yaml",
    "zones/portfolio.yaml",
}


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def test_what_init_writes_validates_without_any_finding(tmp_path: Path) -> None:
    written = scaffold(tmp_path / "new")
    assert {str(path.relative_to(tmp_path / "new")) for path in written} == FILES
    loaded = load_portfolio(tmp_path / "new")
    assert validate_json(loaded) == {"ok": True, "zones": 1, "diagnostics": []}


def test_the_example_zone_can_be_named(tmp_path: Path) -> None:
    scaffold(tmp_path, zone="Bücher.example")
    portfolio = load_portfolio(tmp_path).portfolio
    assert portfolio is not None
    assert list(portfolio.zones) == ["xn--bcher-kva.example."]


def test_what_runs_leave_beside_the_zones_is_no_change_of_the_portfolio(tmp_path: Path) -> None:
    scaffold(tmp_path)
    for name in ("plan.json", "outcome-0123456789abcdef.json"):
        (tmp_path / name).touch()
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    ran = subprocess.run(
        [*git, "ls-files", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert set(ran.stdout.split()) == FILES


@pytest.mark.parametrize("present", sorted(FILES))
def test_no_file_is_overwritten_and_then_none_is_written(present: str, tmp_path: Path) -> None:
    (tmp_path / present).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / present).write_text("mine")
    with pytest.raises(SpecError) as refusal:
        scaffold(tmp_path)
    assert [(d.code, d.file) for d in refusal.value.diagnostics] == [("file-exists", present)]
    assert files(tmp_path) == {present: b"mine"}


def test_a_dangling_link_counts_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "CODEOWNERS").symlink_to(tmp_path / "nowhere")
    with pytest.raises(SpecError):
        scaffold(tmp_path)
    assert not (tmp_path / "nowhere").exists()


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / ".github").write_text("a file where a directory must be")
    with pytest.raises(SpecError) as refusal:
        scaffold(tmp_path)
    assert refusal.value.diagnostics[0].code == "unwritable"
    assert set(files(tmp_path)) == {".github"}


@pytest.mark.parametrize("name", ["", ".", "a b", "../x", "{0}"])
def test_a_bad_zone_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as refusal:
        scaffold(tmp_path, zone=name)
    assert refusal.value.diagnostics[0].code == "zone-name"
    assert files(tmp_path) == {}


@pytest.mark.parametrize(("name", "may"), [("plan", "read"), ("apply", "write")])
def test_workflows_are_pinned_and_may_do_little(name: str, may: str, tmp_path: Path) -> None:
    scaffold(tmp_path)
    text = (tmp_path / f".github/workflows/{name}.yml").read_text()
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {}
    (job,) = workflow["jobs"].values()
    assert job["permissions"] == {"contents": may}
    assert all(re.search(r"@[0-9a-f]{40} # v", use) for use in re.findall(r"uses: (.*)", text))
    assert "secrets." not in text
    assert "pull_request_target" not in text
