# ruff: noqa: ASYNC240
"""Files that are not ours, and disks that refuse: said in time, and nothing is touched."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.auth.stores.file_store import FileStorage
from services.auth.stores.files import TEMPORARY
from services.errors import StorageError
from tests.unit.auth.rows import row
from tests.unit.auth.storage.logins import document, login, put, refresh_token

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="rights and links of POSIX")

as_root = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="needs the right to give files away"
)

Mount = Callable[[str], None]


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(TEMPORARY)]


def planted_link(path: Path, other: Path) -> None:
    other.write_text("{}")
    path.symlink_to(other)
    os.lchown(path, 1, 1)


def link_to_a_stranger(path: Path, other: Path) -> None:
    put(other, document())
    os.chown(other, 1, 1)
    path.symlink_to(other)


def foreign_file(path: Path, _other: Path) -> None:
    put(path, document())
    os.chown(path, 1, 1)


def link_to_itself(path: Path, _other: Path) -> None:
    path.symlink_to(path)


def link_to_nowhere(path: Path, other: Path) -> None:
    path.symlink_to(other / "deep" / "auth.json")


def link_to_a_folder(path: Path, other: Path) -> None:
    other.mkdir()
    path.symlink_to(other)


def folder(path: Path, _other: Path) -> None:
    path.mkdir()


def pipe(path: Path, _other: Path) -> None:
    os.mkfifo(path)


def everything(root: Path) -> list[tuple[str, int, int, bytes]]:
    """Names, owners, rights and contents of all files below a folder."""
    return sorted(
        (
            str(path),
            (state := path.lstat()).st_uid,
            stat.S_IMODE(state.st_mode),
            path.read_bytes() if stat.S_ISREG(state.st_mode) else b"",
        )
        for path in root.rglob("*")
    )


Plant = Callable[[Path, Path], None]


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        pytest.param(
            planted_link, "belongs to another user", marks=as_root, id="E20 link of another user"
        ),
        pytest.param(
            link_to_a_stranger,
            "belongs to another user",
            marks=as_root,
            id="E20 link to a file of another user",
        ),
        pytest.param(
            foreign_file, "belongs to another user", marks=as_root, id="E20 file of another user"
        ),
        pytest.param(link_to_itself, "link", id="E19 symlink to itself"),
        pytest.param(link_to_nowhere, "is a link that leads nowhere", id="E19 symlink to nowhere"),
        pytest.param(link_to_a_folder, "is no plain file", id="E19 symlink to a folder"),
        pytest.param(folder, "is no plain file", id="a folder"),
        pytest.param(pipe, "is no plain file", id="a pipe"),
    ],
)
async def test_what_is_not_ours_is_refused_and_untouched(
    storage: FileStorage, auth_file: Path, tmp_path: Path, plant: Plant, words: str
) -> None:
    plant(auth_file, tmp_path / "other")
    before = everything(tmp_path)
    for call in (storage.load, storage.check_writable, lambda: storage.save(login())):
        with pytest.raises(StorageError, match=words) as caught:
            await call()
        assert str(auth_file) in caught.value.message
        assert caught.value.next_step
    assert everything(tmp_path) == before


def hard_link(path: Path, other: Path) -> None:
    put(path, document())
    other.hardlink_to(path)


def read_only(path: Path, _other: Path) -> None:
    put(path, document(), 0o400)


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        pytest.param(hard_link, "second name", id="E19 hard link"),
        pytest.param(read_only, "is read-only", id="E19 read-only file"),
    ],
)
async def test_file_that_may_only_be_read_is_read_and_not_replaced(
    storage: FileStorage, auth_file: Path, tmp_path: Path, plant: Plant, words: str
) -> None:
    plant(auth_file, tmp_path / "other")
    before = everything(tmp_path)
    assert refresh_token((await storage.load()).credentials) == "rt-one"
    for call in (storage.check_writable, lambda: storage.save(login("two"))):
        with pytest.raises(StorageError, match=words):
            await call()
    assert everything(tmp_path) == before
    assert await storage.delete()


@pytest.fixture
def sealed(request: pytest.FixtureRequest, codex_home: Path, auth_file: Path) -> Iterator[Path]:
    """File or folder that not even root may change."""
    put(auth_file, document())
    path = auth_file if request.param == "file" else codex_home
    chattr = shutil.which("chattr")
    if (
        chattr is None
        or subprocess.run([chattr, "+i", str(path)], check=False, capture_output=True).returncode
    ):
        pytest.skip("needs the right to seal files")
    yield path
    subprocess.run([chattr, "-i", str(path)], check=True)


@pytest.mark.parametrize(
    "sealed", ["file", "folder"], indirect=True, ids=["E19 sealed file", "E19 read-only home"]
)
async def test_sealed_file_is_found_before_a_token_is_spent(
    storage: FileStorage, sealed: Path, codex_home: Path
) -> None:
    for call in (storage.check_writable, lambda: storage.save(login("two")), storage.delete):
        with pytest.raises(StorageError, match="it is not allowed"):
            await call()
    assert refresh_token((await storage.load()).credentials) == "rt-one"
    assert leftovers(codex_home) == []


def fill(disk: Path) -> Path:
    """A file that takes all that is left."""
    filler = disk / "filler"
    room = os.statvfs(disk)
    filler.write_bytes(b"\0" * (room.f_bavail * room.f_frsize))
    return filler


@row("E19 disk full")
async def test_full_disk_is_found_before_a_token_is_spent(
    small_disk: Path, storage: FileStorage, auth_file: Path
) -> None:
    await storage.save(login())
    filler = fill(small_disk)
    before = auth_file.read_text()
    for call in (storage.check_writable, lambda: storage.save(login("two"))):
        with pytest.raises(StorageError, match="cannot be written: the disk is full") as caught:
            await call()
        assert "rt-" not in caught.value.message
    assert (auth_file.read_text(), leftovers(small_disk)) == (before, [])
    filler.unlink()
    await storage.check_writable()
    await storage.save(login("two"))


@row("E19 no names left")
async def test_disk_without_names_is_found_before_a_token_is_spent(
    small_disk: Path, remount: Mount, storage: FileStorage
) -> None:
    await storage.save(login())
    remount("nr_inodes=8")
    for number in range(os.statvfs(small_disk).f_favail):
        (small_disk / str(number)).touch()
    with pytest.raises(StorageError, match="the disk is full"):
        await storage.check_writable()


@row("E19 read-only disk")
async def test_read_only_disk_is_found_before_a_token_is_spent(
    remount: Mount, storage: FileStorage
) -> None:
    await storage.save(login())
    remount("ro")
    for call in (storage.check_writable, lambda: storage.save(login("two")), storage.delete):
        with pytest.raises(StorageError, match="its disk is read-only"):
            await call()
    assert refresh_token((await storage.load()).credentials) == "rt-one"
