"""Drawings of plans, by kind; matplotlib is imported when the first one is drawn.

They stand beside verify, explain and replan, so that a kind's drawing is part of its slice and the
doors know no kind by name.
"""

from typing import Any

from models.problems import AnyProblem
from models.result import Certificate

SUFFIXES = (".svg", ".png", ".pdf")


def draw(problem: AnyProblem, certificate: Certificate, suffix: str) -> bytes:
    """The plan of a certificate as an image; suffix: one of SUFFIXES.

    Raises ValueError where there is no plan.
    """
    if certificate.plan is None:
        raise ValueError("there is no plan to draw")
    from planner.plot import (
        dag_partition,
        expert_balance,
        expert_selection,
        offload_placement,
        pipeline_partition,
        pipeline_training,
        sequence_pipeline,
        serving_flow,
        split_computing,
        split_fleet,
        tensor_partition,
    )
    from planner.plot.save import image

    by_kind: dict[str, Any] = {
        "dag_partition": dag_partition.figure,
        "pipeline_partition": pipeline_partition.figure,
        "sequence_pipeline": sequence_pipeline.figure,
        "split_computing": split_computing.figure,
        "split_fleet": split_fleet.figure,
        "expert_selection": expert_selection.figure,
        "offload_placement": offload_placement.figure,
        "expert_balance": expert_balance.figure,
        "tensor_partition": tensor_partition.figure,
        "pipeline_training": pipeline_training.figure,
        "serving_flow": serving_flow.figure,
    }
    return image(by_kind[problem.kind](problem, certificate), suffix)
