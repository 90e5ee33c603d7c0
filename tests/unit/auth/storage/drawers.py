"""Keyrings that a test opens, closes and looks into."""

from keyring.backend import KeyringBackend
from keyring.backends import SecretService
from keyring.errors import KeyringLocked, PasswordSetError

from services.auth.stores.keyring_entry import BackendItem, Item
from services.errors import StorageError

Name = tuple[str, str]


class Keyring:
    """What the keyring of a machine holds; `failure` is a code of ours."""

    def __init__(self) -> None:
        self.secrets: dict[Name, str] = {}
        self.written: list[Name] = []
        self.failure = ""
        self.is_forgetful = False

    def find(self, service: str, account: str) -> Item:
        if self.failure:
            raise StorageError("The keyring says no", code=self.failure)
        return _Item(self, (service, account))


class _Item:
    def __init__(self, keyring: Keyring, name: Name) -> None:
        self._keyring = keyring
        self._name = name

    def read(self) -> str | None:
        return self._keyring.secrets.get(self._name)

    def write(self, text: str) -> None:
        self._keyring.written.append(self._name)
        if not self._keyring.is_forgetful:
            self._keyring.secrets[self._name] = text

    def delete(self) -> bool:
        return self._keyring.secrets.pop(self._name, None) is not None


class Drawer(KeyringBackend):
    """A backend of the keyring library."""

    priority = 0  # pyright: ignore[reportAssignmentType]

    def __init__(self) -> None:
        super().__init__()
        self.secrets: dict[Name, str] = {}
        self.failure = ""

    def item(self, service: str, account: str) -> Item:
        return BackendItem(self, service, account)

    def get_password(self, service: str, username: str) -> str | None:
        if self.failure == "locked":
            raise KeyringLocked
        if self.failure:
            raise PasswordSetError
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.secrets[service, username]


class PlaintextKeyring(Drawer):
    """Named as the one that keeps everything in the open."""

    priority = 1


class Chain(Drawer):
    """Several backends, the first of which keeps no secrets."""

    priority = 1

    @property
    def backends(self) -> list[KeyringBackend]:
        return [Drawer(), SecretService.Keyring()]
