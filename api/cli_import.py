"""edgeplan import: files of other tools as problem documents, by the readers of the house."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from api import cli_input, cli_output
from api.cli_status import Status
from models.problems import AnyProblem
from problem_instances.readers import dnn_partitioning, expert_balance, helix, pipeedge, submodular
from problem_instances.text import to_text

Options = dict[str, Any]


@dataclass(frozen=True)
class Format:
    """A format of others.

    files: what is given, in this order; options: those of the verb that it takes; needed: those of
    them that it cannot do without; read: the problem of the files given with these options.
    """

    files: tuple[str, ...]
    options: tuple[str, ...]
    read: Callable[[list[str], Options], AnyProblem]
    needed: tuple[str, ...] = ()


def _dnn_partitioning(files: list[str], options: Options) -> AnyProblem:
    contiguous = not options.get("free", False)
    with cli_input.named(files[0]):
        return dnn_partitioning.read(cli_input.text(files[0]), contiguous=contiguous)


def _helix(files: list[str], options: Options) -> AnyProblem:
    partial = not options.get("no_partial_inference", False)
    with cli_input.named(files[0]):
        return helix.read(cli_input.text(files[0]), partial_inference=partial)


def _pipeedge(files: list[str], options: Options) -> AnyProblem:
    models, types, hosts = (cli_input.text(name) for name in files)
    given = {name: options[name] for name in ("batch", "dtype") if name in options}
    with cli_input.named(", ".join(files)):
        return pipeedge.read((models, types, hosts), options.get("model"), **given)


def _submodular(files: list[str], _options: Options) -> AnyProblem:
    name = "standard input" if files[0] == "-" else Path(files[0]).stem
    with cli_input.named(files[0]):
        return submodular.read(cli_input.text(files[0]), name)


def _routing(files: list[str], options: Options) -> AnyProblem:
    found = cli_input.routing(files[0], options.get("key"), options.get("experts"))
    with cli_input.named(files[0]):
        return expert_balance.problem_from(
            found,
            options["devices"],
            options["slots"],
            window_tokens=options.get("window_tokens"),
            about=f"Read from a routing table of {found.tokens:,} tokens: {Path(files[0]).name}",
        )


FORMATS = {
    "dnn-partitioning": Format(("FILE",), ("free",), _dnn_partitioning),
    "helix": Format(("FILE",), ("no_partial_inference",), _helix),
    "pipeedge": Format(
        ("MODELS", "DEVICE_TYPES", "DEVICES"), ("model", "batch", "dtype"), _pipeedge
    ),
    "submodular": Format(("FILE",), (), _submodular),
    "routing": Format(
        ("FILE",),
        ("devices", "slots", "window_tokens", "experts", "key"),
        _routing,
        needed=("devices", "slots"),
    ),
}


def import_(name: str, files: list[str], options: Options, output: Path | None) -> Status:
    """Write the problem in files of a format; options: those that were given.

    Raises BadParameter for what the format does not have or lacks, InputError for the files.
    """
    cli_output.check_folder(output)
    if name not in FORMATS:
        reason = f"no format '{name}'; use one of: {', '.join(FORMATS)}"
        raise typer.BadParameter(reason, param_hint="FORMAT")
    form = FORMATS[name]
    _check(name, form, files, options)
    text = written(form.read(files, options))
    cli_output.write(output or cli_output.STDOUT, text.encode())
    return Status.DONE


def written(problem: AnyProblem) -> str:
    """A problem as a document, without what it leaves at its defaults."""
    fields = problem.model_dump(mode="json", exclude_defaults=True)
    return to_text({"kind": problem.kind, "schema_version": problem.schema_version, **fields})


def _check(name: str, form: Format, files: list[str], options: Options) -> None:
    if len(files) != len(form.files):
        reason = f"{name} takes {' '.join(form.files)}, not {len(files)} files"
        raise typer.BadParameter(reason, param_hint="FILE")
    for option in options:
        if option not in form.options:
            takes = ", ".join(_flag(item) for item in form.options)
            reason = f"{name} takes {f'only {takes}' if takes else 'no options'}; leave this out"
            raise typer.BadParameter(reason, param_hint=_flag(option))
    for option in form.needed:
        if option not in options:
            raise typer.BadParameter(f"{name} needs it: say how many", param_hint=_flag(option))


def _flag(option: str) -> str:
    return "--" + option.replace("_", "-")
