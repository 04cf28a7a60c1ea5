"""Hostile and mistaken input: each gets its code at its place, never a traceback."""

import os
from pathlib import Path
from typing import Protocol

import pytest

from reconciler.spec.load import Loaded, load_portfolio, validate_json
from reconciler.spec.tree import MAX_BYTES


class Repository(Protocol):
    root: Path
    zones: Path

    def write(self, path: str, data: str | bytes) -> Path: ...
    def load(self) -> Loaded: ...
    def zone(self, data: str | bytes, name: str = "shop.example.yaml") -> list[str]: ...
    def portfolio(self, old: str, new: str) -> list[str]: ...


REST = "owner: web\npolicy: std\ndnssec: signed\nsigners: [a]\nparent: reg\n"
ZONE = f"zone: shop.example\n{REST}"


YAML: dict[str, tuple[str | bytes, str]] = {
    "nothing at all": (b"", "yaml-empty 1:1"),
    "comments only": (b"# nothing\n", "yaml-empty 1:1"),
    "a bare null": (b"~\n", "empty-value 1:1"),
    "a list": (b"- a\n", "wrong-type 1:1"),
    "a word": (b"hello\n", "wrong-type 1:1"),
    "a tab as indentation": (ZONE + "keys:\n\tksk: {generation: 1}\n", "yaml-tab 8:1"),
    "a tab before a key": (b"\tzone: x\n", "yaml-tab 1:1"),
    "an open quote": (b"zone: 'x\n", "yaml-syntax 2:1"),
    "two colons": (b"zone: a: b\n", "yaml-syntax 1:8"),
    "a directive of another YAML": (b"%YAML 9.0\n---\nzone: x\n", "yaml-syntax 1:1"),
    "two documents": (ZONE + "---\n" + ZONE, "yaml-documents 7:1"),
    "a python tag": (b"zone: !!python/object:os.system x\n", "yaml-tag 1:7"),
    "a tag on a mapping": (b"!x {zone: a}\n", "yaml-tag 1:1"),
    "a custom tag": (ZONE + "tags: !env {a: b}\n", "yaml-tag 7:7"),
    "invalid UTF-8": (b"zone: shop.example\nowner: \xff\n", "not-utf-8 2:8"),
    "UTF-16": ("zone: x\n".encode("utf-16"), "not-utf-8 1:1"),
    "overlong UTF-8": (b"zone: \xc0\xaf\n", "not-utf-8 1:7"),
    "a surrogate": (b"zone: \xed\xa0\x80\n", "not-utf-8 1:7"),
    "NUL": (b"zone: a\0\n", "control-character 1:8"),
    "an escape sequence": (b"zone: \x1b[31m\n", "control-character 1:7"),
    "an escaped escape": (b'zone: "\\e[31m"\n', "control-character 1:7"),
    "an escaped override": (b'zone: "\\u202e"\n', "control-character 1:7"),
    "a carriage return that hides a line": (b"# x\rzone: a\n", "control-character 1:4"),
    "a line separator in a comment": ("# x\u2028zone: a\n", "control-character 1:4"),
    "a right-to-left override": ("zone: x\n# \u202e\n", "control-character 2:3"),
    "a second byte order mark": ("zone: \ufeffx\n", "control-character 1:7"),
    "a duplicate key": (ZONE + "owner: ops\n", "duplicate-key 7:1"),
    "a duplicate key in a flow": (ZONE + "tags: {a: b, a: c}\n", "duplicate-key 7:14"),
    "a number as key": (ZONE + "tags: {1: b}\n", "yaml-key 7:8"),
    "a boolean as key": (ZONE + "tags: {true: b}\n", "yaml-key 7:8"),
    "an ambiguous key": (ZONE + "tags: {on: b}\n", "yaml-key 7:8"),
    "a list as key": (ZONE + "? [a]\n: b\n", "yaml-key 7:3"),
    "a merge key": (ZONE + "<<: {a: b}\n", "unknown-field 7:1"),
    "an empty value": (ZONE.replace(" web", ""), "empty-value 2:7"),
    "a deep nest": ("[" * 100_000, "yaml-depth 1:33"),
    "deep complex keys": ("? " * 100_000, "yaml-depth 1:65"),
    "a deep mapping": ("{a: " * 50_000, "yaml-depth 1:129"),
}


@pytest.mark.parametrize("case", YAML)
def test_yaml_that_is_not_taken(case: str, repository: Repository) -> None:
    data, expected = YAML[case]
    assert repository.zone(data) == [expected]


