"""Results to report on, as the previews of a fleet give them."""

from typing import Final

from rollout.access.diff import Fate, IdentityDiff
from rollout.access.sentences import Line, Verdict
from rollout.result import Result, Status, Step, failed, skipped

LINES: Final = tuple[tuple[str, str, str], ...]
UPDATE: Final = Step("update", "aws:iam/rolePolicy:RolePolicy", "circleci-deploy-inline")
BUCKETS: Final = ", ".join(f"acme-{number:03}/releases/*" for number in range(8))


def access(*lines: tuple[str, str, str]) -> tuple[IdentityDiff, ...]:
    """What a preview tells of access: identity, verdict and words of each line."""
    names = dict.fromkeys(name for name, _, _ in lines)
    return tuple(
        IdentityDiff(
            name,
            "role",
            Fate.CHANGED,
            tuple(Line(Verdict(verdict), text) for who, verdict, text in lines if who == name),
        )
        for name in names
    )


def previewed(*lines: tuple[str, str, str], steps: tuple[Step, ...] = (UPDATE,)) -> Result:
    """A stack that was previewed."""
    changes: dict[str, int] = {}
    for step in steps:
        changes[step.op] = changes.get(step.op, 0) + 1
    return Result(Status.SUCCEEDED, changes, 1.26, None, steps, access(*lines))


def fleet() -> dict[str, Result]:
    """A bit of everything."""
    gains = ("circleci-deploy", "wider", f"gains s3:GetObject on {BUCKETS}")
    return {
        "prod": previewed(
            ("circleci-artifacts", "none", "gets access key 2026-12"),
            ("circleci-deploy", "wider", "gains s3:DeleteObject on acme-site/releases/*"),
            (
                "circleci-deploy",
                "narrower",
                "trust: no longer refs/tags/v* of github.com/acme/app",
            ),
        ),
        **{f"acct-{number:02}": previewed(gains) for number in range(12)},
        "moved": previewed(
            ("circleci-artifacts", "wider", "gains s3:GetObject on acme-site/*"),
            (
                "circleci-deploy",
                "breaks",
                "is replaced: access is gone for a while and its ARN is new",
            ),
            steps=(Step("replace", "aws:iam/role:Role", "circleci-deploy-role"),),
        ),
        "split": previewed(steps=(UPDATE, Step("create", "aws:iam/policy:Policy", "u-managed-0"))),
        "same": previewed(steps=()),
        "broken": failed(
            "Pulumi.broken.yaml: identities.ci.grants[0].access: 'raed' is not one of list, read\n"
            "Pulumi.broken.yaml: identities.ci.path: 'x' does not begin with /",
            0.4,
        ),
        "left": skipped("not started: interrupted"),
    }
