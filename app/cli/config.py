"""`foredeck config`: what is set, where it lies, and whether it is right."""

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, cast

from app.cli import toml
from app.cli.output import Output
from app.settings import FLAT_KEYS, Settings, load_settings, read_config

SECRETIVE = {"http_headers", "query_params"}
"""Tables of a provider that people put keys into."""


def add_parser(subparsers: Any) -> None:
    """Add `config` and its own commands."""
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "config",
        help="show, check and find the configuration",
        epilog="example: foredeck config validate",
    )
    commands = parser.add_subparsers(dest="config_command", required=True, metavar="COMMAND")
    for name, words in (
        ("show", "every setting with its value, as a file"),
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
    if output.is_json:
        output.write(json.dumps(_values(settings), default=_plain, ensure_ascii=False) + "\n")
    else:
        output.write("".join(f"{line}\n" for line in _file(settings)))
    for problem in settings.problems:
        output.say(f"warning: {problem}")


def _values(settings: Settings) -> dict[str, Any]:
    values: dict[str, Any] = {
        entry.name: getattr(settings, entry.name)
        for entry in fields(Settings)
        if entry.repr and entry.name not in {"folders", "problems", "errors", "providers"}
    }
    values["providers"] = sorted(settings.providers)
    values["config_file"] = settings.folders.config_file
    values["data"] = settings.folders.data
    values["state"] = settings.folders.state
    return values


def _file(settings: Settings) -> Iterator[str]:
    """Lines of a configuration file that says the same."""
    folders = settings.folders
    for name, place in (
        ("config_file", folders.config_file),
        ("data", folders.data),
        ("state", folders.state),
    ):
        yield f"# {name}: {toml.value(str(place))}"
    if settings.profile is not None:
        yield f"# profile: {toml.value(settings.profile)}"
    for name in FLAT_KEYS:
        value = getattr(settings, name)
        if value is None:
            yield f"# {name} is not set"
        else:
            yield f"{name} = {toml.value(str(value) if isinstance(value, Path) else value)}"
    yield f"allow_token_hosts = {toml.value(settings.allow_token_hosts)}"
    yield from ("", "[auth]")
    yield f"mode = {toml.value(settings.auth_mode)}"
    if settings.auth_store is None:
        yield "# store is not set"
    else:
        yield f"store = {toml.value(settings.auth_store)}"
    yield f"workspaces = {toml.value(settings.auth_workspaces)}"
    yield f"exchange_api_key = {toml.value(settings.auth_exchange_api_key)}"
    yield from ("", "[keys]")
    yield f"flavor = {toml.value(settings.key_flavor)}"
    yield f"esc = {toml.value(settings.key_esc)}"
    yield f"bind = {toml.value(settings.key_bindings)}"
    yield from ("", "[limits]")
    yield f"show = {toml.value(settings.limits_show)}"
    yield f"quiet_hours = {toml.value(settings.limits_quiet_hours)}"
    yield f"notify = {toml.value(settings.limits_notify)}"
    for identifier, table in settings.providers.items():
        yield from ("", f"[providers.{toml.key(identifier)}]")
        for name, value in table.items():
            if name in SECRETIVE:
                yield f"# {toml.key(name)} is not shown: it may hold a secret"
            else:
                yield f"{toml.key(name)} = {toml.value(value)}"


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    return dict(cast("Mapping[str, str]", value))


def _validate(settings: Settings, output: Output) -> int:
    from app.settings_model import validate

    path: Path = settings.folders.config_file
    table, unreadable = read_config(path, is_named=True)
    problems = [*unreadable, *validate(table), *_wrong_keys(table), *_wrong_addresses(table)]
    for problem in problems:
        output.say(f"error: {problem}")
    if not problems:
        output.write(f"{path} is valid\n")
    return 2 if problems else 0


def _wrong_addresses(table: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the addresses of sign-in, where they are texts."""
    from services.auth.calls.origins import check_override
    from services.errors import UsageError

    listed: Any = table.get("allow_token_hosts", [])
    hosts = cast("list[Any]", listed) if isinstance(listed, list) else []
    texts = [host for host in hosts if isinstance(host, str)]
    for name in ("issuer", "chatgpt_base_url"):
        url = table.get(name)
        try:
            given = url if isinstance(url, str) else ""
            check_override(given, what=name, default="", allow_hosts=texts)
        except UsageError as error:
            yield error.message
            if error.message.startswith("allow_token_hosts"):
                return


def _wrong_keys(table: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the keys of the file and of its profiles, where their form is right."""
    from app.keymap import Keymap

    profiles = _table(table.get("profiles")).items()
    tables = {"": table} | {f"profiles.{name}.": _table(each) for name, each in profiles}
    for where, each in tables.items():
        keys = _table(each.get("keys"))
        texts = {k: v for k, v in _table(keys.get("bind")).items() if isinstance(v, str)}
        _, problems = Keymap().with_overrides(texts, flavor=str(keys.get("flavor", "")))
        yield from (f"{where}{problem}" for problem in problems)


def _table(value: Any) -> Mapping[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
