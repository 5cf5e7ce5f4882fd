"""S3's actions: what the access words give, and where any other action acts."""

import pytest
from policy_sentry.querying.actions import get_action_data, get_actions_for_service

from components.aws.actions import (
    _CALLS,
    ACCESS,
    EVERYTHING,
    Action,
    Target,
    _table,
    action,
    changes_access,
)

WORDS = {
    "list": {
        ("s3:ListBucket", Target.BUCKET, True),
        ("s3:GetBucketLocation", Target.BUCKET, False),
    },
    "read": {("s3:GetObject", Target.OBJECT, False)},
    "write": {
        ("s3:PutObject", Target.OBJECT, False),
        ("s3:AbortMultipartUpload", Target.OBJECT, False),
        ("s3:ListMultipartUploadParts", Target.OBJECT, False),
    },
    "delete": {("s3:DeleteObject", Target.OBJECT, False)},
    "full": {("s3:*", Target.OBJECT, False)},
}


def test_each_word_gives_exactly_its_actions() -> None:
    given = {
        word: {(one.name, one.target, one.knows_prefix) for one in actions}
        for word, actions in ACCESS.items()
    }
    assert given == WORDS


@pytest.mark.parametrize(
    "known", [one for word in ACCESS.values() for one in word if one.name != EVERYTHING]
)
def test_the_words_agree_with_the_maintained_table(known: Action) -> None:
    assert _table()[known.name] == (known,)


ON_OBJECTS = "GetObjectTagging PutObjectTagging PutObjectAcl GetObjectVersion DeleteObjectVersion"
ON_BUCKETS = (
    "ListBucketVersions ListBucketMultipartUploads GetBucketPolicy PutLifecycleConfiguration"
)


@pytest.mark.parametrize(
    ("names", "target"), [(ON_OBJECTS, Target.OBJECT), (ON_BUCKETS, Target.BUCKET)]
)
def test_an_action_is_placed_where_aws_has_it_act(names: str, target: Target) -> None:
    for name in names.split():
        assert (action(f"s3:{name}").name, action(f"s3:{name}").target) == (f"s3:{name}", target)


def test_only_requests_that_carry_a_prefix_know_it() -> None:
    """A condition on a key that a request lacks is never met."""
    knowing = {name for name in _table() if _table()[name] and _table()[name][0].knows_prefix}
    assert knowing == {"s3:ListBucket", "s3:ListBucketVersions"}


def test_every_action_of_the_table_is_placed_or_told_to_act_elsewhere() -> None:
    names = list(get_actions_for_service("s3"))
    assert len(names) > 100
    for name in names:
        formats = {
            str(row["resource_arn_format"])
            for row in get_action_data("s3", name.removeprefix("s3:"))["s3"]
        }
        if formats & {
            "arn:${Partition}:s3:::${BucketName}",
            "arn:${Partition}:s3:::${BucketName}/${ObjectName}",
        }:
            assert action(name).name == name
        else:
            with pytest.raises(ValueError, match="acts on neither a bucket nor its objects"):
                action(name)


WILDCARD = "is a wildcard; name each action"
FULL = f"{WILDCARD}, or use access: [full] for every action on objects"
KEY = "is not an S3 action; set kmsKey instead; it allows what reading and writing objects need"
OTHER = "is not an S3 action; a grant takes S3 actions only"
CALL = "is an API call, not an action; it needs"
NOWHERE = "acts on neither a bucket nor its objects"
MESSAGES = {
    FULL: ["s3:*", "*", "s3:**"],
    f"{WILDCARD}: s3:GetObject": ["s3:GetObjec?"],
    (
        f"{WILDCARD}: s3:DeleteObject, s3:GetObject, s3:PutObject, s3:ReplicateObject, "
        "s3:RestoreObject"
    ): ["s3:*Object"],
    # Those that words give come first, and none that acts elsewhere is named.
    (
        f"{WILDCARD}: s3:PutObject, s3:PutAccelerateConfiguration, s3:PutAnalyticsConfiguration, "
        "s3:PutBucketAbac, s3:PutBucketAcl, …"
    ): ["s3:Put*"],
    WILDCARD: ["s3:Describe*"],
    KEY: ["kms:*", "kms:Decrypt", "KMS:GenerateDataKey"],
    OTHER: ["ec2:GetObject", "iam:*", "s3express:CreateSession", ":GetObject"],
    f"{CALL} s3:GetObject": ["s3:HeadObject"],
    f"{CALL} s3:ListBucket": ["s3:HeadBucket", "s3:ListObjectsV2"],
    f"{CALL} s3:PutObject": ["s3:UploadPart"],
    f"{CALL} s3:GetObject and s3:PutObject": ["s3:CopyObject"],
    NOWHERE: ["s3:ListAllMyBuckets", "s3:CreateJob"],
    # What is near to nothing is still told.
    "is not an S3 action": ["", "s3:", "zzz", "s3:Read", "日"],
    "is not an S3 action; did you mean s3:GetObject?": ["S3:GetObject"],
}


@pytest.mark.parametrize(
    ("message", "name"), [(message, name) for message, names in MESSAGES.items() for name in names]
)
def test_what_is_no_single_action_of_a_bucket(message: str, name: str) -> None:
    with pytest.raises(ValueError, match="'") as caught:
        action(name)
    assert str(caught.value) == f"'{name}' {message}"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        *(("s3:GetObjectTaging", "s3:GetObjectTagging"), ("s3:getobject", "s3:GetObject")),
        *(("GetObject", "s3:GetObject"), ("s3:PutObjects", "s3:PutObject")),
        ("s3:ReadObject", "s3:GetObject"),
    ],
)
def test_an_unknown_action_is_told_with_the_nearest_ones(name: str, near: str) -> None:
    assert _suggested(name)[0] == near


def _suggested(name: str) -> list[str]:
    with pytest.raises(ValueError, match="is not an S3 action") as caught:
        action(name)
    near = str(caught.value).partition("did you mean ")[2].rstrip("?")
    return near.split(" or ") if near else []


def test_a_misspelled_action_finds_itself_and_only_what_a_grant_takes() -> None:
    """Of actions that act elsewhere none is suggested: it would be refused in its turn."""
    for name, rows in _table().items():
        for misspelled in {name.lower(), f"{name}s", name[:-1]} - {*_table(), *_CALLS}:
            near = _suggested(misspelled)
            assert all(action(one).name == one for one in near)
            assert name in near or not rows


def test_actions_that_let_others_in_are_those_that_aws_says() -> None:
    known = {"s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:PutBucketAcl", "s3:PutObjectAcl"}
    known |= {"s3:PutBucketPublicAccessBlock", "s3:PutBucketOwnershipControls"}
    assert all(changes_access(name) for name in known)
    by_words = {one.name for word in ACCESS.values() for one in word}
    assert not any(changes_access(name) for name in by_words)
    assert not changes_access("s3:GetBucketPolicy")


def test_api_calls_that_people_take_for_actions_need_actions_that_there_are() -> None:
    for call, needed in _CALLS.items():
        assert call not in _table()
        for name in needed.split(" and "):
            assert action(name).name == name
