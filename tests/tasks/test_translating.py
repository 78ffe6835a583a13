"""Losses of translators: closed forms, who is asked when, and what a replay buffer shows."""

import pytest
import torch
from saddlepoint.tasks.contrast import Contrasted, ContrastLosses, contrast
from saddlepoint.tasks.cycle import BACKWARD, ONWARD, SOURCE, TARGET, CycleLosses, NetworkGroup, ReplayBuffer
from saddlepoint.tasks.translating import TranslationLosses, with_context
from torch import nn

from saddlepoint.components.content import Reconstruction
from saddlepoint.core.randomness import seeded
from saddlepoint.data.pair_stream import PairBatch
from saddlepoint.losses import least_squares, non_saturating, relativistic
from saddlepoint.networks import DiscriminatorOutput, ResidualTranslator
from saddlepoint.penalties import R1, R2, LeCam


class Scaled(nn.Module):
    """x ↦ w x."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.calls = 0

    def forward(self, images):
        self.calls += 1
        return self.weight * images


class Summed(nn.Module):
    """Images ↦ v times the sum of each channel's mean, channel c counted 10^c times; its layers are the means."""

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.calls = 0

    def forward(self, images, labels=None, detailed=False):
        self.calls += 1
        means = self.weight * images.mean((2, 3))
        logits = (means * 10.0 ** torch.arange(images.shape[1])).sum(1)
        return DiscriminatorOutput(logits, None, means, (means,)) if detailed else logits


def batch(source: float = 1.0, target: float = 3.0, **more) -> PairBatch:
    def images(level):
        return torch.full((2, 1, 2, 2), level)

    return PairBatch(images(source), images(target), torch.zeros(2, 1, 1, 1), **more)


def players(generator: float = 2.0) -> dict[str, nn.Module]:
    return {"generator": Scaled(generator), "discriminator": Summed()}


BOTH = ("generator", "discriminator")


def test_both_losses_are_the_sums_that_they_are_said_to_be() -> None:
    losses = TranslationLosses(
        least_squares(), (R1(weight=0.5),), (Reconstruction(weight=7.0),), adversarial=2.0, matching=3.0
    )
    found = losses(players(), batch(), BOTH)
    # D(x, y) = 1 + 30, D(x, G(x)) = 1 + 20; layers differ by 0 and 1, in the mean by ½.
    plain = least_squares()
    real, made = torch.full((2,), 31.0), torch.full((2,), 21.0)
    expected = 7.0 * 1.0 + 2.0 * plain.generator(None, made) + 3.0 * 0.5
    torch.testing.assert_close(found["generator"], expected)
    # ∂D/∂y is 10/4 at each of 4 pixels: the penalty differentiates in the target alone.
    torch.testing.assert_close(found["discriminator"], plain.discriminator(real, made) + 0.25 * 4 * 2.5**2)


def test_a_discriminator_that_is_not_conditioned_sees_the_target_alone() -> None:
    losses = TranslationLosses(least_squares(), conditional=False)
    found = losses(players(), batch(), ("generator",))
    torch.testing.assert_close(found["generator"], least_squares().generator(None, torch.full((2,), 2.0)))


def test_alone_the_generator_has_its_content_losses_and_nobody_is_asked() -> None:
    game = players()
    losses = TranslationLosses(relativistic(), (R1(), R2()), (Reconstruction(weight=7.0),), matching=1.0)
    found = losses(game, batch(alone=True, adversarial=torch.tensor(0.0)), ("generator",))
    assert float(found["generator"].detach()) == 7.0
    assert game["discriminator"].calls == 0


def test_the_factor_is_on_all_that_the_adversary_says() -> None:
    losses = TranslationLosses(least_squares(), (), (Reconstruction(weight=7.0),), matching=3.0)
    values = [
        float(losses(players(), batch(adversarial=torch.tensor(factor)), ("generator",))["generator"].detach())
        for factor in (0.0, 1.0, 2.0)
    ]
    assert values[0] == 7.0
    assert values[2] - values[1] == pytest.approx(values[1] - values[0])
    assert values[1] > values[0]


