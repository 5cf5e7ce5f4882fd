"""The typed settings of a stack: the content of ``Pulumi.<stack>.yaml``.

In the config, fields are in camelCase, and unknown keys are errors. Models are
immutable. The rules for single fields are in ``value_rules`` and
``trust_rules``; the rules between fields are here.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    ModelWrapValidatorHandler,
    StrictBool,
    StrictInt,
    Tag,
    TypeAdapter,
    model_validator,
)
from pydantic.alias_generators import to_camel

from components.aws import limits
from components.aws.actions import ACCESS, NEEDS_OF_KEY, Action, action
from components.settings import trust_rules, value_rules
from components.settings.findings import shown
from components.settings.together import Found, check_together

_EMPTY: tuple[object, ...] = ([], ())


class _Settings(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=False
    )

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls, config: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        found = cls._between_fields(config) if isinstance(config, Mapping) else ()
        return check_together(config, handler, lambda _: found)

    @classmethod
    def _between_fields(cls, _config: Mapping[str, Any]) -> Iterator[Found]:
        """Findings between fields. Each field may be wrong itself."""
        yield from ()


class Grant(_Settings):
    """The access of an identity to one bucket, or to some prefixes of it."""

    bucket: value_rules.BucketName
    access: value_rules.AccessWords = ()
    actions: value_rules.ActionNames = ()
    prefixes: value_rules.Prefixes = ()
    kms_key: Annotated[value_rules.KmsKeyArn | None, value_rules.given] = None

    @property
    def all_actions(self) -> frozenset[Action]:
        """The actions of its words, and its single ones."""
        of_words = (one for word in self.access for one in ACCESS[word])
        return frozenset([*of_words, *map(action, self.actions)])

    @property
    def key_needs(self) -> frozenset[str]:
        """The actions on a KMS key that they need."""
        needs = (NEEDS_OF_KEY.get(one.name, frozenset()) for one in self.all_actions)
        return frozenset[str]().union(*needs)

    @classmethod
    def _between_fields(cls, config: Mapping[str, Any]) -> Iterator[Found]:
        access = config.get("access", ())
        if access in _EMPTY and "actions" not in config:
            how = "empty" if "access" in config else "missing"
            yield ("access",), f"is {how}, and there are no actions: the grant allows nothing"
        if isinstance(access, list | tuple) and "full" in access:
            yield from (
                (("access",), message) for message in value_rules.beside_full(config.get("actions"))
            )


class _IdentitySettings(_Settings):
    grants: Annotated[tuple[Grant, ...], value_rules.one_or_more]
    path: value_rules.IamPath = "/"
    permissions_boundary: Annotated[value_rules.PolicyArn | None, value_rules.given] = None
    tags: value_rules.Tags = {}
    require_tls: StrictBool = False
    source_ips: value_rules.SourceIps = ()
    exclusive: Annotated[StrictBool | None, value_rules.given] = None
    """Take away policies that the stack doesn't make; None if the stack's key decides."""


class AccessKey(_Settings):
    """An access key by its label, which may stand alone in the config: the key is active then."""

    label: value_rules.Label
    active: StrictBool = True

    @model_validator(mode="wrap")
    @classmethod
    def _label_alone(cls, config: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if isinstance(config, Mapping | AccessKey):
            return handler(config)
        return handler({"label": _LABEL.validate_python(config)})


_LABEL: TypeAdapter[str] = TypeAdapter(value_rules.Label)


class Variables(_Settings):
    """The names that the two parts of a key have where it is delivered."""

    access_key_id: value_rules.VariableName = "AWS_ACCESS_KEY_ID"
    secret_access_key: value_rules.VariableName = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - a name

    @classmethod
    def _between_fields(cls, config: Mapping[str, Any]) -> Iterator[Found]:
        given = (config.get("accessKeyId"), config.get("secretAccessKey"))
        if given[0] is not None and given[0] == given[1]:
            yield ("secretAccessKey",), f"{shown(given[1])} is the name of the access key's id too"


_PLACES: Final = ("circleciContext", "secretsManager", "ssmParameter")


class Delivery(_Settings):
    """Where a user's current key is written: a CircleCI context, a secret or a parameter."""

    circleci_context: Annotated[value_rules.ContextName | None, value_rules.given] = None
    owner: Annotated[trust_rules.Organization | None, value_rules.given] = None
    secrets_manager: Annotated[value_rules.SecretName | None, value_rules.given] = None
    ssm_parameter: Annotated[value_rules.ParameterName | None, value_rules.given] = None
    kms_key: Annotated[value_rules.KmsKeyArn | None, value_rules.given] = None
    variables: Variables = Variables()

    def __str__(self) -> str:
        """Name it in messages."""
        if self.circleci_context is not None:
            return f"context {self.circleci_context}"
        if self.secrets_manager is not None:
            return f"secret {self.secrets_manager}"
        return f"parameter {self.ssm_parameter}"

    @classmethod
    def _between_fields(cls, config: Mapping[str, Any]) -> Iterator[Found]:
        places = [key for key in _PLACES if key in config]
        if len(places) != 1:
            have = " and ".join(places) or "no place"
            yield (), f"has {have}; name one of {', '.join(_PLACES)}"
        context = config.get("circleciContext")
        if "owner" in config and "circleciContext" not in config:
            yield ("owner",), "belongs to circleciContext"
        elif isinstance(context, str) and (trust_rules.UUID.fullmatch(context) is None) != (
            "owner" in config
        ):
            message = (
                "is an id, which needs no owner; remove owner"
                if "owner" in config
                else "is not a context's id; to find it by name, add owner: the organization's id "
                f"({trust_rules.WHERE['organization']})"
            )
            yield ("circleciContext",), f"{shown(context)} {message}"
        if "kmsKey" in config and "circleciContext" in config:
            yield ("kmsKey",), "is for secretsManager and ssmParameter; CircleCI encrypts contexts"


