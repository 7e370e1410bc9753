"""Hypothesis strategies for offload placements: few enough plans to enumerate."""

from hypothesis import assume
from hypothesis import strategies as st

from models.devices import Link
from models.problems.offload_placement import (
    BudgetScope,
    Copy,
    Distilled,
    Holder,
    Mode,
    MoeLayer,
    OffloadPlacementProblem,
    Pattern,
    Precision,
    Prefetch,
    Present,
    Shared,
    TokenLatency,
)
from tests.oracles import offload_placement as oracle

# Of one expert, and what holders have room for: megabytes, so that sums are what they are outside.
_EXPERT = 17_000_003
_ROOMS = [None, 0, _EXPERT, 2 * _EXPERT, 40_000_000, 52_000_000]
_PPM = [0, 1, 90_000, 333_333, 10**6]


@st.composite
def _holder(draw: st.DrawFn, name: str, *, computes: bool) -> Holder:
    rate = draw(st.sampled_from([10**10, 40 * 10**9, 300 * 10**9]))
    return Holder(
        name=name,
        memory_bytes=draw(st.sampled_from(_ROOMS)),
        reserve_bytes=draw(st.sampled_from([0, 0, 1_000_000])),
        read_bytes_per_s=rate if computes or draw(st.booleans()) else None,
        overhead_ns=draw(st.sampled_from([0, 7, 5_000])),
        busy_limit_ns=draw(st.sampled_from([None, None, 10**6, 10**9])),
    )


@st.composite
def _layer(draw: st.DrawFn, name: str, sites: list[str], experts: int, *, rich: bool) -> MoeLayer:
    every = range(experts)
    pairs = [(i, j) for i in every for j in every]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=2, unique=True))
    merge = tuple((i, j, draw(st.sampled_from(_PPM))) for i, j in chosen)
    kind = draw(st.sampled_from(["none", "none", "distil", "share"])) if rich else "none"
    distil = share = None
    if kind == "distil":
        i, j = draw(st.sampled_from(pairs))
        distil = Distilled(student_bytes=4_000_001, pairs=((i, j, draw(st.sampled_from(_PPM))),))
    if kind == "share":
        losses = tuple(draw(st.sampled_from([None, 0, 50_000])) for _ in every)
        share = Shared(base_bytes=15_000_000, delta_bytes=2_500_000, loss_ppm=losses)
    patterns = tuple(
        Pattern(site=site, experts=tuple(sorted(group)), tokens=draw(st.integers(1, 5)))
        for site in sites
        for group in draw(
            st.lists(
                st.sets(st.sampled_from(list(every)), min_size=1),
                max_size=3,
                unique_by=lambda group: tuple(sorted(group)),
            )
        )
    )
    activations = tuple(
        tuple(sum(p.tokens for p in patterns if p.site == site and i in p.experts) for i in every)
        for site in sites
    )
    return MoeLayer(
        name=name,
        top_k=draw(st.integers(1, experts)),
        expert_bytes=_EXPERT,
        activations=activations,
        merge=merge,
        distil=distil,
        share=share,
        patterns=patterns,
    )


@st.composite
def _links(draw: st.DrawFn, names: list[str]) -> tuple[Link, ...]:
    return tuple(
        Link(
            source=a,
            target=b,
            directed=draw(st.integers(0, 5)) == 0,
            latency_ns=draw(st.sampled_from([0, 50_000])),
            bandwidth_bit_per_s=draw(st.sampled_from([8 * 10**9, 16 * 10**9, 10**11])),
        )
        for a in names
        for b in names
        if a < b and draw(st.integers(0, 3))
    )


@st.composite
def _present(draw: st.DrawFn, layers: tuple[MoeLayer, ...], names: list[str]) -> Present | None:
    if draw(st.booleans()):
        return None
    copies = {
        layer.name: tuple(
            draw(
                st.lists(
                    st.builds(
                        Copy,
                        expert=st.integers(0, layer.experts - 1),
                        mode=st.sampled_from([Mode.KEEP, Mode.MERGE, Mode.SHARE]),
                        holder=st.sampled_from([*names, "gone"]),
                    ),
                    max_size=3,
                )
            )
        )
        for layer in layers
    }
    return Present(copies=copies, ns_per_mib=draw(st.sampled_from([0, 1, 200_000])))


@st.composite
def offload_placement(
    draw: st.DrawFn, *, objective: TokenLatency | None = None
) -> OffloadPlacementProblem:
    """One or two layers and sites, up to three holders and three experts, at real magnitudes."""
    names = ["a", "b", "c"][: draw(st.integers(1, 3))]
    sites = names[: draw(st.sampled_from([1, 1, 2]))]
    sites = sites[: len(names)]
    holders = tuple(draw(_holder(name, computes=name in sites)) for name in names)
    sizes = draw(st.sampled_from([[1], [2], [3], [1, 1], [2, 1], [2, 2]]))
    rich = len(sites) == 1
    layers = tuple(
        draw(_layer(f"l{number}", sites, experts, rich=rich))
        for number, experts in enumerate(sizes)
    )
    precisions = (Precision(name="full"),)
    if draw(st.integers(0, 2)) == 0:
        loss = draw(st.sampled_from([0, 40_000]))
        precisions += (Precision(name="int4", size_ppm=281_251, loss_ppm=loss),)
    prefetch = Prefetch(
        recall_ppm=draw(st.sampled_from([333_333, 10**6])),
        lead_ns=draw(st.sampled_from([0, 300_000])),
        waste_ppm=draw(st.sampled_from([0, 210_001])),
    )
    problem = OffloadPlacementProblem(
        holders=holders,
        links=draw(_links(names)),
        sites=tuple(sites),
        precisions=precisions,
        layers=layers,
        tokens=15,
        activation_bytes=draw(st.sampled_from([0, 4096])),
        loss_budget_ppm=draw(st.sampled_from([None, 0, 30_000, 200_000])),
        budget_scope=draw(st.sampled_from(list(BudgetScope))),
        objective=objective or draw(st.sampled_from(list(TokenLatency))),
        prefetch=draw(st.sampled_from([None, prefetch])),
        present=draw(_present(layers, names)),
    )
    assume(oracle.size(problem) <= oracle.MOST)
    return problem