def test_real_images_are_not_judged_where_nobody_asks() -> None:
    for loss, calls in ((non_saturating(), 1), (relativistic(), 2)):
        game = players()
        TranslationLosses(loss)(game, batch(), ("generator",))
        assert game["discriminator"].calls == calls


def test_gradients_are_of_each_player_alone_and_joint_equals_single() -> None:
    losses = TranslationLosses(relativistic(), (R1(), R2()), (Reconstruction(),), matching=1.0)
    game = players()
    joint = losses(game, batch(), BOTH)
    for name in BOTH:
        alone = losses(game, batch(), (name,))
        assert list(alone) == [name]
        torch.testing.assert_close(alone[name], joint[name])


def test_a_smaller_input_is_enlarged_beside_its_target() -> None:
    source, target = torch.rand(1, 3, 4, 4), torch.rand(1, 1, 8, 8)
    assert with_context(source, target).shape == (1, 4, 8, 8)
    assert with_context(None, target) is target


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing to learn from"):
        TranslationLosses(relativistic(), adversarial=0.0)
    with pytest.raises(ValueError, match="alone with nothing to be like"):
        TranslationLosses(relativistic())(players(), batch(alone=True), ("generator",))
    with pytest.raises(ValueError, match="weight is -1"):
        Reconstruction(weight=-1.0)


# --- without pairs ------------------------------------------------------------------------------------


def cyclic(onward: float, backward: float) -> dict[str, nn.Module]:
    return {
        "generator": NetworkGroup({ONWARD: Scaled(onward), BACKWARD: Scaled(backward)}),
        "discriminator": NetworkGroup({TARGET: Summed(1.0), SOURCE: Summed(2.0)}),
    }


def test_a_cycle_adds_both_ways_both_judges_and_what_comes_back() -> None:
    losses = CycleLosses(least_squares(), (), Reconstruction(10.0), Reconstruction(5.0), adversarial=2.0)
    found = losses(cyclic(2.0, 0.25), batch(1.0, 3.0), BOTH)
    plain = least_squares()

    def logits(level):
        return torch.full((2,), level)

    # G(1) = 2, F(3) = .75; F(G(1)) = .5, G(F(3)) = 1.5; G(3) = 6, F(1) = .25.
    judged = plain.generator(None, logits(2.0)) + plain.generator(None, logits(2 * 0.75))
    torch.testing.assert_close(found["generator"], 2 * judged + 10 * (0.5 + 1.5) + 5 * (3.0 + 0.75))
    expected = plain.discriminator(logits(3.0), logits(2.0)) + plain.discriminator(logits(2.0), logits(1.5))
    torch.testing.assert_close(found["discriminator"], expected)


def test_an_inverse_costs_nothing_on_the_way_back() -> None:
    losses = CycleLosses(least_squares(), (), Reconstruction(10.0), adversarial=0.0)
    assert float(losses(cyclic(2.0, 0.5), batch(), ("generator",))["generator"].detach()) == 0.0


def test_a_penalty_with_a_memory_is_refused_in_a_cycle() -> None:
    with pytest.raises(ValueError, match="a cycle has two"):
        CycleLosses(least_squares(), (LeCam(),), Reconstruction(10.0))


