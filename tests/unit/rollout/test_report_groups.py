"""Stacks that came to the same are told once, also where they differ in their own names."""

from hypothesis import given
from hypothesis import strategies as st

from rollout.reporting.groups import Group, groups
from rollout.result import Report, Result, Step, failed
from tests.unit.rollout.reports import previewed

ACCOUNTS = {f"acct-{number}": f"{number}" * 12 for number in range(1, 9)}


def own(stack: str, account: str) -> Result:
    """What names its account and its stack wherever a report can."""
    return previewed(
        (f"ci-{stack}", "wider", f"gains s3:GetObject on acme-{account}-artifacts/*"),
        ("deploy", "wider", f"gains kms:Decrypt on arn:aws:kms:eu-west-1:{account}:key/k"),
        steps=(Step("update", "aws:iam/role:Role", f"ci-{stack}-role"),),
    )


def told(results: dict[str, Result], accounts: dict[str, str] | None = None) -> list[Group]:
    return groups(Report(results, accounts=ACCOUNTS if accounts is None else accounts))


def texts(group: Group) -> list[str]:
    return [one.text for one in group.lines or ()]


def test_stacks_that_differ_in_their_names_and_accounts_alone_are_one_group() -> None:
    (group,) = told({stack: own(stack, account) for stack, account in ACCOUNTS.items()})
    assert group.stacks == tuple(ACCOUNTS)
    assert texts(group) == [
        "ci-<stack> gains s3:GetObject on acme-<account>-artifacts/*",
        "deploy gains kms:Decrypt on arn:aws:kms:eu-west-1:<account>:key/k",
    ]
    assert [step.name for step in group.steps] == ["ci-<stack>-role"]


def test_stacks_that_fail_alike_are_one_group_too() -> None:
    (group,) = told({s: failed(f"Pulumi.{s}.yaml: {a}: is wrong") for s, a in ACCOUNTS.items()})
    assert group.error == "Pulumi.<stack>.yaml: <account>: is wrong"


def test_a_lone_stack_has_its_real_names() -> None:
    (group,) = told({"acct-1": own("acct-1", "1" * 12)})
    assert texts(group)[0] == "ci-acct-1 gains s3:GetObject on acme-111111111111-artifacts/*"


def test_another_stacks_name_or_account_is_not_ones_own() -> None:
    results = {stack: own(stack, account) for stack, account in ACCOUNTS.items()}
    results["acct-8"] = own("acct-8", "1" * 12)
    alike, other = told(results)
    assert alike.stacks == tuple(ACCOUNTS)[:7]
    assert other.stacks == ("acct-8",)
    assert "acme-111111111111-artifacts" in texts(other)[0]


def test_stacks_that_are_alike_to_the_letter_stay_together_with_the_one_whose_name_it_is() -> None:
    shared = previewed(("ci", "wider", "gains s3:GetObject on acme-111111111111-shared/*"))
    (group,) = told(dict.fromkeys(ACCOUNTS, shared))
    assert group.stacks == tuple(ACCOUNTS)
    assert texts(group) == ["ci gains s3:GetObject on acme-111111111111-shared/*"]


def test_a_stacks_name_is_a_part_of_names_and_no_word_or_letter_of_the_sentence() -> None:
    results = {
        "a": previewed(("ci", "none", "is a new user"), ("acme-a", "wider", "gains s3:Get")),
        "user": previewed(("ci", "none", "is a new user"), ("acme-user", "wider", "gains s3:Get")),
        "s3": previewed(("ci", "none", "is a new user"), ("acme-s3", "wider", "gains s3:Get")),
    }
    (group,) = told(results, {})
    assert texts(group) == ["ci is a new user", "acme-<stack> gains s3:Get"]


def test_a_text_that_holds_the_sign_itself_is_nobody_elses() -> None:
    results = {
        "a": previewed(("ci", "wider", "gains x on acme-<stack>/*")),
        "b": previewed(("ci", "wider", "gains x on acme-b/*")),
        "c": previewed(("ci", "wider", "gains x on acme-c/*")),
    }
    assert sorted(group.stacks for group in told(results, {})) == [("a",), ("b", "c")]


NAMES = st.sampled_from(["a", "b", "acct-1", "acct-2", "prod", "prod-eu"])
WORDS = st.sampled_from(["a", "acct-1", "prod", "prod-eu", "1" * 12, "2" * 12, "-", ".", "/", " "])
TEXTS = st.lists(WORDS, max_size=5).map("".join)


@given(st.dictionaries(NAMES, TEXTS, min_size=1), st.sampled_from(["1" * 12, "2" * 12]))
def test_each_stacks_own_text_can_be_read_back_from_its_group(
    sentences: dict[str, str], account: str
) -> None:
    """So no two that differ otherwise are told as one."""
    results = {stack: previewed(("ci", "wider", text)) for stack, text in sentences.items()}
    accounts = dict.fromkeys(sentences, account)
    found = told(results, accounts)
    assert sorted(stack for group in found for stack in group.stacks) == sorted(sentences)
    for group in found:
        for stack in group.stacks:
            (text,) = texts(group)
            read = text.replace("<stack>", stack).replace("<account>", accounts[stack])
            assert read == f"ci {sentences[stack]}"


def test_identities_of_which_the_same_is_said_are_told_together_and_all_count() -> None:
    tags = "tags: team is 'a', before 'b': policies that test aws:PrincipalTag may allow more"
    result = previewed(
        *((f"ci-{number}", "wider", tags) for number in range(3)),
        ("deploy", "wider", tags),
        ("deploy", "breaks", "gets another ARN: its path is /x/, before /"),
    )
    (group,) = told({"dev": result})
    assert [str(one) for one in group.lines or ()] == [
        "deploy gets another ARN: its path is /x/, before / (BREAKS)",
        f"each of ci-0, ci-1, ci-2: {tags} (WIDER)",
        f"deploy {tags} (WIDER)",
    ]
    counts = {verdict.value: count for verdict, count in group.verdicts}
    assert counts == {"breaks": 1, "wider": 4}
    assert result.to_json("dev")["access"]["wider"] == counts["wider"]
