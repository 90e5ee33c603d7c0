"""`foredeck completion`: static scripts, made from the parser itself."""

import argparse
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from app.cli.output import EXIT_OK, Output
from app.cli.parser import build_parser


@dataclass(slots=True)
class _Words:
    """What may follow a command."""

    names: list[str] = field(default_factory=list[str])
    """Its own commands, or values of its arguments."""
    flags: list[str] = field(default_factory=list[str])
    values: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Of flags that take one of a few words."""


def run(arguments: Namespace, output: Output) -> int:
    """Print the script of one shell."""
    words = dict(_walk(build_parser(), ()))
    match arguments.shell:
        case "bash":
            output.write(_bash(words))
        case "zsh":
            output.write("#compdef foredeck\nautoload -U +X bashcompinit && bashcompinit\n")
            output.write(_bash(words))
        case _:
            output.write(_fish(words))
    return EXIT_OK


def _walk(
    parser: argparse.ArgumentParser, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], _Words]]:
    """Each command's path, with what may follow it."""
    words = _Words()
    inner: dict[str, argparse.ArgumentParser] = {}
    for action in _actions(parser):
        flags = [flag for flag in action.option_strings if flag.startswith("--")]
        words.flags += flags
        choices: Any = action.choices
        if isinstance(choices, dict):
            inner = cast("dict[str, argparse.ArgumentParser]", choices)
            words.names += inner
        elif choices is not None:
            values = [str(choice) for choice in choices]
            words.values |= dict.fromkeys(flags, values)
            words.names += [] if action.option_strings else values
    yield path, words
    for name, child in inner.items():
        yield from _walk(child, (*path, name))


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001 argparse offers no other way


def _bash(words: dict[tuple[str, ...], _Words]) -> str:
    cases = "".join(
        f'    "{" ".join(path)}") words="{" ".join(each.names)}"; '
        f'flags="{" ".join(each.flags)}" ;;\n'
        for path, each in words.items()
    )
    values = "".join(
        f'    "{" ".join((*path, flag))}") words="{" ".join(choices)}"; flags="" ;;\n'
        for path, each in words.items()
        for flag, choices in each.values.items()
    )
    known = " ".join(f'"{" ".join(path)}"' for path in words if path)
    return f"""_foredeck() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" path="" word candidate words flags index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="${{COMP_WORDS[index]}}"
    for candidate in {known}; do
      [ "$candidate" = "${{path:+$path }}$word" ] && path="$candidate" && break
    done
  done
  case "$path" in
{cases}  esac
  case "${{path:+$path }}${{COMP_WORDS[COMP_CWORD-1]}}" in
{values}  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}}
complete -o default -F _foredeck foredeck
"""


def _fish(words: dict[tuple[str, ...], _Words]) -> str:
    lines = ["complete -c foredeck -f"]
    for path, each in words.items():
        if path:
            condition = " && ".join(f"__fish_seen_subcommand_from {name}" for name in path)
        else:
            condition = "__fish_use_subcommand"
        if each.names:
            lines.append(f"complete -c foredeck -n '{condition}' -a '{' '.join(each.names)}'")
        for flag in each.flags:
            choices = each.values.get(flag)
            values = f" -x -a '{' '.join(choices)}'" if choices else ""
            lines.append(f"complete -c foredeck -n '{condition}' -l {flag[2:]}{values}")
    return "\n".join(lines) + "\n"
