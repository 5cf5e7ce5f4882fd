"""`rollout map`: who may do what over all stacks, as values and on the terminal."""

import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws
from mypy_boto3_iam import IAMClient

from components.aws.actions import ACCESS
from components.iam.document import Effect, PolicyKind, parse
from components.settings.stack_file import read
from rollout.mapping import tables
from rollout.mapping.accesses import accesses
from rollout.mapping.markdown import as_markdown
from rollout.mapping.model import LEGEND, Concern, Review
from rollout.mapping.rows import read_rows
from tests.unit.rollout.command_line import Ask
from tests.unit.rollout.conftest import GUARDED, WriteStacks
from tests.unit.rollout.test_changed import git
from tests.unit.rollout.test_deployed import TRUST as OF_EC2
from tests.unit.settings.configs import ORGANIZATION, PROJECT, grant, role, trust, user

KEY = "arn:aws:kms:eu-west-1:111111111111:key/0123"
REMOTE = {**GUARDED, "aws:allowedAccountIds": ["222222222222"]}
DEPLOY = role(
    grants=[
        grant(bucket="acme-site", access=["list", "write"], prefixes=["docs/", "public/"]),
        grant(bucket="acme-site", access=["delete"], prefixes=["public/"]),
        grant(bucket="state", access=["read"], actions=["s3:GetObjectTagging"], kmsKey=KEY),
    ],
    trust=trust(projects=[PROJECT], origins=["github.com/acme/app"], refs=["refs/heads/*"]),
    permissionsBoundary="arn:aws:iam::111111111111:policy/limit",
)
CI = user(
    grants=[grant(bucket="acme-site", access=["full", "list"])],
    accessKeys=["old", "new"],
    sourceIps=["198.51.100.0/24"],
    requireTls=True,
)


@pytest.fixture
def root(project: WriteStacks) -> Path:
    return project(
        prod={**GUARDED, "identities": {"deploy": DEPLOY}},
        dev={**REMOTE, "identities": {"ci": CI, "open": role(trust=trust(projects=["*"]))}},
    )


def told(ask: Ask, root: Path, *args: str) -> Any:
    return json.loads(ask(root, "map", "--json", *args).out)


def test_the_terminal_has_a_table_for_each_account(ask: Ask, root: Path) -> None:
    ran = ask(root, "map")
    assert ran.out.splitlines()[:9] == [
        "account 111111111111",
        "stack  identity  acme-site  state",
        "prod   deploy    lwd/       r+1",
        "",
        "account 222222222222",
        "stack  identity  acme-data  acme-site",
        "dev    ci                   lF*",
        "dev    open      r",
        "",
    ]
    assert (ran.code, ran.err) == (0, "")


def test_buckets_too_many_for_a_line_are_told_below_each_identity(
    ask: Ask, project: WriteStacks
) -> None:
    wide = user(grants=[grant(bucket=f"acme-archive-of-year-{n}") for n in range(20)])
    root = project(dev={**GUARDED, "identities": {"ci": wide}})
    lines = ask(root, "map").out.splitlines()
    assert lines[1:3] == ["dev: user ci", "  r acme-archive-of-year-0"]


def test_every_action_of_the_policies_is_a_line_of_the_csv(root: Path) -> None:
    """The rows and the documents that are deployed come from the same grants by two ways."""
    rows, _, names, _ = read_rows(root, ())
    for row in rows:
        documents = accesses(read(root, row.stack), None)[row.name].documents
        allowed = {
            name
            for document in documents.values()
            if document is not None
            for one in parse(document, "", PolicyKind.IDENTITY)
            if one.effect is Effect.ALLOW
            for name in one.actions.values
        }
        assert {right.action for right in row.rights} == allowed
    assert names == ["dev", "prod"]


