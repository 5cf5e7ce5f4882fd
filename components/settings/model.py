"""The typed settings of a stack: what ``Pulumi.<stack>.yaml`` may hold.

Fields are spelled in camelCase in the config, unknown keys are errors, and a
model once made is never changed. What a field may hold is in ``rules``.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel

from components.aws import limits
from components.settings import rules


class _Settings(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=False
    )


class Grant(_Settings):
    """What an identity may do in one bucket, or under some prefixes of it."""

    bucket: rules.BucketName
    actions: rules.ActionNames = ()
    access: Annotated[rules.Access, Field(validate_default=True)] = ()
    prefixes: rules.Prefixes = ()
    kms_key: rules.KmsKeyArn | None = None

    # Checked on a field, not on the model: a model's check is skipped while any
    # field is wrong, and all that is wrong is told at once.
    @field_validator("access")
    @classmethod
    def _grants_something(cls, access: tuple[str, ...], others: ValidationInfo) -> tuple[str, ...]:
        actions = others.data.get("actions")
        if not access and actions == ():
            raise ValueError("is missing, and so are actions: the grant grants nothing")
        if "full" in access and actions:
            raise ValueError("full gives every action on objects; leave out actions")
        return access


class _Identity(_Settings):
    grants: Annotated[tuple[Grant, ...], rules.one_or_more]
    path: rules.IamPath = "/"
    permissions_boundary: rules.PolicyArn | None = None
    tags: rules.Tags = {}
    require_tls: StrictBool = False
    source_ips: rules.SourceIps = ()


class User(_Identity):
    """An IAM user, with up to two access keys by label; the last is the current one."""

    KIND: ClassVar[limits.Kind] = "user"
    kind: Literal["user"]
    access_keys: rules.AccessKeyLabels = ()


class Trust(_Settings):
    """Which CircleCI jobs may assume a role; all that is given must hold.

    ``organization``, ``projects`` and ``users`` are CircleCI's ids: see
    Organization Settings > Overview, Project Settings > Overview, and for users
    ``/api/v2/me``. ``origins`` and ``refs`` only CIRCLE_OIDC_TOKEN_V2 carries.
    """

    organization: rules.Uuid
    projects: rules.Projects
    users: rules.Uuids = ()
    origins: rules.Origins = ()
    refs: rules.Refs = ()
    project_id_claim: StrictBool = False

    @field_validator("refs")
    @classmethod
    def _refs_have_origins(cls, refs: tuple[str, ...], others: ValidationInfo) -> tuple[str, ...]:
        if refs and others.data.get("origins") == ():
            raise ValueError(
                f"'{refs[0]}' is a ref of every repository; "
                "add the origins that are meant, as [github.com/acme/app]"
            )
        return refs

    @field_validator("project_id_claim")
    @classmethod
    def _claim_has_projects(cls, claim: bool, others: ValidationInfo) -> bool:  # noqa: FBT001 - pydantic's
        if claim and rules.ANY_PROJECT in others.data.get("projects", ()):
            raise ValueError("true with projects: ['*'] would check nothing; name the projects")
        return claim


class Role(_Identity):
    """An IAM role that CircleCI jobs assume through OIDC."""

    KIND: ClassVar[limits.Kind] = "role"
    kind: Literal["role"]
    trust: Trust
    max_session_seconds: Annotated[
        StrictInt, Field(ge=limits.SESSION_SECONDS[0], le=limits.SESSION_SECONDS[1])
    ] = 3_600


Identity = Annotated[User | Role, Field(discriminator="kind")]


class Stack(_Settings):
    """All of one stack's settings: identities by their IAM name."""

    identities: dict[str, Identity]
    tags: rules.Tags = {}
    oidc_provider: Literal["create", "existing"] = "existing"
