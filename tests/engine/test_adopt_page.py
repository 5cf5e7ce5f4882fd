"""docs/adopt.md: its commands print what it shows, and the user's access stays."""

import json
import re
import shlex
from typing import Final

from tests.engine.harness import Project
from tests.engine.rollouts import Rollout
from tests.unit.pages import blocks, page

PAGE: Final = page("docs/adopt.md")
ACCOUNT: Final = "810000000005"
CONSOLE: Final = json.loads(blocks(PAGE, "json")[0])


def test_the_page_shows_what_adopt_prints(checkout: Project) -> None:
    stack = checkout.stack({"identities": {}}, account=ACCOUNT, name="by-hand")
    stack.s3.create_bucket(
        Bucket="acme-by-hand",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    for name in ("circleci-console", "human"):
        stack.iam.create_user(UserName=name)
    stack.iam.put_user_policy(
        UserName="circleci-console", PolicyName="ci", PolicyDocument=json.dumps(CONSOLE)
    )
    stack.iam.create_access_key(UserName="circleci-console")
    everywhere = json.dumps(CONSOLE).replace("acme-by-hand/*", "*")
    stack.iam.put_user_policy(UserName="human", PolicyName="all", PolicyDocument=everywhere)
    stack.iam.create_login_profile(UserName="human", Password="correct-horse-1")
    rollout, shown = Rollout(checkout), blocks(PAGE, "console")
    assert len(shown) == 2
    for code, block in enumerate(shown):
        command, _, output = block.partition("\n")
        ran = rollout.run(*shlex.split(command.removeprefix("$ python -m rollout ")), code=code)
        printed = re.sub(r"AKIA\w+", "AKIAIOSFODNN7EXAMPLE", ran.stdout)
        assert printed == output
    stack.up()
    document = stack.iam.get_user_policy(UserName="circleci-console", PolicyName="s3-access")
    assert document["PolicyDocument"] == CONSOLE
