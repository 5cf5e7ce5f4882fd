"""From the engine's steps to what changes of access."""

import json
from typing import Any

import pytest
from pulumi.automation.events import EngineEvent

from components.policy.trust import trust_document
from components.settings import load
from rollout.access.diff import IdentityDiff, access_json
from rollout.access.preview import PreviewAccess
from rollout.access.preview_states import UNKNOWN
from tests.unit.rollout.diffs import sentences
from tests.unit.settings.configs import ORGANIZATION, role

IAM = "arn:aws:iam::111111111111:"
PROVIDER = f"{IAM}oidc-provider/oidc.circleci.com/org/{ORGANIZATION}"

State = dict[str, Any]
Step = dict[str, Any]


def policy(*actions: str, bucket: str = "acme") -> str:
    resource = f"arn:aws:s3:::{bucket}/*"
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(**changes: object) -> str:
    settings = load("test", {"identities": {"r": role(**changes)}}).identities["r"]
    return json.dumps(trust_document(settings.trust, PROVIDER))  # type: ignore[union-attr]


def step(op: str, kind: str, name: str, parent: str, old: State | None, new: State | None) -> Step:
    """A step as the engine tells it: the old state has outputs, the new one not yet."""
    urn = f"urn:pulumi:test::circleci-s3-access::parents$aws:iam/{kind}::{name}"

    def state(inputs: State | None, outputs: State) -> State | None:
        above = f"urn:pulumi:test::circleci-s3-access::a$b::{parent}"
        held = {"inputs": inputs, "outputs": outputs, "delete": op == "left-over"}
        return None if inputs is None else {"urn": urn, "parent": above, "custom": True, **held}

    return {
        "op": "delete" if op == "left-over" else op,
        "urn": urn,
        "type": f"aws:iam/{kind}",
        "old": state(old, old or {}),
        "new": state(new, {}),
    }


def user(op: str = "same", **values: Any) -> Step:
    held = {"name": "u", **values}
    states: dict[str, tuple[State | None, State | None]] = {
        "create": (None, held),
        "delete": (held, None),
    }
    return step(op, "user:User", "u-user", "u", *states.get(op, (held, held)))


def inline(op: str, old: str | None, new: str | None, name: str = "s3-access") -> Step:
    old_state, new_state = (
        None if text is None else {"name": name, "user": "u", "policy": text} for text in (old, new)
    )
    return step(op, "userPolicy:UserPolicy", f"u-{name}", "u", old_state, new_state)


def managed(op: str, leaf: str, old: str | None, new: str | None) -> Step:
    name = f"u-s3-access-{leaf}"
    old_state = None if old is None else {"name": name, "policy": old, "arn": f"{IAM}policy/{name}"}
    new_state = None if new is None else {"name": name, "policy": new}
    return step(op, "policy:Policy", f"u-managed-{leaf}", "u", old_state, new_state)


def attached(op: str, leaf: str, old: str | None, new: str | None) -> Step:
    old_state, new_state = (
        None if arn is None else {"user": "u", "policyArn": arn} for arn in (old, new)
    )
    kind = "userPolicyAttachment:UserPolicyAttachment"
    return step(op, kind, f"u-attached-{leaf}", "u", old_state, new_state)


def key(op: str, label: str) -> Step:
    held = {"user": "u", "status": "Active"}
    old, new = (None if op == "create" else held), (None if op == "delete" else held)
    return step(op, "accessKey:AccessKey", f"u-key-{label}", "u", old, new)


def role_step(op: str, old: str | None, new: str | None) -> Step:
    old_state, new_state = (
        None if text is None else {"name": "r", "assumeRolePolicy": text} for text in (old, new)
    )
    return step(op, "role:Role", "r-role", "r", old_state, new_state)


def heard(*steps: Step) -> PreviewAccess:
    access = PreviewAccess()
    for number, one in enumerate(steps):
        event = {"sequence": number, "timestamp": 0, "resourcePreEvent": {"metadata": one}}
        access.on_event(EngineEvent.from_json(event))
    return access


def diff(*steps: Step) -> tuple[IdentityDiff, ...]:
    return heard(*steps).diff({})


def told(*steps: Step) -> list[str]:
    return sentences(diff(*steps))


READ, BOTH = policy("s3:GetObject"), policy("s3:GetObject", "s3:PutObject")
ARN_0 = f"{IAM}policy/u-s3-access-0"