class User(_IdentitySettings):
    """An IAM user with up to two access keys by label; the last active key is the current one."""

    KIND: ClassVar[limits.Kind] = "user"
    kind: Annotated[Literal["user"], value_rules.kind]
    access_keys: Annotated[tuple[AccessKey, ...], value_rules.labels_of_keys] = ()

    deliver: tuple[Delivery, ...] = ()

    @classmethod
    def _between_fields(cls, config: Mapping[str, Any]) -> Iterator[Found]:
        keys = config.get("accessKeys", ())
        if config.get("deliver") and isinstance(keys, list | tuple):
            off = [isinstance(key, Mapping) and key.get("active") is False for key in keys]
            if all(off):
                yield ("accessKeys",), "has no active key, and deliver needs one; add a label"

    @property
    def current_label(self) -> str | None:
        """The label of the key that is delivered and in the outputs."""
        return next((key.label for key in reversed(self.access_keys) if key.active), None)


class Trust(_Settings):
    """Which CircleCI jobs may assume a role; a job must match every key that is set.

    ``organization``, ``projects`` and ``users`` are CircleCI's ids: see
    Organization Settings > Overview, Project Settings > Overview, and for users
    ``/api/v2/me``. Only CIRCLE_OIDC_TOKEN_V2 contains ``origins`` and ``refs``.
    """

    organization: trust_rules.Organization
    projects: trust_rules.Projects
    users: trust_rules.Users = ()
    origins: trust_rules.Origins = ()
    refs: trust_rules.Refs = ()
    project_id_claim: StrictBool = False

    @classmethod
    def _between_fields(cls, config: Mapping[str, Any]) -> Iterator[Found]:
        refs, projects = config.get("refs"), config.get("projects")
        if refs and "origins" not in config:
            first = shown(refs[0] if isinstance(refs, list | tuple) else refs)
            right = "add the allowed origins, such as [github.com/acme/app]"
            yield ("refs",), f"{first} may exist in any repository; {right}"
        is_any = isinstance(projects, str | list | tuple) and trust_rules.ANY_PROJECT in projects
        if config.get("projectIdClaim") is True and is_any:
            message = "true with projects: ['*'] would check nothing; name the projects"
            yield ("projectIdClaim",), message


class Role(_IdentitySettings):
    """An IAM role that CircleCI jobs assume through OIDC."""

    KIND: ClassVar[limits.Kind] = "role"
    kind: Annotated[Literal["role"], value_rules.kind]
    trust: Trust
    max_session_seconds: Annotated[
        StrictInt, Field(ge=limits.SESSION_SECONDS[0], le=limits.SESSION_SECONDS[1])
    ] = 3_600


