"""Labels: projection, class-conditional norms, the auxiliary classifier, and calls that do not fit."""

import pytest
import torch
from torch import Tensor, nn

from saddlepoint.networks import NETWORKS, DiscriminatorOutput, SNGANGenerator

GENERATORS = [f"{kind}-generator" for kind in ("mlp", "convolutional", "dcgan", "sngan", "residual", "wavegan")]
#: Of what is no image or sound: their shapes are those of their own tests.
OWN = ("table", "window", "sequence", "vocoder")
DISCRIMINATORS = [name for name in NETWORKS if name.endswith("discriminator") and not name.startswith(OWN)]
SHAPE, SOUND, CLASSES = (2, 16, 16), (2, 256), 3
SMALL = {"dcgan": {"width": 4}, "sngan": {"width": 4, "widest": 8}, "residual": {"width": 8}}
SMALL |= {"patch": {"width": 4, "depth": 1, "scales": 2}, "unet": {"width": 4, "depth": 2}}
LABELS = torch.tensor([0, 1, 2, 0])


def network(name: str, classes: int = CLASSES, **dials: object) -> nn.Module:
    """Stirred, as some starts do not know the classes yet, and out of training, so that samples stand alone."""
    torch.manual_seed(0)
    latent = {"latent": 5} if name in GENERATORS else {}
    small = SMALL.get(name.partition("-")[0], {})
    module = NETWORKS[name](shape=shape(name), **latent, classes=classes, **small, **dials)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return module.double().eval()


def shape(name: str) -> tuple[int, ...]:
    return SOUND if name.startswith("wavegan") else SHAPE


def inputs(name: str) -> Tensor:
    source = torch.Generator().manual_seed(1)
    size = (5,) if name in GENERATORS else shape(name)
    return torch.randn(1, *size, generator=source, dtype=torch.float64).expand(4, *size)


@pytest.mark.parametrize("name", [*GENERATORS, *DISCRIMINATORS])
def test_the_output_is_a_function_of_the_label(name: str) -> None:
    """Four equal inputs with classes 0, 1, 2, 0: equal outputs for equal labels, others for others."""
    a, b, c, again = network(name)(inputs(name), LABELS)
    torch.testing.assert_close(a, again)
    for other in (b, c):
        assert (a - other).abs().max() > 1e-6


@pytest.mark.parametrize("name", [*GENERATORS, *DISCRIMINATORS])
def test_a_class_that_is_not_asked_for_teaches_nothing(name: str) -> None:
    """Rows of class 1 in every table of a row a class have no gradient when only 0 and 2 are seen."""
    module = network(name)
    module(inputs(name)[:2], torch.tensor([0, 2])).square().sum().backward()
    # Spectral norm divides a whole table by one number, and so ties its rows.
    tables = [
        p for key, p in module.named_parameters() if p.shape[0] == CLASSES and "original" not in key and p.dim() == 2
    ]
    assert tables or name in ("sngan-discriminator", "unet-discriminator")
    for table in tables:
        assert table.grad is not None
        assert table.grad[0].abs().max() > 0
        assert table.grad[1].abs().max() == 0


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_projection_adds_the_product_of_embedding_and_features(name: str) -> None:
    judge = network(name)
    images = torch.randn(4, *shape(name), dtype=torch.float64, requires_grad=True)
    zero, one = (judge(images, torch.full((4,), k), True) for k in (0, 1))
    torch.testing.assert_close(zero.features, one.features)
    table = judge.projection.weight
    gained, product = one.logits - zero.logits, one.features @ (table[1] - table[0])
    product = product.view(-1, *(1 for _ in gained.shape[1:])).expand_as(gained)  # every logit of a map gains the same
    torch.testing.assert_close(gained, product)
    slopes = (torch.autograd.grad(y.sum(), images, retain_graph=True)[0] for y in (gained, product))
    torch.testing.assert_close(*slopes)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_an_auxiliary_classifier_stands_beside_a_logit_that_does_not_see_the_label(name: str) -> None:
    judge = network(name, auxiliary=True)
    images = torch.randn(4, *shape(name), dtype=torch.float64)
    told, untold = judge(images, LABELS, True), judge(images, None, True)
    assert told.class_logits.shape == (4, CLASSES)
    torch.testing.assert_close(told.logits, untold.logits)
    torch.testing.assert_close(told.class_logits, judge.classifier(told.features))


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_detailed_judgement_has_the_plain_logits_and_features(name: str) -> None:
    """The logit is affine in the features, which feature matching therefore compares at the last layer."""
    judge = network(name, classes=0)
    images = torch.randn(64, *shape(name), dtype=torch.float64)
    seen = judge(images, None, True)
    assert isinstance(seen, DiscriminatorOutput)
    assert seen.class_logits is None
    assert seen.features.shape[0] == 64
    torch.testing.assert_close(seen.logits, judge(images))
    if seen.logits.dim() > 1:
        return  # a map, whose features are means
    last = judge.body[-1] if name == "mlp-discriminator" else judge.last
    torch.testing.assert_close(seen.logits, last(seen.features).squeeze(1))


@pytest.mark.parametrize("name", [*GENERATORS, *DISCRIMINATORS])
def test_labels_that_do_not_fit_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="3 classes and was called without labels"):
        network(name)(inputs(name))
    with pytest.raises(ValueError, match="without classes and was called with labels"):
        network(name, classes=0)(inputs(name), LABELS)
    for wrong in (LABELS.int(), LABELS[:3], LABELS[:, None]):
        with pytest.raises(ValueError, match=r"expected int64 \(4,\)"):
            network(name)(inputs(name), wrong)
    with pytest.raises(ValueError, match="classes is -1"):
        network(name, classes=-1)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_options_that_exclude_each_other_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="auxiliary"):
        network(name, classes=0, auxiliary=True)
    with pytest.raises(ValueError, match="packing=1, or --no-conditional"):
        network(name, packing=2)
    with pytest.raises(ValueError, match="at least 1 sample"):
        network(name, classes=0, packing=0)


@pytest.mark.parametrize("name", [*GENERATORS, *DISCRIMINATORS])
def test_without_classes_there_is_nothing_of_them_in_the_weights(name: str) -> None:
    plain, classed = network(name, classes=0).state_dict(), network(name).state_dict()
    assert not any("embedding" in key or "projection" in key or "classifier" in key for key in plain)
    assert name == "sngan-generator" or len(classed) > len(plain)


def test_class_norms_start_as_one_norm() -> None:
    """γ = 1, β = 0 for every class, so at the start all labels draw the same."""
    torch.manual_seed(0)
    make = SNGANGenerator(SHAPE, 5, width=4, widest=8, classes=CLASSES).double().eval()
    a, b, *_ = make(inputs("sngan-generator"), LABELS)
    torch.testing.assert_close(a, b)
