"""prepare: the raw table becomes three splits and a profile of the training split."""

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline_steps.arguments import StepParser
from pipeline_steps.documents import read_json, sha256_of, the_one_file, write_json
from pipeline_steps.paths import Paths
from pipeline_steps.preparation.data_checks import data_findings
from pipeline_steps.preparation.split_table import describe, split_table
from pipeline_steps.tables.csv_table import write_table, write_target_first
from pipeline_steps.tables.raw_table import data_files, read_raw_table
from pipeline_steps.tables.use_case import FILE, UseCase

_FITTED = ("train", "validation")
"""The splits that training reads."""


def parser() -> StepParser:
    """The command line of `prepare`: the use case is an input."""
    made = StepParser("prepare")
    made.add_argument("--target-first", action="store_true", help="also write splits for built-in algorithms")
    return made


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step."""
    arguments = parser().parse_args(argv)
    given = UseCase.from_document(read_json(the_one_file(paths.processing_input("use_case"), "*.json")))
    sources = data_files(paths.processing_input("data"))
    raw, use_case = read_raw_table(sources, given)
    prepared = split_table(raw, use_case)
    profile_folder = paths.processing_output("profile")
    hashes = {"source": sha256_of_files(sources)}
    for name, table in prepared.splits.items():
        folder = paths.processing_output(name)
        write_table(folder / "data.csv", table, use_case.columns)
        write_json(folder / FILE, prepared.use_case.to_document())
        hashes[name] = sha256_of(folder / "data.csv")
        if arguments.target_first and name in _FITTED:
            builtin = paths.processing_output(f"{name}_target_first")
            write_target_first(builtin / "data.csv", table, str(use_case.target))
    write_json(profile_folder / FILE, prepared.use_case.to_document())
    profile = describe(raw, prepared, data_findings(raw, prepared))
    write_json(profile_folder / "profile.json", profile | {"sha256": hashes})
    sys.stdout.write(", ".join(f"{count} {name}" for name, count in profile["rows"].items()) + " rows\n")
    sys.stdout.writelines(f"{remark}\n" for remark in profile["remarks"])


def sha256_of_files(files: Sequence[Path]) -> str:
    """Hash one file, or else the hashes of several in order."""
    if len(files) == 1:
        return sha256_of(files[0])
    return hashlib.sha256("\n".join(map(sha256_of, files)).encode()).hexdigest()
