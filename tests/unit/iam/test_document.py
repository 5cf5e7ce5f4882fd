"""How large a document is to IAM."""

from components.iam.document import size


def test_a_size_counts_what_the_provider_escapes_and_no_white_space_between_tokens() -> None:
    assert size({"Id": ["<&> é", "b"]}) == len(r'{"Id":["\u003c\u0026\u003e é","b"]}')
