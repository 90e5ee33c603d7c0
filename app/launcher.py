"""Console entry point."""


def main() -> int:
    """Start Foredeck."""
    return 0
