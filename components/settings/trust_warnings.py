"""What a role's trust allows, or keeps out, that its writer may not have meant."""

from collections.abc import Iterator

from components.settings.findings import Finding
from components.settings.model import Trust
from components.settings.trust_rules import ANY_PROJECT, KINDS


def of_trust(trust: Trust) -> Iterator[Finding]:
    """Warnings about one role's trust, with paths inside the role, in the config's order.

    A trust without origins gets none: it is right for most roles, since forks get tokens only
    where a project is set to pass them secrets, which AWS can't see (docs/roles.md).
    """
    if ANY_PROJECT in trust.projects:
        yield Finding(
            "trust.projects",
            "'*' lets every project of the organization assume the role, also one made tomorrow",
        )
    for origin in trust.origins:
        if (message := _odd_origin(origin)) is not None:
            yield Finding("trust.origins", f"'{origin}' {message}")
    for ref in trust.refs:
        if not _is_usual(ref):
            yield Finding(
                "trust.refs",
                f"'{ref}' is no branch (refs/heads/…), tag (refs/tags/…) "
                "or pull request (refs/pull/…); no job may ever have it",
            )


def _odd_origin(origin: str) -> str | None:
    host, _, path = origin.partition("/")
    if "." not in host:
        return f"names no host; did you mean 'github.com/{origin}'?"
    if host != host.lower():
        usual = f"{host.lower()}/{path}"
        return f"has capitals in its host, which are compared too; did you mean '{usual}'?"
    if "/" not in path:
        return "is a host and one name; an origin is host, owner and repository"
    return None


def _is_usual(ref: str) -> bool:
    known = [f"refs/{kind}" for kind in KINDS]
    beginning = ref.removesuffix("*")
    is_open = beginning != ref
    return any(
        beginning.startswith(kind) or (is_open and kind.startswith(beginning)) for kind in known
    )
