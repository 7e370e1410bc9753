"""An example of expert_selection that a person can solve by hand.

Two experts on one box, of which the energy of 100 J allows one; three requests for code and one for
law. The coder alone gives (3 x 60 % + 20 %) / 4 = 50 %, the lawyer, in service alone, exceeds the
energy: a shortfall of 500,000 ppm.
"""

from api.examples.example import Example

EXAMPLE = Example(
    problem={
        "kind": "expert_selection",
        "device_graph": {"devices": [{"name": "box", "memory_bytes": "8 GiB"}]},
        "source_device": "box",
        "experts": [
            {
                "name": "coder",
                "device": "box",
                "memory_bytes": "4 GiB",
                "request_energy_uj": "80 J",
                "quality_ppm": [600000, 200000],
            },
            {
                "name": "lawyer",
                "device": "box",
                "memory_bytes": "4 GiB",
                "request_energy_uj": "120 J",
                "quality_ppm": [300000, 900000],
            },
        ],
        "clusters": [
            {"name": "pull requests", "category": "code", "weight": 3},
            {"name": "contracts", "category": "law"},
        ],
        "quality_model": "best_expert",
        "energy_limit_uj": "100 J",
    },
    plan={"kind": "expert_selection", "experts": ["coder"]},
    objective=500_000,
)