def test_a_line_of_the_csv_names_its_source(ask: Ask, root: Path, tmp_path: Path) -> None:
    file = tmp_path / "map.csv"
    assert ask(root, "map", "--csv", str(file)).code == 0
    lines = list(csv.DictReader(io.StringIO(file.read_text())))
    assert tuple(lines[0]) == tables.COLUMNS
    (tagging,) = [one for one in lines if one["action"] == "s3:GetObjectTagging"]
    source = (root / "Pulumi.prod.yaml").read_text().splitlines()[int(tagging["line"]) - 1]
    assert (tagging["file"], tagging["word"]) == ("Pulumi.prod.yaml", "")
    assert source.strip() in {"- access:", "- actions:"}
    (decrypt,) = [one for one in lines if one["action"] == "kms:Decrypt"]
    assert (decrypt["kmsKey"], decrypt["bucket"], decrypt["condition"]) == (
        KEY,
        "state",
        "kms:ViaService is s3.eu-west-1.amazonaws.com",
    )
    (listing,) = [
        one for one in lines if one["action"] == "s3:ListBucket" and one["prefix"] == "docs/"
    ]
    assert (listing["condition"], listing["word"]) == ("s3:prefix is docs/*", "list")
    (full,) = [one for one in lines if one["action"] == "s3:*"]
    assert full["condition"] == "aws:SourceIp is in 198.51.100.0/24 and over TLS"


@given(st.sampled_from("=+-@"), st.text(max_size=5))
def test_no_cell_of_the_csv_is_a_formula(first: str, rest: str) -> None:
    assert not tables._plain(first + rest).startswith(("=", "+", "-", "@"))


def test_the_remarks_say_what_deserves_a_look(root: Path) -> None:
    _, remarks, _, _ = read_rows(root, ())
    found = {(one.concern, one.identity, one.bucket) for one in remarks}
    assert found == {
        (Concern.FULL, "ci", "acme-site"),
        (Concern.WHOLE_BUCKET, "ci", "acme-site"),
        (Concern.TWO_KEYS, "ci", ""),
        (Concern.NO_BOUNDARY, "ci", ""),
        (Concern.WARNING, "ci", ""),
        (Concern.ANY_PROJECT, "open", ""),
        (Concern.OPEN_REFS, "open", ""),
        (Concern.NO_BOUNDARY, "open", ""),
        (Concern.OPEN_REFS, "deploy", ""),
        (Concern.DELETE, "deploy", "acme-site"),
    }


def test_the_json_has_trust_in_words_and_each_bucket(ask: Ask, root: Path) -> None:
    found = told(ask, root, "prod")
    (one,) = found["identities"]
    assert one["trust"] | {"organization": []} == {
        "organization": [],
        "projects": [PROJECT],
        "users": ["any user"],
        "repositories": ["github.com/acme/app"],
        "refs": ["refs/heads/*"],
    }
    site, state = one["buckets"]
    assert (site["words"], site["prefixes"]) == (["list", "write", "delete"], ["docs/", "public/"])
    assert (state["words"], state["others"]) == (["read"], ["s3:GetObjectTagging"])
    assert state["keys"] == [KEY]
    assert (
        f"kms:Decrypt on {KEY} where kms:ViaService is s3.eu-west-1.amazonaws.com"
        in state["statements"]
    )
    assert "s3:ListBucket on acme-site where s3:prefix is docs/* or public/*" in site["statements"]
    assert (found["commit"], found["stacks"]) == (None, ["prod"])


def test_a_file_that_cannot_be_used_is_told_and_the_others_are_shown(ask: Ask, root: Path) -> None:
    (root / "Pulumi.dev.yaml").write_text("config: {identities: {x: {kind: usr}}}")
    ran = ask(root, "map")
    assert ran.code == 1
    assert "Pulumi.dev.yaml: identities.x.kind: 'usr' is not one of user, role" in ran.err
    assert "prod   deploy" in ran.out


def test_redacted_it_has_no_account(ask: Ask, root: Path) -> None:
    (root / "Pulumi.bad.yaml").write_text(f"config: {{aws:allowedAccountIds: '{'3' * 12}'}}")
    shown = [ask(root, "map", "--redact"), ask(root, "map", "--redact", "--json")]
    files = [root / f"map.{kind}" for kind in ("csv", "markdown")]
    for file in files:
        ask(root, "map", "--redact", f"--{file.suffix[1:]}", str(file))
    for text in (*(one.out + one.err for one in shown), *(file.read_text() for file in files)):
        assert "xxxxxxxxxxx1" in text
        assert not any(digit * 12 in text for digit in "123")


def test_a_file_that_cannot_be_written_is_told(ask: Ask, root: Path) -> None:
    ran = ask(root, "map", "--csv", str(root / "no" / "map.csv"))
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert "No such file or directory" in ran.err


