"""What the stand-in says when something fails: one message, worded as the real provider's."""

from botocore.exceptions import ClientError


class StandInError(Exception):
    """A failure to tell the user as it is, without a traceback."""


def refusal(code: str, message: str) -> StandInError:
    """Return an error that AWS gives and moto does not, in the form of `aws_words`."""
    return StandInError(f"https response error StatusCode: 409, {code}: {message}")


def aws_words(error: ClientError) -> str:
    """Return an AWS error in the form in which the real provider shows it."""
    detail = error.response["Error"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "?")
    return (
        f"operation error {error.operation_name}, https response error StatusCode: {status}, "
        f"{detail.get('Code', 'Unknown')}: {detail.get('Message', '')}"
    )


def is_gone(error: ClientError) -> bool:
    """Say whether AWS answered that the thing does not exist."""
    return error.response["Error"].get("Code") in {"NoSuchEntity", "NoSuchBucket", "404"}
