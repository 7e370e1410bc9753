"""Hypothesis strategies: clusters of few nodes that an oracle can enumerate."""

from hypothesis import strategies as st

from models.problems.serving_flow import NodeType, ServingFlowProblem, ServingNode, TokenLink

# Rates of a few µtokens/s, and of thousands of tokens/s that no power of ten divides.
_UNITS = (1, 10**6, 987_654_321)


@st.composite
def serving_flow(draw: st.DrawFn) -> ServingFlowProblem:
    """Up to 3 nodes and 4 layers, both modes, links that bind, are missing or never matter."""
    nodes = draw(st.integers(1, 3))
    layers = draw(st.integers(1, 4 if nodes < 3 else 3))
    unit = draw(st.sampled_from(_UNITS))
    wide = 100 * unit
    ends = st.just(wide) if draw(st.booleans()) else st.sampled_from([None, 3 * unit, wide])
    names = [f"n{number}" for number in range(nodes)]
    rate = st.integers(1, 12).map(lambda tiny: tiny * unit)
    types = tuple(
        NodeType(name=name, utokens_per_s=tuple(draw(st.lists(rate, min_size=1, max_size=3))))
        for name in ("t0", "t1")
    )
    some = draw(st.booleans())
    pairs = [(a, b) for a in names for b in names if a != b and some and draw(st.booleans())]
    links = tuple(
        TokenLink(
            source=a,
            target=b,
            directed=True,
            utokens_per_s=draw(st.sampled_from([unit, 5 * unit, wide])),
        )
        for a, b in pairs
    )
    return ServingFlowProblem(
        layers=layers,
        node_types=types,
        nodes=tuple(
            ServingNode(
                name=name,
                type=draw(st.sampled_from(["t0", "t0", "t1"])),
                from_source_utokens_per_s=draw(ends),
                to_sink_utokens_per_s=draw(ends),
            )
            for name in names
        ),
        links=links,
        default_link_utokens_per_s=draw(st.sampled_from([None, 4 * unit, wide, wide])),
        partial_inference=draw(st.booleans()),
    )
