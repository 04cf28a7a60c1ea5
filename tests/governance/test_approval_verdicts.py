"""Who counts and who does not: each trap is a test by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.governance.approvals import Approval, ApprovalVerdict, Case, Rules, judge_approvals
from reconciler.model.desired import Governance, Owner, Person, Requirement, RiskClass

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DIGEST = "sha256:aa"
AUTHORS = frozenset({"Ann Example", "ann@example.com"})


def someone(name: str, **more: object) -> Person:
    person = Person(name=name, emails=frozenset({f"{name}@example.com"}))
    return replace(person, **more)  # type: ignore[arg-type]


PEOPLE = {name: someone(name) for name in ("ann", "bob", "cy", "dora", "eve")}
OWNERS = {
    "payments": Owner(name="payments", people=frozenset({"ann", "bob", "dora"})),
    "core": Owner(name="core", people=frozenset({"cy", "dora"})),
}
RULES = Rules(people=PEOPLE, owners=OWNERS, governance=Governance(critical_group="core"))


def by(person: str, age: timedelta = timedelta(hours=1), **more: object) -> Approval:
    approval = Approval(person=person, digest=DIGEST, at=NOW - age, channel="local")
    return replace(approval, **more)  # type: ignore[arg-type]


def case(risk: str = "R2", **more: object) -> Case:
    found = Case(digest=DIGEST, risk=RiskClass(risk), owner="payments", authors=AUTHORS, now=NOW)
    return replace(found, **more)  # type: ignore[arg-type]


def judge(
    *approvals: Approval, risk: str = "R2", rules: Rules = RULES, **more: object
) -> ApprovalVerdict:
    return judge_approvals(case(risk, **more), rules, approvals)


def given_by(verdict: ApprovalVerdict) -> list[str]:
    return [approval.person for approval in verdict.given]


def reasons(verdict: ApprovalVerdict) -> str:
    return "; ".join(reason for _, reason in verdict.ignored)


def ruled(requirement: Requirement, risk: str = "R2", **more: object) -> Rules:
    governance = Governance(critical_group="core", requirements={RiskClass(risk): requirement})
    return replace(RULES, governance=replace(governance, **more))  # type: ignore[arg-type]


# --- the defaults of change-control.md §2 ---------------------------------------------------------


@pytest.mark.parametrize(
    ("risk", "people", "satisfied"),
    [
        ("R0", [], True),
        ("R1", [], False),
        ("R1", ["eve"], True),
        ("R1", ["ann"], False),
        ("R2", ["eve"], False),
        ("R2", ["bob"], True),
        ("R2", ["cy"], False),
        ("R2", ["ann"], False),
        ("R2", ["eve", "bob"], True),
        ("R3", ["bob"], False),
        ("R3", ["cy"], False),
        ("R3", ["bob", "eve"], False),
        ("R3", ["bob", "cy"], True),
        ("R3", ["eve", "dora"], True),
        ("R3", ["ann", "cy"], False),
        ("R4", ["bob", "cy"], False),
    ],
)
def test_the_default_requirements(risk: str, people: list[str], satisfied: bool) -> None:  # noqa: FBT001 - a column
    verdict = judge(*(by(person) for person in people), risk=risk)
    assert verdict.satisfied is satisfied
    assert bool(verdict.missing) is not satisfied


def test_r4_needs_two_signatures_younger_than_a_day() -> None:
    young, old = timedelta(hours=23), timedelta(hours=24)
    assert judge(by("bob", young, signed=True), by("cy", young, signed=True), risk="R4").satisfied
    verdict = judge(by("bob", young, signed=True), by("cy", young), risk="R4")
    assert "asks for a signature" in reasons(verdict)
    verdict = judge(by("bob", young, signed=True), by("cy", old, signed=True), risk="R4")
    assert "24 h old by now; class R4 allows less than 24 h" in reasons(verdict)


# --- traps ----------------------------------------------------------------------------------------


def test_approvals_of_another_digest_are_no_business_of_this_one() -> None:
    verdict = judge(by("bob", digest="sha256:aa0"), by("bob", digest="sha256:a"))
    assert (verdict.given, verdict.ignored, verdict.satisfied) == ((), (), False)


@pytest.mark.parametrize(
    "authors",
    [
        {"bob"},
        {"BOB"},
        {" bob "},
        {"bob@example.com"},
        {"Bob@Example.COM"},
        {"ann@example.com", "bob@example.com"},
        {"\uff42\uff4f\uff42"},
    ],
)
def test_an_author_never_counts(authors: set[str]) -> None:
    verdict = judge(by("bob"), authors=frozenset(authors))
    assert not verdict.satisfied
    assert reasons(verdict) == "bob wrote this change, and authors do not approve their own"


def test_an_author_known_by_github_id_never_counts() -> None:
    rules = replace(RULES, people={**PEOPLE, "bob": someone("bob", github=42)})
    noreply = frozenset({"42+bobby@users.noreply.github.com"})
    assert "wrote this change" in reasons(judge(by("bob"), rules=rules, authors=noreply))
    other = frozenset({"421+bobby@users.noreply.github.com"})
    assert judge(by("bob"), rules=rules, authors=other).satisfied


def test_an_author_under_a_second_name_never_counts() -> None:
    alias = someone("robert", emails=frozenset({"bob@example.com", "r@example.com"}))
    owners = {**OWNERS, "payments": replace(OWNERS["payments"], people=frozenset({"robert"}))}
    rules = replace(RULES, people={**PEOPLE, "robert": alias}, owners=owners)
    verdict = judge(by("robert"), rules=rules, authors=frozenset({"bob"}))
    assert "robert wrote this change" in reasons(verdict)


def test_somebody_whose_authorship_cannot_be_ruled_out_does_not_count() -> None:
    rules = replace(RULES, people={**PEOPLE, "bob": Person(name="bob", github=42)})
    verdict = judge(by("bob"), rules=rules, authors=frozenset({"Bobby", "private@example.net"}))
    assert "lists no `emails` for bob" in reasons(verdict)
    assert judge(by("bob"), rules=rules, authors=AUTHORS).satisfied, "every author is another"


def test_when_nobody_knows_the_authors_nobody_is_independent() -> None:
    verdict = judge(by("bob"), authors=frozenset())
    assert not verdict.satisfied
    assert "not known who wrote this change" in verdict.missing[0]


def test_without_separation_of_duties_authors_count() -> None:
    rules = replace(RULES, governance=Governance(separation_of_duties=False))
    assert judge(by("ann"), rules=rules).satisfied
    assert judge(by("ann"), rules=rules, authors=frozenset()).satisfied


def test_the_same_person_twice_counts_once() -> None:
    verdict = judge(by("cy"), by("cy", timedelta(hours=2)), risk="R3")
    assert given_by(verdict) == ["cy"]
    assert reasons(verdict) == "cy counts once"
    assert not verdict.satisfied


@pytest.mark.parametrize(
    "mark",
    [
        {"emails": frozenset({"x@example.com", "CY@example.com"})},
        {"github": 9},
        {"ssh": "ssh-ed25519 AAAA other comment"},
    ],
)
def test_one_human_with_two_names_counts_once(mark: dict[str, object]) -> None:
    people = {
        **PEOPLE,
        "cy": someone("cy", github=9, ssh="ssh-ed25519 AAAA cy"),
        "bob": someone("bob", **mark),
    }
    verdict = judge(
        by("cy", timedelta(hours=2)), by("bob"), risk="R3", rules=replace(RULES, people=people)
    )
    assert not verdict.satisfied
    assert reasons(verdict) == "bob is the same person as cy, and counts once"


def test_names_linked_over_a_third_are_one_human() -> None:
    people = {
        **PEOPLE,
        "bob": someone("bob", github=1),
        "link": someone("link", github=1, ssh="k1 k1"),
        "cy": someone("cy", ssh="k1 k1"),
    }
    rules = replace(RULES, people=people)
    assert "the same person" in reasons(judge(by("bob"), by("cy"), risk="R3", rules=rules))


@pytest.mark.parametrize("name", ["bоb", "Bob", "bob ", "mallory", ""])  # noqa: RUF001 - a look-alike
def test_look_alikes_and_strangers_do_not_count(name: str) -> None:
    verdict = judge(by(name))
    assert not verdict.satisfied
    assert "is not one of the people" in reasons(verdict)


def test_who_left_the_group_no_longer_counts_for_it() -> None:
    owners = {**OWNERS, "payments": Owner(name="payments", people=frozenset({"ann"}))}
    verdict = judge(by("bob"), rules=replace(RULES, owners=owners))
    assert verdict.missing == ("1 approval by the owner, `payments` (ann): 0 given so far",)


def test_who_left_the_portfolio_no_longer_counts() -> None:
    people = {name: person for name, person in PEOPLE.items() if name != "bob"}
    assert not judge(by("bob"), rules=replace(RULES, people=people)).satisfied


def test_an_approval_taken_back_does_not_count_and_a_new_one_does() -> None:
    back = by("bob", timedelta(hours=3), revoked=NOW - timedelta(hours=2))
    verdict = judge(back)
    assert reasons(verdict) == "bob took it back on 2026-11-21 10:00 UTC"
    assert judge(back, by("bob")).satisfied


def test_an_approval_with_a_flaw_does_not_count() -> None:
    assert reasons(judge(by("bob", flaw="its signature is missing"))) == "its signature is missing"


def test_an_approval_from_the_future_does_not_count() -> None:
    assert "still to come" in reasons(judge(by("bob", -timedelta(seconds=1))))
    assert judge(by("bob", timedelta(0))).satisfied


def test_an_approval_expires_after_two_weeks_unless_the_plan_has_begun() -> None:
    fortnight = timedelta(days=14)
    assert judge(by("bob", fortnight - timedelta(seconds=1))).satisfied
    verdict = judge(by("bob", fortnight))
    assert reasons(verdict) == "it was 14 d 0 h old by now; class R2 allows less than 14 d 0 h"
    begun = NOW - timedelta(days=5)
    assert judge(by("bob", fortnight), first_effect_at=begun).satisfied
    verdict = judge(by("bob", timedelta(days=19)), first_effect_at=begun)
    assert "14 d 0 h old when the change began" in reasons(verdict)


def test_an_approval_given_while_the_plan_runs_counts() -> None:
    assert judge(by("bob"), first_effect_at=NOW - timedelta(days=30)).satisfied


# --- requirements of the portfolio ----------------------------------------------------------------


def test_a_stated_requirement_replaces_the_default_as_a_whole() -> None:
    assert judge(by("eve"), rules=ruled(Requirement(approvers=1))).satisfied
    assert not judge(by("bob"), rules=ruled(Requirement(approvers=3))).satisfied
    assert judge(by("bob"), risk="R1", rules=ruled(Requirement(approvers=3))).satisfied


@pytest.mark.parametrize("risk", ["R1", "R2", "R3", "R4"])
def test_an_empty_requirement_is_never_met(risk: str) -> None:
    rules = ruled(Requirement(approvers=0), risk)
    verdict = judge(*(by(name, signed=True) for name in PEOPLE), risk=risk, rules=rules)
    assert verdict.missing == (
        f"the requirement for class {risk} asks for nobody, so it is never met",
    )


def test_a_group_that_does_not_exist_is_never_met() -> None:
    verdict = judge(by("bob"), owner="nobody")
    assert verdict.missing == ("1 approval by the owner `nobody`, which does not exist",)
    rules = replace(RULES, governance=Governance())
    verdict = judge(by("bob"), by("cy"), risk="R3", rules=rules)
    assert verdict.missing == (
        "1 approval by the critical group, which is not named in the portfolio",
    )


def test_what_is_missing_is_said_in_sentences() -> None:
    assert judge(by("bob"), risk="R3").missing == (
        "2 approvals by different people: 1 given so far",
        "1 approval by the critical group, `core` (cy, dora): 0 given so far",
    )
    assert judge(risk="R4").missing == ("2 approvals by different people, signed: 0 given so far",)


# --- laws -----------------------------------------------------------------------------------------

approvals = st.lists(
    st.builds(
        by,
        st.sampled_from([*PEOPLE, "stranger"]),
        st.integers(-3600, 1_300_000).map(lambda seconds: timedelta(seconds=seconds)),
        signed=st.booleans(),
        revoked=st.sampled_from([None, None, NOW]),
    ),
    max_size=8,
)
risks = st.sampled_from([risk.value for risk in RiskClass])


@given(approvals, risks, st.randoms(use_true_random=False))
def test_the_order_of_approvals_does_not_matter(
    found: list[Approval], risk: str, chance: object
) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = judge(*found, risk=risk), judge(*shuffled, risk=risk)
    assert (one.satisfied, one.missing) == (two.satisfied, two.missing)
    assert sorted(given_by(one)) == sorted(given_by(two))


@given(approvals, approvals, risks)
def test_more_approvals_never_take_an_agreement_away(
    some: list[Approval], more: list[Approval], risk: str
) -> None:
    if judge(*some, risk=risk).satisfied:
        assert judge(*some, *more, risk=risk).satisfied


@given(approvals, risks)
def test_every_approval_counts_or_has_a_reason_and_nobody_counts_twice(
    found: list[Approval], risk: str
) -> None:
    verdict = judge(*found, risk=risk)
    assert len(verdict.given) + len(verdict.ignored) == len(found)
    assert len(set(given_by(verdict))) == len(verdict.given)
    assert not {"ann", "stranger"} & set(given_by(verdict))
    assert all(reason for _, reason in verdict.ignored)
