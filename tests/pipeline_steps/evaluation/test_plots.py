from pathlib import Path

import pytest

from pipeline_steps.evaluation.plots import draw_confusion_matrix, draw_roc
from pipeline_steps.problems.binary.metrics import Confusion


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        draw_roc(tmp_path / name / "roc.svg", ([0, 0.2, 1], [0, 0.9, 1]), auc=0.85)
        draw_confusion_matrix(tmp_path / name / "matrix.svg", Confusion(10, 5, 80, 5), positive_label="TRUE")
    for file in ("roc.svg", "matrix.svg"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_the_pictures_show_the_numbers_as_text(tmp_path: Path) -> None:
    draw_roc(tmp_path / "roc.svg", ([0, 1], [0, 1]), auc=0.8512)
    draw_confusion_matrix(tmp_path / "matrix.svg", Confusion(1234, 5, 80, 5), positive_label="TRUE")
    assert "AUC 0.851" in (tmp_path / "roc.svg").read_text()
    matrix = (tmp_path / "matrix.svg").read_text()
    assert "1,234" in matrix
    assert "not TRUE" in matrix


@pytest.mark.parametrize("label", ["$10%-$20%", "<$10", "a" * 300, "two\nlines\x00", "日本", ""])
def test_no_label_can_break_a_picture(label: str, tmp_path: Path) -> None:
    draw_confusion_matrix(tmp_path / "matrix.svg", Confusion(1, 5, 80, 5), positive_label=label)
    assert (tmp_path / "matrix.svg").read_text(encoding="utf-8").count("<text") >= 8
