import pytest

from rollout.execution.engine_words import LONGEST, error_text, plain

URN = "urn:pulumi:dev::acme::acme:index:User$aws:iam/user:User::ci-user"
TRACEBACK = """python inline source runtime error: boom
Traceback (most recent call last):
  File "/venv/lib/python3.11/site-packages/pulumi/automation/_server.py", line 95, in run
    loop.run_until_complete(run_in_stack(self.program))
  File "/project/__main__.py", line 5, in <module>
    main()
  File "/project/components/x.py", line 7, in main
    raise ValueError("boom")
  File "/venv/lib/python3.11/site-packages/y.py", line 1, in z
ValueError: boom

"""


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("<{%fg 1%}>error: <{%reset%}>no\n", "no"),
        ("error: error: no", "no"),
        ("\x1b[31mno\x1b[0m", "no"),
        (f"resource {URN} is protected", "resource ci-user is protected"),
        (f"run `pulumi state unprotect '{URN}'`", f"run `pulumi state unprotect '{URN}'`"),
        (
            "1 error occurred:\n\t* creating IAM User (ci): EntityAlreadyExists\n\n",
            "creating IAM User (ci): EntityAlreadyExists",
        ),
        ("a\x1b]0;title\x07b\tc", "a ]0;title b c"),
        ("update failed", ""),
        (TRACEBACK, "ValueError: boom (x.py, line 7)"),
        (f"an unhandled error occurred: {TRACEBACK}", "ValueError: boom (x.py, line 7)"),
    ],
)
def test_a_message_is_cut_to_what_matters(message: str, expected: str) -> None:
    assert plain(message) == expected


def test_what_violates_a_plan_is_named_without_its_values() -> None:
    message = (
        f"resource {URN} violates plan: properties changed: "
        '++policy[{{"Statement":[{"Action":"a"}]}}!={{"Statement":"hunter2"}}], =~tags[{x}], -=name'
    )
    assert plain(message) == (
        "resource ci-user violates plan: properties changed: policy, tags, name"
    )


def test_an_error_that_is_told_twice_is_told_once() -> None:
    told = ["Pulumi.dev.yaml: a: is wrong", "Exception calling application: Pulumi.dev.yaml: a: is"]
    assert error_text(map(plain, [*told, "preview failed", "other"]), "") == (
        "Pulumi.dev.yaml: a: is wrong\nother"
    )


def test_without_diagnostics_the_standard_error_is_told() -> None:
    report = "\n code: 1\n stdout: Updating (dev):\n\n secret things\n stderr: error: no passphrase"
    assert error_text([], report) == "no passphrase"


def test_an_engine_that_says_nothing_is_told_as_that() -> None:
    assert error_text([], "\n code: 1\n stdout: \n stderr: ") == (
        "the engine failed and does not say why"
    )


def test_a_text_without_end_is_cut_and_that_is_said() -> None:
    text = error_text(["word " * 10_000], "")
    assert len(text) < LONGEST + 50
    assert text.endswith("word … (50000 characters in all)")


def test_who_is_not_logged_in_is_told_how() -> None:
    report = "\n stderr: error: PULUMI_ACCESS_TOKEN must be set for login"
    assert "run `pulumi login`, or set PULUMI_BACKEND_URL" in error_text([], report)
