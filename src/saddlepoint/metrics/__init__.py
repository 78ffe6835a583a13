"""How good a generator is: functions of feature arrays or of images, NumPy or torch in, float64 inside.

One number comes back as a float, several as a frozen dataclass. Real features come first, except where the question is
asked of the generated rows. Sets are read in blocks, so that 50,000 x 2,048 float32 features need few hundred MB
beyond their own.
"""

from saddlepoint.metrics.density_coverage import DensityCoverage, density_coverage
from saddlepoint.metrics.duplicates import Duplicates, birthday_duplicates
from saddlepoint.metrics.features import Features
from saddlepoint.metrics.frechet import frechet_distance, frechet_from_moments
from saddlepoint.metrics.inception import InceptionScore, inception_score
from saddlepoint.metrics.infinity import FrechetAtInfinity, frechet_at_infinity
from saddlepoint.metrics.kernel import KernelDistance, kernel_distance, squared_mmd
from saddlepoint.metrics.memorisation import Memorisation, are_copies, memorisation, memorised
from saddlepoint.metrics.modes import ModeCoverage, mode_coverage
from saddlepoint.metrics.moments import Moments
from saddlepoint.metrics.neighbours import Neighbours, nearest_neighbours, nearest_others
from saddlepoint.metrics.patches import patch_moments, patches
from saddlepoint.metrics.precision_recall import PrecisionRecall, precision_recall
from saddlepoint.metrics.psnr import psnr
from saddlepoint.metrics.pyramid import PyramidDistance, pyramid_distance
from saddlepoint.metrics.series import (
    autocorrelation_difference,
    autocorrelations,
    cross_correlation_difference,
    discriminative_scores,
    marginal_similarities,
    predictive_scores,
    unit_range,
)
from saddlepoint.metrics.sharpness import edge_sharpness
from saddlepoint.metrics.sliced import sliced_wasserstein
from saddlepoint.metrics.sound import StftDistance, log_spectral_distance, mel_distance, stft_distance
from saddlepoint.metrics.spectrum import radial_spectrum, spectrum_distance
from saddlepoint.metrics.ssim import ms_ssim, ssim
from saddlepoint.metrics.support import Support
from saddlepoint.metrics.table_attacks import Attacks, Risk, attacks
from saddlepoint.metrics.table_models import Utility, detection_auc, utility
from saddlepoint.metrics.table_privacy import Privacy, privacy
from saddlepoint.metrics.tables import (
    TableColumn,
    column_pair_trends,
    column_shapes,
    column_similarities,
    column_similarity,
    pair_similarities,
)
from saddlepoint.metrics.text import (
    KnownPhrases,
    Words,
    bleu,
    copied,
    distinct,
    line_forms,
    lines_of,
    ngram_kl,
    regular_lines,
    self_bleu,
    words,
)

__all__ = [
    "Attacks",
    "DensityCoverage",
    "Duplicates",
    "Features",
    "FrechetAtInfinity",
    "InceptionScore",
    "KernelDistance",
    "KnownPhrases",
    "Memorisation",
    "ModeCoverage",
    "Moments",
    "Neighbours",
    "PrecisionRecall",
    "Privacy",
    "PyramidDistance",
    "Risk",
    "StftDistance",
    "Support",
    "TableColumn",
    "Utility",
    "Words",
    "are_copies",
    "attacks",
    "autocorrelation_difference",
    "autocorrelations",
    "birthday_duplicates",
    "bleu",
    "column_pair_trends",
    "column_shapes",
    "column_similarities",
    "column_similarity",
    "copied",
    "cross_correlation_difference",
    "density_coverage",
    "detection_auc",
    "discriminative_scores",
    "distinct",
    "edge_sharpness",
    "frechet_at_infinity",
    "frechet_distance",
    "frechet_from_moments",
    "inception_score",
    "kernel_distance",
    "line_forms",
    "lines_of",
    "log_spectral_distance",
    "marginal_similarities",
    "mel_distance",
    "memorisation",
    "memorised",
    "mode_coverage",
    "ms_ssim",
    "nearest_neighbours",
    "nearest_others",
    "ngram_kl",
    "pair_similarities",
    "patch_moments",
    "patches",
    "precision_recall",
    "predictive_scores",
    "privacy",
    "psnr",
    "pyramid_distance",
    "radial_spectrum",
    "regular_lines",
    "self_bleu",
    "sliced_wasserstein",
    "spectrum_distance",
    "squared_mmd",
    "ssim",
    "stft_distance",
    "unit_range",
    "utility",
    "words",
]
