"""Tables beside files: captions, labels, parts and groups reach the items they name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import PNG, fill, look, names, plain, reasons

from genstudio.core.errors import Cancelled
from genstudio.data.sidecars import Lookup
from genstudio.data.sorting import stem_of


def facts(listing, what):
    return [getattr(item, what) for item in listing.items]


def pictures(*paths):
    return dict.fromkeys(paths, PNG)


def test_a_table_gives_captions_labels_and_parts(tmp_path):
    table = "File Name,Caption,Class,Subset,id\n1.png,a cat,cat,trainA,7\n2.png, a dog ,dog,test,8\n3.png,,,,9\n"
    listing = look(fill(tmp_path, pictures("x/1.png", "y/2.png", "z/3.png") | {"metadata.csv": table}))
    assert facts(listing, "text") == ["a cat", "a dog", None]
    assert facts(listing, "label") == ["cat", "dog", None]
    assert facts(listing, "split") == ["train", "test", None]
    assert facts(listing, "group") == [None] * 3
    assert listing.rejected == ()


def test_labels_of_a_table_yield_to_what_is_asked_for(tmp_path):
    root = fill(tmp_path, pictures("x/1_a.png", "y/2_a.png") | {"m.csv": "f,label\n1_a,cat\n2_a,dog\n"})
    wanted = {"auto": ["cat", "dog"], "folder": ["x", "y"], "name": ["1", "2"], "none": [None, None]}
    assert {mode: facts(look(root, labels=mode), "label") for mode in wanted} == wanted


def test_a_table_without_labels_leaves_those_of_folders(tmp_path):
    listing = look(
        fill(tmp_path, pictures("x/1.png", "y/2.png") | {"m.tsv": "f\ttext\tkind\n1.png\tA\tq\n2.png\tB\tr\n"})
    )
    assert facts(listing, "label") == ["x", "y"]
    assert facts(listing, "text") == ["A", "B"]


def test_several_columns_of_files_are_all_followed(tmp_path):
    table = "photo,drawing,caption,split\nx/1.png,y/1.png,one,val\nx\\2.png,./y/2.png,two,train\n"
    listing = look(fill(tmp_path, pictures("x/1.png", "x/2.png", "y/1.png", "y/2.png") | {"c.csv": table}))
    assert facts(listing, "text") == ["one", "two", "one", "two"]
    assert facts(listing, "split") == ["validation", "train"] * 2


def test_a_table_inside_the_only_folder_or_beside_an_archive_is_found(tmp_path):
    fill(tmp_path / "a", pictures("set/x/1.png", "set/x/2.png") | {"set/m.csv": "f,text\nx/1.png,A\nx/2.png,B\n"})
    assert facts(look(tmp_path / "a"), "text") == ["A", "B"]
    fill(tmp_path / "b", {"m.csv": "f,text\nx/1.png,A\nx/2.png,B\n"})
    plain(tmp_path / "b" / "all.zip", pictures("x/1.png", "x/2.png"))
    assert facts(look(tmp_path / "b"), "text") == ["A", "B"]


def test_each_part_may_have_a_table_of_its_own(tmp_path):
    tables = {
        f"{part}/metadata.csv": f"file_name,text\n1.png,{part} one\n2.png,{part} two\n" for part in ("train", "test")
    }
    listing = look(fill(tmp_path, pictures(*(f"{p}/{i}.png" for p in ("train", "test") for i in (1, 2))) | tables))
    assert facts(listing, "text") == ["test one", "test two", "train one", "train two"]
    assert facts(listing, "split") == ["test", "test", "train", "train"]


def test_numbers_that_are_file_names_by_chance_are_not_followed(tmp_path):
    table = "id,width,file,caption\n0,2,3.png,three\n1,2,2.png,two\n2,2,1.png,one\n3,2,0.png,zero\n"
    listing = look(fill(tmp_path, pictures("0.png", "1.png", "2.png", "3.png") | {"m.csv": table}))
    assert facts(listing, "text") == ["zero", "one", "two", "three"]
    table = "width,id,caption\n2,0,zero\n2,1,one\n2,2,two\n2,3,three\n"
    listing = look(fill(tmp_path, {"m.csv": table}))
    assert facts(listing, "text") == ["zero", "one", "two", "three"]


def test_of_several_captions_the_first_is_taken(tmp_path):
    table = "image,caption\n1.png,first\n1.png,second\n2.png,third\n"
    assert facts(look(fill(tmp_path, pictures("1.png", "2.png") | {"m.csv": table})), "text") == ["first", "third"]


def test_a_caption_file_goes_before_a_table(tmp_path):
    files = pictures("1.png", "2.png") | {"1.txt": "beside", "m.csv": "image,caption\n1.png,table\n2.png,table\n"}
    listing = look(fill(tmp_path, files))
    assert facts(listing, "text") == [None, "table"]
    assert "text" in listing.items[0].blobs


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("f,label\n1.png,x\nq.png,y\nr.png,y\ns.png,y\n", "names none of the files"),
        ("f,width\n1.png,28\n2.png,28\n", "without a column called caption"),
        ('f,label\n1.png,"x\n', "cannot be read"),
        ("f,label\n", "cannot be read"),
        ("\0\1\2", "cannot be read"),
    ],
)
def test_a_table_of_no_use_is_said_and_changes_nothing(tmp_path, table, words):
    listing = look(fill(tmp_path, pictures("1.png", "2.png", "3.png", "4.png") | {"metadata.csv": table}))
    assert words in reasons(listing)["metadata.csv"]
    assert facts(listing, "label") == [None] * 4


def test_a_table_of_everything_serves_a_folder_that_holds_some(tmp_path):
    table = "f,label\n" + "".join(f"{i}.png,{'ab'[i % 2]}\n" for i in range(100))
    assert facts(look(fill(tmp_path, pictures("4.png", "7.png") | {"m.csv": table})), "label") == ["a", "b"]


def test_rows_that_cannot_be_used_are_said(tmp_path):
    table = "f,label\n1.png,x\n2.png,y,too,many\n"
    listing = look(fill(tmp_path, pictures("1.png", "2.png") | {"m.csv": table}))
    assert facts(listing, "label") == ["x", None]
    assert list(reasons(listing)) == ["m.csv, row 2"]


def test_f45_names_in_either_form_of_unicode_are_found(tmp_path):
    table = "f,text\ncaf\u00e9.png,composed\n🙂 #%.png,smile\n"
    listing = look(fill(tmp_path, pictures("cafe\u0301.png", "🙂 #%.png") | {"m.csv": table}))
    assert dict(zip(names(listing), facts(listing, "text"), strict=True)) == {
        "cafe\u0301.png": "composed", "🙂 #%.png": "smile",
    }  # fmt: skip


def test_f39_looking_names_up_can_be_stopped(tmp_path):
    def tick():
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        Lookup(["a"], tick)


part = st.text(st.sampled_from("ab.é1"), min_size=1, max_size=4).filter(lambda text: text.strip("."))


@given(st.lists(st.lists(part, min_size=1, max_size=3).map("/".join), unique=True, max_size=8), part)
def test_whatever_means_one_item_only_finds_it_and_nothing_finds_another(raw, other):
    lookup = Lookup(raw, lambda: None)
    assert [lookup.find(name, "") for name in raw] == list(range(len(raw)))
    for query in (other, *(stem_of(name) for name in raw), *(stem_of(name.rpartition("/")[2]) for name in raw)):
        meant = [i for i, name in enumerate(raw) if f"/{name}".endswith(f"/{query}")]
        meant += [i for i, name in enumerate(raw) if f"/{stem_of(name)}".endswith(f"/{query}")]
        found = lookup.find(query, "")
        assert found in meant if found >= 0 else len(set(meant)) != 1 or "/" in query
