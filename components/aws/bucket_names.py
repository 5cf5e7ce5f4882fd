"""The naming rules of S3 buckets.

Source: Amazon S3 User Guide, "General purpose bucket naming rules".
"""

import json
import re
from ipaddress import IPv4Address
from typing import Final

_RULE: Final = "3 to 63 characters of a-z, 0-9, '.' and '-', with a letter or digit at both ends"
_SHAPE: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SCHEME: Final = re.compile(r"arn:[a-z-]+:s3:::|s3://")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./ +=-]*")

# Newer rules: no new bucket can have such a name, but existing buckets may.
_RESERVED_PREFIXES: Final = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES: Final = ("-s3alias", "--ol-s3", ".mrap", "--table-s3")


def wrong_name(name: str) -> str | None:
    """Why a general purpose bucket can't have this name, or None if it can."""
    scheme = _SCHEME.match(name)
    bucket, slash, keys = name[scheme.end() if scheme else 0 :].partition("/")
    if bucket and (scheme or slash):
        if (message := wrong_name(bucket)) is None:
            return f"is not a bucket name; {_meant(bucket, keys)}"
        if scheme:
            return message
    if name.endswith("--x-s3"):
        return (
            "is a directory bucket, which has another permission model (s3express:CreateSession); "
            "name a general purpose bucket"
        )
    if name.startswith("arn:"):
        what = "the ARN of an access point" if "accesspoint" in name else "not the ARN of a bucket"
        return f"is {what}; use the bucket's name"
    if not _SHAPE.fullmatch(name):
        return f"is not a bucket name: use {_RULE}"
    if ".." in name:
        return "is not a bucket name: it has two dots in a row"
    if _is_ip_address(name):
        return "is not a bucket name: it looks like an IP address"
    return None


def outdated_name(name: str) -> str | None:
    """Why a new bucket can't have this name, or None. An existing bucket may have it."""
    for prefix in _RESERVED_PREFIXES:
        if name.startswith(prefix):
            return f"starts with {prefix}, which S3 no longer allows for new buckets"
    for suffix in _RESERVED_SUFFIXES:
        if name.endswith(suffix):
            return f"ends in {suffix}, which S3 no longer allows for new buckets"
    return None


def _meant(bucket: str, keys: str) -> str:
    """Suggest a bucket and prefixes for a path; never wider than the path."""
    prefix = keys.rstrip("*")
    if not prefix:
        return f"did you mean {bucket}?"
    names_object = not prefix.endswith("/") and "." in prefix.rpartition("/")[2]
    if names_object or any(wild in prefix for wild in "*?$"):
        return f"write bucket: {bucket} and, as prefixes that end in '/', which keys are meant"
    prefix = f"{prefix.removesuffix('/')}/"
    written = prefix if _PLAIN.fullmatch(prefix) else json.dumps(prefix, ensure_ascii=False)
    return f"write bucket: {bucket} with prefixes: [{written}]"


def _is_ip_address(name: str) -> bool:
    try:
        IPv4Address(name)
    except ValueError:
        return False
    return True
