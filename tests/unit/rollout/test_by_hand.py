"""What was changed by hand: the state of a stack against what AWS has."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from rollout.access.by_hand import Reading, drift, with_removed
from rollout.access.diff import Fate
from rollout.access.preview import preview_diff
from rollout.access.preview_states import Resource
from rollout.access.sentences import Verdict
from rollout.deployed.model import DeployedKey, DeployedRole, DeployedUser
from tests.unit.rollout.diffs import sentences

IAM: Final = "arn:aws:iam::111111111111:"
ADMIN: Final = f"{IAM}policy/admin"
NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)
OF_R: Final = f"{IAM}policy/of-r"
TAGGED: Final = ": policies that test aws:PrincipalTag may allow more"


def document(*actions: str, effect: str = "Allow", **more: str) -> Any:
    on = more or {"Resource": "arn:aws:s3:::acme/*"}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": effect, "Action": list(actions), **on}],
    }


def text(value: object) -> str:
    return json.dumps(value)


READ: Final = document("s3:GetObject")
TRUST: Final = document("sts:AssumeRole", Principal={"AWS": "111111111111"})  # type: ignore[arg-type]


def resource(kind: str, label: str, parent: str, /, **old: Any) -> Resource:
    return Resource(f"aws:iam/{kind}", label, parent, old)


STATE: Final = (
    resource(
        "user:User",
        "u-user",
        "u",
        name="u",
        uniqueId="AIDA1",
        tags={},
        tagsAll={"from": "defaults"},
    ),
    resource("userPolicy:UserPolicy", "u-inline", "u", name="p", user="u", policy=text(READ)),
    resource(
        "policy:Policy", "u-managed-0", "u", name="m", arn=f"{IAM}policy/m", policy=text(READ)
    ),
    resource(
        "userPolicyAttachment:UserPolicyAttachment",
        *("u-attached-0", "u"),
        user="u",
        policyArn=f"{IAM}policy/m",
    ),
    resource("accessKey:AccessKey", "u-key-a", "u", id="AKIA1", user="u"),
    resource("accessKey:AccessKey", "u-key-b", "u", id="AKIA2", user="u"),
    resource("role:Role", "r-role", "r", name="r", assumeRolePolicy=text(TRUST)),
    resource("policy:Policy", "r-managed-0", "r", name="of-r", arn=OF_R, policy=text(READ)),
)
USER: Final = DeployedUser(
    name="u",
    id="AIDA1",
    arn=f"{IAM}user/u",
    tags={"from": "defaults"},
    inline={"p": READ},
    attached={f"{IAM}policy/m": READ},
    keys=(DeployedKey("AKIA1", True, NOW), DeployedKey("AKIA2", True, NOW)),  # noqa: FBT003 - active
)
ROLE: Final = DeployedRole(name="r", arn=f"{IAM}role/r", trust=TRUST)
FIRST, SECOND = USER.keys

CASES: Final[list[tuple[str, Mapping[str, Reading], list[str]]]] = [
    ("nothing", {}, []),
    (
        "the same in another spelling",
        {"u": replace(USER, inline={"p": {**READ, "Id": "x"}})},
        [],
    ),
    (
        "an edited inline policy",
        {"u": replace(USER, inline={"p": document("s3:GetObject", "s3:PutObject")})},
        ["u gains s3:PutObject on acme/* (WIDER)", "u policy 'p' was changed by hand"],
    ),
    (
        "an added inline policy, and one that gives nothing more",
        {"u": replace(USER, inline={"p": READ, "P": document("s3:*"), "Q": READ})},
        [
            "u gains s3:* on acme/*, before only s3:GetObject (WIDER)",
            "u policy 'P' was added by hand",
            "u policy 'Q' was added by hand",
        ],
    ),
    (
        "an inline policy with the name of a managed one",
        {"u": replace(USER, inline={"p": READ, "m": document("s3:*")})},
        [
            "u gains s3:* on acme/*, before only s3:GetObject (WIDER)",
            "u policy 'm (inline)' was added by hand",
        ],
    ),
    (
        "a user made again",
        {"u": replace(USER, id="AIDA2")},
        [
            (
                "u was deleted and made again by hand: policies of others that named it no longer "
                "mean it (BREAKS)"
            ),
        ],
    ),
    (
        "an attached policy, with and without its document",
        {"u": replace(USER, attached={**USER.attached, ADMIN: None, f"{ADMIN}2": READ})},
        [
            f"u also gets the policy {ADMIN}, which this stack doesn't make (WIDER)",
            f"u policy '{ADMIN}2' was added by hand",
        ],
    ),
    (
        "policies that are gone",
        {"u": replace(USER, inline={}, attached={})},
        [
            "u loses all the access that it had (BREAKS)",
            "u loses s3:GetObject on acme/* (NARROWER)",
            "u policy 'm' was taken away by hand",
            "u policy 'p' was taken away by hand",
        ],
    ),
    (
        "an own policy that can't be read",
        {"u": replace(USER, attached={f"{IAM}policy/m": None})},
        ["u policy 'm' can't be read, so what was done to it by hand is unknown (WIDER)"],
    ),
    (
        "a key deleted, one made inactive, one made, one made and inactive",
        {
            "u": replace(
                USER,
                keys=(
                    replace(SECOND, active=False),
                    replace(FIRST, id="AKIA3"),
                    replace(FIRST, id="AKIA4", active=False),
                ),
            )
        },
        [
            "u access key a was deleted by hand (BREAKS)",
            "u access key b was made inactive by hand (BREAKS)",
            "u has access key AKIA3, which was made by hand (WIDER)",
            "u has access key AKIA4, which was made by hand and is inactive",
        ],
    ),
    (
        "a group and a console password",
        {"u": replace(USER, groups=("admins",), has_console_password=True)},
        [
            "u was put by hand into the group 'admins', whose policies count for it too (WIDER)",
            "u was given a console password by hand (WIDER)",
        ],
    ),
    (
        "tags, path and boundary",
        {"u": replace(USER, tags={"team": "x"}, path="/x/", boundary=ADMIN)},
        [
            "u gets another ARN: its path is /x/, before / (BREAKS)",
            f"u tags: from is unset, before 'defaults'; team is 'x', before unset{TAGGED} (WIDER)",
            f"u is bounded by {ADMIN} (NARROWER)",
        ],
    ),
    (
        "a trust and a session length",
        {
            "r": replace(
                ROLE,
                trust=document("sts:AssumeRole", Principal="*"),
                max_session_seconds=7200,
            )
        },
        [
            "r trust: also sts:AssumeRole by everything, before only by AWS 111111111111 (WIDER)",
            "r may be assumed for 7,200 seconds at a time, before 3,600 (WIDER)",
        ],
    ),
    (
        "an identity that is gone, and one that can't be read",
        {"u": None, "r": "iam:GetRole is denied"},
        [
            (
                "r can't be read, so what was done to it by hand is unknown: "
                "iam:GetRole is denied (WIDER)"
            ),
            "u was deleted by hand (BREAKS)",
            "u loses s3:GetObject on acme/* (NARROWER)",
            "u loses access key a",
            "u loses access key b",
        ],
    ),
]


@pytest.mark.parametrize(("found", "told"), [case[1:] for case in CASES], ids=[c[0] for c in CASES])
def test_what_was_done_by_hand_is_said(found: Mapping[str, Reading], told: list[str]) -> None:
    assert sentences(drift(STATE, {"u": USER, "r": ROLE, **found})) == told


def test_a_key_that_was_deleted_by_hand_is_in_the_json() -> None:
    (changed,) = drift(STATE, {"u": replace(USER, keys=(FIRST,)), "r": ROLE})
    assert changed.to_json()["accessKeys"] == {"added": [], "removed": ["b"], "replaced": []}
    assert changed.fate is Fate.CHANGED


ALONE: Final = f"(added by hand: policy '{ADMIN}')"
REMOVED: Final[list[tuple[str, Reading, list[str]]]] = [
    ("nothing beside", USER, []),
    ("an identity that is gone", None, []),
    (
        "a policy that gives more",
        replace(USER, inline={"p": READ, "P": document("s3:PutObject")}),
        ["u loses s3:PutObject on acme/* (added by hand: policy 'P') (NARROWER)"],
    ),
    (
        "an inline policy with the name of a managed one",
        replace(USER, inline={"p": READ, "m": document("s3:PutObject")}),
        ["u loses s3:PutObject on acme/* (added by hand: policy 'm') (NARROWER)"],
    ),
    (
        "a policy of another identity of the stack",
        replace(USER, attached={**USER.attached, OF_R: document("s3:PutObject")}),
        [f"u loses s3:PutObject on acme/* (added by hand: policy '{OF_R}') (NARROWER)"],
    ),
    (
        "a policy that denies",
        replace(USER, inline={"p": READ, "P": document("s3:GetObject", effect="Deny")}),
        [
            "u is no longer denied s3:GetObject on acme/* (added by hand: policy 'P') (WIDER)",
        ],
    ),
    (
        "a policy that gives what others give",
        replace(USER, attached={**USER.attached, ADMIN: READ}),
        [f"u loses no access {ALONE}"],
    ),
    (
        "a policy that can't be read",
        replace(USER, attached={**USER.attached, ADMIN: None}),
        [f"u loses policy '{ADMIN}' (added by hand); what it allows is unknown (NARROWER)"],
    ),
    (
        "an identity that can't be read",
        "iam:GetUser is denied",
        [
            (
                "u can't be read, so what was done to it by hand is unknown: "
                "iam:GetUser is denied (WIDER)"
            )
        ],
    ),
]


@pytest.mark.parametrize(
    ("found", "told"), [case[1:] for case in REMOVED], ids=[c[0] for c in REMOVED]
)
def test_what_up_takes_away_is_said(found: Reading, told: list[str]) -> None:
    only = Resource(
        "aws:iam/userPoliciesExclusive:UserPoliciesExclusive",
        *("u-only-inline", "u"),
        old=None,
        new={"userName": "u", "policyNames": ["p"]},
    )
    resources = [replace(one, new=one.old) for one in STATE] + [only]
    changed = with_removed(preview_diff(resources), resources, {"u": found})
    assert sentences(changed) == told
    loose = [one for one in resources if one is not only]
    assert with_removed(preview_diff(loose), loose, {"u": found}) == ()
    wider = sum(one.count(Verdict.WIDER) for one in changed)
    assert wider == sum("(WIDER)" in one for one in told)
