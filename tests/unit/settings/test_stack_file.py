"""Reading ``Pulumi.<stack>.yaml`` without an engine."""

import json
from pathlib import Path

import pytest

from components.settings import SettingsError, pulumi_yaml
from components.settings.stack_file import StackFile, read, stacks

USER = """
  circleci-s3-access:identities:
    ci:
      kind: user
      grants:
        - bucket: acme-data
          access: [read]
"""


def written(root: Path, config: str, stack: str = "dev") -> StackFile:
    (root / f"Pulumi.{stack}.yaml").write_text(f"config:\n{config}\n", encoding="utf-8")
    return read(root, stack)


def refusal(root: Path, content: str) -> str:
    (root / "Pulumi.dev.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read(root, "dev").settings()
    return str(caught.value)


def test_a_file_gives_the_settings_that_the_program_gets(tmp_path: Path) -> None:
    file = written(tmp_path, f"  aws:region: eu-west-1\n{USER}")
    assert (file.stack, file.path, file.region) == (
        "dev",
        tmp_path / "Pulumi.dev.yaml",
        "eu-west-1",
    )
    assert list(file.settings().identities) == ["ci"]


def test_the_projects_own_namespace_may_be_left_out(tmp_path: Path) -> None:
    file = written(tmp_path, USER.replace("circleci-s3-access:", "") + "  tags: {on: yes}")
    assert file.settings().tags == {"on": "yes"}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", False),
        ("  exclusive: true", True),
        ("      exclusive: true", True),
        ("      exclusive: false", False),
        ("      exclusive: yes please", False),
    ],
)
def test_a_file_tells_whether_policies_are_taken_away(
    tmp_path: Path,
    more: str,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert written(tmp_path, USER + more).has_exclusive is expected


def test_a_value_may_be_set_as_json(tmp_path: Path) -> None:
    grant = '{"bucket": "acme", "access": ["read"]}'
    file = written(
        tmp_path,
        f"""
  circleci-s3-access:identities: '{{"ci": {{"kind": "user", "grants": [{grant}]}}}}'
  aws:allowedAccountIds: '["111111111111"]'
""",
    )
    assert list(file.settings().identities) == ["ci"]
    assert file.account == "111111111111"


def test_another_projects_keys_are_no_ones_business_here(tmp_path: Path) -> None:
    assert written(tmp_path, f"{USER}\n  other:tags: 5\n  aws:profile: x").settings().tags == {}


ROLE = "{roleArn: 'arn:aws:iam::333333333333:role/x'}"


@pytest.mark.parametrize(
    ("config", "account"),
    [
        ('aws:allowedAccountIds: ["111111111111"]', "111111111111"),
        ('aws:allowedAccountIds: ["012345678901"]', "012345678901"),
        ("aws:allowedAccountIds: [111111111111]", "111111111111"),
        ("aws:config:allowedAccountIds: ['111111111111']", "111111111111"),
        ('aws:allowedAccountIds: ["111111111111", "222222222222"]', None),
        ("aws:allowedAccountIds: []", None),
        ("aws:region: eu-west-1", None),
        (f"aws:assumeRoles: [{ROLE}]", "333333333333"),
        (f"aws:assumeRoles: [{ROLE.replace('aws:', 'aws-us-gov:')}]", "333333333333"),
        (
            f"aws:assumeRoles: [{ROLE}, {{roleArn: 'arn:aws:iam::444444444444:role/a/y'}}]",
            "444444444444",
        ),
        (
            f"aws:assumeRoles: [{ROLE}]\n  aws:allowedAccountIds: ['111111111111']",
            "333333333333",
        ),
        ("aws:assumeRoles: [{sessionName: x}]", None),
        (
            'aws:assumeRoles: \'[{"roleArn": "arn:aws:iam::333333333333:role/x"}]\'',
            "333333333333",
        ),
    ],
)
def test_the_account_that_a_stack_lives_in(
    tmp_path: Path, config: str, account: str | None
) -> None:
    assert written(tmp_path, f"  {config}").account == account


ID = "account id, which has 12 digits"
NUMBER = f"{ID}: YAML reads a number that starts with 0 as another number; quote it"
MAPPINGS = "is not a list of mappings, each with a roleArn"
NO_CONFIG = "config: is missing, or not a mapping"
RANDOM = ", and Pulumi uses one of them at random; keep one"
ACCOUNTS = "aws:allowedAccountIds"
OWN = "circleci-s3-access:identities"


@pytest.mark.parametrize(
    ("content", "finding"),
    [
        *((text, NO_CONFIG) for text in ("", "encryptionsalt: v1:x", "config:", "config: [a]")),
        *((text, NO_CONFIG) for text in ("- a", "text")),
        # How YAML is refused is in test_pulumi_yaml; an error of the parser's own is told too.
        ("config:\n  a: [1, 2", "file: can't be read: line 2: expected ',' or ']', but got "),
        ("config:\n\tb: 1", "file: can't be read: line 2: found character '\\t' that cannot start"),
        ("? [a]\n: b", "file: can't be read: line 1: found unhashable key"),
        (f"a: {'[' * 5_000}", "file: can't be read: line 1: lists and mappings are nested"),
        # Unquoted, Pulumi takes both for numbers, the first for an octal one.
        (f"config: {{{ACCOUNTS}: [012345670123]}}", f"{ACCOUNTS}: 1402433619 is not an {NUMBER}"),
        (f"config: {{{ACCOUNTS}: [012345678901]}}", f"{ACCOUNTS}: 12345678901 is not an {NUMBER}"),
        (f"config: {{{ACCOUNTS}: ['12345']}}", f"{ACCOUNTS}: '12345' is not an {ID}"),
        (f"config: {{{ACCOUNTS}: [null]}}", f"{ACCOUNTS}: null is not an {ID}"),
        (f"config: {{{ACCOUNTS}: '11'}}", f"{ACCOUNTS}: 11 is not a list of account ids"),
        (
            "config: {aws:assumeRoles: {roleArn: x}}",
            f'aws:assumeRoles: {{"roleArn": "x"}} {MAPPINGS}',
        ),
        ("config: {aws:assumeRoles: [x]}", f'aws:assumeRoles: ["x"] {MAPPINGS}'),
        # Keys that are one to Pulumi are told with their lines.
        (
            f"config:\n  identities: {{}}\n  aws:region: x\n  {OWN}: {{}}",
            f"config['{OWN}']: line 4: is the same key to Pulumi as 'identities' in line 2{RANDOM}",
        ),
        (
            f"x: &x\n  identities: {{}}\nconfig:\n  <<: *x\n  {OWN}: {{}}",
            f"config.identities: line 2: is the same key to Pulumi as '{OWN}' in line 5{RANDOM}",
        ),
        (
            "config:\n  aws:region: eu-west-1\n  aws:config:region: us-east-1",
            (
                "config['aws:config:region']: line 3: is the same key to Pulumi as 'aws:region' in "
                f"line 2{RANDOM}"
            ),
        ),
        (
            "config:\n  aws:region:name: x",
            (
                "config['aws:region:name']: line 2: "
                "a key has the form namespace:name, such as aws:region"
            ),
        ),
    ],
)
def test_a_broken_file_is_told_in_one_line(tmp_path: Path, content: str, finding: str) -> None:
    told = refusal(tmp_path, content)
    assert told.startswith(f"Pulumi.dev.yaml: {finding}")
    assert told.endswith(finding) or "can't be read" in finding
    assert "\n" not in told


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").mkdir()
    with pytest.raises(SettingsError, match=r"file: can't be read: .*directory"):
        read(tmp_path, "dev")


def test_a_missing_file_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    for name in ("Pulumi.prod.yaml", "Pulumi.dev.eu.yaml", "Pulumi.yaml", "Pulumi.a b.yaml"):
        (tmp_path / name).touch()
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, "stage")
    assert str(caught.value) == (
        f"Pulumi.stage.yaml: file: is not in {tmp_path}; the stacks there: dev.eu, prod"
    )


