"""The methods of the recipe and their options, as the container takes them.

`tests/contract/test_features.py` compares names, options and defaults.
"""

from collections.abc import Mapping

from slipway.settings.feature_lists import AscendingNumbers, DistinctTexts, Text, bin_label_errors
from slipway.settings.feature_options import Flag, Method, Only, Option, Stage
from slipway.settings.feature_texts import PowerOfTwo, ngram_errors
from slipway.settings.hyperparameters import Bounds, Choice

NATIVE = "native"
_BINS: Mapping[str, Option] = {
    "bins": Bounds(5, 2, 100, whole=True),
    "output": Choice("ordinal", ("ordinal", "one_hot")),
}
_TREAT = Choice("cap", ("cap", "drop", "impute", "transform"))
_DROP_ROWS = Only("drop", ("drop",), "its outliers are whole rows, of which no value can be changed")
_SHARE: Mapping[str, Option] = {"share": Bounds(0.01, 0.0001, 0.5), "treat": _DROP_ROWS}
NUMBER_STAGES: Mapping[str, Stage] = {
    "missing": Stage(
        {
            "median": Method("the median of the training rows"),
            "mean": Method("the mean of the training rows"),
            "most_frequent": Method("the value that most training rows have; of several the least one"),
            "constant": Method("one number for all columns", {"value": Bounds(0, -1e30, 1e30)}),
            NATIVE: Method("missing values reach the algorithm; refused with one that takes none"),
        },
        "missing values reach the algorithm: trees take them, others put the median in their place",
    ),
    "outliers": Stage(
        {
            "iqr": Method(
                "beyond so many interquartile ranges below the first quartile or above the third, as in a box plot",
                {"factor": Bounds(1.5, 0, 1000), "treat": _TREAT},
            ),
            "z_score": Method(
                "more than so many standard deviations from the mean",
                {"factor": Bounds(3, 0, 1000), "treat": _TREAT},
            ),
            "robust_z": Method(
                "more than so many standard deviations from the median, estimated by the median absolute deviation",
                {"factor": Bounds(3.5, 0, 1000), "treat": _TREAT},
            ),
            "dbscan": Method(
                "rows in no cluster: with fewer rows in reach than `neighbors`, itself among them, and in reach of no "
                "row that has as many; `radius` is in standard deviations a column; at most 20,000 training rows",
                {"radius": Bounds(1, 0.01, 100), "neighbors": Bounds(5, 2, 1000, whole=True), "treat": _DROP_ROWS},
            ),
            "isolation_forest": Method("the share of rows that random splits isolate soonest", _SHARE),
            "local_outlier_factor": Method(
                "the share of rows with fewer rows near them than their neighbors have",
                {**_SHARE, "neighbors": Bounds(20, 2, 1000, whole=True)},
            ),
            "elliptic_envelope": Method(
                "the share of rows farthest from the others by a robust covariance, as of one normal distribution",
                _SHARE,
            ),
            "one_class_svm": Method(
                "about the share of rows outside of a boundary around the others; at most 20,000 training rows",
                _SHARE,
            ),
        },
        "outliers stay",
        key="detect",
    ),
    "transform": Stage(
        {
            "log": Method("the natural logarithm; values must be above 0"),
            "log1p": Method("the logarithm of 1 + x, for amounts and counts; values must be above -1"),
            "square_root": Method("the square root; values must be 0 or more"),
            "cube_root": Method("the cube root, of either sign"),
            "square": Method("the square"),
            "cube": Method("the cube"),
            "reciprocal": Method("1 / x; values must not be 0"),
            "exponential": Method("e to the power of x; values must be at most 88"),
            "power": Method(
                "x to a power; values must be 0 or more where it is no whole number, and not 0 where it is below 0",
                {"exponent": Bounds(2, -10, 10)},
            ),
            "yeo_johnson": Method("the power that makes the distribution most like a normal one; of any sign"),
            "quantile": Method(
                "the share of training rows below the value, by so many quantiles; or the normal distribution's value",
                {
                    "quantiles": Bounds(100, 2, 1000, whole=True),
                    "output": Choice("uniform", ("uniform", "normal")),
                },
            ),
        },
        "values stay",
    ),
    "bins": Stage(
        {
            "edges": Method(
                "between the inner edges given, such as age bands: a value on an edge is in the bin above it; labels, "
                "one more than edges, name the columns of 0 and 1",
                {"edges": AscendingNumbers(), "labels": DistinctTexts(()), "output": _BINS["output"]},
                together=bin_label_errors,
            ),
            "equal_width": Method("of one width between the least value in training and the greatest", _BINS),
            "quantile": Method("of as many training rows each", _BINS),
            "k_means": Method("around the centres that k-means finds in training", _BINS),
        },
        "values stay",
    ),
    "scale": Stage(
        {
            "standard": Method("a mean of 0 and a standard deviation of 1"),
            "min_max": Method("from 0, the least value in training, to 1, the greatest"),
            "max_abs": Method("1 or -1 is the value farthest from 0 in training; 0 stays 0"),
            "robust": Method(
                "a median of 0, and a range of 1 of the middle rows: outliers move neither",
                {"middle_percent": Bounds(50, 1, 100)},
            ),
            "normalise": Method(
                "a length of 1 of a row's numbers, over all columns with this method, norm and group; a missing value "
                "stays so, and counts as 0",
                {"norm": Choice("l2", ("l2", "l1", "max")), "group": Text()},
            ),
            "none": Method("values stay, also for algorithms that standardise them where nothing is given"),
        },
        "linear models, neural networks and k-means standardise by themselves; trees need no scale",
    ),
}
_FOLDS = Bounds(5, 2, 20, whole=True)
CATEGORY_STAGES: Mapping[str, Stage] = {
    "encode": Stage(
        {
            "one_hot": Method(
                "a column of 0 and 1 each; rare ones share one",
                {"max_categories": Bounds(100, 2, 1000, whole=True), "rare_rows": Bounds(1, 1, 100_000, whole=True)},
            ),
            "similar": Method(
                "a column of 0 and 1 a group of categories with similar targets: the most similar two become one "
                "until so many groups are left or, where `groups` is not given, any two differ significantly; those of "
                "fewer rows are one from the start, which unknown ones get",
                {
                    "significance": Bounds(0.05, 1e-9, 1),
                    "groups": Bounds(None, 2, 100, whole=True),
                    "rare_rows": Bounds(20, 1, 100_000, whole=True),
                    "folds": _FOLDS,
                },
                needs_target=True,
            ),
            "ordinal": Method(
                "the place in an order that is given, from 0 on; one number for missing, rare and unknown ones",
                {"order": DistinctTexts(), "other": Bounds(-1, -1e30, 1e30)},
            ),
            "target_rank": Method(
                "the place in the order of the mean target, from 0 on; for training rows by other rows",
                {"folds": _FOLDS},
                needs_target=True,
            ),
            "target": Method(
                "the mean target of the category, or the share of each class; for training rows that of other rows",
                {"folds": _FOLDS},
                needs_target=True,
            ),
            "frequency": Method("the share of the training rows that has the category; 0 for unknown ones"),
        },
        "codes in the order of the mean target reach the algorithm: trees split by them, others make columns of 0/1",
    ),
}
TEXT_STAGES: Mapping[str, Stage] = {
    "vectorise": Stage(
        {
            "hashed_ngrams": Method(
                "counts of words and of pairs of words, or of runs of 3 to 5 characters, each added to or taken from "
                "one of so many buckets, which a hash chooses; of a text so many `characters` are read, in Unicode's "
                "NFKC; `weight` log makes log(1 + count) of a count, `idf` gives rare buckets more weight, and `norm` "
                "l2 gives all texts one length",
                {
                    "buckets": PowerOfTwo(256, 16, 512),
                    "ngrams": Choice("words", ("words", "characters")),
                    "shortest": Bounds(None, 1, 8, whole=True),
                    "longest": Bounds(None, 1, 8, whole=True),
                    "fold_case": Flag(default=True),
                    "characters": Bounds(2000, 1, 20_000, whole=True),
                    "weight": Choice("log", ("log", "count")),
                    "idf": Flag(default=False),
                    "norm": Choice("l2", ("l2", "none")),
                },
                together=ngram_errors,
            ),
        },
        "`hashed_ngrams` with its defaults; with `none` only the number of characters reaches the algorithm",
    ),
}
_K = Bounds(20, 1, 10_000, whole=True)
SELECTION = Stage(
    {
        "variance": Method("columns whose variance is greater", {"above": Bounds(0, 0, 1e30)}),
        "correlation": Method("of columns that correlate by more, the first one", {"above": Bounds(0.95, 0, 1)}),
        "k_best": Method(
            "the columns with the highest score, each by itself: F statistic or mutual information",
            {"k": _K, "score": Choice("f", ("f", "mutual_information"))},
            needs_target=True,
        ),
        "model": Method("the columns that a forest of extremely random trees uses most", {"k": _K}, needs_target=True),
    },
    "every column stays",
)
_COMPONENTS: Mapping[str, Option] = {"components": Bounds(10, 1, 1000, whole=True), "keep": Flag(default=False)}
EXTRACTION: Mapping[str, Method] = {
    "polynomial": Method(
        "the products of up to so many numbers, beside them; with `interactions` of different ones only",
        {"degree": Bounds(2, 2, 4, whole=True), "interactions": Flag(default=False)},
    ),
    "pca": Method("principal components in the place of the numbers, or beside them", _COMPONENTS),
    "svd": Method("singular vectors of the numbers around 0, in their place or beside them", _COMPONENTS),
}
"""In the order in which they are applied."""
