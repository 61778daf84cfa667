"""Every method of the recipe by itself: seconds to fit, bytes of its nodes, and microseconds a row beside scikit-learn.

Usage: python -m benchmarks.recipe_methods [--rows 20000] [--only "scale"] [--json FILE]

The table is generated: ten skewed numbers, three columns of thirty categories, or a text of twenty words. The peer is
scikit-learn's own transformer, fitted on the same columns, one row at a time; methods without one have "-". Both get a
matrix of numbers: what reads a request's cells is in neither, but for a text, which both count. The recipe's time to
fit has the check of its nodes on all rows in it.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pandas as pd
from sklearn import decomposition, feature_selection, impute, preprocessing
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from pipeline_steps.algorithms.preprocessing import fit_preprocessing
from pipeline_steps.artifact.contract import encode_table
from pipeline_steps.features.fit import fit_columns
from pipeline_steps.features.text_column import TextColumn
from pipeline_steps.graphs.tensor_names import INPUT
from pipeline_steps.graphs.writer import GraphWriter
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.use_case import Column, Kind, UseCase
from slipway.settings.feature_methods import CATEGORY_STAGES, EXTRACTION, NUMBER_STAGES, SELECTION, TEXT_STAGES
from slipway.settings.feature_options import Stage

NUMBERS = tuple(f"number {place}" for place in range(10))
CATEGORIES = tuple(f"category {place}" for place in range(3))
VOCABULARY = tuple(f"{chr(97 + place % 26)}{place:x}word" for place in range(5000))
LEVELS = tuple(f"level {place:02}" for place in range(30))
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "bins edges": {"edges": [3.0, 10.0, 30.0]},
    "encode ordinal": {"order": LEVELS},
    "select k_best": {"k": 5},
    "select model": {"k": 5},
}
PEERS: Mapping[str, Callable[[], Any]] = {
    "missing median": lambda: impute.SimpleImputer(strategy="median"),
    "missing mean": lambda: impute.SimpleImputer(strategy="mean"),
    "missing most_frequent": lambda: impute.SimpleImputer(strategy="most_frequent"),
    "missing constant": lambda: impute.SimpleImputer(strategy="constant", fill_value=0.0),
    "transform yeo_johnson": lambda: preprocessing.PowerTransformer(standardize=False),
    "transform quantile": preprocessing.QuantileTransformer,
    "bins equal_width": lambda: _bins("uniform"),
    "bins quantile": lambda: _bins("quantile"),
    "bins k_means": lambda: _bins("kmeans"),
    "scale standard": preprocessing.StandardScaler,
    "scale min_max": preprocessing.MinMaxScaler,
    "scale max_abs": preprocessing.MaxAbsScaler,
    "scale robust": preprocessing.RobustScaler,
    "scale normalise": preprocessing.Normalizer,
    "encode one_hot": lambda: preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    "vectorise hashed_ngrams": lambda: make_pipeline(
        HashingVectorizer(n_features=256, ngram_range=(1, 2), norm=None, token_pattern=r"\w+"),  # noqa: S106 (a pattern of words)
        FunctionTransformer(lambda counts: counts.sign().multiply(counts.__abs__().log1p())),
        preprocessing.Normalizer(),
    ),
    "encode target": lambda: preprocessing.TargetEncoder(target_type="binary", random_state=0),
    "extract polynomial": lambda: preprocessing.PolynomialFeatures(2, include_bias=False),
    "extract pca": lambda: decomposition.PCA(10),
    "extract svd": lambda: decomposition.TruncatedSVD(10, random_state=0),
    "select variance": feature_selection.VarianceThreshold,
    "select k_best": lambda: feature_selection.SelectKBest(k=5),
}
_REPEATS = 300


@dataclass(frozen=True)
class MeasuredMethod:
    """One method on all columns of its kind."""

    method: str
    fit_seconds: float
    graph_bytes: int
    microseconds: float
    peer_fit_seconds: float | None
    peer_microseconds: float | None


def _bins(strategy: Any) -> Any:
    return preprocessing.KBinsDiscretizer(
        5, encode="ordinal", strategy=strategy, subsample=None, quantile_method="linear", random_state=0
    )


def methods() -> Iterator[tuple[str, dict[str, Any], Kind]]:
    """Give each method's name, its recipe, and what columns it is for."""
    stages: tuple[tuple[Mapping[str, Stage], str, Kind], ...] = (
        (NUMBER_STAGES, "numbers", "number"),
        (CATEGORY_STAGES, "categories", "category"),
        (TEXT_STAGES, "texts", "text"),
    )
    for tables, table, kind in stages:
        for stage, its in tables.items():
            for name in its.methods:
                yield f"{stage} {name}", {table: {stage: _given(stage, its, name)}}, kind
    for name in EXTRACTION:
        yield f"extract {name}", {"extract": {name: {}}}, "number"
    for name in SELECTION.methods:
        yield f"select {name}", {"select": _given("select", SELECTION, name)}, "number"


