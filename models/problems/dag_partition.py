"""DAG partitioning: the operators of a model on equal accelerators and equal CPUs.

Put every operator v on exactly one of k accelerators and l CPUs, those of one colocation class on
one device. With S_d the operators on device d, a net N_u = {u} and all consumers of u, and cut
meaning that a set has some members in S_d and some elsewhere, the load of a device is

    accelerator   Σ_{v in S_d} accelerator_ns(v) + Σ_{u: N_u is cut by S_d} transfer_ns(u)
    CPU           Σ_{v in S_d} cpu_ns(v)

Minimise the largest load, ns: the time between samples of a pipeline whose devices compute and
transfer one after the other. An output passes through host memory: an accelerator pays for it
once when it produces it and any consumer is elsewhere, and once when it consumes it from
elsewhere, however many consumers there are; a CPU reads host memory for free. Subject to

    every operator of S_d runs on an accelerator (has an accelerator_ns), Σ sizes ≤ memory

for every accelerator d; and, where `contiguous`, the devices stand in an order such that no edge
between forward operators leads from a later device to an earlier one: the first i devices hold a
downward-closed set (an ideal) for every i. Backward operators follow their colocation class; an
edge u -> v between backward operators one of whose classes has no forward operator counts as a
forward edge v -> u, so that such classes too have their place in the order.

Source: Tarnawski, Phanishayee, Devanur, Mahajan, Nina Paravecino, Efficient Algorithms for Device
Placement of DNN Graph Operators, NeurIPS 2020, §3 (model), §5.1 (ideals), appendix B (training);
msr-fiddle/dnn-partitioning, throughput-dp/dp.cpp for what the text leaves open. Convex parts that
no order of the devices fits (possible from two parts on) are not contiguous here, nor there.
"""

from enum import StrEnum
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.base import Document, Name, contradiction, first_duplicate, last_index
from models.units import Bytes, Nanoseconds, format_quantity

MAX_OPERATORS = 4096
# Sums over all operators stay exact in double precision, which integer programs and matrix
# products use: 8 PiB, and 104 days for one sample.
MAX_TOTAL_BYTES = 2**53
MAX_TOTAL_NS = 2**53


class DeviceClass(StrEnum):
    """Where an operator runs."""

    ACCELERATOR = "accelerator"
    CPU = "cpu"


class DagObjective(StrEnum):
    """What is minimised, in ns."""

    LARGEST_LOAD = "largest-load"


class Operator(Document):
    """One node of the graph.

    accelerator_ns: time on an accelerator, left out where it cannot run there;
    size_bytes: what it fills in an accelerator's memory; transfer_ns: time to move its output
    between an accelerator and host memory; colocation: operators of one class share a device;
    backward: part of the backward pass of training.
    """

    name: Name
    cpu_ns: Nanoseconds
    accelerator_ns: Nanoseconds | None = None
    size_bytes: Bytes = 0
    transfer_ns: Nanoseconds = 0
    colocation: Name | None = None
    backward: bool = False


class DagPartitionProblem(Document):
    """Operators, their edges and the devices; see the module for the mathematics."""

    kind: Literal["dag_partition"] = "dag_partition"
    schema_version: Literal[1] = 1
    about: Annotated[str, Field(max_length=4000)] = ""
    operators: Annotated[tuple[Operator, ...], Field(min_length=1, max_length=MAX_OPERATORS)]
    edges: tuple[tuple[Name, Name], ...] = ()
    accelerators: Annotated[int, Field(ge=0, le=64)]
    cpus: Annotated[int, Field(ge=0, le=64)] = 0
    accelerator_memory_bytes: Bytes
    objective: DagObjective = DagObjective.LARGEST_LOAD
    contiguous: bool = True

    @property
    def objective_in_words(self) -> str:
        """What is minimised, for people."""
        return f"{self.objective} of {'contiguous' if self.contiguous else 'free'} parts"

    @property
    def size_in_words(self) -> str:
        """How large it is, for people."""
        counts = {
            "operators": len(self.operators),
            "accelerators": self.accelerators,
            "CPUs": self.cpus,
        }
        return ", ".join(format_quantity(count, what) for what, count in counts.items())

    @cached_property
    def by_name(self) -> dict[str, Operator]:
        """The operators by name."""
        return {operator.name: operator for operator in self.operators}

    def class_of(self, name: str) -> str:
        """The colocation class of an operator; one without a class is alone in its own."""
        declared = self.by_name[name].colocation
        # No name holds a bracket, so that an operator's own class is no declared one.
        return f"[{name}]" if declared is None else declared

    @cached_property
    def forward_edges(self) -> tuple[tuple[str, str], ...]:
        """Pairs (u, v) of operators: where contiguous, v is on no earlier device than u."""
        anchored = {self.class_of(o.name) for o in self.operators if not o.backward}
        found = []
        for source, target in self.edges:
            ends = (self.by_name[source].backward, self.by_name[target].backward)
            if ends == (False, False):
                found.append((source, target))
            elif ends == (True, True):
                classes = {self.class_of(source), self.class_of(target)}
                if not classes <= anchored:
                    found.append((target, source))
        return tuple(found)

    @model_validator(mode="after")
    def _operators_are_named_once_and_sane(self) -> Self:
        names = [operator.name for operator in self.operators]
        twice = first_duplicate(names)
        if twice is not None:
            place = ("operators", last_index(names, twice), "name")
            reason = f"two operators are named '{twice}'"
            raise contradiction(reason, "give each its own name", *place)
        if sum(operator.size_bytes for operator in self.operators) > MAX_TOTAL_BYTES:
            raise contradiction(
                f"the operators fill more than {MAX_TOTAL_BYTES} bytes",
                "check size_bytes",
                "operators",
            )
        slowest = sum(max(o.cpu_ns, o.accelerator_ns or 0) + o.transfer_ns for o in self.operators)
        if slowest > MAX_TOTAL_NS:
            raise contradiction("one sample takes over 100 days", "check the times", "operators")
        return self

    @model_validator(mode="after")
    def _edges_form_a_dag(self) -> Self:
        for index, edge in enumerate(self.edges):
            for side, end in enumerate(edge):
                if end not in self.by_name:
                    raise contradiction(
                        f"there is no operator '{end}'",
                        "name one of the operators",
                        *("edges", index, side),
                    )
        before: dict[str, set[str]] = {operator.name: set() for operator in self.operators}
        for source, target in self.edges:
            before[target].add(source)
        try:
            TopologicalSorter(before).prepare()
        except CycleError as error:
            cycle = " -> ".join(error.args[1][:8])
            raise contradiction(
                f"the edges form a cycle: {cycle}", "remove one edge of the cycle", "edges"
            ) from None
        return self

    @model_validator(mode="after")
    def _backward_comes_last(self) -> Self:
        for index, (source, target) in enumerate(self.edges):
            if self.by_name[source].backward and not self.by_name[target].backward:
                raise contradiction(
                    f"the edge leads from the backward operator '{source}' to the forward "
                    f"operator '{target}'",
                    "mark the target as backward too",
                    *("edges", index),
                )
        return self

    @model_validator(mode="after")
    def _there_is_a_device(self) -> Self:
        if self.accelerators + self.cpus == 0:
            raise contradiction(
                "there is no device", "give 'accelerators' or 'cpus'", "accelerators"
            )
        return self


class Part(Document):
    """The operators on one device of a class."""

    device: DeviceClass
    operators: tuple[Name, ...]


class DagPartitionPlan(Document):
    """One part per device in use; where contiguous, in the order in which a sample passes them."""

    kind: Literal["dag_partition"] = "dag_partition"
    parts: tuple[Part, ...]
