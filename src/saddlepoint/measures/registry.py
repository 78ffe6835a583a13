"""All measures that the package knows. One line is all that a new one takes."""

from saddlepoint.measures.measure import Measure

#: By name. `Measure.of` makes those of a family: `frechet_digits`, `bleu_3`.
MEASURES: dict[str, Measure] = {
    each.name: each
    for each in (
        # Sets of features
        Measure("frechet", "Fréchet distance of features (FID is that of Inception's)", "lower"),
        Measure("frechet_infinity", "Fréchet distance, extrapolated to infinitely many generated samples", "lower"),
        Measure("kernel", "kernel distance (KID), unbiased", "lower"),
        Measure("pixel_frechet", "Fréchet distance of images averaged to 8x8; can't see blur or texture", "lower"),
        Measure("pixel_kernel", "kernel distance of images averaged to 8x8; can't see blur or texture", "lower"),
        Measure("frechet_patches", "Fréchet distance of 8x8 patches; can't see how things lie farther apart", "lower"),
        Measure("precision", "share of generated samples inside the real support", "higher"),
        Measure("recall", "share of real samples inside the generated support", "higher"),
        Measure("density", "precision that no outlier spoils; may exceed 1", "higher"),
        Measure("coverage", "share of real samples with a generated one near by", "higher"),
        Measure("inception_score", "certainty on each sample against variety over all", "higher"),
        Measure("modes", "modes or classes with at least one sample", "higher"),
        Measure("class_kl", "divergence of the classes' shares from those of the data", "lower", unit="nats"),
        Measure("uniform_kl", "divergence of the classes' shares from equal ones", "lower", unit="nats"),
        Measure(
            "nearer_to_training",
            "how often a generated sample is nearer to the training set than a held-out one",
            "target",
            target=0.5,
        ),
        Measure("copying_z", "the same as a z score; far below 0 is copying", "none"),
        Measure("support", "size of the generator's support, from near-duplicates", "higher"),
        Measure("support_of_real", "size of the data's support, from near-duplicates", "none"),
        Measure("sliced_wasserstein", "transport between pixels along random directions, in [0, 1]", "lower"),
        # Images against images
        Measure("l1", "mean absolute error, in [0, 1]", "lower"),
        Measure("psnr", "peak signal-to-noise ratio", "higher", unit="dB"),
        Measure("ssim", "structural similarity", "higher"),
        Measure("ms_ssim", "structural similarity over five scales", "higher"),
        Measure("sharpness", "sharpness of edges over that of the targets", "target", target=1.0),
        Measure("spectrum", "distance between radial spectra", "lower"),
        Measure("consistency", "error of the result, degraded again, against the input, in [0, 1]", "lower"),
        Measure("reconstruction", "root mean square error of the reconstruction, in [0, 1]", "lower"),
        # Points
        Measure("reverse_kl", "divergence of the shares of modes from equal ones", "lower", unit="nats"),
        Measure("high_quality", "share of points within three deviations of a mode", "higher"),
        # Tables and series
        Measure("table_distance", "1 − the mean likeness of columns and of pairs of columns", "lower"),
        Measure("series_distance", "mean of 1 − likeness of columns, and of differences of correlations", "lower"),
        Measure("columns", "likeness of the columns' distributions", "higher"),
        Measure("pairs", "likeness of the distributions of pairs of columns", "higher"),
        Measure("detection", "AUC of trees that tell generated from real", "target", target=0.5),
        Measure("utility_f1", "F1 on real rows of models trained on generated ones", "higher"),
        Measure("utility_auc", "AUC on real rows of models trained on generated ones", "higher"),
        Measure("utility_r2", "R² on real rows of models trained on generated ones", "higher"),
        Measure("nearest_distance", "distance to the nearest training row", "none"),
        Measure("rules", "share of rows that keep all rules between columns", "higher"),
        Measure("copies", "share of rows that are copies of training rows", "lower"),
        Measure("copied_values", "share of values in identifying columns that stand in the training rows", "lower"),
        Measure("singling_out", "risk that made rows single a person of the training rows out", "lower"),
        Measure("linkability", "risk that made rows link what is known of a person in two places", "lower"),
        Measure("inference", "risk that made rows tell an unknown attribute of a person", "lower"),
        Measure("discriminative", "how far a trained network is from guessing, |accuracy − ½|", "lower"),
        Measure("predictive", "error on real windows of a forecaster trained on generated ones", "lower"),
        Measure("correlation", "difference of correlations between columns", "lower"),
        Measure("autocorrelation", "difference of correlations in time", "lower"),
        Measure("step_autocorrelation", "difference of correlations in time, of steps", "lower"),
        # Text
        Measure("bleu", "share of phrases that stand in the references", "higher"),
        Measure("self_bleu", "likeness of generated texts among each other", "lower"),
        Measure("ngram_kl", "divergence between distributions of n-grams", "lower", unit="nats"),
        Measure("nll", "negative log-likelihood of held-out texts", "lower", unit="nats a token"),
        Measure("distinct", "share of different texts", "higher"),
        Measure("regular_lines", "share of lines of verse that have the right length", "higher"),
        Measure("phrases", "share of runs of tokens that stand in training texts", "higher"),
        Measure("copied", "share of texts that stand in the training set", "none"),
        Measure("valid", "share of words that stand in training or held-out texts", "higher"),
        Measure("novel", "share of words that stand in no training text", "none"),
        Measure("found", "share of words that stand in held-out texts alone", "none"),
        # Sounds
        Measure("mel_l1", "mean absolute difference of log-mels", "lower", unit="nats"),
        Measure("stft", "spectral convergence and distance of log-magnitudes together", "lower"),
        Measure("stft_convergence", "spectral convergence", "lower"),
        Measure("stft_log", "distance of log-magnitudes", "lower", unit="nats"),
        Measure("lsd", "log-spectral distance", "lower", unit="dB"),
        Measure("real_time", "seconds of sound a second of the clock", "higher"),
        # Games in closed form
        Measure("distance", "distance to the solution", "lower"),
    )
}


def measure(name: str) -> Measure:
    """A registered measure.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in MEASURES:
        raise ValueError(
            f"no measure is registered under the name {name!r}: add one line to saddlepoint/measures/registry.py, "
            "or make Number(Measure(name, summary, direction), value)"
        )
    return MEASURES[name]