@pytest.mark.parametrize("stack", ["../dev", "org/project/dev", "", "a b", "a\x00b", "*"])
def test_what_is_no_stacks_name_is_never_looked_for(tmp_path: Path, stack: str) -> None:
    with pytest.raises(SettingsError, match="is not a stack name"):
        read(tmp_path / "in", stack)


def test_the_stacks_of_a_project_are_those_that_have_a_file(tmp_path: Path) -> None:
    names = ["Pulumi.prod.yaml", "Pulumi.dev.yaml", "Pulumi.dev.eu-1_a.yaml"]
    others = ["Pulumi.yaml", "Pulumi..yaml", "Pulumi.dev.yml", "Pulumi.a b.yaml", "xPulumi.x.yaml"]
    for name in (*names, *others):
        (tmp_path / name).touch()
    assert list(stacks(tmp_path)) == ["dev.eu-1_a", "dev", "prod"]


def test_findings_of_the_settings_come_with_the_stacks_name(tmp_path: Path) -> None:
    file = written(
        tmp_path, f"{USER}      accessKeys: [2026-11-01]".replace("read", "raed"), "prod"
    )
    with pytest.raises(SettingsError) as caught:
        file.settings()
    assert [line.rpartition(": '")[0] for line in str(caught.value).splitlines()] == [
        "Pulumi.prod.yaml: identities.ci.grants[0].access",
        "Pulumi.prod.yaml: identities.ci.accessKeys",
    ]


