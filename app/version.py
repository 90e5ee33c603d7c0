"""The version: a literal, so that the launcher and the build read it without importing anything."""

__version__ = "0.1.0"
