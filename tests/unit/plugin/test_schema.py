"""The package's schema, as it is checked in for registries and for generated SDKs."""

import json
import os
from typing import Any

from plugin.package import ROOT, provider

FILE = ROOT / "plugin" / "schema.json"
UPDATE = "PACKAGE_UPDATE_SCHEMA"


def test_the_schema_is_the_one_that_is_checked_in() -> None:
    text = json.dumps(json.loads(provider().schema or ""), indent=2) + "\n"
    if os.environ.get(UPDATE):
        FILE.write_text(text)
    assert text == FILE.read_text(), f"{UPDATE}=1 writes it anew"


def test_every_property_and_type_is_described() -> None:
    def bare(value: Any, path: str) -> list[str]:
        found = []
        for part in ("inputProperties", "properties"):
            for name, one in value.get(part, {}).items():
                found += [] if one["description"] else [f"{path}.{name}"]
        return found if value["description"] else [*found, path]

    schema = json.loads(FILE.read_text())
    described = {**schema["resources"], **schema["types"]}
    assert [one for path, value in described.items() for one in bare(value, path)] == []
    assert {path.rpartition(":")[2] for path in described} == {"User", "Role", "Grant", "Trust"}


def test_the_package_installs_what_the_product_is_locked_to() -> None:
    lines = (ROOT / "plugin" / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-r ../requirements.lock"]
    assert (ROOT / "requirements.lock").exists()
