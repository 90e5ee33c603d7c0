"""The command line: which commands there are, their flags, and their help.

The contract with scripts stands in docs/cli.md.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from app.version import __version__

EXIT_USAGE = 2

COMMANDS = {
    "ask": "ask a model; the answer streams to stdout",
    "models": "list the models that can answer",
    "chats": "list and show conversations",
    "limits": "how much of each limit window is left",
    "guard": "exit 5 where a limit stands in the way",
    "metrics": "limits for Prometheus",
    "login": "sign in, and who is signed in",
    "logout": "sign out",
    "doctor": "check what could stand in the way",
    "config": "show, check and find the configuration",
    "simulate": "serve every backend on loopback",
    "completion": "print a completion script for a shell",
}
VALUE_FLAGS = ("--config", "--profile", "--log-file", "--log-level", "--view", "--theme")
"""Global flags that take the next argument as their value."""


class WrongUsageError(Exception):
    """A command line that cannot be understood."""

    def __init__(self, message: str, prog: str) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = f"See {prog} --help"


class Parser(argparse.ArgumentParser):
    """A parser that raises where argparse would print and exit."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            WrongUsageError: Always.
        """
        raise WrongUsageError(message[:1].upper() + message[1:], self.prog)


class CommandParser(Parser):
    """A command's parser, which takes the global flags too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(parents=[_global_flags(is_top=False)], **options)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """What the command line says; `command` is None for the app.

    Raises:
        SystemExit: 2 for a wrong command line, 0 after help or the version.
    """
    name = _find_command(argv)
    if name is not None and name not in COMMANDS:
        _refuse(
            f'unknown command "{name}"',
            "See foredeck --help; a prompt of one word goes after --",
            argv,
        )
    try:
        parser = _app_parser() if name is None else build_parser(name)
        arguments, rest = parser.parse_known_args(argv)
    except WrongUsageError as error:
        _refuse(error.message, error.next_step, argv)
    if rest:
        prog = "foredeck" if name is None else f"foredeck {name}"
        _refuse(f"{prog} does not know {rest[0]}", f"See {prog} --help", argv)
    return arguments


def build_parser(only: str | None = None) -> Parser:
    """The parser of the commands.

    Args:
        only: The one command to build, which spares importing what the others need.
    """
    parser = Parser(prog="foredeck", parents=[_global_flags(is_top=True)])
    _add_version(parser)
    commands: Any = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", parser_class=CommandParser
    )
    for name in COMMANDS if only is None else (only,):
        _BUILDERS[name](commands)
    return parser


def _refuse(message: str, next_step: str, argv: Sequence[str]) -> NoReturn:
    """Tell that the command line is wrong, and exit with 2; a key in it is not repeated."""
    import json

    from services.redact import redact

    message = redact(message)
    sys.stderr.write(f"error: {message}. {next_step}.\n")
    if "--json" in argv:
        failure = {
            "kind": "usage",
            "message": message,
            "next_step": next_step,
            "status": None,
            "request_id": None,
            "retry_at": None,
        }
        sys.stderr.write(json.dumps({"error": failure}, ensure_ascii=False) + "\n")
    raise SystemExit(EXIT_USAGE)


def _find_command(argv: Sequence[str]) -> str | None:
    """The first argument that is neither a flag nor a flag's value, unless it is a prompt."""
    arguments = iter(argv)
    for argument in arguments:
        if argument == "--":
            return None
        if argument in VALUE_FLAGS:
            next(arguments, None)
        elif not argument.startswith("-") or argument == "-":
            return None if not argument or any(map(str.isspace, argument)) else argument
    return None


def _app_parser() -> Parser:
    names = "\n".join(f"  {name:<12}{words}" for name, words in COMMANDS.items())
    parser = Parser(
        prog="foredeck",
        usage="foredeck [flags] [PROMPT]\n       foredeck COMMAND [flags]",
        description="Without a command the app opens; a PROMPT is put into the composer.",
        epilog=f"commands:\n{names}\n\nexamples:\n  foredeck\n  foredeck --demo\n"
        '  foredeck ask "What is a monad?"\n\nforedeck COMMAND --help tells more.',
        parents=[_global_flags(is_top=True)],
    )
    _add_version(parser)
    parser.add_argument("--view", choices=["chat", "limits"], help="view to open")
    themes = ["auto", "dark", "light", "ansi-dark", "ansi-light"]
    parser.add_argument("--theme", choices=themes, help="colours; ansi: the terminal's own 16")
    # None where it is not given, so that the configuration counts then.
    for name, words in (
        ("--ascii", "draw with ASCII only"),
        ("--reduced-motion", "nothing moves but text"),
    ):
        parser.add_argument(name, action="store_const", const=True, help=words)
    parser.add_argument("prompt", nargs="?", metavar="PROMPT", help="not sent by itself")
    parser.set_defaults(command=None)
    return parser


def _add_version(parser: Parser) -> None:
    parser.add_argument("-V", "--version", action="version", version=f"foredeck {__version__}")


