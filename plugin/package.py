"""The package's provider, with a schema that is complete enough for a registry."""

import inspect
import json
import tomllib
from pathlib import Path
from typing import Any, Final

from pulumi.provider.experimental.component import ComponentProvider

from components.settings import NAMESPACE
from plugin.identities import Role, User
from plugin.properties import IdentityProperties

ROOT: Final = Path(__file__).resolve().parent.parent


def provider() -> ComponentProvider:
    """The provider of the package's components."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    made = ComponentProvider([User, Role], NAMESPACE, version=project["version"])
    schema = _described(json.loads(made.schema or "{}"), made)
    schema |= {
        "displayName": "CircleCI S3 access",
        "description": project["description"],
        "license": project["license"],
        "keywords": ["pulumi", "aws", "s3", "iam", "circleci", "oidc", "kind/component"],
    }
    made.schema = json.dumps(schema)
    return made


def _described(schema: dict[str, Any], made: ComponentProvider) -> dict[str, Any]:
    """The schema with a description for each property, also for the inherited ones.

    The SDK finds the docstrings of a class only, keeps their indentation, and gives a list's
    description to its items too.
    """
    described = [*schema["resources"].values(), *schema.get("types", {}).values()]
    for one in described:
        one["description"] = inspect.cleandoc(one["description"])
        for properties in (one.get("inputProperties", {}), one.get("properties", {})):
            for name, of in properties.items():
                inherited = made.analyzer.get_docstring(IdentityProperties, name)
                of["description"] = inspect.cleandoc(of.get("description") or inherited or "")
                for parts in ("items", "additionalProperties"):
                    of.get(parts, {}).pop("description", None)
    return schema
