"""The real sets beside the checkout, opened as people have them: what is said of them is what their README says."""

import shutil

import numpy as np
import pytest

from genstudio.data import open_source


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """One cache for all tests of this file: a set that several of them open is prepared once."""
    folder = tmp_path_factory.getbasetemp() / "prepared"
    monkeypatch.setenv("GENSTUDIO_HOME", str(folder))
    return folder


def opened(path, split="all", **settings):
    from genstudio.core.data_config import DataConfig

    return open_source(str(path), split, DataConfig.parse(settings))


def counts(data):
    return set(data.label_counts().values())


def test_spoken_digits(real_data):
    data = opened(real_data / "fsdd" / "fsdd_recordings.zip")
    assert data.summary()["modalities"] == {
        "audio": {"count": 3000, "sample_rate": 8000, "seconds": pytest.approx(1312, abs=1)}
    }
    assert list(data.label_names) == [str(i) for i in range(10)]
    assert counts(data) == {300}
    assert data.rejected == ()
    lengths = data.audio.lengths / 8000
    assert lengths.min() == pytest.approx(0.14, abs=0.01)
    assert lengths.max() == pytest.approx(2.28, abs=0.01)
    assert data.audio.samples.shape == (3000, lengths.max() * 8000)


def test_emoji_with_captions_and_parts(real_data):
    data = opened(real_data / "emoji" / "emoji_noto_twemoji_64.zip")
    assert data.images.shape == (3662, 64, 64, 3)
    assert data.label_counts() == {"noto": 1831, "twemoji": 1831}
    assert data.splits == {"train": 2 * (755 + 715), "validation": 2 * 163, "test": 2 * 198}
    row = list(data.names).index("noto/1f600.png")
    assert data.texts[row] == "grinning face"
    assert all(data.texts[i] for i in range(len(data)))
    assert [r.file for r in data.rejected] == ["LICENCES.txt"]


def test_emoji_table_with_its_pictures_in_the_archive_beside_it(real_data):
    data = opened(f"{real_data / 'emoji' / 'captions.csv'}#image=image_twemoji,text=caption,label=group")
    assert data.images.shape == (1831, 64, 64, 3)
    assert data.texts[0] == "grinning face"
    assert data.splits == {"train": 755 + 715, "validation": 163, "test": 198}
    assert sum(data.label_counts().values()) == 1831
    assert data.label_counts()["Flags"] == 261


def test_sign_photos(real_data):
    data = opened(real_data / "sign-digits" / "sign_digits_100px_jpg.zip")
    assert data.images.shape == (2062, 64, 64, 3)
    assert (data.sizes == 100).all()
    assert list(data.label_names) == [str(i) for i in range(10)]
    assert data.rejected == ()


def test_a_rotated_photo_stands_upright(real_data, tmp_path):
    shutil.copy(real_data / "sign-digits" / "exif_orientation6_512px_label7.jpg", tmp_path / "photo.jpg")
    data = opened(tmp_path, size=32)
    small = opened(real_data / "sign-digits" / "sign_digits_100px_jpg.zip", size=32)
    sevens = small.images[small.labels == 7].astype(float)
    distance = np.abs(sevens - data.images[0]).mean((1, 2, 3))
    turned = np.abs(sevens - np.rot90(data.images[0])).mean((1, 2, 3))
    assert distance.min() < 6 < turned.min()


@pytest.mark.parametrize(
    ("file", "count", "labels"),
    [("images_background_small1", 2720, 136), ("images_background_small2", 3120, 156), ("all_runs", 800, None)],
)
def test_omniglot(real_data, file, count, labels):
    data = opened(real_data / "omniglot" / f"{file}.zip")
    assert data.images.shape == (count, 64, 64, 1)
    assert (data.sizes == 105).all()
    if labels is not None:
        assert len(data.label_names) == labels
        assert counts(data) == {20}
        assert data.rejected == ()
    # thin black ink on white, whatever the size
    assert 200 < data.images.mean() < 254


def test_cifar_with_its_own_parts(real_data):
    data = opened(real_data / "cifar10-subset" / "cifar10_jpg_10pct.zip")
    assert data.images.shape == (6000, 32, 32, 3)
    assert data.splits == {"train": 5000, "test": 1000}
    assert counts(data.part("train")) == {500}
    assert counts(data.part("test")) == {100}
    assert sorted(data.label_names)[:2] == ["airplane", "automobile"]


def test_names(real_data):
    data = opened(real_data / "text" / "names.txt")
    assert data.summary()["modalities"]["text"]["count"] == 32_033
    assert data.texts[:3] == ["emma", "olivia", "ava"]


def test_shakespeare_runs_on(real_data):
    data = opened(real_data / "text" / "tinyshakespeare.txt")
    assert data.summary()["modalities"]["text"]["characters"] == 1_115_394
    assert "".join(data.texts)[:14] == "First Citizen:"
    assert max(map(len, data.texts)) <= 256


def test_a_folder_with_an_archive_in_it(real_data):
    data = opened(real_data / "fsdd")
    assert len(data.audio) == 3000
    assert counts(data) == {300}
