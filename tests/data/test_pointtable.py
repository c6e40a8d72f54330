"""Tables with columns x and y are points in the plane, as long as nothing else is in them."""

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from genstudio.core.errors import InputError
from genstudio.data import open_source


def table(folder, text, name="places.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_csv_with_x_and_y_is_points(tmp_path):
    data = open_source(table(tmp_path, "x,y\n1.5,-2\n3,4\n250,0.25\n"), "train")
    assert data.modalities() == ("points",)
    assert data.points.dtype == np.float32
    assert data.points.tolist() == [[1.5, -2], [3, 4], [250, 0.25]]
    assert data.labels is None


def test_whole_numbers_are_points_too(tmp_path):
    assert open_source(table(tmp_path, "x,y\n1,2\n3,4\n"), "train").points.tolist() == [[1, 2], [3, 4]]


def test_the_order_of_columns_and_their_case_do_not_matter_and_a_label_is_kept(tmp_path):
    data = open_source(table(tmp_path, "Label,Y,X\na,1,2\nb,3,4.5\na,5,6\n"), "train")
    assert data.points.tolist() == [[2, 1], [4.5, 3], [6, 5]]
    assert [data.label_names[i] for i in data.labels] == ["a", "b", "a"]


def test_rows_that_are_no_points_are_named_and_the_rest_is_used(tmp_path):
    text = "x,y\n" + "1,2\n" * 3 + "4,\n" + "inf,1\n"
    data = open_source(table(tmp_path, text), "train")
    assert len(data) == 3
    assert [(r.file, r.reason) for r in data.rejected] == [
        ("row 4", "has a coordinate that is empty or no number"),
        ("row 5", "has a coordinate that is empty or no number"),
    ]


def test_parts_are_divided_as_the_table_says(tmp_path):
    text = "x,y,split\n1.5,1,train\n2,2,test\n3,3,train\n"
    path = table(tmp_path, text)
    assert open_source(path, "train").points[:, 0].tolist() == [1.5, 3]
    assert open_source(path, "test").points[:, 0].tolist() == [2]


def test_parquet_holds_points_likewise(tmp_path):
    points = np.random.default_rng(0).normal(size=(50, 2))
    columns = {"x": points[:, 0], "y": points[:, 1], "class": ["l", "r"] * 25}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "places.parquet")
    data = open_source(str(tmp_path / "places.parquet"), "train")
    assert np.allclose(data.points, points)
    assert data.label_names == ("l", "r")


@pytest.mark.parametrize("text", ["x,y,z\n1.5,2,3\n", "x,z\n1.5,2\n", "x,X,y\n1.5,2,3\n"])
def test_other_tables_are_not_taken_for_points(tmp_path, text):
    with pytest.raises(InputError):
        open_source(table(tmp_path, text), "train")


def test_a_table_that_names_pictures_or_texts_beside_places_is_one_of_those(tmp_path):
    path = table(tmp_path, "x,y,text\n1,2,a small house by the sea\n3,4,a tall tree on a hill\n")
    assert open_source(path, "train").modalities() == ("text",)


def test_columns_x_and_y_that_hold_words_are_no_places(tmp_path):
    assert open_source(table(tmp_path, "x,y\na,b\nc,d\n"), "train").modalities() == ("text",)


def test_coordinates_that_no_float32_holds_are_refused(tmp_path):
    with pytest.raises(InputError, match="scale them down"):
        open_source(table(tmp_path, "x,y\n1e39,1\n2,2\n"), "train")
