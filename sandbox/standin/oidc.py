"""The table: OIDC providers, and the function that looks one up."""

from typing import Final

from botocore.exceptions import ClientError

from sandbox.standin.aws import Aws
from sandbox.standin.errors import StandInError, aws_words
from sandbox.standin.parts import TAGS, aws_tags, changed_tags, read_tags
from sandbox.standin.resource_type import Created, Input, ResourceType
from sandbox.standin.values import Values


def _create(aws: Aws, new: Values) -> Created:
    answer = aws.iam.create_open_id_connect_provider(
        Url=_with_scheme(new["url"]),
        ClientIDList=new["clientIdLists"],
        ThumbprintList=new.get("thumbprintLists", []),
        Tags=aws_tags(new),
    )
    return Created(answer["OpenIDConnectProviderArn"])


def _read(aws: Aws, id_: str, old: Values) -> Values:
    found = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=id_)
    return {
        "arn": id_,
        "clientIdLists": _in_order_of(old.get("clientIdLists", []), found["ClientIDList"]),
        "tagsAll": read_tags(found.get("Tags", [])),
        "thumbprintLists": found.get("ThumbprintList", []),
        "url": found["Url"],
    }


def _in_order_of(before: list[str], now: list[str]) -> list[str]:
    return before if sorted(before) == sorted(now) else now


def _update(aws: Aws, id_: str, old: Values, new: Values) -> None:
    if sorted(old["clientIdLists"]) != sorted(new["clientIdLists"]):
        # AWS adds and removes client ids; moto knows neither call. The ARN, which the URL gives,
        # stays the same.
        aws.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=id_)
        _create(aws, {**old, **new})
        return
    thumbprints = new.get("thumbprintLists")
    if thumbprints is not None and thumbprints != old.get("thumbprintLists"):
        aws.iam.update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=id_, ThumbprintList=thumbprints
        )
    gone, put = changed_tags(old, new)
    if gone:
        aws.iam.untag_open_id_connect_provider(OpenIDConnectProviderArn=id_, TagKeys=gone)
    if put:
        aws.iam.tag_open_id_connect_provider(OpenIDConnectProviderArn=id_, Tags=put)


def _delete(aws: Aws, id_: str, _old: Values) -> None:
    aws.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=id_)


def _bare(url: str) -> str:
    """Return a URL as AWS gives it back, without its scheme."""
    return url.removeprefix("https://")


def _with_scheme(url: str) -> str:
    return url if url.startswith("https://") else f"https://{url}"


def _url_fault(url: str) -> str | None:
    if url.startswith("http://") or ("://" in url and not url.startswith("https://")):
        return f'expected "url" to have a url with schema of: "https", got {url}'
    return None


OPEN_ID_CONNECT_PROVIDER: Final = ResourceType(
    token="aws:iam/openIdConnectProvider:OpenIdConnectProvider",  # noqa: S106 - a type's token
    title="IAM OIDC Provider",
    label="url",
    inputs={
        "clientIdLists": Input(kind=list, required=True, meaning=sorted),
        "tags": TAGS,
        "thumbprintLists": Input(kind=list, computed=True),
        "url": Input(required=True, replaces=True, fault=_url_fault, meaning=_bare),
    },
    outputs=("arn",),
    tagged=True,
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)


def find_provider(aws: Aws, args: Values) -> Values:
    """Look up an OIDC provider by ARN or URL."""
    arn = args.get("arn") or _arn_of(aws, _bare(args.get("url", "")))
    try:
        found = aws.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    except ClientError as error:
        raise StandInError(f"reading IAM OIDC Provider ({arn}): {aws_words(error)}") from None
    return {
        "arn": arn,
        "clientIdLists": found["ClientIDList"],
        "id": arn,
        "tags": read_tags(found.get("Tags", [])),
        "thumbprintLists": found.get("ThumbprintList", []),
        "url": found["Url"],
    }


def _arn_of(aws: Aws, url: str) -> str:
    listed = aws.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    for provider in listed:
        if provider["Arn"].partition(":oidc-provider/")[2] == url:
            return provider["Arn"]
    raise StandInError(f"finding IAM OIDC Provider by url ({url}): not found")
