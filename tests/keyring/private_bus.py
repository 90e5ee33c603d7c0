"""A session bus of its own, and what may own the name of the keyring service on it."""

# jeepney has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

import os
import shutil
import subprocess
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jeepney import MatchRule, message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection
from secretstorage import get_collection_by_alias

NAME = "org.freedesktop.secrets"
DEADLINE = 20.0
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""
"""Starts nothing by itself: only what a test puts on it is there."""


def missing_programs() -> list[str]:
    """Programs of the operating system that are not there."""
    return [name for name in ("dbus-daemon", "gnome-keyring-daemon") if shutil.which(name) is None]


@dataclass(frozen=True)
class Item:
    attributes: Mapping[str, str]
    secret: str


class Bus:
    """A running bus; `environ` leads programs to it."""

    def __init__(self, folder: Path) -> None:
        self.address = f"unix:path={folder / 'bus'}"
        self.environ: Mapping[str, str] = {
            "DBUS_SESSION_BUS_ADDRESS": self.address,
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_DATA_HOME": str(folder / "data"),
        }

    def wait_for_owner(self) -> None:
        """Wait until somebody is the keyring service."""
        with open_dbus_connection(bus=self.address) as connection:
            bus = Proxy(message_bus, connection)
            until = time.monotonic() + DEADLINE
            rule = MatchRule(type="signal", member="NameOwnerChanged", path=message_bus.object_path)
            bus.AddMatch(rule)
            with connection.filter(rule, bufsize=64) as changes:
                while not bus.NameHasOwner(NAME)[0]:
                    connection.recv_until_filtered(changes, timeout=until - time.monotonic())

    @contextmanager
    def keyring(self, password: str | None = "pass") -> Generator[None]:
        """A gnome-keyring whose login keyring is opened with a password; None opens nothing."""
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
        daemon = subprocess.Popen(
            [*command, *([] if password is None else ["--unlock"])],
            env={**os.environ, **self.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert daemon.stdin is not None
            daemon.stdin.write(b"" if password is None else f"{password}\n".encode())
            daemon.stdin.close()
            self.wait_for_owner()
            yield
        finally:
            end(daemon)

    @contextmanager
    def mute_keyring(self) -> Generator[None]:
        """Owns the name and never answers."""
        with open_dbus_connection(bus=self.address) as connection:
            assert Proxy(message_bus, connection).RequestName(NAME)[0] == 1
            yield

    def items(self) -> list[Item]:
        """What the default keyring holds."""
        with open_dbus_connection(bus=self.address) as connection:
            found = get_collection_by_alias(connection, "default").get_all_items()
            return [Item(item.get_attributes(), item.get_secret().decode()) for item in found]

    def make_item(self, attributes: Mapping[str, str], secret: str) -> None:
        """Put an item in, beside what is there."""
        with open_dbus_connection(bus=self.address) as connection:
            collection = get_collection_by_alias(connection, "default")
            collection.create_item("made by a test", dict(attributes), secret.encode())

    def lock(self) -> None:
        """Lock the keyring."""
        with open_dbus_connection(bus=self.address) as connection:
            get_collection_by_alias(connection, "default").lock()


@contextmanager
def private_bus(folder: Path) -> Generator[Bus]:
    """A bus that lives in a folder whose path is short enough for a socket."""
    for name in ("run", "data"):
        (folder / name).mkdir(mode=0o700)
    config = folder / "bus.conf"
    config.write_text(CONFIG.format(socket=folder / "bus"))
    daemon = subprocess.Popen(
        ["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address=1"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert daemon.stdout is not None
        assert daemon.stdout.readline(), "the bus did not start"
        yield Bus(folder)
    finally:
        end(daemon)


def end(process: subprocess.Popen[bytes]) -> None:
    """Terminate, and kill what does not go."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
