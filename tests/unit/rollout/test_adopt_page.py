"""docs/adopt.md: its policy allows the calls of adopt, and not more."""

import json
import re
from typing import Final

import boto3
import parliament
from policy_sentry.querying.actions import get_actions_with_access_level

from components.iam.document import PolicyDocument
from tests.unit.pages import ROOT, page

PAGE: Final = page("docs/adopt.md")
POLICIES: Final[dict[str, PolicyDocument]] = {
    name: json.loads(text)
    for name, text in re.findall(r"<!-- policy: (\w+) -->\n```json\n(.*?)```", PAGE, re.DOTALL)
}
OF_ALL: Final = {"iam:ListRoles", "iam:GetAccountAuthorizationDetails"}
"""What only a look at a whole account calls."""


def actions() -> set[str]:
    listed = (one["Action"] for one in POLICIES["adopt"]["Statement"])
    return {name for some in listed for name in ([some] if isinstance(some, str) else some)}


def called() -> set[str]:
    to_api = boto3.client("iam", region_name="eu-west-1").meta.method_to_api_mapping
    text = (ROOT / "rollout" / "deployed" / "read.py").read_text(encoding="utf-8")
    return {f"iam:{to_api[word]}" for word in {*re.findall(r"\w+", text)} & to_api.keys()}


def test_the_policy_allows_what_adopt_reads_and_no_write() -> None:
    read = {
        one for level in ("Read", "List") for one in get_actions_with_access_level("iam", level)
    }
    assert actions() - {"s3:ListBucket", "s3:GetBucketLocation"} <= read
    assert called() - OF_ALL <= actions()
    assert len(called()) > 10


def test_the_policy_is_free_of_findings() -> None:
    checked = parliament.analyze_policy_string(json.dumps(POLICIES["adopt"]))
    assert [str(finding) for finding in checked.findings] == []
