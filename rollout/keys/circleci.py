"""CircleCI's API v2: contexts and their variables.

The token is in CIRCLECI_TOKEN, another host, as of CircleCI server, in CIRCLECI_URL. Neither the
token nor a value that is written is in any message: answers are not quoted.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from components.settings.model import Delivery
from components.settings.trust_rules import UUID
from rollout.errors import RolloutError

TOKEN: Final = "CIRCLECI_TOKEN"  # noqa: S105 - a variable's name
URL: Final = "CIRCLECI_URL"
_URL: Final = "https://circleci.com"
_LOCAL: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_RETRIES: Final = urllib3.Retry(
    total=5,
    redirect=False,  # the token would go along
    backoff_factor=0.5,
    status_forcelist=(429, 502, 503, 504),
    raise_on_status=False,
    retry_after_max=300,
)
_SECONDS: Final = urllib3.Timeout(connect=10, read=30)
_MEANING: Final = {
    401: f"the token in {TOKEN} is not valid",
    403: "the token may not do that: is its user in the organization, and in the context's groups?",
    404: "there is no such context, or it is of an organization that the token's user is not in",
    429: "too many requests, also after some retries; try again later",
}


class CircleCiError(RolloutError):
    """CircleCI can't be asked; the text says why."""


class CircleCi:
    """A client of one host, with one token."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Take the token and the host from the environment.

        Raises:
            CircleCiError: there is no token, or it would be sent without TLS.
        """
        token = environment.get(TOKEN)
        if not token:
            raise CircleCiError(
                f"set {TOKEN} to a personal API token (CircleCI: User Settings > Personal API "
                "Tokens)"
            )
        url = urlsplit(environment.get(URL) or _URL)
        if not url.hostname or (url.scheme != "https" and url.hostname not in _LOCAL):
            raise CircleCiError(f"{URL} is not a URL with https, such as {_URL}")
        self._base = f"{url.scheme}://{url.netloc}/api/v2"
        proxy = None if proxy_bypass(url.hostname) else getproxies().get(url.scheme)
        pool = urllib3.ProxyManager(proxy) if proxy else urllib3.PoolManager()
        self._request = pool.request
        self._headers = {"Circle-Token": token, "Content-Type": "application/json"}
        self._names: dict[str, dict[str, str]] = {}

    def context_id(self, place: Delivery) -> str:
        """Return a context's id; a name is looked up in its organization.

        Raises:
            CircleCiError: there is none, or the token can't see it.
        """
        context, owner = place.circleci_context or "", place.owner
        if owner is None or UUID.fullmatch(context):
            return context
        if owner not in self._names:
            pages = self._pages("/context", {"owner-id": owner, "owner-type": "organization"})
            self._names[owner] = {one["name"]: one["id"] for one in pages}
        if context not in self._names[owner]:
            raise CircleCiError(
                f"organization {owner} has no context '{context}' that the token's user can see"
            )
        return self._names[owner][context]

    def written(self, context: str) -> dict[str, datetime]:
        """Return when each variable of a context was last written.

        Raises:
            CircleCiError: it can't be read.
        """
        found = self._pages(f"/context/{quote(context, safe='')}/environment-variable")
        return {one["variable"]: _time(one.get("updated_at") or one["created_at"]) for one in found}

    def write(self, context: str, name: str, value: str) -> None:
        """Write one variable of a context, whether it is there or not.

        Raises:
            CircleCiError: it can't be written.
        """
        path = f"/context/{quote(context, safe='')}/environment-variable/{quote(name, safe='')}"
        self._call("PUT", path, json.dumps({"value": value}).encode())

    def _pages(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
        page: str | None = None
        while True:
            asked = {**(query or {}), **({"page-token": page} if page else {})}
            answer = self._call("GET", f"{path}?{urlencode(asked)}" if asked else path)
            yield from answer["items"]
            page = answer.get("next_page_token")
            if not page:
                return

    def _call(self, method: str, path: str, body: bytes | None = None) -> Any:  # noqa: ANN401 - JSON
        what = f"CircleCI: {method} {path.partition('?')[0]}"
        try:
            answer = self._request(
                method,
                f"{self._base}{path}",
                body=body,
                headers=self._headers,
                retries=_RETRIES,
                timeout=_SECONDS,
                redirect=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise CircleCiError(f"{what}: can't be reached ({type(error).__name__})") from None
        if answer.status not in {200, 201}:
            meaning = _MEANING.get(answer.status, "it was not expected")
            raise CircleCiError(f"{what}: {answer.status}: {meaning}")
        try:
            return answer.json()
        except ValueError:
            raise CircleCiError(f"{what}: the answer is not JSON; is {URL} right?") from None


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
