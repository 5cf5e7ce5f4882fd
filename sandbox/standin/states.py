"""A resource's state and inputs, from AWS's answers and from what was known before."""

from collections.abc import Mapping
from typing import Any

from sandbox.standin.aws import Aws
from sandbox.standin.documents import normal_text
from sandbox.standin.resource_type import ResourceType
from sandbox.standin.values import UNKNOWN, Properties, Values, has_unknown


def wanted(row: ResourceType, aws: Aws, inputs: Values) -> Values:
    """Return inputs as a row's calls get them: documents normal, all tags merged."""
    values = dict(inputs)
    for name, spec in row.inputs.items():
        if spec.document and name in values and not has_unknown(values[name]):
            values[name] = normal_text(values[name])
    if row.tagged:
        values["tagsAll"] = all_tags(aws, values)
    return values


def all_tags(aws: Aws, inputs: Values) -> dict[str, Any]:
    """Return the provider's default tags, and over them a resource's own."""
    tags = inputs.get("tags") or {}
    return {**aws.default_tags, **tags} if isinstance(tags, Mapping) else {"": UNKNOWN}


def planned(row: ResourceType, old: Values, new: Values) -> Values:
    """Return the state that a preview shows: new outputs are unknown, others as they were."""
    if not old:
        return {**dict.fromkeys(row.outputs, UNKNOWN), **new}
    return {**{name: value for name, value in old.items() if name not in row.inputs}, **new}


def secrets_of(row: ResourceType, *given: Properties) -> frozenset[str]:
    """Return the secret properties: those of the type, and those in `given`."""
    named = row.secrets.union(*(properties.secrets for properties in given))
    return named | {"tagsAll"} if "tags" in named else named


def found(row: ResourceType, aws: Aws, old: Values, read: Values) -> Values:
    """Return the state after a read; outputs that only the creation answered are kept."""
    kept = {name: value for name, value in old.items() if name not in row.inputs}
    state = {**kept, **read}
    if row.tagged:
        own = old.get("tags") or {}
        state["tags"] = {
            key: value
            for key, value in state["tagsAll"].items()
            if key in own or aws.default_tags.get(key) != value
        }
        if not state["tags"] and "tags" not in old:
            del state["tags"]
    return {name: value for name, value in state.items() if value is not None}


def inputs_of(row: ResourceType, old: Values, state: Values) -> Values:
    """Return the inputs that a program would need for a state; `old` are those of the last run.

    What has its default value is left out unless it was set before.
    """
    inputs: Values = {}
    for name, spec in row.inputs.items():
        value = state.get(name)
        if value is not None and (name in old or value not in (spec.default, "", [], {})):
            inputs[name] = value
    return inputs