def test_any_number_of_equal_keys_costs_one_more_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings: list[bytes] = []

    def counted(content: bytes) -> pulumi_yaml.Lines:
        readings.append(content)
        return lines(content)

    lines = pulumi_yaml.Lines
    monkeypatch.setattr(pulumi_yaml, "Lines", counted)
    keys = "config:\n" + "".join(
        f"  aws:k{n}: a\n  aws:config:k{n}: b\n  x:y:z{n}: c\n" for n in range(50)
    )
    told = refusal(tmp_path, keys).splitlines()
    assert len(told) == 100
    assert told[0].startswith("Pulumi.dev.yaml: config['aws:config:k0']: line 3: is the same key")
    assert readings == [(tmp_path / "Pulumi.dev.yaml").read_bytes()]


def of_project(root: Path, project: str, config: str) -> StackFile:
    (root / "Pulumi.yaml").write_text(f"name: circleci-s3-access\n{project}", encoding="utf-8")
    return written(root, config)


@pytest.mark.parametrize(
    "project",
    [
        "config:\n  aws:region: eu-west-1\n  tags: {type: object, default: {team: web}}",
        "config:\n  aws:region: eu-west-1\n  circleci-s3-access:tags: {value: {team: web}}",
    ],
)
def test_the_projects_file_gives_what_the_stacks_leaves_out(tmp_path: Path, project: str) -> None:
    file = of_project(tmp_path, project, USER)
    assert (file.region, file.settings().tags) == ("eu-west-1", {"team": "web"})
    file = of_project(tmp_path, project, f"{USER}  aws:region: us-east-1\n  tags: {{}}")
    assert (file.region, file.settings().tags) == ("us-east-1", {})


@pytest.mark.parametrize(
    ("project", "finding"),
    [
        (
            "config:\n  identities.ci: {value: {}}",
            (
                "config['identities.ci']: sets part of a value in every stack; "
                "set it in the stack files"
            ),
        ),
        (
            f"config:\n  identities: {{value: {{}}}}\n  {OWN}: {{value: {{}}}}",
            f"config['{OWN}']: line 4: is the same key to Pulumi as 'identities' in line 3{RANDOM}",
        ),
        ("config: stacks", "config: moves the stack files; they must be beside Pulumi.yaml"),
        (
            "stackConfigDir: stacks",
            "stackConfigDir: moves the stack files; they must be beside Pulumi.yaml",
        ),
        ("config: [a]", "config: is not a mapping"),
        ("name: again", "file: can't be read: line 2: the key 'name' is in the mapping twice"),
        ("description: !!str x", "file: can't be read: line 2: the tag !!str"),
    ],
)
def test_a_projects_file_that_gives_more_than_it_shows_is_an_error_of_that_file(
    tmp_path: Path, project: str, finding: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        of_project(tmp_path, project, USER)
    assert str(caught.value).startswith(f"Pulumi.yaml: {finding}")


def test_a_file_that_pulumi_reads_before_the_projects_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.json").write_text("{}")
    with pytest.raises(
        SettingsError, match=r"Pulumi\.json: file: Pulumi reads this file instead of"
    ):
        written(tmp_path, USER)


@pytest.mark.parametrize(
    "config",
    [
        f"  aws:allowedAccountIds: '{'[' * 100_000}'",
        f"  circleci-s3-access:identities: '{'[' * 100_000}'",
        f"  aws:foo: 0x{'f' * 6_000}\n{USER}",
        f"  aws:foo: 0{'7' * 9_000}\n{USER}",
        f"  aws:foo: {'9' * 6_000}\n{USER}",
    ],
    ids=["nested", "own", "hex", "octal", "decimal"],
)
def test_a_small_file_can_not_stop_its_reader(tmp_path: Path, config: str) -> None:
    """Whatever it says, it is read or refused, and what is read can be written as JSON."""
    try:
        file = written(tmp_path, config)
        file.settings()
    except SettingsError:
        return
    json.dumps(dict(file.config))
