"""The download of the pinned release, from a server on this machine."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tools.toolchain import ToolchainError, pulumi_cli, release

NAME = "pulumi-v3.9.9-linux-x64.tar.gz"


def file(name: str, content: bytes = b"#!/bin/sh\n") -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    member.mode = 0o4777
    return member, content


def link(name: str, to: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.linkname = to
    return member, b""


WHOLE = [file(f"pulumi/{name}", name.encode()) for name in pulumi_cli.NAMES]


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the parent's
        """Say nothing."""


class Site:
    """A server's folder, in which the pinned release is put."""

    def __init__(self, folder: Path, pins: Path) -> None:
        self.folder = folder
        self.pins = pins
        self.url = ""

    def put(self, members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        archive = self.folder / NAME
        with tarfile.open(archive, "w:gz") as tar:
            for member, content in members:
                tar.addfile(member, io.BytesIO(content))
        self.pin(archive.read_bytes())

    def pin(self, content: bytes) -> None:
        self.pins.write_text(f"{hashlib.sha256(content).hexdigest()}  {NAME}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    folder = tmp_path / "site"
    folder.mkdir()
    made = Site(folder, tmp_path / "releases.sha256")
    monkeypatch.setattr(release, "RELEASES", made.pins)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        made.url = f"http://127.0.0.1:{server.server_port}"
        yield made
        server.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "new"
    (made / "bin").mkdir(parents=True)
    return made


def unpacked(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "bin").iterdir())


def test_the_pinned_release_is_unpacked(site: Site, folder: Path) -> None:
    site.put([*WHOLE, file("pulumi/pulumi-language-go"), file("README")])
    release.download(folder, site.url)
    assert unpacked(folder) == sorted(pulumi_cli.NAMES)
    for name in pulumi_cli.NAMES:
        assert (folder / "bin" / name).read_text() == name
        assert (folder / "bin" / name).stat().st_mode & 0o7777 == 0o755


def test_a_release_of_another_digest_is_refused_and_not_unpacked(site: Site, folder: Path) -> None:
    site.put(WHOLE)
    pinned = site.pins.read_text().split()[0]
    with (site.folder / NAME).open("ab") as archive:
        archive.write(b"\0")
    with pytest.raises(ToolchainError) as raised:
        release.download(folder, site.url)
    assert f"{NAME} is refused: its SHA-256 is " in str(raised.value)
    assert pinned in str(raised.value)
    assert not unpacked(folder)


def test_a_download_cut_short_is_refused(site: Site, folder: Path) -> None:
    site.put(WHOLE)
    content = (site.folder / NAME).read_bytes()
    (site.folder / NAME).write_bytes(content[:-9])
    with pytest.raises(ToolchainError, match="is refused"):
        release.download(folder, site.url)


@pytest.mark.parametrize(
    "members",
    [
        [file("../pulumi"), file("/pulumi/pulumi"), file("pulumi/../pulumi/pulumi")],
        [file("pulumi/sub/pulumi"), file("pulumi/../../evil"), file("pulumi/bin/../pulumi")],
        [link("pulumi/pulumi", "/bin/sh")],
        [file("elsewhere"), link("pulumi/pulumi", "elsewhere", tarfile.LNKTYPE)],
        [link("pulumi/pulumi", "", tarfile.DIRTYPE), link("pulumi/pulumi", "", tarfile.FIFOTYPE)],
    ],
)
def test_only_regular_files_of_the_right_names_are_taken(
    site: Site, folder: Path, tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    site.put([*members, *WHOLE[1:]])
    before = {path for path in tmp_path.rglob("*") if not path.is_relative_to(folder)}
    with pytest.raises(ToolchainError, match=r"has no regular file pulumi/pulumi$"):
        release.download(folder, site.url)
    assert unpacked(folder) == sorted(pulumi_cli.NAMES[1:])
    assert {path for path in tmp_path.rglob("*") if not path.is_relative_to(folder)} == before


def test_what_is_no_archive_is_told(site: Site, folder: Path) -> None:
    (site.folder / NAME).write_bytes(b"hello")
    site.pin(b"hello")
    with pytest.raises(ToolchainError, match="can't be unpacked"):
        release.download(folder, site.url)


def test_an_answer_that_is_no_file_or_no_answer_is_told(site: Site, folder: Path) -> None:
    site.pin(b"")
    with pytest.raises(ToolchainError, match="File not found"):
        release.download(folder, site.url)
    with pytest.raises(ToolchainError, match="refused"):
        release.download(folder, "http://127.0.0.1:9")


def test_a_download_that_takes_too_long_is_given_up(site: Site, folder: Path) -> None:
    site.put(WHOLE)
    with pytest.raises(ToolchainError, match="takes too long"):
        release.download(folder, site.url, seconds=0)


def test_a_machine_without_a_release_is_told(
    site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.put(WHOLE)
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    with pytest.raises(ToolchainError, match="no release is pinned for darwin-x64"):
        release.download(folder, site.url)


@pytest.mark.parametrize(
    ("system", "machine", "platform"),
    [
        ("Linux", "x86_64", "linux-x64"),
        ("Linux", "aarch64", "linux-arm64"),
        ("Darwin", "arm64", "darwin-arm64"),
    ],
)
def test_releases_are_pinned_by_sha256(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, platform: str
) -> None:
    monkeypatch.setattr("platform.system", lambda: system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    name, digest = release._pinned_archive()
    assert name.endswith(f"-{platform}.tar.gz")
    assert len(bytes.fromhex(digest)) == hashlib.sha256().digest_size
