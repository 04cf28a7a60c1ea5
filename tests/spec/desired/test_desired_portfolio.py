"""portfolio.yaml: each mistake gets its code at its place."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from reconciler.diagnostics import Severity
from reconciler.model.capabilities import PARENT_KINDS, SIGNER_KINDS
from reconciler.model.desired import Requirement, RiskClass
from reconciler.spec.load import Loaded

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7Q5p5vTz0m0m7cPz4bM1mYw2m8v5fJj1Yk9Q3k0a1b"


class Repository(Protocol):
    zones: Path

    def write(self, path: str, data: str | bytes) -> Path: ...
    def load(self) -> Loaded: ...
    def portfolio(self, old: str, new: str) -> list[str]: ...


ALGORITHM = "algorithm: ECDSAP256SHA256"
LIFETIME = "zsk: {lifetime: 90d}"
GROUP = "{critical_group: web}"
SIGNER = "a: {kind: sandbox}"

MISTAKES = {
    "a misspelled field": (ALGORITHM, "algoritm: 13", ["unknown-field 3:5"]),
    "an unknown algorithm": (ALGORITHM, "algorithm: ECDSA", ["algorithm 3:16"]),
    "an algorithm that is text": (ALGORITHM, "algorithm: '13'", ["algorithm 3:16"]),
    "GOST": (ALGORITHM, "algorithm: 12", ["algorithm 3:16"]),
    "an algorithm the signer lacks": (
        ALGORITHM,
        "algorithm: ED448",
        ["algorithm-unsupported 5:11"],
    ),
    "SHA-1 signatures": (
        ALGORITHM,
        "algorithm: RSASHA1-NSEC3-SHA1",
        ["sha1-algorithm 3:16", "algorithm-unsupported 5:11"],
    ),
    "NSEC3 with an algorithm that knows none": (
        ALGORITHM,
        "algorithm: 5\n    denial: nsec3",
        ["sha1-algorithm 3:16", "nsec3-unaware-algorithm 4:13", "algorithm-unsupported 5:11"],
    ),
    "a SHA-1 digest": (LIFETIME, "ds: {digest_types: [2, SHA-1]}", ["sha1-digest 4:28"]),
    "no digest": (LIFETIME, "ds: {digest_types: []}", ["too-short 4:24"]),
    "an unknown digest": (LIFETIME, "ds: {digest_types: [MD5]}", ["digest-type 4:25"]),
    "a duration without unit": (LIFETIME, "zsk: {lifetime: 90}", ["duration 4:21"]),
    "a duration in months": (LIFETIME, "zsk: {lifetime: 3mo}", ["duration 4:21"]),
    "a duration of nothing": (LIFETIME, "zsk: {lifetime: P}", ["duration 4:21"]),
    "a duration with words": (LIFETIME, "zsk: {lifetime: 9 days}", ["duration 4:21"]),
    "a duration below zero": (LIFETIME, "zsk: {lifetime: -9d}", ["duration 4:21"]),
    "a duration beyond all TTLs": (LIFETIME, "zsk: {lifetime: 99999d}", ["duration 4:21"]),
    "a lifetime of zero": (LIFETIME, "zsk: {lifetime: 0s}", ["duration 4:21"]),
    "a CSK's lifetime in a split scheme": (
        LIFETIME,
        "csk: {lifetime: 90d}",
        ["role-not-in-scheme 4:5"],
    ),
    "NSEC3 that costs": (
        LIFETIME,
        "denial: {nsec3: {iterations: 1, salt: ab}}",
        ["nsec3-iterations 4:34", "nsec3-salt 4:43"],
    ),
    "NSEC3 beyond all limits": (
        LIFETIME,
        "denial: {nsec3: {iterations: 2501, salt: abc}}",
        ["out-of-range 4:34", "wrong-value 4:46"],
    ),
    "an unknown denial": (LIFETIME, "denial: nsec5", ["wrong-value 4:13"]),
    "an unknown denial's parameters": (
        LIFETIME,
        "denial: {nsec5: {}}",
        ["missing-field 4:13", "unknown-field 4:14"],
    ),
    "a refresh after the end": (
        LIFETIME,
        "signatures: {validity: 5d, refresh: 5d}",
        ["refresh-too-long 4:41"],
    ),
    "a refresh that caches outlive": (
        LIFETIME,
        "bounds: {max_zone_ttl: 5d, propagation: 1s}",
        ["refresh-too-short 4:28"],
    ),
    "dropping strict validators": (LIFETIME, "drop_strict: true", ["drops-strict 4:18"]),
    "an unknown signer kind": (SIGNER, "a: {kind: sandbocks}", ["unknown-signer-kind 7:13"]),
    "a kind to come": (SIGNER, "a: {kind: knot}", ["kind-not-built 7:13"]),
    "a system without a kind": (SIGNER, "a: {world: x}", ["missing-field 7:6"]),
    "an unknown parent kind": (
        "{kind: sandbox-registrar}",
        "{kind: sandbox}",
        ["unknown-parent-kind 10:15"],
    ),
    "a name with a comma": ("  web:", "  'we,b':", ["wrong-value 15:3"]),
    "a name with a colon": ("  h: {", "  'h:': {", ["wrong-value 8:3"]),
    "no people": ("[ann, bob]", "[]", ["owner-without-people 15:17"]),
    "an unknown person": ("[ann, bob]", "[ann, bop]", ["unknown-person 15:23"]),
    "two people with one id": ("github: 2", "github: 1", ["identity-shared 13:17"]),
    "two people with one address": (
        "github: 2",
        "emails: [ANN@x.example]",
        ["identity-shared 13:17"],
    ),
    "somebody who cannot be known": (
        "bob: {github: 2}",
        "bob: {}",
        ["person-without-identity 13:3"],
    ),
    "a login for an id": ("github: 2", "github: bob", ["wrong-type 13:17"]),
    "no e-mail address": ("github: 2", "emails: [bob]", ["wrong-value 13:18"]),
    "no SSH key": ("github: 2", "ssh: ssh-ed25519 AAAA", ["ssh-key 13:14"]),
    "a key of another type than it says": (
        "github: 2",
        f"ssh: {KEY.replace('ed25519', 'rsa')}",
        ["ssh-key 13:14"],
    ),
    "an unknown critical group": (GROUP, "{critical_group: wob}", ["unknown-owner 16:30"]),
    "no critical group": (GROUP, "{}", ["no-critical-group 16:13"]),
    "one's own approval": (
        GROUP,
        "{critical_group: web, separation_of_duties: false}",
        ["loosens-default 16:57"],
    ),
    "an empty requirement": (
        GROUP,
        "{critical_group: web, requirements: {R2: {}}}",
        ["empty-requirement 16:54"],
    ),
    "a requirement of nobody": (
        GROUP,
        "{critical_group: web, requirements: {R2: {approvers: 0}}}",
        ["out-of-range 16:66"],
    ),
    "a class that is none": (
        GROUP,
        "{critical_group: web, requirements: {R5: {approvers: 1}}}",
        ["wrong-value 16:50"],
    ),
    "a looser requirement": (
        GROUP,
        "{critical_group: web, requirements: {R4: {approvers: 1, signed: false, max_age: 2d}}}",
        ["loosens-default 16:66", "loosens-default 16:77", "loosens-default 16:93"],
    ),
    "more of a group than approvers": (
        GROUP,
        "{critical_group: web, requirements: {R1: {from_owner: 2}}}",
        ["requirement-unmeetable 16:67"],
    ),
    "more approvers than people": (
        GROUP,
        "{critical_group: web, requirements: {R2: {approvers: 3}}}",
        ["requirement-unmeetable 16:66"],
    ),
    "no trust anchor": (
        GROUP,
        "{critical_group: web}\nobservers: {trust_anchors: ['. DS 1 2 3 4', DS, '. IN DS']}",
        ["trust-anchor 17:29", "trust-anchor 17:45", "trust-anchor 17:49"],
    ),
    "no address": (
        GROUP,
        "{critical_group: web}\nobservers: {hints: {a.: [localhost]}}",
        ["ip-address 17:26"],
    ),
    "a family that is none": (
        GROUP,
        "{critical_group: web}\nobservers: {address_families: [ipv5]}",
        ["wrong-value 17:32"],
    ),
    "resolvers": (
        GROUP,
        "{critical_group: web}\nobservers: {resolvers: [{address: 192.0.2.53, validating: true}]}",
        ["resolvers-not-asked 17:24"],
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_portfolio_with_a_mistake(case: str, repository: Repository) -> None:
    old, new, expected = MISTAKES[case]
    assert repository.portfolio(old, new) == expected


@pytest.mark.parametrize("case", MISTAKES)
def test_each_finding_says_what_to_do(case: str, repository: Repository) -> None:
    old, new, _ = MISTAKES[case]
    repository.portfolio(old, new)
    for finding in repository.load().diagnostics:
        assert finding.hint or finding.severity is Severity.NOTICE, finding


def test_only_errors_keep_a_portfolio_from_being_planned(repository: Repository) -> None:
    for old, new, _ in MISTAKES.values():
        repository.portfolio(old, new)
        loaded = repository.load()
        errors = [d for d in loaded.diagnostics if d.severity is Severity.ERROR]
        assert (loaded.portfolio is None) == bool(errors)


@pytest.mark.parametrize(
    "option",
    [
        "api_token: abc",
        "token: 12345",
        "password: hunter2",
        "client-secret: x",
        "tsig_key: AAAA==",
        "key: AAAA==",
        "x: ghp_0123456789012345678901234567890",
        'pem: "-----BEGIN OPENSSH PRIVATE KEY-----"',
        "deep: {deeper: [{password: x}]}",
        "api_token: 'env:'",
        "api_token: 'env:A B'",
    ],
)
def test_a_literal_secret_is_refused_and_never_shown(option: str, repository: Repository) -> None:
    found = repository.portfolio(SIGNER, f"a: {{kind: sandbox, {option}}}")
    assert [entry.split()[0] for entry in found] == ["literal-secret"]
    finding = repository.load().diagnostics[0]
    assert "env:" in finding.hint
    for secret in ("abc", "12345", "hunter2", "AAAA", "ghp_", "BEGIN"):
        assert secret not in finding.summary + finding.hint


@pytest.mark.parametrize(
    "option",
    [
        "api_token: 'env:TOKEN'",
        "api_token: 'file:/run/secrets/token'",
        "api_token: 'keyring:dns'",
        "kms_key_arn: 'arn:aws:kms:x'",
        "kms_key_alias: alias/dns",
        "access_key_id: 'env:ID'",
        "tsig_key_name: k1",
        "world: build/world",
        "monkey: 1",
    ],
)
def test_references_and_harmless_options_are_taken(option: str, repository: Repository) -> None:
    assert repository.portfolio(SIGNER, f"a: {{kind: sandbox, {option}}}") == []


def test_an_ambiguous_option_is_refused(repository: Repository) -> None:
    assert repository.portfolio(SIGNER, "a: {kind: sandbox, tls: on}") == ["ambiguous-value 7:27"]


def test_one_key_in_both_roles_needs_a_signer_that_has_such(repository: Repository) -> None:
    found = repository.portfolio("std:\n    algorithm: ECDSAP256SHA256", "std:\n    keys: csk")
    assert found == ["role-not-in-scheme 4:5"]
    found = repository.portfolio(
        "std:\n    algorithm: ECDSAP256SHA256\n    zsk: {lifetime: 90d}", "std: {keys: csk}"
    )
    assert found == []
    text = (repository.zones / "portfolio.yaml").read_text()
    repository.write("portfolio.yaml", text.replace("a: {kind: sandbox}", "a: {kind: route53}"))
    codes = [d.code for d in repository.load().diagnostics]
    assert codes == ["kind-not-built", "scheme-unsupported"]


def test_every_planned_adapter_kind_parses(repository: Repository) -> None:
    signers = "".join(f"  s-{kind}: {{kind: {kind}}}\n" for kind in SIGNER_KINDS)
    parents = "".join(f"  p-{kind}: {{kind: {kind}}}\n" for kind in PARENT_KINDS)
    repository.portfolio("signers:\n", f"signers:\n{signers}")
    text = (repository.zones / "portfolio.yaml").read_text()
    repository.write("portfolio.yaml", text.replace("parents:\n", f"parents:\n{parents}"))
    loaded = repository.load()
    assert loaded.portfolio is not None
    assert {d.code for d in loaded.diagnostics} == {"kind-not-built"}
    built = [k for kinds in (SIGNER_KINDS, PARENT_KINDS) for k in kinds.values() if k.built]
    assert len(loaded.diagnostics) == len(SIGNER_KINDS) + len(PARENT_KINDS) - len(built)


def freeze(repository: Repository, start: str, until: str, zone: str) -> list[str]:
    window = f'{{from: "{start}", until: "{until}", zone: {zone}, reason: r}}'
    return repository.portfolio(GROUP, f"{{critical_group: web, freeze: [{window}]}}")


@pytest.mark.parametrize(
    ("start", "until", "zone", "expected"),
    [
        ("2026-12-20T00:00", "2026-12-20T00:00", "UTC", "freeze-window"),
        ("2026-12-20T00:00", "2025-12-20T00:00", "UTC", "freeze-window"),
        ("2026-12-20T00:00Z", "2027-12-20T00:00", "UTC", "local-time"),
        ("2026-12-20 at 5", "2027-12-20T00:00", "UTC", "local-time"),
        ("2026-12-20T00:00", "2027-12-20T00:00", "Europe/Berln", "time-zone"),
        ("2026-12-20T00:00", "2027-12-20T00:00", "Europe", "time-zone"),
        ("2026-12-20T00:00", "2027-12-20T00:00", "localtime", "time-zone"),
        ("2026-12-20T00:00", "2027-12-20T00:00", "../../etc/passwd", "time-zone"),
        ("2026-12-20T00:00", "2027-12-20T00:00", "/etc/passwd", "time-zone"),
        ("2026-12-20T00:00", "9999-12-31T23:59", "America/New_York", "local-time"),
    ],
)
def test_freeze_windows_that_cannot_be(
    start: str, until: str, zone: str, expected: str, repository: Repository
) -> None:
    assert [found.split()[0] for found in freeze(repository, start, until, zone)] == [expected]


@pytest.mark.parametrize(
    ("start", "until", "begins", "ends"),
    [
        (
            "2026-12-20T00:00",
            "2027-01-05",
            datetime(2026, 12, 19, 23, tzinfo=UTC),
            datetime(2027, 1, 4, 23, tzinfo=UTC),
        ),
        (  # 02:30 happens twice on this night: the first counts to begin, the second to end
            "2026-10-25T02:30",
            "2026-10-25T02:30",
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        ),
        (  # 02:30 does not happen on this night: the window is the longer reading
            "2026-03-29T02:30",
            "2026-03-29T02:30",
            datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        ),
    ],
)
def test_freeze_windows_are_local_times_and_deny_wins(
    start: str, until: str, begins: datetime, ends: datetime, repository: Repository
) -> None:
    assert freeze(repository, start, until, "Europe/Berlin") == []
    portfolio = repository.load().portfolio
    assert portfolio is not None
    (window,) = portfolio.governance.freeze
    assert (window.start, window.end) == (begins, ends)


def digest(repository: Repository) -> str:
    portfolio = repository.load().portfolio
    assert portfolio is not None
    return portfolio.governance_digest


def test_the_governance_digest_is_of_values_not_of_writing(repository: Repository) -> None:
    before = digest(repository)
    repository.portfolio("[ann, bob]}", "[bob, ann]} # in any order")
    assert digest(repository) == before
    repository.portfolio(ALGORITHM, "algorithm: ED25519")
    assert digest(repository) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("github: 2", "github: 3"),
        ("github: 2", f"github: 2, ssh: {KEY}"),
        ("[ann, bob]", "[ann]"),
        ("[ann, bob]}", "[ann, bob], contacts: {phone: '1'}}"),
        (GROUP, "{critical_group: web, separation_of_duties: false}"),
        (GROUP, "{critical_group: web, requirements: {R2: {approvers: 2}}}"),
        (GROUP, "{critical_group: web, heartbeat: 24h}"),
    ],
)
def test_the_governance_digest_changes_with_every_rule(
    old: str, new: str, repository: Repository
) -> None:
    before = digest(repository)
    repository.portfolio(old, new)
    assert digest(repository) != before


def test_what_a_requirement_leaves_out_keeps_its_default(repository: Repository) -> None:
    repository.portfolio(GROUP, "{critical_group: web, requirements: {R4: {max_age: 1h}}}")
    portfolio = repository.load().portfolio
    assert portfolio is not None
    assert portfolio.governance.requirements == {
        RiskClass.R4: Requirement(approvers=2, signed=True, max_age=3600)
    }


def test_an_ssh_key_is_kept_without_its_comment(repository: Repository) -> None:
    assert repository.portfolio("github: 2", f'ssh: "{KEY} bob@laptop"') == []
    portfolio = repository.load().portfolio
    assert portfolio is not None
    assert portfolio.people["bob"].ssh == KEY
