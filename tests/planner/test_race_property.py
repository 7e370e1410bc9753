"""Random conversations: whatever children say and however they end, nothing verified is lost."""

import signal
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.result import Claim, Grade, Limits, Reason
from planner.certify import certify
from planner.race import Event, Race
from planner.verify import verify
from tests.misbehaving import Bounds, Claims, Dies, Exits, Plans, Writes, framed, scripted
from tests.small import split, two_devices

_PROBLEM = two_devices()
_OBJECTIVE = {cut: verify(_PROBLEM, split(cut)).objective for cut in range(1, 5)}

_CUTS = st.sampled_from([1, 2, 3, 4])
_BOUNDS = st.integers(300, 800)
_SAYS = st.one_of(_CUTS.map(Plans), _BOUNDS.map(Bounds))
_CLAIMS = st.builds(
    lambda reason, cut, bound: Claims(
        Claim("odd", reason, None if cut is None else split(cut), bound)
    ),
    st.sampled_from(Reason),
    st.none() | _CUTS,
    st.none() | _BOUNDS,
)
_ENDS = st.one_of(
    _CLAIMS,
    _CLAIMS,
    st.binary(max_size=3).map(lambda raw: Writes(framed(raw))),
    st.sampled_from(
        [
            Writes(b"\xff\xff\xff\xff"),
            Writes(framed(b'{"type":"bound","solver":"nobody","lower_bound":1}')),
            Dies(signal.SIGKILL),
            Dies(signal.SIGSEGV),
            Exits(0),
            Exits(1),
        ]
    ),
)


@dataclass(frozen=True)
class Script:
    """What a method says, how it ends, and whether it may prove anything."""

    says: tuple[Any, ...]
    end: Any
    exact: bool

    @property
    def cuts(self) -> list[int]:
        """The cuts of all plans in it, verified or not."""
        last = self.end.claim.plan if isinstance(self.end, Claims) else None
        ends = [] if last is None else [last.stages[0].stop]
        return [act.cut for act in self.says if isinstance(act, Plans)] + ends


_SCRIPTS = st.builds(Script, st.lists(_SAYS, max_size=5).map(tuple), _ENDS, st.booleans())


def _lane(script: Script, name: str) -> Any:
    end = script.end
    if isinstance(end, Claims):
        claim = end.claim
        end = Claims(Claim(name, claim.reason, claim.plan, claim.lower_bound))
    # A second method, which may never have its turn.
    after = scripted(f"after-{name}", Claims(Claim(f"after-{name}", Reason.HEURISTIC)))
    return scripted(name, *script.says, end, exact=script.exact), after


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(_SCRIPTS, _SCRIPTS)
def test_the_best_verified_plan_and_no_bound_above_it(one: Script, two: Script) -> None:
    """Every method has one outcome, the certificate the best plan, and no event says otherwise."""
    events: list[Event] = []
    race = Race(_PROBLEM, Limits(time_limit_ns=60 * 10**9), events.append)
    outcomes = race.run((_lane(one, "one"), _lane(two, "two")))
    assert sorted(o.claim.solver for o in outcomes) == ["after-one", "after-two", "one", "two"]
    certificate = certify(_PROBLEM, outcomes, race.record.combinatorial)
    seen = [_OBJECTIVE[cut] for cut in one.cuts + two.cuts]
    best = min((objective for objective in seen if objective is not None), default=None)
    assert certificate.objective == best
    if best is not None:
        assert certificate.lower_bound is None or certificate.lower_bound <= best
        assert certificate.grade is not Grade.INFEASIBLE
    for script, name in ((one, "one"), (two, "two")):
        believed = script.exact and 4 not in script.cuts
        (run,) = (run for run in certificate.runs if run.solver == name)
        assert believed or run.lower_bound is None
        assert believed or certificate.bound_from != name
    reached = [event.objective for event in events if event.objective is not None]
    assert reached == sorted(reached, reverse=True)
    for event in events:
        if event.objective is not None and event.lower_bound is not None:
            assert event.lower_bound <= event.objective