BOMB = "a: &a [x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 8)}]\n"
    for old, new in zip("abcdefghi", "bcdefghij", strict=True)
)


def test_an_alias_bomb_is_told_of_and_never_lit(repository: Repository) -> None:
    found = repository.zone(BOMB)
    assert found[:3] == ["yaml-anchor 1:4", "yaml-anchor 2:4", "yaml-alias 2:8"]
    assert len(found) == 50


SHAPE = {
    "an unknown field": (ZONE + "ownr: x\n", ["unknown-field 7:1"]),
    "a missing field": (ZONE.replace("owner: web\n", ""), ["missing-field 1:1"]),
    "everything missing": ("{}", ["missing-field 1:1"] * 6),
    "a tag that is a boolean": (ZONE + "tags: {a: true}\n", ["wrong-type 7:11"]),
    "a tag that is a number": (ZONE + "tags: {a: 1}\n", ["wrong-type 7:11"]),
    "a tag that loses its zero": (ZONE + "tags: {a: 1.10}\n", ["wrong-type 7:11"]),
    "Norway": (ZONE + "tags: {country: no}\n", ["ambiguous-value 7:17"]),
    "an octal number": (ZONE + "tags: {a: 010}\n", ["ambiguous-value 7:11"]),
    "a sexagesimal number": (ZONE + "tags: {a: 1:30}\n", ["ambiguous-value 7:11"]),
    "infinity": (ZONE + "tags: {a: 1e999}\n", ["ambiguous-value 7:11"]),
    "a boolean for a word": (ZONE.replace("signed", "yes"), ["ambiguous-value 4:9"]),
    "a word that is none": (ZONE.replace("signed", "on-ish"), ["wrong-value 4:9"]),
    "text for a list": (ZONE.replace("[a]", "a"), ["wrong-type 5:10"]),
    "an empty list": (ZONE.replace("[a]", "[]"), ["too-short 5:10"]),
    "more signers than can be": (
        ZONE.replace("[a]", f"[{'a, ' * 100_000}a]"),
        ["too-long 5:10"],
    ),
    "a list in a list": (ZONE.replace("[a]", "[[a]]"), ["wrong-type 5:11"]),
    "a generation as text": (ZONE + "keys: {ksk: {generation: '2'}}\n", ["wrong-type 7:26"]),
    "a generation as boolean": (ZONE + "keys: {ksk: {generation: true}}\n", ["wrong-type 7:26"]),
    "generation zero": (ZONE + "keys: {ksk: {generation: 0}}\n", ["out-of-range 7:26"]),
    "a huge generation": (ZONE + "keys: {ksk: {generation: 9999999}}\n", ["out-of-range 7:26"]),
    "an endless number": (
        ZONE + f"keys: {{ksk: {{generation: {'9' * 5000}}}}}\n",
        ["ambiguous-value 7:26"],
    ),
    "a role that is none": (ZONE + "keys: {ssk: {generation: 1}}\n", ["unknown-field 7:8"]),
}


@pytest.mark.parametrize("case", SHAPE)
def test_zones_of_the_wrong_shape(case: str, repository: Repository) -> None:
    data, expected = SHAPE[case]
    assert repository.zone(data) == expected


