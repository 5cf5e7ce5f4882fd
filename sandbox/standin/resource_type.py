"""What a row of the stand-in's table says of one type of resource."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal, TypeAlias

from sandbox.standin.aws import Aws
from sandbox.standin.values import Values

Call: TypeAlias = str | Callable[[Aws, Values], Any]
"""A method of the service's boto3 client; or a function, where one method is not enough.

The function gets the resource's properties and its `id`, and returns what boto3 would answer.
"""
Change: TypeAlias = str | Callable[[Aws, Values, Values], object]
"""A method, or a function of the old and the new properties."""
Limit: TypeAlias = Callable[[Aws, Values], None]
"""Raises what AWS would before it makes or changes a resource to these properties."""


@dataclass(frozen=True)
class Property:
    """One property of a type."""

    aws: str
    """Its name in AWS's calls and answers; dots lead into an answer's objects.

    Empty if only the provider knows it, which keeps it in the state.
    """
    _: KW_ONLY
    kind: type = str
    required: bool = False
    default: Any = None
    """Set by check where a program does not set it."""
    replaces: bool = False
    """AWS can't change it: a change makes a new resource."""
    output: bool = False
    """AWS sets it, and no program does: a preview does not know it."""
    secret: bool = False
    document: bool = False
    """A JSON policy; two that mean the same are equal."""
    meaning: Callable[[Any], Any] = lambda value: value
    """Returns what AWS compares of a value."""
    fault: Callable[[Any], str | None] = lambda _: None
    """Returns what is wrong with a value, as the real provider's own check would."""


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One row: a type's token, its properties and AWS's calls for it."""

    token: str
    title: str
    """Its name in the real provider's messages: "IAM User"."""
    properties: Mapping[str, Property]
    """By their names in Pulumi; messages name a resource by the first one."""
    id: str
    """The resource's id, of properties and of what AWS answers; an import names the same."""
    key: Mapping[str, str]
    """The arguments that name a resource in all calls but `create`, with their properties."""
    service: Literal["iam", "s3", "secretsmanager", "ssm"] = "iam"
    answer: str = ""
    """The object in AWS's answers that holds the properties, if one does."""
    create: Call
    """It gets all the inputs."""
    read: Call
    """It answers None, or raises what `errors.is_gone` knows, if there is no such resource."""
    delete: Call
    changes: Mapping[tuple[str, ...], Change] = field(default_factory=dict)
    """Calls by the properties that they change in place, in this order; each gets all of these."""
    tag: Change = ""
    untag: str = ""
    """The methods that set and remove tags; or one function of old and new `tagsAll`."""
    limit: Limit | None = None

    @property
    def label(self) -> str:
        """The property by which messages name a resource."""
        return next(iter(self.properties))

    @property
    def tagged(self) -> bool:
        """Whether the type has tags."""
        return "tags" in self.properties

    @property
    def inputs(self) -> Mapping[str, Property]:
        """The properties that a program may set."""
        return {name: one for name, one in self.properties.items() if not one.output}

    @property
    def outputs(self) -> frozenset[str]:
        """The properties that AWS sets."""
        return frozenset(name for name, one in self.properties.items() if one.output)

    @property
    def secrets(self) -> frozenset[str]:
        """The properties that are secret whatever the program says."""
        return frozenset(name for name, one in self.properties.items() if one.secret)
