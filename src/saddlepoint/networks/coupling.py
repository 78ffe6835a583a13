"""Where samples of a batch see each other inside a network."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from saddlepoint.networks.minibatch import MinibatchDeviation


def coupled_layers(network: nn.Module) -> list[str]:
    """The names of layers in which what comes of a sample depends on the others of its batch; none where it does not.

    They are batch norm with statistics of the batch, and the deviation over the minibatch. A loss of such a network is
    not the mean of the losses of a batch's parts, nor of the ranks' shares.

    >>> coupled_layers(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), MinibatchDeviation()))
    ['1', '2']
    """
    return [
        name
        for name, layer in network.named_modules()
        if isinstance(layer, MinibatchDeviation)
        or (isinstance(layer, _BatchNorm) and (layer.training or not layer.track_running_stats))
    ]
