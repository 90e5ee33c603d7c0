"""`foredeck models`: what can be asked."""

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from app.cli.output import EXIT_OK, Output
from services.models.catalogue import ModelInfo

if TYPE_CHECKING:
    from app.wiring import Services


async def run(services: "Services", arguments: Namespace, output: Output) -> int:
    """Print the models of the provider.

    Raises:
        ServiceError: They are not known and cannot be asked for.
    """
    models = await services.catalogue.models(refresh=arguments.refresh)
    if output.is_json:
        output.document({"models": [_values(model) for model in models]})
    else:
        head = ("slug", "name", "context", "efforts", "default")
        output.table(head, [_row(model) for model in models])
    return EXIT_OK


def _values(model: ModelInfo) -> dict[str, Any]:
    return {
        "slug": model.slug,
        "name": model.name,
        "context_window": model.context_window,
        "efforts": list(model.efforts),
        "default_effort": model.default_effort,
        "is_default": model.is_default,
        "provider": model.provider,
    }


def _row(model: ModelInfo) -> tuple[str, ...]:
    efforts = ",".join(
        f"{effort}*" if effort == model.default_effort else effort for effort in model.efforts
    )
    context = "" if model.context_window is None else str(model.context_window)
    return model.slug, model.name, context, efforts, "default" if model.is_default else ""