CASES: list[tuple[str, list[Step], list[str]]] = [
    ("nothing changes", [user(), inline("same", READ, READ), key("same", "a")], []),
    (
        "an inline policy grows",
        [user(), inline("update", READ, BOTH)],
        ["u gains s3:PutObject on acme/* (WIDER)"],
    ),
    (
        "an inline policy becomes a managed one that is not made yet",
        [
            user(),
            inline("delete", BOTH, None),
            managed("create", "0", None, BOTH),
            attached("create", "0", None, UNKNOWN),
        ],
        [],
    ),
    (
        "a managed policy is split, and the new one is not made yet",
        [
            user(),
            managed("update", "0", BOTH, READ),
            attached("same", "0", ARN_0, ARN_0),
            managed("create", "01", None, policy("s3:PutObject")),
            attached("create", "01", None, UNKNOWN),
        ],
        [],
    ),
    (
        "a managed policy is made anew",
        [
            user(),
            managed("delete-replaced", "0", BOTH, None),
            managed("replace", "0", BOTH, BOTH),
            managed("create-replacement", "0", None, BOTH),
            attached("replace", "0", ARN_0, UNKNOWN),
        ],
        [
            (
                "u policy u-s3-access-0 is deleted and created again: "
                "what it allows is missing for a while (BREAKS)"
            )
        ],
    ),
    (
        "a policy is there, but no longer attached",
        [user(), managed("same", "0", READ, READ), attached("delete", "0", ARN_0, None)],
        [
            "u loses all the access that it had (BREAKS)",
            "u loses s3:GetObject on acme/* (NARROWER)",
        ],
    ),
    (
        "a policy of AWS's own is attached, and another one no longer",
        [
            user(),
            attached("create", "x", None, "arn:aws:iam::aws:policy/AmazonS3FullAccess"),
            attached("delete", "y", "arn:aws:iam::aws:policy/ReadOnlyAccess", None),
        ],
        [
            (
                "u also gets the policy arn:aws:iam::aws:policy/AmazonS3FullAccess, "
                "which this stack doesn't make (WIDER)"
            ),
            "u no longer gets the policy arn:aws:iam::aws:policy/ReadOnlyAccess (NARROWER)",
        ],
    ),
    (
        "a key is added, one goes, one is made anew",
        [user(), key("create", "c"), key("delete", "a"), key("replace", "b")],
        [
            "u loses access key a, and no other key stays (BREAKS)",
            "u gets a new access key b: the old one no longer works (BREAKS)",
            "u gets access key c",
        ],
    ),
    (
        "what an earlier replacement left behind is deleted",
        [user(), inline("same", READ, READ), inline("left-over", BOTH, None)],
        [],
    ),
    (
        "a policy is not known yet",
        [user(), inline("update", READ, UNKNOWN)],
        ["u has a policy s3-access that is known only after up (WIDER)"],
    ),
    (
        "a new user's policy is not known yet",
        [user("create"), inline("create", None, UNKNOWN)],
        ["u is a new user", "u has a policy s3-access that is known only after up (WIDER)"],
    ),
    (
        "a policy in the state can't be read",
        [user(), inline("update", "no JSON", READ)],
        ["u gains s3:GetObject on acme/* (WIDER)"],
    ),
    (
        "a boundary goes",
        [
            step(
                "update",
                "user:User",
                "u-user",
                "u",
                {"name": "u", "permissionsBoundary": f"{IAM}policy/limit"},
                {"name": "u"},
            )
        ],
        [f"u is no longer bounded by {IAM}policy/limit (WIDER)"],
    ),
    (
        "a role is made anew",
        [role_step("delete-replaced", trust(), None), role_step("replace", trust(), trust())],
        ["r is replaced: access is gone for a while (BREAKS)"],
    ),
    (
        "a role is made anew before the old one goes",
        [role_step("create-replacement", None, trust()), role_step("replace", trust(), trust())],
        ["r is replaced (BREAKS)"],
    ),
    (
        "a path, tags and the default length of a session change",
        [
            user(),
            step(
                "update",
                "role:Role",
                "r-role",
                "r",
                {
                    "name": "r",
                    "assumeRolePolicy": trust(),
                    "tags": {"team": "b", "__defaults": []},
                },
                {
                    "name": "r",
                    "assumeRolePolicy": trust(),
                    "maxSessionDuration": 43200,
                    "tags": {"team": "a"},
                },
            ),
            step("update", "user:User", "v-user", "v", {"name": "v"}, {"name": "v", "path": "/x/"}),
        ],
        [
            "r may be assumed for 43,200 seconds at a time, before 3,600 (WIDER)",
            (
                "r tags: team is 'a', before 'b': "
                "policies that test aws:PrincipalTag may allow more (WIDER)"
            ),
            "v gets another ARN: its path is /x/, before / (BREAKS)",
        ],
    ),
    (
        "a refresh comes before the steps that count",
        [user("refresh"), inline("refresh", READ, BOTH), user(), inline("same", READ, READ)],
        [],
    ),
]