def _kind_of(identity: object) -> str:
    """The kind to check an identity as. A wrong or missing kind hides no other finding."""
    if not isinstance(identity, Mapping):
        return str(getattr(identity, "kind", "user"))
    if (kind := identity.get("kind")) in ("user", "role"):
        return str(kind)
    return "role" if "trust" in identity or "maxSessionSeconds" in identity else "user"


Identity = Annotated[
    Annotated[User, Tag("user")] | Annotated[Role, Tag("role")], Discriminator(_kind_of)
]


class Stack(_Settings):
    """All of one stack's settings: identities by their IAM name.

    ``organizations`` are CircleCI organizations whose OIDC providers it creates and keeps, also
    while none of its roles trusts them.
    """

    identities: dict[str, Identity]
    tags: value_rules.Tags = {}
    oidc_provider: Literal["create", "existing"] = "existing"
    organizations: trust_rules.Organizations = ()
    exclusive: Annotated[StrictBool, value_rules.given] = False

    def is_exclusive(self, name: str) -> bool:
        """Whether an identity has the stack's policies and no others."""
        own = self.identities[name].exclusive
        return self.exclusive if own is None else own

    @property
    def all_organizations(self) -> list[str]:
        """The CircleCI organizations that its roles trust, and ``organizations``."""
        roles = (one for one in self.identities.values() if isinstance(one, Role))
        return sorted({*self.organizations, *(role.trust.organization for role in roles)})

    @classmethod
    def _between_fields(cls, config: Mapping[str, Any]) -> Iterator[Found]:
        identities, tags = config.get("identities"), config.get("tags", {})
        if config.get("organizations") and config.get("oidcProvider", "existing") == "existing":
            message = (
                "needs oidcProvider: create; a provider that exists is looked up for the roles"
            )
            yield ("organizations",), message
        if isinstance(identities, Mapping):
            yield from _wrong_names(identities)
            yield from _same_places(identities)
            for name, identity in identities.items():
                if isinstance(name, str) and isinstance(identity, Mapping):
                    for message in _wrong_tags_together(tags, identity.get("tags", {})):
                        yield ("identities", name, "tags"), message


def _wrong_names(identities: Mapping[Any, object]) -> Iterator[Found]:
    seen: dict[str, str] = {}
    for name in identities:
        if isinstance(name, str):
            where = ("identities", name)
            if (message := value_rules.wrong_identity_name(name)) is not None:
                yield where, f"'{name}' {message}"
            if (other := seen.setdefault(name.lower(), name)) != name:
                yield where, f"'{name}' and '{other}' are the same name to IAM, which ignores case"


def _same_places(identities: Mapping[Any, object]) -> Iterator[Found]:
    """Find places that two users' keys, or one twice, would be written to."""
    seen: dict[tuple[str, ...], str] = {}
    for name, identity in identities.items():
        listed = identity.get("deliver") if isinstance(identity, Mapping) else ()
        for index, one in enumerate(listed if isinstance(listed, list | tuple) else ()):
            if not isinstance(one, Mapping):
                continue
            where = f"identities.{name}.deliver[{index}]"
            there = [key for key in _written(one) if seen.setdefault(key, where) != where]
            if there:
                message = f"{' '.join(there[0][-2:])} is written by {seen[there[0]]} too"
                yield ("identities", str(name), "deliver", index), message


def _written(delivery: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Name what a delivery writes; its keys may be wrong."""
    for key in _PLACES[1:]:
        if key in delivery:
            yield key, f"{delivery[key]}"
    if _PLACES[0] in delivery:
        given = delivery.get("variables")
        for name, field in Variables.model_fields.items():
            alias = to_camel(name)
            named = given.get(alias) if isinstance(given, Mapping) else None
            context = f"{delivery.get('owner')}", f"{delivery[_PLACES[0]]}"
            yield *context, f"{named or field.default}"


def _wrong_tags_together(tags: object, own: object) -> Iterator[str]:
    """Findings about an identity's tags that occur only together with the stack's tags."""
    if isinstance(tags, Mapping) and isinstance(own, Mapping):
        alone = {*value_rules.wrong_tags(tags), *value_rules.wrong_tags(own)}
        for message in value_rules.wrong_tags({**tags, **own}):
            if message not in alone:
                yield f"together with the stack's tags: {message}"
