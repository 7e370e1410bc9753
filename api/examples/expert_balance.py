"""An example of expert_balance that a person can solve by hand.

Two experts, a device for each: the 30 tokens of the busy one take 15 µs on the quick device, the
other's 10 tokens 10 µs on the slow one. The other way round it is 30 µs.
"""

from api.examples.example import Example

EXAMPLE = Example(
    problem={
        "kind": "expert_balance",
        "devices": [
            {"name": "fast", "slots": 1, "tokens_per_s": 2_000_000},
            {"name": "slow", "slots": 1},
        ],
        "windows": [{"name": "all", "loads": [[30, 10]]}],
    },
    plan={"kind": "expert_balance", "physical_to_logical_map": [[0, 1]]},
    objective=15_000,
)