MEANING = {
    "an unknown owner": (ZONE.replace("web", "wob"), ["unknown-owner 2:8"]),
    "an unknown policy": (ZONE.replace("std", "xyz"), ["unknown-policy 3:9"]),
    "an unknown signer": (ZONE.replace("[a]", "[a, z]"), ["unknown-signer 5:14"]),
    "an unknown parent": (ZONE.replace("reg", "rex"), ["unknown-parent 6:9"]),
    "a signer named twice": (ZONE.replace("[a]", "[a, a]"), ["signer-twice 5:14"]),
    "a CSK in a split scheme": (
        ZONE + "keys: {csk: {generation: 1}}\n",
        ["role-not-in-scheme 7:8"],
    ),
    "a ZSK in a CSK scheme": (
        ZONE.replace("std", "one") + "keys: {zsk: {generation: 1}}\n",
        ["role-not-in-scheme 7:8"],
    ),
    "a generation that nobody heeds": (
        ZONE.replace("[a]", "[h]") + "keys: {ksk: {generation: 1}}\n",
        ["zsk-lifetime-ignored 4:21", "generation-ignored 7:26"],
    ),
    "a name with a space": (ZONE.replace("shop.", "sh op."), ["zone-name 1:7"]),
    "an empty label": (ZONE.replace("shop.", "shop.."), ["zone-name 1:7"]),
    "a long label": (ZONE.replace("shop", "s" * 64), ["zone-name 1:7"]),
    "the root": (ZONE.replace("shop.example", '"."'), ["zone-name 1:7"]),
    "bad punycode": (ZONE.replace("shop", "xn--zzzzz--"), ["zone-name 1:7"]),
    "a symbol": (ZONE.replace("shop", "☃"), ["zone-name 1:7"]),
    "a name like a path": (ZONE.replace("shop.", "../../etc/"), ["zone-name 1:7"]),
    "another name than the file's": (
        ZONE.replace("shop", "sho"),
        ["zone-outside-its-file 1:7"],
    ),
    "everything at once": (
        "zone: x.example\nowner: a\npolicy: b\ndnssec: signed\nsigners: [c, c]\nparent: d\n",
        [
            "zone-outside-its-file 1:7",
            "unknown-owner 2:8",
            "unknown-policy 3:9",
            "unknown-signer 5:11",
            "unknown-signer 5:14",
            "signer-twice 5:14",
            "unknown-parent 6:9",
        ],
    ),
}


@pytest.mark.parametrize("case", MEANING)
def test_zones_that_say_what_cannot_be(case: str, repository: Repository) -> None:
    data, expected = MEANING[case]
    assert repository.zone(data) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("shop.example", "SHOP.Example"),
        ("shop.example", "shop.example."),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "münchen.example"),
        ("münchen.example", "mu\u0308nchen.example"),
    ],
)
def test_one_zone_in_two_files_however_it_is_written(
    first: str, second: str, repository: Repository
) -> None:
    repository.write(f"a/{first}.yaml", f"zone: {first}\n{REST}")
    found = repository.zone(f"zone: {second}\n{REST}", f"b/{second.removesuffix('.')}.yaml")
    assert found == ["zone-twice 1:7"]
    assert "zones/a/" in repository.load().diagnostics[0].summary


def test_a_name_is_kept_absolute_in_lower_case_a_labels(repository: Repository) -> None:
    repository.write("München.Example.yaml", f"zone: MÜNCHEN.example\n{REST}")
    portfolio = repository.load().portfolio
    assert portfolio is not None
    assert list(portfolio.zones) == ["xn--mnchen-3ya.example."]


def test_a_byte_order_mark_of_utf_8_is_no_fault(repository: Repository) -> None:
    assert repository.zone("\ufeff" + ZONE) == []


def test_windows_line_ends_are_no_fault(repository: Repository) -> None:
    assert repository.zone(ZONE.replace("\n", "\r\n")) == []


def test_a_file_of_ten_megabytes_is_refused_unread(repository: Repository) -> None:
    found = repository.zone(b"#" * 10_000_000)
    assert found == ["file-too-large zones/shop.example.yaml"]


def test_a_file_of_just_the_limit_is_read(repository: Repository) -> None:
    padding = b"#" * (MAX_BYTES - len(ZONE))
    assert repository.zone(ZONE.encode() + padding) == []


def test_hundreds_of_unknown_fields_are_cut_short(repository: Repository) -> None:
    found = repository.zone(ZONE + "".join(f"x{i}: 1\n" for i in range(5000)))
    assert len(found) == 50


@pytest.mark.parametrize(
    "data",
    [
        ZONE + f"{'x' * 100_000}: 1\n",
        ZONE.replace("shop", "s" * 100_000),
        ZONE.replace("shop", "ü" * 100_000),
        ZONE.replace("signed", "1" * 100_000),
        ZONE.replace("web", f"!{'x' * 100_000} web"),
    ],
)
def test_findings_stay_short_however_long_the_input(data: str, repository: Repository) -> None:
    assert repository.zone(data)
    for finding in repository.load().diagnostics:
        assert len(finding.summary) <= 400
        assert len(finding.hint) <= 400


def test_thousands_of_misspelled_owners_are_all_told(repository: Repository) -> None:
    for i in range(300):
        repository.write(
            f"z{i}.example.yaml", f"zone: z{i}.example\n{REST}".replace("web", f"w{i}")
        )
    loaded = repository.load()
    assert {d.code for d in loaded.diagnostics} == {"unknown-owner"}
    assert len(loaded.diagnostics) == 300
    assert loaded.diagnostics[-1].hint


