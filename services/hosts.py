"""What a host's name says of where it is."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, by its name alone."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
