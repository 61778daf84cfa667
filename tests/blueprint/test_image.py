import pytest

from blueprint.image import image_tag


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "steps"
    (made / "sub").mkdir(parents=True)
    (made / "a.py").write_text("a = 1\n")
    (made / "sub" / "b.py").write_text("b = 2\n")
    return made


def test_the_tag_is_16_hexadecimal_digits_and_stays(folder):
    tag = image_tag(folder)
    assert len(tag) == 16
    assert int(tag, 16) >= 0
    assert image_tag(folder) == tag


def test_caches_and_times_do_not_change_the_tag(folder):
    tag = image_tag(folder)
    (folder / "sub" / "__pycache__").mkdir()
    (folder / "sub" / "__pycache__" / "b.pyc").write_bytes(b"cache")
    (folder / "a.py").touch()
    assert image_tag(folder) == tag


def test_where_the_folder_lies_does_not_change_the_tag(folder, tmp_path):
    tag = image_tag(folder)
    assert image_tag(folder.rename(tmp_path / "elsewhere")) == tag


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.py").write_text("a = 2\n"),
        lambda folder: (folder / "a.py").rename(folder / "c.py"),
        lambda folder: (folder / "sub" / "b.py").rename(folder / "b.py"),
        lambda folder: (folder / "new.py").write_text(""),
        lambda folder: (folder / "a.py").unlink(),
    ],
    ids=["content", "name", "place", "more", "less"],
)
def test_any_change_to_a_file_changes_the_tag(folder, change):
    tag = image_tag(folder)
    change(folder)
    assert image_tag(folder) != tag
