"""S3's naming rules, and names that are something else."""

import pytest

from components.aws.bucket_names import outdated_name, wrong_name

RULE = (
    "is not a bucket name: use 3 to 63 characters of a-z, 0-9, '.' and '-', "
    "with a letter or digit at both ends"
)
DIRECTORY = (
    "is a directory bucket, which has another permission model (s3express:CreateSession); "
    "name a general purpose bucket"
)
PARTITIONS = ["aws", "aws-cn", "aws-us-gov", "aws-eusc"]


@pytest.mark.parametrize(
    "name",
    [
        *("abc", "a" * 63, "123", "a.b", "a-b", "a--b", "a.-b", "a-.b", "1aa", "acme.com"),
        *("1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.four", "a1.2.3.4"),
        # Names that only newer rules forbid may exist already.
        *("xn--acme", "sthree-acme", "amzn-s3-demo-x", "x-s3alias", "x--ol-s3", "x.mrap"),
        *("x--table-s3", "acme-111111111111-eu-west-1-an", "x-s3", "x--x-s3x"),
    ],
)
def test_a_name_that_a_bucket_can_have(name: str) -> None:
    assert wrong_name(name) is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        *((name, RULE) for name in ("", "a", "ab", "a" * 64, "Acme", "a_b", "a b", "ä-b", "a/b")),
        *((name, RULE) for name in ("-ab", "ab-", ".ab", "ab.", "a*b", "ab\n", "${x}", "a:b")),
        ("a..b", "is not a bucket name: it has two dots in a row"),
        *(
            (address, "is not a bucket name: it looks like an IP address")
            for address in ("192.168.5.4", "0.0.0.0", "255.255.255.255")  # noqa: S104 - no binding
        ),
        ("acme--euw1-az1--x-s3", DIRECTORY),
        ("arn:aws:s3express:eu-west-1:111111111111:bucket/acme--euw1-az1--x-s3", DIRECTORY),
        *(
            (written, "is not a bucket name; did you mean acme-data?")
            for written in (
                *("s3://acme-data", "s3://acme-data/", "acme-data/", "acme-data/*"),
                *(f"arn:{partition}:s3:::acme-data" for partition in PARTITIONS),
                *(f"arn:{partition}:s3:::acme-data/*" for partition in PARTITIONS),
            )
        ),
        *(
            (
                f"{scheme}acme-data/{keys}",
                f"is not a bucket name; write bucket: acme-data with prefixes: [{prefix}]",
            )
            for scheme in ("s3://", "", "arn:aws:s3:::")
            for keys, prefix in (
                *(("builds/", "builds/"), ("builds/*", "builds/"), ("builds", "builds/")),
                *(("a/v1.2/", "a/v1.2/"), ("a b/c", "a b/c/"), ("a, b/", '"a, b/"')),
            )
        ),
        *(
            (
                f"{scheme}acme-data/{keys}",
                (
                    "is not a bucket name; write bucket: acme-data "
                    "and, as prefixes that end in '/', which keys are meant"
                ),
            )
            for scheme in ("s3://", "", "arn:aws:s3:::")
            for keys in ("builds/app.tgz", "app.tgz", "*/x", "builds/?/", "a$b/")
        ),
        ("s3://acme--euw1-az1--x-s3/", DIRECTORY),
        ("s3://Acme", RULE),
        ("s3://", RULE),
        *(
            (
                f"arn:{partition}:s3:eu-west-1:111111111111:accesspoint/acme",
                "is the ARN of an access point; use the bucket's name",
            )
            for partition in PARTITIONS
        ),
        (
            "arn:aws:s3-outposts:eu-west-1:111111111111:outpost/op-1/accesspoint/acme",
            "is the ARN of an access point; use the bucket's name",
        ),
        ("arn:aws:iam::111111111111:user/ci", "is not the ARN of a bucket; use the bucket's name"),
        ("arn:", "is not the ARN of a bucket; use the bucket's name"),
    ],
)
def test_a_name_that_no_bucket_has(name: str, message: str) -> None:
    assert wrong_name(name) == message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("xn--acme", "starts with xn--"),
        ("sthree-acme", "starts with sthree-"),
        ("sthree-configurator", "starts with sthree-"),
        ("amzn-s3-demo-acme", "starts with amzn-s3-demo-"),
        ("acme-s3alias", "ends in -s3alias"),
        ("acme--ol-s3", "ends in --ol-s3"),
        ("acme.mrap", "ends in .mrap"),
        ("acme--table-s3", "ends in --table-s3"),
        *((name, None) for name in ("acme", "acme-xn--x", "acme-s3alias-x", "mrap", "s3alias")),
    ],
)
def test_a_name_that_no_new_bucket_can_have_is_warned_of(name: str, message: str | None) -> None:
    expected = message and f"{message}, which S3 no longer allows for new buckets"
    assert outdated_name(name) == expected
    assert wrong_name(name) is None
