"""Split computing by CP-SAT: clauses over the order of the hops, in exact integers.

    on[v,d]  layer v runs on device d          used[t]  bottleneck-on-hop t is used
    past[v,h]  v is behind hop h               sent[u,h,q]  tensor u crosses hop h in form q

A layer that t replaces counts as standing where t is encoded. That data only move forward and that
what crosses is sent are implications and clauses on `past` (the order encoding: Crawford and
Baker, AAAI 1994); the integer program of solvers/milp has differences of sums instead. One model
per policy of gates. The two share the costs of single terms and nothing else.
"""

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Limits, Reason
from solvers.backends import cpsat
from solvers.base import UNREACHABLE, Progress, Stopwatch
from solvers.tables.split_computing import Sent, Tables, Vector
from solvers.tables.split_computing_answer import Answered, least_over_policies

Literals = list[cpsat.IntVar]


class ConstraintProgram:
    """Clause learning, without floating point."""

    name = "cpsat"

    def solve(
        self,
        problem: SplitComputingProblem,
        limits: Limits,
        hint: SplitComputingPlan | None = None,
        report: Progress[SplitComputingPlan] | None = None,
    ) -> Claim[SplitComputingPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        told = report or Progress()

        def policy(tables: Tables) -> Answered:
            return _Model(tables).solve(limits, watch, told, alone=not problem.policies)

        return least_over_policies(self.name, problem, policy)


class _Model:
    """The model of one policy."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.model = cpsat.CpModel()
        layers, hops = range(1, tables.layers + 1), range(tables.hops)
        self.on = {(v, d): self._literal() for v in layers for d in range(tables.hops + 1)}
        self.past = {(v, h): self._literal() for v in layers for h in hops}
        self.used = [self._literal() for _ in tables.through]
        self.sent = {
            (*crossing, name): self._literal()
            for crossing, forms in tables.forms.items()
            for name, _ in forms
        }
        self.terms: list[tuple[cpsat.IntVar, Vector]] = []
        self.every_layer_stands_somewhere()
        self.data_move_forward()
        self.what_crosses_is_sent()
        self.every_term_has_its_cost()
        self.fits = True
        self.limits_hold()
        self.the_largest_aim_is_least()

    def _literal(self) -> cpsat.IntVar:
        return self.model.new_bool_var("")

    def _replacing(self, v: int) -> list[tuple[int, cpsat.IntVar]]:
        """Hop and literal of each bottleneck that replaces a layer."""
        pairs = zip(self.tables.through, self.used, strict=True)
        return [(t.hop, use) for t, use in pairs if v in self.tables.replaced[t.after]]

    def every_layer_stands_somewhere(self) -> None:
        """A layer runs on one device or is replaced; it is past the hops before that device."""
        self.model.add_at_most_one(self.used)
        devices = range(self.tables.hops + 1)
        for v in range(1, self.tables.layers + 1):
            places = [(d, self.on[v, d]) for d in devices] + self._replacing(v)
            self.model.add_exactly_one(literal for _, literal in places)
            for device, literal in places:
                for h in range(self.tables.hops):
                    past = self.past[v, h]
                    self.model.add_implication(literal, past if h < device else past.negated())

    def data_move_forward(self) -> None:
        """Who reads a tensor is past all hops that the tensor is past."""
        for v in range(1, self.tables.layers + 1):
            for u in self.tables.sources[v]:
                for h in range(self.tables.hops):
                    for ahead in self._ahead(u, h):
                        self.model.add_implication(ahead, self.past[v, h])

    def _ahead(self, u: int, h: int) -> Literals:
        """Any of these says that tensor u is past hop h; the input starts before all."""
        if u == 0:
            return []
        pairs = zip(self.tables.through, self.used, strict=True)
        return [self.past[u, h], *(use for t, use in pairs if (t.after, t.hop) == (u, h))]

    def what_crosses_is_sent(self) -> None:
        """Where a reader is past a hop and the tensor is not, some form of it is sent."""
        for v in range(1, self.tables.layers + 1):
            for u in self.tables.sources[v]:
                for h in range(self.tables.hops):
                    forms = [self.sent[u, h, name] for name, _ in self.tables.forms[u, h]]
                    self.model.add_bool_or([self.past[v, h].negated(), *self._ahead(u, h), *forms])

    def every_term_has_its_cost(self) -> None:
        """What runs, is sent or coded costs what the tables say."""
        run = self.tables.run.tolist()
        self.terms += [(literal, tuple(run[v][d])) for (v, d), literal in self.on.items()]
        self.terms += [
            (self.sent[u, h, name], cost)
            for (u, h), forms in self.tables.forms.items()
            for name, cost in forms
        ]
        self.terms += [(use, t.cost) for t, use in zip(self.tables.through, self.used, strict=True)]

    def _sum(self, metric: int) -> cpsat.LinearExpr:
        """A metric of the plan, the policy's own cost included."""
        priced = [(literal, cost[metric]) for literal, cost in self.terms if cost[metric]]
        self.fits &= sum(price for _, price in priced) < cpsat.LARGEST
        total = cpsat.LinearExpr.weighted_sum([v for v, _ in priced], [c for _, c in priced])
        return total + self.tables.start[metric]

    def limits_hold(self) -> None:
        """No limited metric is passed."""
        for metric, limit in enumerate(self.tables.limit):
            if limit < UNREACHABLE:
                self.model.add(self._sum(metric) <= limit)

    def the_largest_aim_is_least(self) -> None:
        """Minimised is the metric aimed at, or what the largest of several scenarios is at most."""
        totals = [self._sum(metric) for metric in self.tables.aims]
        if len(totals) == 1:
            self.model.minimize(totals[0])
            return
        worst = self.model.new_int_var(0, cpsat.LARGEST, "")
        # As an equality its presolve spends seconds on the domain of sums, hole by hole.
        for total in totals:
            self.model.add(worst >= total)
        self.model.minimize(worst)

    def solve(
        self,
        limits: Limits,
        watch: Stopwatch,
        told: Progress[SplitComputingPlan],
        *,
        alone: bool,
    ) -> Answered:
        """What CP-SAT finds; its bounds are told where there is no other policy."""
        if not self.fits:
            return Answered(Reason.UNSUPPORTED, detail="its numbers are too large for 64-bit sums")
        answer = cpsat.solve(
            self.model,
            [*self.on.values(), *self.used, *self.sent.values()],
            watch,
            limits.seed,
            found=lambda values: told.plan(self._read(values)[1]),
            bounded=told.bound if alone else lambda _: None,
        )
        best = None if answer.values is None else self._read(answer.values)
        return Answered(answer.reason, best, answer.lower_bound, answer.detail)

    def _read(self, values: cpsat.Values) -> tuple[int, SplitComputingPlan]:
        """Value and plan of a point; forms that are sent without need are left out."""
        tables, rest = self.tables, iter(values)
        levels = {v: d for (v, d) in self.on if next(rest)}
        through = [t for t in tables.through if next(rest)]
        use = through[0] if through else None
        chosen = {key for key in self.sent if next(rest)}
        sent: Sent = {}
        for u, h in tables.needed(levels, use):
            sent[u, h] = next(name for name, _ in tables.forms[u, h] if (u, h, name) in chosen)
        return tables.value(tables.cost(levels, sent, use)), tables.plan(levels, sent, use)
