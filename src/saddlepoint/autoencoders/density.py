"""A density fitted to codes, as a map from standard normal latents, so that it is a part of the generator."""

import warnings

import torch
from torch import Tensor, nn

#: Added to every variance, as a share of the mean one: codes may lie in a plane, or at one place.
RIDGE = 1e-6


class Density(nn.Module):
    """A mixture of Gaussians Σ_c w_c N(m_c, L_c L_cᵀ), drawn from by transporting z ~ N(0, I).

        u = Φ(z_1) lies in [W_{c−1}, W_c) with probability w_c and so chooses c; there (u − W_{c−1})/w_c is uniform
        again, z_1' = Φ⁻¹ of it is normal again, and the code is m_c + L_c z'.

    Before it is fitted it is the identity's: every component is standard normal.

    Args:
        size: numbers in a code.
        components: of the mixture.

    >>> density = Density(size=3, components=2)
    >>> density(torch.zeros(5, 3)).shape
    torch.Size([5, 3])
    """

    weights: Tensor
    means: Tensor
    factors: Tensor

    def __init__(self, size: int, components: int) -> None:
        super().__init__()
        self.register_buffer("weights", torch.full((components,), 1 / components, dtype=torch.float64))
        self.register_buffer("means", torch.zeros(components, size, dtype=torch.float64))
        self.register_buffer("factors", torch.eye(size, dtype=torch.float64).repeat(components, 1, 1))

    @torch.no_grad()
    def fit(self, codes: Tensor, seed: int = 0) -> None:
        """Fit to codes (N, size) by expectation maximisation; codes that are not finite leave it as it is.

        Raises:
            ValueError: fewer codes than components.
        """
        # Here, as drawing needs none of it.
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture

        components = len(self.weights)
        if len(codes) < max(2, components):
            raise ValueError(f"{len(codes)} codes can't be fitted by {components} components: give fewer components")
        codes = codes.double().cpu()
        if not codes.isfinite().all():
            return
        ridge = RIDGE * float(codes.var(0, correction=0).mean()) + 1e-12
        mixture = GaussianMixture(components, reg_covar=ridge, init_params="k-means++", random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture.fit(codes.numpy())
        self.weights.copy_(torch.from_numpy(mixture.weights_))
        self.means.copy_(torch.from_numpy(mixture.means_))
        self.factors.copy_(torch.linalg.cholesky(torch.from_numpy(mixture.covariances_)))

    def forward(self, latent: Tensor) -> Tensor:
        """Standard normal latents (N, size) → codes (N, size)."""
        z = latent.double()
        u, ends = torch.special.ndtr(z[:, 0]), self.weights.cumsum(0)
        chosen = torch.searchsorted(ends, u, right=True).clamp_max(len(ends) - 1)
        weights = self.weights[chosen]
        # No latent of double precision lies further out than 10⁻¹⁵, but rounding does.
        left = ((u - ends[chosen] + weights) / weights).clamp(1e-15, 1 - 1e-15)
        z = torch.cat([torch.special.ndtri(left)[:, None], z[:, 1:]], dim=1)
        codes = self.means[chosen] + torch.einsum("nij,nj->ni", self.factors[chosen], z)
        return codes.to(latent.dtype)


class ThroughDensity(nn.Module):
    """A decoder behind a density of its codes: a generator of standard normal latents.

    Args:
        decoder: (N, size), and labels (N,) where it has classes → (N, *shape).
        size: numbers in a code.
        components: of the density; classes share them, each at least one, as each has a density of its own.
        classes: of the decoder; 0 takes no labels.
    """

    def __init__(self, decoder: nn.Module, size: int, components: int, classes: int = 0) -> None:
        super().__init__()
        each = max(1, components // max(1, classes))
        self.decoder = decoder
        self.densities = nn.ModuleList(Density(size, each) for _ in range(max(1, classes)))

    def fit(self, codes: Tensor, labels: Tensor | None = None, seed: int = 0) -> None:
        """Fit to codes (N, size), those of each of the labels (N,) by themselves; a class of under two is left alone.

        Raises:
            ValueError: fewer codes than components.
        """
        for label, density in enumerate(self.densities):
            assert isinstance(density, Density)
            own = codes if labels is None else codes[labels == label]
            if labels is None or len(own) > 1:
                density.fit(own, seed)

    def forward(self, latent: Tensor, *labels: Tensor) -> Tensor:
        """(N, size), labels (N,) if any → (N, *shape)."""
        codes = self.densities[0](latent)
        for label, density in enumerate(self.densities[1:], 1):
            codes = torch.where((labels[0] == label)[:, None], density(latent), codes)
        samples: Tensor = self.decoder(codes, *labels)
        return samples
