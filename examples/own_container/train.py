"""A training job by SageMaker's contract alone: a logistic regression in NumPy, kept as JSON."""

import csv
import json
import os
import sys
from pathlib import Path

import numpy as np

ML = Path(os.environ.get("SM_BASE_DIR", "/opt/ml"))  # a rehearsal without Docker names another folder
TARGET = "Revenue"
NUMBERS = ["PageValues", "ExitRates", "BounceRates", "ProductRelated"]
LABELS = ["Month", "VisitorType"]


def read(channel):
    with (ML / "input/data" / channel / "data.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def matrix(rows, model):
    numbers = np.array([[float(row[name] or 0) for name in NUMBERS] for row in rows])
    scaled = (np.log1p(numbers) - model["mean"]) / model["std"]
    labels = [[row[name] == value for name, values in model["labels"].items() for value in values] for row in rows]
    return np.hstack([np.ones((len(rows), 1)), scaled, np.array(labels, dtype=float)])


def auc(target, scores):
    ranks = np.argsort(np.argsort(scores, kind="stable"), kind="stable") + 1
    positives = target.sum()
    return (ranks[target == 1].sum() - positives * (positives + 1) / 2) / (positives * (len(target) - positives))


def train():
    given = json.loads((ML / "input/config/hyperparameters.json").read_text(encoding="utf-8"))
    rows, penalty = read("train"), float(given.get("penalty", 1.0))
    numbers = np.log1p([[float(row[name] or 0) for name in NUMBERS] for row in rows])
    labels = {name: sorted({row[name] for row in rows}) for name in LABELS}
    model = {"mean": numbers.mean(axis=0).tolist(), "std": (numbers.std(axis=0) + 1e-9).tolist(), "labels": labels}
    features, target = matrix(rows, model), np.array([float(row[TARGET]) for row in rows])
    weights = np.zeros(features.shape[1])
    for _ in range(15):  # Newton's method
        scores = 1 / (1 + np.exp(-features @ weights))
        gradient = features.T @ (scores - target) + penalty * weights
        curvature = (features.T * (scores * (1 - scores))) @ features + penalty * np.eye(len(weights))
        weights -= np.linalg.solve(curvature, gradient)
    validation = read("validation")
    measured = auc(np.array([float(row[TARGET]) for row in validation]), matrix(validation, model) @ weights)
    sys.stdout.write(f"validation auc is {measured:.6f}\n")
    (ML / "model/model.json").write_text(json.dumps(model | {"weights": weights.tolist()}), encoding="utf-8")
