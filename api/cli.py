"""The command `edgeplan`: its verbs, in the order of its help.

Imports of what the verbs do stand in them: `edgeplan --help` needs none of it.
"""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from api import verbs_documents, verbs_experts, verbs_plan, verbs_service
from api.cli_bench import bench
from api.cli_end import Group

Verb = Callable[..., None]

app = typer.Typer(
    cls=Group,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _say_version(asked: bool) -> None:
    if asked:
        from api.version import installed

        sys.stdout.write(f"edgeplan {installed()}\n")
        raise typer.Exit


@app.callback()
def edgeplan(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Say the version and exit."
        ),
    ] = False,
) -> None:
    """Planning for edge AI: exact, certified plans for models on graphs of devices."""


_VERBS: tuple[Verb, ...] = (
    verbs_plan.solve,
    verbs_plan.verify,
    verbs_plan.validate,
    verbs_plan.explain,
    verbs_plan.frontier,
    verbs_plan.replan,
    verbs_plan.simulate,
    verbs_experts.split,
    verbs_experts.cache,
    verbs_experts.roll,
    verbs_experts.gate,
    verbs_documents.instances,
    verbs_documents.schema,
    verbs_documents.generate,
    verbs_documents.import_,
    verbs_service.serve,
    verbs_service.worker,
    verbs_service.doctor,
    bench,
)
for _verb in _VERBS:
    app.command(_verb.__name__.rstrip("_"))(_verb)

_KEY_VERBS: dict[str, Verb] = {
    "add": verbs_service.keys_add,
    "list": verbs_service.keys_list,
    "revoke": verbs_service.keys_revoke,
}
keys = typer.Typer(help="API keys: who may call the service.", no_args_is_help=True)
for _name, _verb in _KEY_VERBS.items():
    keys.command(_name)(_verb)
app.add_typer(keys, name="keys")


def main() -> None:
    """Entry point of the console script."""
    app(prog_name="edgeplan")


if __name__ == "__main__":
    main()
