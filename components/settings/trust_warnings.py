"""Warnings about a role's trust that allows too much, or jobs that do not exist."""

from collections.abc import Iterator

from components.settings.findings import Finding
from components.settings.model import Trust
from components.settings.trust_rules import ANY_PROJECT, KINDS


def of_trust(trust: Trust) -> Iterator[Finding]:
    """The warnings about one role's trust; paths start at the role.

    There is no warning about missing origins. Most roles do not need them: forks get tokens
    only if a project passes secrets to them, which AWS can't see (docs/roles.md).
    """
    if ANY_PROJECT in trust.projects:
        yield Finding(
            "trust.projects",
            "'*' lets every project of the organization assume the role, "
            "including projects created later",
        )
    for origin in trust.origins:
        if (message := _odd_origin(origin)) is not None:
            yield Finding("trust.origins", f"'{origin}' {message}")
    for ref in trust.refs:
        if not _is_usual(ref):
            yield Finding(
                "trust.refs",
                f"'{ref}' is not a branch (refs/heads/…), tag (refs/tags/…) "
                "or pull request (refs/pull/…); probably no job has it",
            )


def _odd_origin(origin: str) -> str | None:
    host, _, path = origin.partition("/")
    if "." not in host:
        return f"has no host; did you mean 'github.com/{origin}'?"
    if host != host.lower():
        usual = f"{host.lower()}/{path}"
        return f"has uppercase letters in its host, and case matters; did you mean '{usual}'?"
    if "/" not in path:
        return "has only one name after the host; an origin is host, owner and repository"
    return None


def _is_usual(ref: str) -> bool:
    known = [f"refs/{kind}" for kind in KINDS]
    beginning = ref.removesuffix("*")
    is_open = beginning != ref
    return any(
        beginning.startswith(kind) or (is_open and kind.startswith(beginning)) for kind in known
    )
