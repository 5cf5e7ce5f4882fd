"""Which stacks a project's workflows deploy, as far as their files tell.

On GitHub, a workflow deploys by calling another that runs `rollout up` and has an input `stacks`;
on CircleCI, by a job that runs it and has a parameter `stacks`. Other ways are reported as unknown.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from components.settings import pulumi_yaml
from components.settings.stack_file import matches

PLACE: Final = "workflows"
_GITHUB: Final = ".github/workflows"
_CIRCLECI: Final = ".circleci"
_UP: Final = re.compile(r"\brollout\s+up\b")
_FILLED_IN: Final = re.compile(r"\$\{\{|<<")
"""Marks a value that is known only at run time."""


@dataclass(frozen=True)
class Workflows:
    """The globs of stacks that each file deploys, and the files for which they are unknown."""

    globs: Mapping[str, tuple[str, ...]]
    unknown: tuple[str, ...]

    def deploys(self, stack: str) -> bool:
        return any(matches(stack, globs) for globs in self.globs.values())


_Read = Callable[[Path, Mapping[str, Any]], Iterator[str]]
"""Yields the globs of stacks that a file's content deploys."""


class _UnknownError(Exception):
    """A file deploys stacks, but which ones can't be told."""


def read_workflows(root: Path) -> Workflows:
    """Read the workflows of GitHub and CircleCI that are in the project's root."""
    globs: dict[str, tuple[str, ...]] = {}
    unknown: list[str] = []
    for path, read in _files(root):
        name = path.relative_to(root).as_posix()
        try:
            found = tuple(dict.fromkeys(read(root, _content(path))))
        except _UnknownError:
            unknown.append(name)
        else:
            globs |= {name: found} if found else {}
    return Workflows(globs, tuple(unknown))


def _files(root: Path) -> Iterator[tuple[Path, _Read]]:
    for folder, read in ((_GITHUB, _github), (_CIRCLECI, _circleci)):
        for path in sorted([*(root / folder).glob("*.yml"), *(root / folder).glob("*.yaml")]):
            yield path, read


def _content(path: Path) -> dict[str, Any]:
    """Return a workflow's content; empty if it is not a mapping.

    Raises:
        _UnknownError: it can't be read.
    """
    try:
        content = pulumi_yaml.read(path)
    except (FileNotFoundError, pulumi_yaml.UnreadableError):
        raise _UnknownError from None
    return content if isinstance(content, dict) else {}


def _github(root: Path, workflow: Mapping[str, Any]) -> Iterator[str]:
    runs_up = _runs_up(_mapping(workflow.get("jobs")).values())
    if runs_up and "stacks" not in _inputs(workflow):
        raise _UnknownError
    for job in _mapping(workflow.get("jobs")).values():
        called = _mapping(job).get("uses")
        if not isinstance(called, str) or not called.startswith(f"./{_GITHUB}/"):
            continue
        other = _content(root / called)
        if _runs_up(_mapping(other.get("jobs")).values()):
            given = _mapping(_mapping(job).get("with"))
            default = _mapping(_inputs(other).get("stacks")).get("default")
            yield _glob(given.get("stacks", default))


def _inputs(workflow: Mapping[str, Any]) -> Mapping[str, Any]:
    call = _mapping(_mapping(workflow.get("on")).get("workflow_call"))
    return _mapping(call.get("inputs"))


def _circleci(_root: Path, config: Mapping[str, Any]) -> Iterator[str]:
    jobs = {name: job for name, job in _mapping(config.get("jobs")).items() if _runs_up([job])}
    for workflow in _mapping(config.get("workflows")).values():
        for entry in _mapping(workflow).get("jobs") or ():
            named = entry if isinstance(entry, dict) else {entry: {}}
            for name, given in named.items():
                if name in jobs:
                    parameters = _mapping(_mapping(jobs[name]).get("parameters"))
                    default = _mapping(parameters.get("stacks")).get("default")
                    yield _glob(_mapping(given).get("stacks", default))


def _runs_up(jobs: Any) -> bool:  # noqa: ANN401 - whatever the file holds
    """Whether a step of any job runs `rollout up`."""
    return any(_UP.search(command) for job in jobs for command in _commands(job))


def _commands(job: object) -> Iterator[str]:
    steps = _mapping(job).get("steps")
    for step in steps if isinstance(steps, list) else ():
        run = _mapping(step).get("run")
        command = run.get("command") if isinstance(run, dict) else run
        if isinstance(command, str):
            yield command


def _glob(value: object) -> str:
    if not isinstance(value, str) or _FILLED_IN.search(value):
        raise _UnknownError
    return value


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
