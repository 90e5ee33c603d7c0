"""`foredeck config`: what is set, where it lies, and whether it is right."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from app.cli.output import Output
from app.settings import Settings, load_settings, read_config


def add_parser(subparsers: Any) -> None:
    """Add `config` and its own commands."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "config",
        help="show, check and find the configuration",
        epilog="example: foredeck config validate",
    )
    commands = parser.add_subparsers(dest="config_command", required=True, metavar="COMMAND")
    for name, words in (
        ("show", "every setting with its value"),
        ("path", "the file's path"),
        ("validate", "check the file; exit 2 where it is wrong"),
        ("schema", "the JSON schema of the file"),
    ):
        command = commands.add_parser(name, help=words, epilog=f"example: foredeck config {name}")
        if name == "show":
            command.add_argument("--json", action="store_true", help="one JSON document")


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Run one of the commands.

    Returns:
        0, or 2 where `validate` found something.
    """
    settings = load_settings(vars(arguments))
    match arguments.config_command:
        case "path":
            output.write(f"{settings.folders.config_file}\n")
        case "schema":
            from app.settings_model import schema

            output.write(json.dumps(schema(), indent=2) + "\n")
        case "validate":
            return _validate(settings, output)
        case _:
            _show(settings, output)
    return 0


def _show(settings: Settings, output: Output) -> None:
    values: dict[str, Any] = {
        entry.name: getattr(settings, entry.name)
        for entry in fields(Settings)
        if entry.name not in {"folders", "problems", "providers"}
    }
    values["providers"] = sorted(settings.providers)
    values["config_file"] = settings.folders.config_file
    values["data"] = settings.folders.data
    values["state"] = settings.folders.state
    if output.is_json:
        output.write(json.dumps(values, default=_plain, ensure_ascii=False) + "\n")
    else:
        for key, value in values.items():
            output.write(f"{key} = {json.dumps(value, default=_plain, ensure_ascii=False)}\n")
    for problem in settings.problems:
        output.say(f"warning: {problem}")


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return dict(cast("Mapping[str, str]", value))


def _validate(settings: Settings, output: Output) -> int:
    from app.settings_model import validate

    path: Path = settings.folders.config_file
    table, unreadable = read_config(path, is_named=True)
    problems = [*unreadable, *validate(table)]
    for problem in problems:
        output.say(f"error: {problem}")
    if not problems:
        output.write(f"{path} is valid\n")
    return 2 if problems else 0