def link(repository: Repository, name: str, target: Path) -> list[str]:
    (repository.zones / name).symlink_to(target)
    return [f"{d.code} {d.file}" for d in repository.load().diagnostics]


def test_a_link_that_leaves_the_tree_is_refused(repository: Repository, tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    outside.write_text(ZONE)
    assert link(repository, "shop.example.yaml", outside) == [
        "symlink-leaves-tree zones/shop.example.yaml"
    ]


def test_a_directory_link_that_leaves_the_tree_is_refused(
    repository: Repository, tmp_path: Path
) -> None:
    assert link(repository, "eu", tmp_path) == ["symlink-leaves-tree zones/eu"]


def test_a_directory_link_inside_is_not_followed_in_circles(repository: Repository) -> None:
    assert link(repository, "again", repository.zones) == ["symlink-directory zones/again"]


def test_a_file_link_inside_the_tree_is_read(repository: Repository) -> None:
    (repository.zones / "elsewhere").mkdir()
    target = repository.zones / "elsewhere" / ".kept"
    target.write_text(ZONE)
    assert link(repository, "shop.example.yaml", target) == []


def test_links_that_lead_nowhere_or_in_circles_are_told(repository: Repository) -> None:
    (repository.zones / "circle.yaml").symlink_to("circle.yaml")
    assert link(repository, "gone.yaml", repository.zones / "nothing") == [
        "unreadable zones/circle.yaml",
        "unreadable zones/gone.yaml",
    ]


def test_zones_itself_may_not_lead_out(tmp_path: Path, repository: Repository) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "zones").symlink_to(repository.zones)
    loaded = load_portfolio(tmp_path / "victim")
    assert [d.code for d in loaded.diagnostics] == ["symlink-leaves-tree"]


def test_the_portfolio_may_not_lead_out(tmp_path: Path, repository: Repository) -> None:
    portfolio = repository.zones / "portfolio.yaml"
    portfolio.rename(tmp_path / "portfolio.txt")
    assert link(repository, "portfolio.yaml", tmp_path / "portfolio.txt") == [
        "symlink-leaves-tree zones/portfolio.yaml"
    ]


def test_things_that_are_no_files_are_told_and_never_opened(repository: Repository) -> None:
    (repository.zones / "dir.yaml").mkdir()
    os.mkfifo(repository.zones / "pipe.yaml")
    repository.write("readme.md", "no zone")
    repository.write(".hidden.yaml", "no zone")
    repository.write("overlooked.yml", ZONE)
    assert [f"{d.code} {d.file}" for d in repository.load().diagnostics] == [
        "not-a-file zones/dir.yaml",
        "wrong-extension zones/overlooked.yml",
        "not-a-file zones/pipe.yaml",
    ]


def test_a_portfolio_that_is_a_pipe_is_not_waited_for(repository: Repository) -> None:
    (repository.zones / "portfolio.yaml").unlink()
    os.mkfifo(repository.zones / "portfolio.yaml")
    assert [d.code for d in repository.load().diagnostics] == ["not-a-file"]


def test_file_names_that_cannot_be_shown_are_escaped(repository: Repository) -> None:
    name = os.fsdecode(b"evil\x1b[31m\xff\n.yaml")
    repository.write(name, "zone: a.example\n")
    shown = {d.file for d in repository.load().diagnostics}
    assert shown == {"zones/evil\\x1b[31m\\xff\\n.yaml"}


def test_no_portfolio_at_all_is_told(tmp_path: Path) -> None:
    for root in (tmp_path, tmp_path / "nowhere"):
        loaded = load_portfolio(root)
        assert [d.code for d in loaded.diagnostics] == ["no-portfolio"]
        assert "reconcile init" in loaded.diagnostics[0].hint


def test_zones_are_checked_even_where_the_portfolio_is_broken(repository: Repository) -> None:
    repository.write("portfolio.yaml", "policies: [\n")
    assert repository.zone(ZONE + "x: y\n") == ["yaml-syntax 2:1", "unknown-field 7:1"]


def test_json_has_exactly_the_promised_members(repository: Repository) -> None:
    repository.zone(ZONE.replace("web", "wob"))
    assert validate_json(repository.load()) == {
        "ok": False,
        "zones": 1,
        "diagnostics": [
            {
                "severity": "error",
                "code": "unknown-owner",
                "file": "zones/shop.example.yaml",
                "line": 2,
                "column": 8,
                "summary": "`wob` is no owner of this portfolio",
                "hint": "did you mean `web`?",
            }
        ],
    }
