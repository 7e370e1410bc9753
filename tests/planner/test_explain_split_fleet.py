"""Explanations of fleets: a repair that is named is the least one, to the last unit."""

import re

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.documents import validate
from models.problems.split_fleet import (
    Catalogue,
    Choice,
    Option,
    SplitFleetPlan,
    SplitFleetProblem,
    Stream,
    Uplink,
)
from planner import explain
from planner.verify import verify
from tests.oracles import split_fleet as oracle
from tests.split_strategies import split_fleet

_LINK = re.compile(r"uplink (\w+) binds in (\w+): .* \(([\d,]+) bit/s\) instead of .* would do$")
_SERVER = re.compile(r"server (\w+) binds in (\w+): slowdown_ppm ([\d,]+) instead of .* speed$")
_SECOND_NS = 10**9


def _repaired(
    problem: SplitFleetProblem, name: str, window: str, **changes: int
) -> SplitFleetProblem:
    """One window of the problem, in which the uplink or server of that name is changed."""
    uplinks = tuple(
        item.model_copy(update=changes) if item.name == name else item for item in problem.uplinks
    )
    servers = tuple(
        item.model_copy(update=changes) if item.name == name else item for item in problem.servers
    )
    windows = tuple(item for item in problem.windows if item.name == window)
    update = {"uplinks": uplinks, "servers": servers, "windows": windows}
    return problem.model_copy(update=update)


@st.composite
def crowded(draw: st.DrawFn) -> SplitFleetProblem:
    """Fleets whose streams each have an option, but hardly room for all of them together."""
    problem = draw(split_fleet())
    tight = st.sampled_from([10**6, 300_000, 100_000])
    catalogues = tuple(
        item.model_copy(update={"options": tuple(map(_remote, item.options))})
        for item in problem.catalogues
    )
    changes = {
        "catalogues": catalogues,
        "uplinks": tuple(u.model_copy(update={"share_ppm": draw(tight)}) for u in problem.uplinks),
        "servers": tuple(s.model_copy(update={"share_ppm": draw(tight)}) for s in problem.servers),
    }
    return problem.model_copy(update=changes)


def _remote(option: Option) -> Option:
    return option.model_copy(update={"server_ns": 10**8}) if option.is_local else option


@given(crowded())
@settings(deadline=None, max_examples=60)
def test_a_named_repair_is_the_least_that_does(problem: SplitFleetProblem) -> None:
    """At the value named there is a plan, one unit short of it there is none, by enumeration."""
    assume(oracle.optimum(problem) is None)
    for line in explain.infeasible(problem, 20 * _SECOND_NS):
        assert "not known in time" not in line
        link, server = _LINK.match(line), _SERVER.match(line)
        assert link or server or "binds" not in line
        if link:
            name, window, rate = link[1], link[2], int(link[3].replace(",", ""))
            wide = _repaired(problem, name, window, bandwidth_bit_per_s=rate)
            short = _repaired(problem, name, window, bandwidth_bit_per_s=rate - 1)
        elif server:
            name, window, slow = server[1], server[2], int(server[3].replace(",", ""))
            wide = _repaired(problem, name, window, slowdown_ppm=slow)
            short = _repaired(problem, name, window, slowdown_ppm=slow + 1)
        else:
            continue
        assert oracle.optimum(wide) is not None
        assert oracle.optimum(short) is None


def _ten(sent: int) -> tuple[SplitFleetProblem, SplitFleetPlan]:
    """A stream that sends so many bytes a second over 80 kbit/s to a server that is idle."""
    option = {"name": "far", "device_ns": 1, "sent_bytes": sent, "server_ns": 1, "accuracy_ppm": 1}
    document = {
        "catalogues": [{"name": "any", "options": [option]}],
        "uplinks": [{"name": "air", "bandwidth_bit_per_s": 80_000}],
        "servers": [{"name": "edge"}],
        "streams": [{"name": "s", "catalogue": "any", "uplink": "air", "rate_millihz": 1000}],
    }
    plan = SplitFleetPlan(choices=(Choice(stream="s", option="far", server="edge"),))
    return validate(document, SplitFleetProblem), plan


def test_full_means_over_nine_tenths() -> None:
    """Nine tenths of a link are not called full, a byte more is."""
    for sent, full in ((9000, False), (9001, True)):
        problem, plan = _ten(sent)
        assert verify(problem, plan).accepted
        lines = explain.binding(problem, plan, _SECOND_NS * 10)
        assert any(line.startswith("air is full (90.0 % in always)") for line in lines) is full
        assert ("no uplink and no server is over nine tenths full" in lines) is not full


def test_a_stream_that_may_use_no_server_is_named() -> None:
    """Where every option needs a server and there is none, that is said, not that links bind."""
    remote = Option(name="o", device_ns=0, sent_bytes=10, server_ns=1, accuracy_ppm=1)
    problem = SplitFleetProblem(
        catalogues=(Catalogue(name="c", options=(remote,)),),
        uplinks=(Uplink(name="u", bandwidth_bit_per_s=10**6),),
        streams=(Stream(name="s", catalogue="c", uplink="u", rate_millihz=1000),),
    )
    (line,) = explain.infeasible(problem, _SECOND_NS)
    assert line.startswith("s in always has no option by itself")
    assert line.endswith("every one breaks server-needed")
