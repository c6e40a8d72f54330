"""Names of files in any script, with anything in them: shown, told apart, in order, and found again."""

import os
import subprocess
import sys
import unicodedata
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from trees import PNG, fill, look, names

from genstudio.data import tree
from genstudio.data.items import natural

# --- F45: names in any script ----------------------------------------------------------------------------


def test_f45_names_of_all_kinds_are_shown_and_found_again(tmp_path):
    raw = [
        "emoji 😀.png", "عربي.png", "a b%#'\".png", "two\nlines.png", "trailing. .png", "x" * 246 + ".png",
        os.fsdecode(b"bytes \xff\xfe.png"), "bell\x07\x1b[31m.png", "line\u2028.png", "tab\t.png",
    ]  # fmt: skip
    root = fill(tmp_path / "ü é 日本 🙂 #%", dict.fromkeys(raw, PNG))
    listing = look(root)
    assert {os.fsencode(item.blobs["image"].path) for item in listing.items} == {os.fsencode(root / n) for n in raw}
    assert all(Path(item.blobs["image"].path).read_bytes() == PNG for item in listing.items)
    assert {"emoji 😀.png", "عربي.png", "two\\nlines.png", "bytes \\xff\\xfe.png", "tab\\t.png"} < set(names(listing))
    assert {"bell\\x07\\x1b[31m.png", "line\\u2028.png"} < set(names(listing))
    assert listing.name == "ü é 日本 🙂 #%"


def test_f45_names_that_look_alike_once_shown_stay_apart(tmp_path):
    raw = ["a\nb.png", "a\\nb.png", os.fsdecode(b"\xff.png"), "\\xff.png", "\\xff (2).png"]
    listing = look(fill(tmp_path, dict.fromkeys(raw, PNG)))
    assert len(set(names(listing))) == 5
    assert len({item.blobs["image"].path for item in listing.items}) == 5
    assert look(tmp_path) == listing


part = st.text(st.characters(exclude_characters="/\0"), min_size=1, max_size=20)


@given(st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=8, unique=True))
@example([b"\xff", b"\\xff", b"\\xff (2)", b"\xc3\xa9", "é".encode()[:1]])
def test_f45_any_bytes_as_names_are_unique_and_can_be_written(tmp_path_factory, raw):
    root = tmp_path_factory.mktemp("names")
    raw = [name.translate(bytes(46 if b in b"/\0." else b for b in range(256))).replace(b".", b"-") for name in raw]
    for name in raw:
        Path(os.fsdecode(os.fsencode(root) + b"/" + name + b".png")).write_bytes(PNG)
    listing = look(root)
    assert len(listing.items) == len(set(names(listing))) == len(set(raw))
    for item in listing.items:
        item.name.encode("utf-8")
        assert not any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in item.name)
        assert Path(item.blobs["image"].path).read_bytes() == PNG


@given(st.text(max_size=30))
def test_f45_a_shown_name_is_shown_as_it_is(raw):
    once = tree.shown(raw)
    assert tree.shown(once) == once
    assert "\n" not in once
    once.encode("utf-8")


@given(st.lists(st.text(st.sampled_from("ab/.-_ 0123456789é²٣"), max_size=12), max_size=12))
@example(["1", "01", "001", "1a", "a", "a1", "ab", "a10", "a2", "", "1" * 4001, "1" * 4000])
def test_the_order_is_the_natural_one_and_never_in_doubt(raw):
    ours = sorted(raw, key=tree.order)
    assert [natural(name) for name in ours] == sorted(natural(name) for name in raw)
    ours.reverse()
    assert sorted(ours, key=tree.order) == sorted(raw, key=tree.order)


@given(st.lists(part, min_size=1, max_size=3))
def test_brief_names_are_short(raw):
    assert len(tree.brief("/".join(raw) * 100)) <= 301


def test_f45_a_locale_without_unicode_changes_nothing(tmp_path):
    fill(tmp_path / "ü 日本 🙂", {"é 🙂.png": PNG, os.fsdecode(b"\xff.png"): PNG})
    code = (
        "import sys; from pathlib import Path; from genstudio.core.data_config import DataConfig\n"
        "from genstudio.data import folders; from genstudio.data.items import unwatched\n"
        "found = folders.listing(Path(sys.argv[1]), 'x', DataConfig(), unwatched)\n"
        "print(ascii([found.name] + [i.name for i in found.items]), sys.getfilesystemencoding())\n"
        "assert all(Path(i.blobs['image'].path).read_bytes() for i in found.items)\n"
    )
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-c", code, str(tmp_path / "ü 日本 🙂")]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, env=env, capture_output=True, cwd=root, check=False)
    assert done.returncode == 0, done.stderr
    shown, encoding = done.stdout.decode().rsplit(" ", 1)
    assert shown == ascii(["ü 日本 🙂", "\\xff.png", "é 🙂.png"])
    assert encoding.strip() != "utf-8"