@pytest.mark.parametrize(
    ("steps", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_the_engines_steps_come_to_sentences(steps: list[Step], expected: list[str]) -> None:
    assert told(*steps) == expected


def test_before_is_what_aws_answered_last_not_what_the_program_once_asked_for() -> None:
    drifted = inline("update", READ, READ)
    drifted["old"]["outputs"] = {"policy": BOTH}
    assert told(user(), drifted) == ["u loses s3:PutObject on acme/* (NARROWER)"]


def test_a_secret_in_the_place_of_a_policy_is_not_known_and_not_shown() -> None:
    hidden = inline("update", READ, READ)
    hidden["new"]["inputs"]["policy"] = {"4dabf18193072939515e22adb298388d": "x"}
    assert told(user(), hidden) == ["u has a policy s3-access that is known only after up (WIDER)"]


def test_a_policy_whose_user_is_not_known_belongs_to_the_component_around_it() -> None:
    made = inline("create", None, READ)
    made["new"]["inputs"]["user"] = UNKNOWN
    assert told(user("create"), made)[1:] == ["u gains s3:GetObject on acme/* (WIDER)"]


def test_a_name_may_hold_the_word_that_attachments_have_in_theirs() -> None:
    name = "x-attached-y"
    steps = [
        step("create", "user:User", f"{name}-user", name, None, {"name": name}),
        step(
            "create",
            "policy:Policy",
            f"{name}-managed-0",
            name,
            None,
            {"name": f"{name}-s3-access-0", "policy": READ},
        ),
        step(
            "create",
            "userPolicyAttachment:UserPolicyAttachment",
            f"{name}-attached-0",
            name,
            None,
            {"user": name, "policyArn": UNKNOWN},
        ),
    ]
    assert told(*steps) == [
        f"{name} is a new user",
        f"{name} gains s3:GetObject on acme/* (WIDER)",
    ]


def test_resources_of_other_types_and_identities_are_left_out() -> None:
    bucket = step("create", "bucket:Bucket", "b", "stack", None, {"name": "b"})
    stray = inline("create", None, READ)
    stray["new"]["inputs"]["user"] = "somebody-else"
    assert told(user(), bucket, stray) == []


def test_a_trust_that_is_not_known_is_said_to_be_unknown() -> None:
    assert told(role_step("update", trust(), UNKNOWN)) == [
        "r trust: is known only after up (WIDER)"
    ]


def test_the_json_is_of_version_1_and_counts() -> None:
    found = access_json("test", diff(user(), inline("update", READ, policy("s3:PutObject"))))
    keys = ("version", "stack", "breaks", "wider", "narrower")
    assert {key: found[key] for key in keys} == {
        "version": 1,
        "stack": "test",
        "breaks": 1,
        "wider": 1,
        "narrower": 1,
    }
    assert found["replaced"] == 0
    json.dumps(found)


def test_another_name_or_path_is_told_as_a_replacement_and_counted() -> None:
    def of(name: str, document: str, op: str) -> list[Step]:
        states = (None, {"name": name}) if op == "create" else ({"name": name}, None)
        policies = (None, document) if op == "create" else (document, None)
        rest = [{"name": "p", "user": name, "policy": one} if one else None for one in policies]
        key = [{"user": name} if one else None for one in policies]
        return [
            step(op, "user:User", f"{name}-user", name, *states),
            step(op, "userPolicy:UserPolicy", f"{name}-inline", name, *rest),
            step(op, "accessKey:AccessKey", f"{name}-key-a", name, *key),
        ]

    renamed = [*of("old", READ, "delete"), *of("new", READ, "create")]
    sentence = "access is gone for a while, its keys are new and its ARN is new (BREAKS)"
    assert f"old is replaced by new: {sentence}" in told(*renamed)
    assert access_json("test", diff(*renamed))["replaced"] == 1
    # It says who gains and who loses all the same, as for any new identity.
    assert "new gains s3:GetObject on acme/* (WIDER)" in told(*renamed)
    other = [*of("old", READ, "delete"), *of("new", policy("s3:PutObject"), "create")]
    assert "old was a user and is removed (BREAKS)" in told(*other)
    moved = [role_step("delete-replaced", trust(), None), role_step("replace", trust(), trust())]
    found = access_json("test", diff(*moved))
    assert (found["breaks"], found["replaced"]) == (1, 1)


def test_new_keys_are_those_of_users_that_exist() -> None:
    keys = (key("create", "b"), key("create", "a"), key("same", "old"))
    assert heard(user(), *keys).new_keys() == {"u": ["a", "b"]}
    assert heard(user("create"), *keys).new_keys() == {}


@pytest.mark.parametrize("kind", ["PoliciesExclusive", "PolicyAttachmentsExclusive"])
def test_exclusive_identities_are_those_that_exist(kind: str) -> None:
    taken = step("create", f"user{kind}:User{kind}", "u-only", "u", None, {"userName": "u"})
    assert heard(user(), taken).exclusive == {"u": "user"}
    assert heard(user("create"), taken).exclusive == {}
    assert heard(user()).exclusive == {}
