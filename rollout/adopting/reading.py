"""Reads from the account what is to be adopted, and makes the stack's file for it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from components.aws.limits import Kind
from components.settings.config_keys import read_project
from components.settings.findings import SettingsError
from components.settings.load import load
from components.settings.stack_file import StackFile, check_name, read
from rollout.adopting.adoption import Adoption, Refused
from rollout.adopting.candidate import Candidate, Obstacle, candidate
from rollout.deployed.account import AwsAccount, account_of
from rollout.deployed.model import Deployed
from rollout.deployed.read import read_role, read_user
from rollout.errors import AccountError, RolloutError
from rollout.writing.checked import checked
from rollout.writing.file import text_of, with_identities


def read_adoption(root: Path, stack: str, names: Sequence[str], kind: Kind | None) -> Adoption:
    """Read the identities of these names, and add them to the text of the stack's file.

    Raises:
        RolloutError: the file, the account or the credentials can't be used.
    """
    path = root / f"Pulumi.{stack}.yaml"
    try:
        check_name(stack)
        before = text_of(path)
        there = read(root, stack) if before is not None else None
        file = there or StackFile(stack, path, read_project(root).config)
        account = account_of(file, ())
        found = [_found(account, name, kind) for name in dict.fromkeys(names)]
    except SettingsError as error:
        raise RolloutError(*str(error).splitlines()) from None
    except AccountError as error:
        raise RolloutError(f"{path.name}: {error}") from None
    known = [_as_in_file(file, one) if isinstance(one, Candidate) else one for one in found]
    good = tuple(one for one in known if isinstance(one, Candidate) and not one.reasons)
    refused = tuple(_refused(one) for one in known if one not in good)
    made = Adoption(stack, path, account.id, good, refused, before, before or "")
    if refused:
        return made
    written = _written(file)
    new = {one.name: dict(one.config) for one in good if one.name not in written}
    after = with_identities(before or "", _place(account), new, path) if new else before or ""
    return replace(made, after=after, tags=checked(root, stack, after).tags)


def _found(account: AwsAccount, name: str, kind: Kind | None) -> Candidate | Refused:
    there: list[Deployed] = []
    if kind != "role" and (user := read_user(account.iam, name)):
        there.append(user)
    if kind != "user" and (role := read_role(account.iam, name)):
        there.append(role)
    if len(there) == 1:
        return candidate(there[0])
    if there:
        text = "it is the name of a user and of a role; --kind says which one"
    else:
        text = f"account {account.id} has no {kind or 'user or role'} of this name"
    return Refused(name, (Obstacle(text),))


def _refused(one: Candidate | Refused) -> Refused:
    return one if isinstance(one, Refused) else Refused(one.name, one.reasons, one.kind)


def _written(file: StackFile) -> Mapping[str, Any]:
    found = file.own.get("identities")
    return found if isinstance(found, Mapping) else {}


def _as_in_file(file: StackFile, one: Candidate) -> Candidate:
    """Refuse an identity that the file has with other settings; one with the same is imported."""
    written = _written(file)
    if one.reasons or one.name not in written:
        return one
    try:
        known = load(file.stack, {"identities": {one.name: written[one.name]}}).identities[one.name]
    except SettingsError:
        known = None
    if known == one.settings:
        return one
    text = (
        f"{file.path.name} has an identity of this name, and not as it is in AWS; remove it there "
        "to have it written anew"
    )
    return replace(one, reasons=(Obstacle(text),))


def _place(account: AwsAccount) -> Mapping[str, Any]:
    if account.region is None:
        raise RolloutError("No region is known for the stack's file: set AWS_REGION.")
    return {"aws:region": account.region, "aws:allowedAccountIds": [account.id]}