def _given(stage: str, its: Stage, name: str) -> dict[str, Any]:
    return {its.key: name, **OPTIONS.get(f"{stage} {name}", {})}


def make_table(rows: int, kind: Kind) -> tuple[pd.DataFrame, Any]:
    """Generate columns of one kind, positive numbers, categories or a text, and a target that depends on them."""
    generator = np.random.default_rng(0)
    if kind == "text":
        places = np.minimum(generator.zipf(1.3, (rows, 20)), len(VOCABULARY)) - 1
        texts = [" ".join(VOCABULARY[place] for place in row) for row in places.tolist()]
        return pd.DataFrame({"text": np.array(texts, dtype=object)}), (places % 7 == 3).any(axis=1).astype(float)
    if kind == "category":
        codes = generator.integers(0, len(LEVELS), (rows, len(CATEGORIES)))
        frame = pd.DataFrame(np.array(LEVELS, dtype=object)[codes], columns=list(CATEGORIES))
        return frame, (codes.sum(axis=1) + generator.normal(0, 15, rows) > codes.sum(axis=1).mean()).astype(float)
    values = np.minimum(generator.exponential(8, (rows, len(NUMBERS))) + 1, 80)
    target = (np.log(values).sum(axis=1) + generator.normal(0, 3, rows) > np.log(values).sum(axis=1).mean()).astype(
        float
    )
    return pd.DataFrame(values, columns=list(NUMBERS)), target


def measure(method: str, recipe: Mapping[str, Any], frame: pd.DataFrame, target: Any, *, kind: Kind) -> MeasuredMethod:
    """Fit a recipe and its peer, and time both on one row; of a text from the text on."""
    columns = tuple(Column(name, kind) for name in frame.columns)
    case = UseCase("binary", columns, "target", "", "yes", features=recipe, classes=("no", "yes"))
    problem = problem_named("binary")
    encoders = fit_columns(case, frame, problem.category_order(target))
    encoded = encode_table(encoders, frame)
    started = time.perf_counter()
    prepared = fit_preprocessing(case, problem, encoders, encoded, target, seed=0)
    seconds = time.perf_counter() - started
    plain = GraphWriter(len(prepared.names))
    empty = plain.write("plain", plain.features, output="matrix", width=len(prepared.names))
    graph = prepared.prepend(empty)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    row = encoded[:1]
    first, text = encoders[0], str(frame.iloc[0, 0])
    encode = (lambda: _encoded(first, text)) if isinstance(first, TextColumn) else (lambda: row)
    microseconds = _microseconds(lambda: session.run(None, {INPUT: encode()}))
    values = frame["text"].tolist() if kind == "text" else encoded.astype(np.float64)
    peer_seconds, peer_microseconds = _peer(method, values, target)
    return MeasuredMethod(method, seconds, len(graph) - len(empty), microseconds, peer_seconds, peer_microseconds)


def _encoded(column: TextColumn, text: str) -> Any:
    """A request's row of one text, as the server makes it."""
    return np.concatenate([np.array([[column.encode_text(text)]], np.float32), column.counts([text])], axis=1)


def _peer(method: str, values: Any, target: Any) -> tuple[float, float] | tuple[None, None]:
    if method not in PEERS:
        return None, None
    started = time.perf_counter()
    fitted = PEERS[method]().fit(values, target)
    seconds = time.perf_counter() - started
    row = values[:1]
    return seconds, _microseconds(lambda: fitted.transform(row))


def _microseconds(call: Callable[[], object]) -> float:
    """Give the median of single calls."""
    times = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return 1e6 * statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--only", help="methods whose stage and name begin so")
    parser.add_argument("--json", type=Path, help="write what was measured here")
    arguments = parser.parse_args()
    kinds: tuple[Kind, ...] = ("number", "category", "text")
    tables = {kind: make_table(arguments.rows, kind) for kind in kinds}
    found = []
    measure(
        "scale standard", {"numbers": {"scale": "standard"}}, *tables["number"], kind="number"
    )  # imports, first calls
    print(f"{'method':30}{'fit s':>8}{'bytes':>9}{'us a row':>10}{'peer fit s':>12}{'peer us a row':>15}")
    for method, recipe, kind in methods():
        if arguments.only and not method.startswith(arguments.only):
            continue
        one = measure(method, recipe, *tables[kind], kind=kind)
        found.append(one)
        peer = "-" if one.peer_microseconds is None else f"{one.peer_microseconds:.1f}"
        peer_fit = "-" if one.peer_fit_seconds is None else f"{one.peer_fit_seconds:.3f}"
        print(
            f"{method:30}{one.fit_seconds:>8.3f}{one.graph_bytes:>9}{one.microseconds:>10.1f}{peer_fit:>12}{peer:>15}"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n")


if __name__ == "__main__":
    main()
