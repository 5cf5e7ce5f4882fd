"""The stand-in's errors, in the real provider's words."""

from typing import Final

from botocore.exceptions import ClientError

_GONE: Final = frozenset(
    {
        *("NoSuchEntity", "NoSuchBucket", "404"),
        *("ParameterNotFound", "ResourceNotFoundException", "InvalidResourceId"),
    }
)


class StandInError(Exception):
    """A failure whose message is for the user."""


def refusal(code: str, message: str) -> StandInError:
    """Return an error of AWS that moto does not give, in the form of `aws_words`."""
    return StandInError(f"https response error StatusCode: 409, {code}: {message}")


def aws_words(error: ClientError) -> str:
    """Return an error of AWS in the real provider's form."""
    detail = error.response["Error"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "?")
    return (
        f"operation error {error.operation_name}, https response error StatusCode: {status}, "
        f"{detail.get('Code', 'Unknown')}: {detail.get('Message', '')}"
    )


def is_gone(error: ClientError) -> bool:
    """Say whether AWS answered that there is no such resource."""
    return error.response["Error"].get("Code") in _GONE
