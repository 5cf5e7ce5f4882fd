"""The naming rules of S3 buckets.

Source: Amazon S3 User Guide, "General purpose bucket naming rules".
"""

import re
from ipaddress import IPv4Address
from typing import Final

_RULE: Final = "3 to 63 characters of a-z, 0-9, '.' and '-', a letter or digit at both ends"
_SHAPE: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ARN: Final = re.compile(r"arn:[a-z-]+:s3:::(?P<bucket>[^/]+)")
_URL: Final = re.compile(r"s3://(?P<bucket>[^/]+)")

# Newer rules: names like these can't be made any more, but older buckets may have them.
_RESERVED_PREFIXES: Final = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES: Final = ("-s3alias", "--ol-s3", ".mrap", "--table-s3")


def name_fault(name: str) -> str | None:
    """Why a name can be no general purpose bucket's, or None where it can."""
    if (inside := _ARN.match(name) or _URL.match(name)) is not None:
        bucket = inside["bucket"]
        return name_fault(bucket) or f"is not a bucket's name; did you mean {bucket}?"
    if name.endswith("--x-s3"):
        return (
            "is a directory bucket, which has another permission model (s3express:CreateSession); "
            "name a general purpose bucket"
        )
    if name.startswith("arn:"):
        what = "an access point" if "accesspoint" in name else "no bucket"
        return f"is the ARN of {what}; name the bucket itself"
    if not _SHAPE.fullmatch(name):
        return f"is no bucket name: it takes {_RULE}"
    if ".." in name:
        return "is no bucket name: it holds two dots in a row"
    if _is_ip_address(name):
        return "is no bucket name: it looks like an IP address"
    return None


def name_doubt(name: str) -> str | None:
    """Why no new bucket could have this name; one that exists may."""
    for prefix in _RESERVED_PREFIXES:
        if name.startswith(prefix):
            return f"starts with {prefix}, which no new bucket's name may"
    for suffix in _RESERVED_SUFFIXES:
        if name.endswith(suffix):
            return f"ends in {suffix}, which no new bucket's name may"
    return None


def _is_ip_address(name: str) -> bool:
    try:
        IPv4Address(name)
    except ValueError:
        return False
    return True
