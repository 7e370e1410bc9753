"""Models to be trained: the sizes that are published for them, and small samples."""

import pytest

from problem_instances.generators.training_models import MODELS, blocks, in_words

# Millions of parameters and of multiply-adds, as torchvision and Turc et al. (2019) state them;
# BERT-small without the latter.
PUBLISHED = {
    "resnet-50": (25.56, 4090),
    "mobilenet-v2": (3.50, 300),
    "efficientnet-b1": (7.79, 690),
    "bert-small": (28.8, None),
}


@pytest.mark.parametrize("model", MODELS)
def test_sizes_are_those_published(model: str) -> None:
    """Parameters and multiply-adds of the usual sample, to half a percent."""
    found = blocks(model)
    weights, products = PUBLISHED[model]
    assert sum(block[2] for block in found) / 10**6 == pytest.approx(weights, rel=5e-3)
    if products is not None:
        assert sum(block[1] for block in found) / 2 / 10**6 == pytest.approx(products, rel=5e-3)


@pytest.mark.parametrize("model", MODELS)
def test_a_smaller_sample_has_less_work_and_the_same_weights(model: str) -> None:
    """Images of 32 x 32, or 32 tokens: every block keeps less, no weight changes."""
    usual, small = blocks(model), blocks(model, 32)
    assert [block[2] for block in small] == [block[2] for block in usual]
    assert all(a[1] <= b[1] and a[3] <= b[3] for a, b in zip(small, usual, strict=True))
    assert in_words(model, 32) != in_words(model)
