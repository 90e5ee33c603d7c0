"""What a stopped simulator leaves behind: nothing."""

import gc
import socket

from simulator.server import Simulator


def test_connections_that_it_was_just_accepting_are_closed_too() -> None:
    for _ in range(20):
        with Simulator() as simulator:
            clients = [socket.create_connection(("127.0.0.1", simulator.port)) for _ in range(3)]
        for client in clients:
            client.close()
    # A socket that nobody closed warns when it is collected, and warnings are errors.
    gc.collect()
