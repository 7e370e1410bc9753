"""Hops without redundancy as an integer program of all layers, and the claim from its answer.

x_leg whether expert e of layer l is on g:   Σ_g x_leg = 1    Σ_e x_leg = slots_g
Σ_e w_le x_leg ≤ allowed_lg                  the balance
h_lab ≥ x_lag - x_l+1,b,g                    whether tokens from a to b change device
q_lbm                                        groups on nodes, as in the other programs
min Σ transitions_lab h_lab
"""

from collections.abc import Callable

import numpy as np

from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem
from models.result import Claim, Reason
from solvers.base import Stopwatch
from solvers.integer_program import Answer, IntegerProgram
from solvers.program_builder import Builder
from solvers.tables.expert_balance import Ints, Layer, build, plan_of, too_few
from solvers.tables.expert_balance_hops import allowed_share

# Every method that takes this program shares its mistakes, whatever its own family.
_FAMILY = "integer-programming"


def over_all(
    name: str,
    problem: ExpertBalanceProblem,
    watch: Stopwatch,
    solve: Callable[[IntegerProgram], Answer],
) -> Claim[ExpertBalancePlan]:
    """The claim of a method for integer programs."""
    layers = build(problem)
    if not layers[0].feasible:
        return Claim(name, Reason.INFEASIBLE, detail=too_few(layers[0]))
    if layers[0].spare:
        return Claim(name, Reason.UNSUPPORTED, detail="hops of experts with several replicas")
    if watch.expired():
        return Claim(name, Reason.TIME_LIMIT)
    builder, x = _program(problem, layers)
    answer = solve(builder.program())
    if answer.infeasible:
        detail = "no placement is in balance"
        return Claim(name, Reason.INFEASIBLE, detail=detail, family=_FAMILY)
    plan = None
    if answer.point is not None:
        plan = plan_of([answer.point[columns] for columns in x])
    return Claim(name, answer.reason, plan, answer.bound, answer.detail, family=_FAMILY)


def _program(problem: ExpertBalanceProblem, layers: list[Layer]) -> tuple[Builder, list[Ints]]:
    """The program, and per layer the columns [E, G] of x."""
    builder = Builder()
    size = (problem.experts, len(problem.devices))
    x = [
        np.array([[builder.column() for _ in range(size[1])] for _ in range(size[0])])
        for _ in layers
    ]
    for layer, columns in zip(layers, x, strict=True):
        _layer(builder, layer, columns.tolist(), problem.balance_slack_ppm)
    for index, matrix in enumerate(problem.transitions or ()):
        for a, row in enumerate(matrix):
            for b, tokens in enumerate(row):
                if tokens:
                    change = builder.column(tokens)
                    pairs = zip(x[index][a].tolist(), x[index + 1][b].tolist(), strict=True)
                    for here, there in pairs:
                        builder.row([(change, 1), (here, -1), (there, 1)], low=0)
    return builder, x


def _layer(builder: Builder, layer: Layer, x: list[list[int]], slack_ppm: int) -> None:
    loads = (layer.weight @ layer.loads).tolist()
    allowed = allowed_share(layer, slack_ppm)
    for row in x:
        builder.row([(column, 1) for column in row], 1, 1)
    for device, (slots, rate) in enumerate(zip(layer.slots, layer.rate, strict=True)):
        builder.row([(row[device], 1) for row in x], int(slots), int(slots))
        terms = [(row[device], load) for row, load in zip(x, loads, strict=True)]
        builder.row(terms, high=int(allowed * int(rate)))
    if layer.nodes > 1:
        groups = int(layer.group.max()) + 1
        q = [[builder.column() for _ in range(layer.nodes)] for _ in range(groups)]
        for homes in q:
            builder.row([(column, 1) for column in homes], 1, 1)
        for node in range(layer.nodes):
            builder.row([(homes[node], 1) for homes in q], layer.each, layer.each)
        for expert, row in enumerate(x):
            for device, column in enumerate(row):
                home = q[int(layer.group[expert])][int(layer.node[device])]
                builder.row([(column, 1), (home, -1)], high=0)