def test_identities_of_the_projects_file_name_its_line(project: WriteStacks) -> None:
    root = project("dev")
    (root / "Pulumi.yaml").write_text(
        "name: circleci-s3-access\nruntime: python\nconfig:\n"
        "  circleci-s3-access:identities:\n    default:\n      ci:\n        kind: user\n"
        "        grants:\n          - {bucket: acme-site, access: [read]}\n"
    )
    config = "\n".join(f"  {key}: {json.dumps(value)}" for key, value in GUARDED.items())
    (root / "Pulumi.dev.yaml").write_text(f"config:\n{config}\n")
    (row,), *_ = read_rows(root, ())
    assert (str(row.source), str(row.cells[0].sources[0])) == ("Pulumi.yaml:6", "Pulumi.yaml:9")


def test_letters_stand_for_words_that_are_whole() -> None:
    assert LEGEND.count(",") == len(ACCESS) + 2


# since


@pytest.fixture
def repo(root: Path) -> Path:
    """The project in a repository, committed, with a topic branch checked out."""
    git(root, "init", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-m", "first")
    git(root, "switch", "-c", "topic")
    return root


def edit(root: Path, stack: str, old: str, new: str) -> None:
    file = root / f"Pulumi.{stack}.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def lines_since(found: Any, stack: str) -> list[str]:
    access = found["since"]["stacks"][stack]["access"]
    return [
        f"{one['name']} {line['text']}" for one in access["identities"] for line in one["lines"]
    ]


def test_since_tells_who_gained_and_lost_and_which_commit_did_it(ask: Ask, repo: Path) -> None:
    edit(repo, "prod", "- delete", "- read")
    git(repo, "commit", "-am", "deploy reads; it need not delete")
    found = told(ask, repo, "--since", "main")
    assert list(found["since"]["stacks"]) == ["prod"]
    assert lines_since(found, "prod") == [
        "deploy gains s3:GetObject on acme-site/public/*",
        "deploy loses s3:DeleteObject on acme-site/public/*",
    ]
    (commit,) = found["since"]["commits"]["prod"]
    assert commit["subject"] == "deploy reads; it need not delete"
    assert found["since"]["uncommitted"] == []


def test_since_counts_from_where_the_branches_part(ask: Ask, repo: Path) -> None:
    git(repo, "switch", "main")
    edit(repo, "prod", "- delete", "- read")
    git(repo, "commit", "-am", "on main")
    git(repo, "switch", "topic")
    assert told(ask, repo, "--since", "main")["since"]["stacks"] == {}


def test_since_tells_new_moved_deleted_and_unreadable_stacks(ask: Ask, repo: Path) -> None:
    (repo / "Pulumi.other.yaml").write_bytes((repo / "Pulumi.dev.yaml").read_bytes())
    (repo / "Pulumi.dev.yaml").unlink()
    edit(repo, "prod", "'111111111111'", "'333333333333'")
    found = told(ask, repo, "--since", "main")["since"]
    assert found["removedFiles"] == ["Pulumi.dev.yaml"]
    created = found["stacks"]["other"]["access"]["identities"]
    assert {(one["name"], one["change"]) for one in created} == {
        ("ci", "created"),
        ("open", "created"),
    }
    assert found["stacks"]["prod"]["warnings"] == [
        "its account is 333333333333, before 111111111111"
    ]
    assert lines_since({"since": found}, "prod") == []
    assert found["uncommitted"] == ["Pulumi.other.yaml", "Pulumi.prod.yaml"]


def test_a_file_that_could_not_be_used_then_is_unknown(ask: Ask, repo: Path) -> None:
    good = (repo / "Pulumi.prod.yaml").read_text()
    (repo / "Pulumi.prod.yaml").write_text("config: [")
    git(repo, "commit", "-am", "broken")
    git(repo, "branch", "-f", "main")
    (repo / "Pulumi.prod.yaml").write_text(good)
    ran = ask(repo, "map", "--since", "main")
    assert ran.code == 0
    assert (
        "prod: what changed is unknown: its file could not be used then: Pulumi.prod.yaml"
        in ran.out
    )


def test_what_up_would_replace_breaks(ask: Ask, repo: Path) -> None:
    edit(repo, "prod", "kind: role", "kind: role\n      path: /ci/")
    edit(repo, "dev", "requireTls: true", "requireTls: true\n      path: /ci/")
    found = told(ask, repo, "--since", "main")
    assert lines_since(found, "prod") == [
        "deploy is replaced: access is gone for a while and its ARN is new"
    ]
    assert lines_since(found, "dev") == ["ci gets another ARN: its path is /ci/, before /"]


def test_the_projects_file_concerns_every_stack(ask: Ask, repo: Path) -> None:
    with (repo / "Pulumi.yaml").open("a") as file:
        file.write("config:\n  circleci-s3-access:tags: {value: {team: web}}\n")
    found = told(ask, repo, "--since", "main")["since"]
    assert list(found["stacks"]) == ["dev", "prod"]
    assert found["uncommitted"] == ["Pulumi.yaml"]


@pytest.mark.parametrize("ref", ["nope", "--output=x"])
def test_a_ref_that_git_does_not_know_is_told(ask: Ask, repo: Path, ref: str) -> None:
    ran = ask(repo, "map", f"--since={ref}")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"error: --since {ref}: ")
    assert not (repo / "x").exists()