def test_a_replay_buffer_is_filled_first_and_then_gives_half_of_what_it_holds() -> None:
    buffer = ReplayBuffer(6, (1,))
    with seeded(0):
        first = torch.arange(4.0)[:, None]
        assert buffer(first).equal(first)
        shown = buffer(torch.arange(4.0, 8.0)[:, None])
    assert shown[:2].flatten().tolist() == [4.0, 5.0]  # there was room for two more
    assert int(buffer.count) == 6
    old, seen = 0, 8
    with seeded(1):
        for _ in range(200):
            new = torch.arange(float(seen), seen + 4.0)[:, None]
            kept = set(buffer.images.flatten().tolist())
            shown = buffer(new).flatten().tolist()
            seen += 4
            # What is shown is new, or was kept and has made room for a new one.
            assert all(x in kept or x >= seen - 4 for x in shown)
            swapped = {x for x in shown if x < seen - 4}
            assert len(swapped) == sum(x < seen - 4 for x in shown)
            assert kept - set(buffer.images.flatten().tolist()) == swapped
            old += len(swapped)
    assert 0.4 < old / 800 < 0.6


def test_a_replay_buffer_draws_nothing_but_what_the_seed_says_and_keeps_the_graph() -> None:
    shown = []
    for _ in range(2):
        buffer = ReplayBuffer(3, (1,))
        with seeded(5):
            for k in range(5):
                images = torch.full((2, 1), float(k), requires_grad=True)
                shown.append(buffer(images))
        assert shown[-1].requires_grad
    for first, second in zip(shown[:5], shown[5:], strict=True):
        assert first.equal(second)


def test_codes_that_tell_places_cost_nothing_and_equal_ones_the_log_of_their_number() -> None:
    orthogonal = torch.eye(8)[None]
    assert float(contrast(orthogonal, orthogonal, 0.01)) < 1e-6
    same = torch.ones(2, 8, 3)
    assert float(contrast(same, same, 0.07)) == pytest.approx(torch.log(torch.tensor(8.0)).item())
    shuffled = orthogonal[:, torch.arange(7, -1, -1)]
    assert float(contrast(orthogonal, shuffled, 0.1)) == pytest.approx(10.0, abs=1e-2)


def test_contrast_dials_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 patches"):
        ContrastLosses(relativistic(), layers=1, patches=1)


def test_codes_are_of_length_1_of_every_layer_and_tell_an_image_from_another() -> None:
    torch.manual_seed(0)
    translator = ResidualTranslator((1, 16, 16), (1, 16, 16), width=4, blocks=4)
    contrasted = Contrasted(translator, width=8)
    images = torch.rand(2, 1, 18, 14)
    layers = translator.encoded(images)
    assert tuple(layer.shape[1] for layer in layers) == translator.encoded_channels == (4, 8, 16, 16)
    assert [tuple(layer.shape[2:]) for layer in layers] == [(20, 16), (10, 8), (5, 4), (5, 4)]
    assert contrasted(images).equal(translator(images))
    places = torch.rand(4, 6)
    codes = contrasted(images, places)
    for code in codes:
        assert code.shape == (2, 6, 8)
        torch.testing.assert_close(code.norm(dim=2), torch.ones(2, 6))
    other = contrasted(images.flip(0), places)
    for code, flipped in zip(codes, other, strict=True):
        torch.testing.assert_close(code.flip(0), flipped)


def test_contrast_adds_both_terms_to_what_the_adversary_says() -> None:
    torch.manual_seed(0)
    game = {
        "generator": Contrasted(ResidualTranslator((1, 16, 16), (1, 16, 16), width=4, blocks=2), width=8),
        "discriminator": Summed(),
    }
    images = PairBatch(torch.rand(2, 1, 16, 16), torch.rand(2, 1, 16, 16), torch.zeros(2, 1, 1, 1))

    def loss(**dials):
        with seeded(3):
            losses = ContrastLosses(least_squares(), layers=len(game["generator"].heads), patches=8, **dials)
            return float(losses(game, images, ("generator",))["generator"].detach())

    adversary = loss(weight=0.0, identity=False)
    made = game["generator"](images.source)
    assert adversary == pytest.approx(least_squares().generator(None, game["discriminator"](made)).item())
    one, two = loss(weight=1.0, identity=False) - adversary, loss(weight=2.0, identity=False) - adversary
    assert two == pytest.approx(2 * one)
    assert loss(weight=1.0, identity=True) - adversary > one
