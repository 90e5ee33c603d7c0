"""`foredeck completion`: static scripts, made from the parser itself."""

import argparse
from argparse import Namespace
from collections.abc import Iterator
from typing import Any, cast

from app.cli.output import EXIT_OK, Output
from app.cli.parser import build_parser


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
) -> Iterator[tuple[tuple[str, ...], tuple[list[str], list[str]]]]:
    """Each command's path, with its own commands or choices, and its flags."""
    names: list[str] = []
    flags: list[str] = []
    inner: dict[str, argparse.ArgumentParser] = {}
    for action in _actions(parser):
        flags += [flag for flag in action.option_strings if flag.startswith("--")]
        choices: Any = action.choices
        if isinstance(choices, dict):
            inner = cast("dict[str, argparse.ArgumentParser]", choices)
            names += inner
        elif choices is not None and not action.option_strings:
            names += [str(choice) for choice in choices]
    yield path, (names, flags)
    for name, child in inner.items():
        yield from _walk(child, (*path, name))


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001 argparse offers no other way


def _bash(words: dict[tuple[str, ...], tuple[list[str], list[str]]]) -> str:
    cases = "".join(
        f'    "{" ".join(path)}") words="{" ".join(names)}"; flags="{" ".join(flags)}" ;;\n'
        for path, (names, flags) in words.items()
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
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$current")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
  esac
}}
complete -o default -F _foredeck foredeck
"""


def _fish(words: dict[tuple[str, ...], tuple[list[str], list[str]]]) -> str:
    lines = ["complete -c foredeck -f"]
    for path, (names, flags) in words.items():
        if path:
            condition = " && ".join(f"__fish_seen_subcommand_from {name}" for name in path)
        else:
            condition = "__fish_use_subcommand"
        if names:
            lines.append(f"complete -c foredeck -n '{condition}' -a '{' '.join(names)}'")
        lines += [f"complete -c foredeck -n '{condition}' -l {flag[2:]}" for flag in flags]
    return "\n".join(lines) + "\n"
