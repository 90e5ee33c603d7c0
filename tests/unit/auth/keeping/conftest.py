"""The login of a home, kept by the whole service against the simulator."""

from tests.contract.account.conftest import home, sim

__all__ = ["home", "sim"]
