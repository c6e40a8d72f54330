"""Tables of texts, and tables with a column for each pixel: data sets without anything to decode."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from table_files import opened, pictures

from genstudio.core.errors import InputError
from genstudio.data.arrays import load
from genstudio.data.dataset import Dataset


def test_a_table_of_texts_is_a_data_set(table):
    data = opened(table("id,sentence,label,split\n1,hello there,b,train\n2,,a,train\n3,bye,a,test\n4, nan ,,test\n"))
    assert isinstance(data, Dataset)
    assert data.texts[:] == ["hello there", "bye", "nan"]
    assert data.label_names == ("a", "b")
    assert data.labels.tolist() == [1, 0, -1]
    assert data.parts.tolist() == [0, 2, 2]
    assert data.splits == {"train": 1, "test": 2}
    assert [r.file for r in data.rejected] == ["row 2"]
    assert any("1 rows have no label" in note for note in data.notes)


def test_the_longest_text_is_taken_when_no_name_tells(table):
    data = opened(table("short,long\na,a rather long thing\nb,another long thing\n"))
    assert data.texts[:] == ["a rather long thing", "another long thing"]


@pytest.mark.parametrize(("length", "kept"), [(0, 256), (10, 10), (400, 300)])
def test_long_texts_are_cut_and_that_is_said(table, length, kept):
    data = opened(table(f"text\n{'x' * 300}\nshort\n"), text_length=length)
    assert [len(text) for text in data.texts] == [kept, 5]
    assert any("cut" in note for note in data.notes) == (kept < 300)


def test_pixel_columns_are_pictures(table):
    images = pictures(5)
    lines = ["label," + ",".join(f"pixel{i}" for i in range(64))]
    lines += [f"{i % 3}," + ",".join(map(str, image.ravel())) for i, image in enumerate(images)]
    data = opened(table("\n".join(lines)))
    assert isinstance(data, Dataset)
    assert np.array_equal(data.images, images)
    assert data.labels.tolist() == [0, 1, 2, 0, 1]
    assert data.label_names == ("0", "1", "2")
    bare = "\n".join(line.split(",", 1)[1] for line in lines[1:])
    assert np.array_equal(opened(table(bare)).images, images)
    headless = opened(table("\n".join(lines[1:])))  # the label is the one column too many
    assert np.array_equal(headless.images, images)
    assert headless.labels.tolist() == [0, 1, 2, 0, 1]


def test_equal_pixels_are_equal_whatever_the_file(table, tmp_path):
    images, labels = pictures(5), [2, 0, 1, 2, 0]
    columns = {f"pixel{i}": images.reshape(5, -1)[:, i] for i in range(64)}
    pq.write_table(pa.table({"label": labels, **columns}), tmp_path / "a.parquet")
    np.savez(tmp_path / "a.npz", images=images, labels=labels)
    np.save(tmp_path / "a.npy", images[..., 0] / np.float32(255))
    rows = [",".join(map(str, [label, *image.ravel()])) for label, image in zip(labels, images, strict=True)]
    csv = table("\n".join([",".join(["label", *columns]), *rows]))
    tsv = table("\n".join([",".join(["label", *columns]), *rows]).replace(",", "\t"), name="table.tsv")
    data = [opened(csv), opened(tsv), opened(tmp_path / "a.parquet")]
    data += [load(tmp_path / name, name) for name in ("a.npz", "a.npy")]
    assert len({each.fingerprint() for each in data}) == 1
    assert all(np.array_equal(each.images, images) for each in data)
    assert all(each.labels.tolist() == labels and each.label_names == ("0", "1", "2") for each in data[:4])


def test_fractions_are_scaled_and_bad_rows_rejected(table):
    images = pictures(4)
    rows = [[f"{value / 255:.6f}" for value in image.ravel()] for image in images]
    rows[1][5], rows[2][7] = "", "inf"
    data = opened(table(",".join(f"p{i}" for i in range(64)) + "\n" + "\n".join(map(",".join, rows))))
    assert np.array_equal(data.images, images[[0, 3]])
    assert [r.file for r in data.rejected] == ["row 2", "row 3"]
    assert any("0 (black) to 1 (white)" in note for note in data.notes)


@pytest.mark.parametrize("planar", [False, True])
def test_the_order_of_colours_is_found(table, planar):
    y, x = np.mgrid[:16, :16]
    image = np.stack([y * 8, x * 9, 250 - y * 8], -1).astype(np.uint8)
    flat = (image.transpose(2, 0, 1) if planar else image).ravel()
    header = ",".join(f"pixel{i}" for i in range(768))
    data = opened(table(f"{header}\n" + "\n".join([",".join(map(str, flat))] * 2)))
    assert np.array_equal(data.images[1], image)


def test_values_that_are_no_pixels_are_refused_by_name(table):
    text = ",".join(f"pixel{i}" for i in range(16)) + "\n" + ",".join(["-400"] * 16)
    with pytest.raises(InputError, match=r"table\.csv holds values from -400"):
        opened(table(text))
