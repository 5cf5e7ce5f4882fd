"""An identity's documents, as the program plans them."""

from components.iam.document import PolicyDocument
from components.policy.layout import lay_out
from components.settings.model import Role, User


def documents_of(identity: User | Role) -> dict[str, PolicyDocument]:
    """All its documents, by their leaf."""
    layout = lay_out(identity, "aws")
    arns = {grant.bucket: f"arn:aws:s3:::{grant.bucket}" for grant in identity.grants}
    return {key: layout.document(key, arns) for key in layout.documents}