def _global_flags(*, is_top: bool) -> argparse.ArgumentParser:
    """Flags that stand before or after the command.

    Args:
        is_top: The outermost parser sets defaults; the others must not overwrite what it read.
    """
    flags = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    group = flags.add_argument_group("everywhere")
    default: Any = None if is_top else argparse.SUPPRESS
    off: Any = None if is_top else argparse.SUPPRESS
    group.add_argument("--config", metavar="FILE", default=default, help="configuration file")
    group.add_argument("--profile", metavar="NAME", default=default, help="profile of it")
    group.add_argument(
        "--demo", action="store_true", default=off, help="use made-up data and a simulated server"
    )
    group.add_argument("--log-file", metavar="FILE", default=default, help="write the log there")
    group.add_argument(
        "--log-level",
        choices=["debug", "info", "warning", "error"],
        default=default,
        help="debug also logs prompt text",
    )
    group.add_argument(
        "--no-input", action="store_true", default=off, help="never ask for anything"
    )
    group.add_argument("--plain", action="store_true", default=off, help="words only, line by line")
    return flags


def _add_ask(commands: Any) -> None:
    parser: Parser = commands.add_parser(
        "ask",
        help=COMMANDS["ask"],
        description="Ask a model. The answer streams to stdout, everything else to stderr.\n"
        "Without PROMPT, or with -, the prompt is read from stdin. With a PROMPT, what is piped\n"
        "in is sent below it, in <stdin> tags.",
        epilog='examples:\n  foredeck ask "What is a monad?"\n'
        '  git diff | foredeck ask "Write a commit message"\n'
        '  foredeck ask --last "And in Haskell?"\n'
        '  foredeck ask --json --no-save "hello" | jq -r .type',
    )
    parser.add_argument("prompt", nargs="?", metavar="PROMPT|-", help="what to ask; - reads stdin")
    parser.add_argument("--model", metavar="SLUG", help="model; see foredeck models")
    parser.add_argument("--effort", metavar="LEVEL", help="how hard it thinks")
    parser.add_argument("--provider", metavar="ID", help="openai, ollama, lmstudio, or your own")
    parser.add_argument("--transport", choices=["sse", "chat"], help="how the server is spoken to")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--chat", metavar="ID", help="go on in this chat")
    where.add_argument("--last", action="store_true", help="go on in the chat used last")
    where.add_argument("--no-save", action="store_true", help="keep nothing on disk")
    parser.add_argument(
        "--image", metavar="FILE", action="append", default=[], help="send an image; repeatable"
    )
    parser.add_argument(
        "--file", metavar="FILE", action="append", default=[], help="send a file; repeatable"
    )
    parser.add_argument("--schema", metavar="FILE", help="JSON schema that the answer must fit")
    parser.add_argument("--json", action="store_true", help="one JSON line for each event")


def _add_models(commands: Any) -> None:
    parser: Parser = commands.add_parser(
        "models",
        help=COMMANDS["models"],
        epilog="example: foredeck models --json | jq -r '.models[].slug'",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--refresh", action="store_true", help="ask the server even if known")
    parser.add_argument("--provider", metavar="ID", help="openai, ollama, lmstudio, or your own")


def _add_chats(commands: Any) -> None:
    parser: Parser = commands.add_parser(
        "chats", help=COMMANDS["chats"], epilog="example: foredeck chats list"
    )
    inner: Any = parser.add_subparsers(
        dest="chats_command", required=True, metavar="COMMAND", parser_class=CommandParser
    )
    listing: Parser = inner.add_parser(
        "list", help="newest first", epilog="example: foredeck chats list --limit 5"
    )
    listing.add_argument("--limit", metavar="N", type=_count, default=50, help="at most so many")
    listing.add_argument("--json", action="store_true", help="one JSON document")
    showing: Parser = inner.add_parser(
        "show", help="one conversation as Markdown", epilog="example: foredeck chats show 3f2a91"
    )
    showing.add_argument("chat", metavar="CHAT", help="id, or its first 6 characters or more")
    showing.add_argument("--json", action="store_true", help="one JSON document")


def _add_limits(commands: Any) -> None:
    from app.cli import limits

    limits.add_parser(commands)


def _add_guard(commands: Any) -> None:
    from app.cli import guard

    guard.add_parser(commands)


def _add_metrics(commands: Any) -> None:
    from app.cli import metrics

    metrics.add_parser(commands)


def _add_login(commands: Any) -> None:
    from app.cli import login

    login.add_parser(commands)


def _add_logout(commands: Any) -> None:
    from app.cli import login

    login.add_logout_parser(commands)


def _add_doctor(commands: Any) -> None:
    from app.cli import doctor

    doctor.add_parser(commands)


def _add_config(commands: Any) -> None:
    from app.cli import config

    config.add_parser(commands)


def _add_simulate(commands: Any) -> None:
    from app.cli import simulate

    simulate.add_parser(commands)


def _add_completion(commands: Any) -> None:
    parser: Parser = commands.add_parser(
        "completion",
        help=COMMANDS["completion"],
        epilog='examples:\n  eval "$(foredeck completion bash)"\n'
        "  foredeck completion fish > ~/.config/fish/completions/foredeck.fish",
    )
    parser.add_argument("shell", choices=["bash", "zsh", "fish"])


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not int(text):
        raise argparse.ArgumentTypeError(f'"{text}" is no number of 1 or more')
    return int(text)


_BUILDERS: dict[str, Callable[[Any], None]] = {
    "ask": _add_ask,
    "models": _add_models,
    "chats": _add_chats,
    "limits": _add_limits,
    "guard": _add_guard,
    "metrics": _add_metrics,
    "login": _add_login,
    "logout": _add_logout,
    "doctor": _add_doctor,
    "config": _add_config,
    "simulate": _add_simulate,
    "completion": _add_completion,
}