def test_the_comment_begins_with_the_changes(ask: Ask, repo: Path) -> None:
    edit(repo, "prod", "- delete", "- read")
    git(repo, "commit", "-am", "a `b` <c>")
    ask(repo, "map", "--since", "main", "--markdown", "map.md")
    lines = (repo / "map.md").read_text().splitlines()
    assert lines[0] == "<!-- circleci-s3-access: map -->"
    assert lines[1].startswith("### Access since `main`, by the files alone, in 1 stack, access")
    (commit,) = [line for line in lines if "a `b` <c>" in line]
    assert commit.startswith("- ``")
    assert "| `prod` | `deploy` | `acme-site` | `lrw/` | `docs/, public/` |" in lines


@pytest.mark.parametrize("longest", [2_000, 4_000])
def test_the_comment_is_never_too_long(project: WriteStacks, longest: int) -> None:
    many = {f"ci{n}": user(grants=[grant(bucket=f"acme-{n}")]) for n in range(100)}
    root = project(dev={**GUARDED, "identities": many})
    rows, remarks, names, _ = read_rows(root, ())
    errors = {f"s{n}": "wrong " * 20 for n in range(20)}
    review = Review(tuple(rows), tuple(remarks), tuple(names), errors, (), "")
    text = as_markdown(review, longest)
    assert len(text.encode()) <= longest
    assert "Cut to GitHub's limit" in text
    assert text.count("<details>") == text.count("</details>")


def test_neither_boto3_nor_jinja2_is_imported_without_need() -> None:
    script = "import sys; from rollout.mapping.commands import map_; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert not {"boto3", "jinja2"} & set(done.stdout.split())


def test_each_grant_says_which_commit_changed_its_lines_last(
    ask: Ask, repo: Path, tmp_path: Path
) -> None:
    """A line in the middle of a grant counts, a line of another grant does not."""
    edit(repo, "prod", "- s3:GetObjectTagging", "- s3:GetObjectAcl")
    git(repo, "commit", "-am", "second", "--date", "2031-01-01T00:30:00 +0100")
    edit(repo, "prod", "- delete", "- read")
    found = told(ask, repo, "prod")["identities"][0]
    site, state = found["buckets"]
    changed = {
        (one["action"], one["prefix"]): one["changed"] and one["changed"]["subject"]
        for bucket in (site, state)
        for one in bucket["rights"]
    }
    assert changed["s3:GetObjectAcl", ""] == "second"
    assert changed["s3:PutObject", "docs/"] == "first"
    assert changed["s3:GetObject", "public/"] is None
    assert found["changed"] is None
    ask(repo, "map", "prod", "--csv", str(tmp_path / "map.csv"))
    lines = csv.DictReader(io.StringIO((tmp_path / "map.csv").read_text()))
    days = {(one["action"], one["prefix"]): one["changed"] for one in lines}
    assert days["s3:GetObjectAcl", ""].startswith("2031-01-01 ")
    assert days["s3:GetObject", "public/"] == "in no commit yet"


def test_a_file_that_git_does_not_have_is_in_no_commit(ask: Ask, repo: Path) -> None:
    (repo / "Pulumi.prod.yaml").rename(repo / "Pulumi.fresh.yaml")
    (one,) = told(ask, repo, "fresh")["identities"]
    assert one["changed"] is None


