"""The table's rows of the places in AWS that access keys are delivered to: SSM, Secrets Manager."""

from typing import Final

from sandbox.standin.aws import Aws, aws_tags
from sandbox.standin.resource_type import Property, ResourceType
from sandbox.standin.values import Values

_TAGS: Final = Property("Tags", kind=dict)
_CURRENT: Final = "AWSCURRENT"
_TYPES: Final = ("String", "StringList", "SecureString")


def _type_fault(type_: str) -> str | None:
    return None if type_ in _TYPES else f"expected type to be one of {_TYPES}, got {type_}"


def _put(aws: Aws, new: Values, **more: object) -> None:
    key = {"KeyId": new["keyId"]} if new.get("keyId") else {}
    aws.ssm.put_parameter(Name=new["name"], Type=new["type"], Value=new["value"], **key, **more)


def _create_parameter(aws: Aws, new: Values) -> Values:
    _put(aws, new, Tags=aws_tags(new["tagsAll"]))
    return _read_parameter(aws, new)


def _change_parameter(aws: Aws, _old: Values, new: Values) -> None:
    _put(aws, new, Overwrite=True)


def _read_parameter(aws: Aws, one: Values) -> Values:
    name = one["name"]
    found = aws.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]
    (told,) = aws.ssm.describe_parameters(
        ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}]
    )["Parameters"]
    tags = aws.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    # AWS and moto name the key that SSM uses by itself; a program that names none has none.
    key = {"KeyId": told.get("KeyId")} if one.get("keyId") else {}
    return {**found, **key, "Tags": tags}


def _tag_parameter(aws: Aws, old: Values, new: Values) -> None:
    before, after = old.get("tagsAll") or {}, new["tagsAll"]
    of = {"ResourceType": "Parameter", "ResourceId": new["name"]}
    if gone := sorted(before.keys() - after.keys()):
        aws.ssm.remove_tags_from_resource(**of, TagKeys=gone)
    if after:
        aws.ssm.add_tags_to_resource(**of, Tags=aws_tags(after))


def _change_key(aws: Aws, old: Values, new: Values) -> None:
    aws.secretsmanager.update_secret(SecretId=old["id"], KmsKeyId=new.get("kmsKeyId") or "")


def _read_version(aws: Aws, one: Values) -> Values:
    secret, _, version = one["id"].partition("|")
    found = aws.secretsmanager.get_secret_value(SecretId=secret, VersionId=version)
    return {**found, "SecretId": secret}


def _delete_version(aws: Aws, one: Values) -> None:
    """Take a version's stages away; a version is no more without any, and the current one stays."""
    secret, _, version = one["id"].partition("|")
    stages = aws.secretsmanager.describe_secret(SecretId=secret)["VersionIdsToStages"]
    for stage in stages.get(version, ()):
        if stage != _CURRENT:
            aws.secretsmanager.update_secret_version_stage(
                SecretId=secret, VersionStage=stage, RemoveFromVersionId=version
            )


ROWS: Final = (
    ResourceType(
        token="aws:ssm/parameter:Parameter",  # noqa: S106 - a type's token
        title="SSM Parameter",
        service="ssm",
        properties={
            "name": Property("Name", required=True, replaces=True),
            "type": Property("Type", required=True, fault=_type_fault),
            "value": Property("Value", required=True, secret=True),
            "keyId": Property("KeyId"),
            "tags": _TAGS,
            "arn": Property("ARN", output=True),
            "version": Property("Version", kind=int, output=True),
        },
        id="{name}",
        key={"Name": "name"},
        create=_create_parameter,
        read=_read_parameter,
        delete="delete_parameter",
        changes={("value", "type", "keyId"): _change_parameter},
        tag=_tag_parameter,
    ),
    ResourceType(
        token="aws:secretsmanager/secret:Secret",  # noqa: S106 - a type's token
        title="Secrets Manager Secret",
        service="secretsmanager",
        properties={
            "name": Property("Name", required=True, replaces=True),
            "kmsKeyId": Property("KmsKeyId"),
            "tags": _TAGS,
            "arn": Property("ARN", output=True),
        },
        id="{arn}",
        key={"SecretId": "id"},
        create="create_secret",
        read="describe_secret",
        delete="delete_secret",
        changes={("kmsKeyId",): _change_key},
        tag="tag_resource",
        untag="untag_resource",
    ),
    ResourceType(
        token="aws:secretsmanager/secretVersion:SecretVersion",  # noqa: S106 - a type's token
        title="Secrets Manager Secret Version",
        service="secretsmanager",
        properties={
            "secretId": Property("SecretId", required=True, replaces=True),
            "secretString": Property("SecretString", required=True, replaces=True, secret=True),
            "arn": Property("ARN", output=True),
            "versionId": Property("VersionId", output=True),
        },
        id="{secretId}|{versionId}",
        key={},
        create="put_secret_value",
        read=_read_version,
        delete=_delete_version,
    ),
)
