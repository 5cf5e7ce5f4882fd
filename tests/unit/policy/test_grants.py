"""Grants taken apart and put together allow the same, and no two of them could be one."""

from typing import Any

import pytest
from hypothesis import given

from components.policy.grants import apart, as_config, together
from components.policy.permissions import permissions
from components.settings.model import Grant
from tests.unit.policy.identities import configs, identity

WHOLE = {"bucket": "acme", "access": ["read"]}
UNDER = {"bucket": "acme", "access": ["read"], "prefixes": ["a/"]}
FULL = {"bucket": "acme", "access": ["list", "full"]}
TAGS = {"bucket": "acme", "actions": ["s3:GetObjectTagging"]}


def put_together(*grants: Grant) -> list[Grant]:
    return together(unit for grant in grants for unit in apart(grant))


@given(configs())
def test_they_allow_the_same(config: dict[str, Any]) -> None:
    grants = identity(config).grants
    made = put_together(*grants)
    assert permissions(made) == permissions(grants)
    assert put_together(*reversed(made)) == made


@pytest.mark.parametrize(
    ("grants", "expected"),
    [
        ([UNDER, WHOLE], [WHOLE, UNDER]),
        ([TAGS, WHOLE], [{**WHOLE, **TAGS}]),
        ([TAGS, FULL], [FULL, TAGS]),
        ([UNDER, {**UNDER, "prefixes": ["b/"]}], [{**UNDER, "prefixes": ["a/", "b/"]}]),
    ],
)
def test_they_come_together_as_these(grants: list[Any], expected: list[Any]) -> None:
    made = put_together(*map(Grant.model_validate, grants))
    assert [as_config(one) for one in made] == expected