# deployed


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch, root: Path) -> Iterator[IAMClient]:
    """The account of prod, in moto, as its file says; the credentials reach no other account."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "111111111111")
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")
    with mock_aws():
        iam = boto3.client("iam", region_name="eu-west-1")
        deploy = accesses(read(root, "prod"), "111111111111")["deploy"]
        iam.create_open_id_connect_provider(
            Url=f"https://oidc.circleci.com/org/{ORGANIZATION}", ClientIDList=[ORGANIZATION]
        )
        iam.create_role(
            RoleName="deploy",
            AssumeRolePolicyDocument=json.dumps(deploy.trust),
            PermissionsBoundary=str(deploy.boundary),
        )
        for name, document in deploy.documents.items():
            iam.put_role_policy(
                RoleName="deploy", PolicyName=name, PolicyDocument=json.dumps(document)
            )
        yield iam


def on_aws(ask: Ask, root: Path, *args: str) -> Any:
    return told(ask, root, "--deployed", *args)["deployed"]


def test_an_account_as_the_files_say_is_told_so(ask: Ask, root: Path, iam: IAMClient) -> None:
    assert iam
    (found,) = on_aws(ask, root, "prod")
    assert (found["account"], found["error"], found["beside"]) == ("111111111111", None, [])
    assert lines_since({"since": found}, "prod") == []
    assert (
        "account 111111111111 on AWS: as the files say"
        in ask(root, "map", "prod", "--deployed").out
    )


def test_what_differs_and_what_is_beside_is_told(ask: Ask, root: Path, iam: IAMClient) -> None:
    more = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::other/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": more})
    iam.put_role_policy(RoleName="deploy", PolicyName="more", PolicyDocument=document)
    iam.create_user(UserName="by-hand")
    trust_of_deploy = iam.get_role(RoleName="deploy")["Role"]["AssumeRolePolicyDocument"]
    for name, principal in (("twin", trust_of_deploy), ("other", OF_EC2)):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(principal))
    (found,) = on_aws(ask, root, "prod")
    assert lines_since({"since": found}, "prod") == ["deploy gains s3:* on other/*"]
    assert found["beside"] == ["user by-hand", "role twin"]


def test_what_is_not_there_is_told(ask: Ask, root: Path, iam: IAMClient) -> None:
    iam.create_user(UserName="deploy")
    for name in iam.list_role_policies(RoleName="deploy")["PolicyNames"]:
        iam.delete_role_policy(RoleName="deploy", PolicyName=name)
    iam.delete_role(RoleName="deploy")
    (found,) = on_aws(ask, root, "prod")
    assert lines_since({"since": found}, "prod") == ["deploy is not there"]


def test_an_account_that_cannot_be_read_is_unknown(ask: Ask, root: Path, iam: IAMClient) -> None:
    assert iam
    ran = ask(root, "map", "--deployed", "--html", "map.html", "--markdown", "map.md")
    assert ran.code == 1
    words = "account 222222222222 on AWS: unknown: the credentials are of account 111111111111"
    assert words in ran.out
    for file in ("map.html", "map.md"):
        assert "unknown: the credentials are of account" in (root / file).read_text("utf-8")


def test_keys_groups_and_passwords_of_a_user_are_told(ask: Ask, root: Path, iam: IAMClient) -> None:
    keys = user(accessKeys=["a"])
    (root / "Pulumi.prod.yaml").write_text(
        json.dumps({"config": {**GUARDED, "identities": {"ci": keys}}})
    )
    (wanted,) = accesses(read(root, "prod"), None)["ci"].documents.values()
    iam.create_user(UserName="ci")
    iam.put_user_policy(UserName="ci", PolicyName="s3-access", PolicyDocument=json.dumps(wanted))
    iam.create_group(GroupName="all")
    iam.add_user_to_group(UserName="ci", GroupName="all")
    iam.create_login_profile(UserName="ci", Password="Sandbox-1234")
    (found,) = on_aws(ask, root, "prod")
    assert lines_since({"since": found}, "prod") == [
        "ci has 0 active access keys, the file names 1",
        "ci is in the group 'all', whose policies count for it too",
        "ci has a console password",
    ]
