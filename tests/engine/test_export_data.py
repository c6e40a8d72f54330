"""What was prepared can be written and is the same when it is opened again."""

import json

import numpy as np
import pytest

from genstudio.cli import main
from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError, WorkError
from genstudio.data import open_source
from genstudio.engine.export_data import export


def some(source, count=12):
    return open_source(source).take(np.arange(count))


@pytest.mark.parametrize("source", ["shapes", "tones", "sentences", "rings"])
def test_an_npz_opens_as_what_it_was(tmp_path, source):
    data = some(source)
    export(data, tmp_path / "d.npz")
    again = open_source(str(tmp_path / "d.npz"))
    assert again.modalities() == data.modalities()
    assert again.fingerprint() == data.fingerprint()
    np.testing.assert_array_equal(again.labels, data.labels)


def test_a_folder_opens_with_the_same_pixels_samples_texts_and_labels(tmp_path):
    data = open_source("trio").take(np.arange(0, 2400, 100))
    export(data, tmp_path / "d", sound=".flac")
    again = open_source(str(tmp_path / "d"))
    assert again.modalities() == ("image", "audio", "text")
    order = np.argsort([int(name.rpartition("/")[2].partition(".")[0]) for name in again.names])
    np.testing.assert_array_equal(again.images[order], data.images)
    np.testing.assert_array_equal(again.audio.samples[order], data.audio.samples)
    assert [again.texts[i] for i in order] == list(data.texts)
    assert [again.label_names[again.labels[i]] for i in order] == [data.label_names[i] for i in data.labels]


def test_texts_are_lines(tmp_path):
    data = some("sentences")
    export(data, tmp_path / "d.txt")
    assert (tmp_path / "d.txt").read_text(encoding="utf-8").splitlines() == list(data.texts)
    assert list(open_source(str(tmp_path / "d.txt"), config=DataConfig(reading="lines")).texts) == list(data.texts)


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(InputError, match="no texts"):
        export(some("shapes"), tmp_path / "d.txt")
    with pytest.raises(InputError, match="cannot be written as"):
        export(some("shapes"), tmp_path / "d.docx")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(WorkError, match="cannot be written"):
        export(some("shapes"), tmp_path / "file" / "d")


def test_the_command_line_writes_a_part_at_another_size(capsys, tmp_path):
    arguments = [
        "data",
        "digits",
        "--test",
        "0.1",
        "--split",
        "test",
        "--size",
        "16",
        "--out",
        str(tmp_path / "d.npz"),
    ]
    assert main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["modalities"]["image"] == {"count": 180, "shape": [16, 16, 1]}
    assert open_source(str(tmp_path / "d.npz")).images.shape == (180, 16, 16, 1)
