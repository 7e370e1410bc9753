"""An example of serving_flow that a person can solve by hand.

Three layers; the source feeds a large node, which lets 60 tokens/s pass with two of them, and two
small ones with one layer and 50 tokens/s each feed the sink. With layers 0 and 1 on the large node
and layer 2 on both small ones 60 tokens/s flow; with any others it is less. All the nodes' layers,
3 x 40 (more than 1 x 100, as much as 2 x 60) + 50 + 50, would be enough for 220 / 3 tokens/s, of
which 13.333333 are missing.
"""

from api.examples.example import Example

EXAMPLE = Example(
    problem={
        "kind": "serving_flow",
        "layers": 3,
        "node_types": [
            {"name": "large", "utokens_per_s": ["100 token/s", "60 token/s", "40 token/s"]},
            {"name": "small", "utokens_per_s": ["50 token/s"]},
        ],
        "nodes": [
            {
                "name": "large",
                "type": "large",
                "from_source_utokens_per_s": "1 Mtoken/s",
            },
            {"name": "small-1", "type": "small", "to_sink_utokens_per_s": "1 Mtoken/s"},
            {"name": "small-2", "type": "small", "to_sink_utokens_per_s": "1 Mtoken/s"},
        ],
        "default_link_utokens_per_s": "1 Mtoken/s",
    },
    plan={
        "kind": "serving_flow",
        "placements": [
            {"node": "large", "start": 0, "stop": 2},
            {"node": "small-1", "start": 2, "stop": 3},
            {"node": "small-2", "start": 2, "stop": 3},
        ],
    },
    objective=13_333_333,
)
