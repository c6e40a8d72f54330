"""The built-in sets: made anew each time, equal each time, and what their factors say can be found in them."""

import hashlib
import re
import socket

import numpy as np
import pytest

from genstudio.core.errors import InputError
from genstudio.data import synthetic
from genstudio.data.synthetic import rings, sentences, shapes, trio

COUNTS = {"shapes": 6000, "tones": 2000, "sentences": 4000, "trio": 2400, "rings": 10_000, "grid": 10_000}


@pytest.fixture(scope="module")
def sets():
    """Each set once; nothing in this file writes to them."""
    return {name: synthetic.load(name) for name in synthetic.BUILT_IN}


def digest(data):
    """A hash of every byte, unlike the fingerprint, which samples."""
    kept = hashlib.sha256(data.images.tobytes())
    for column in (data.labels, data.points, data.audio and data.audio.samples, data.texts and data.texts.data):
        kept.update(b"" if column is None else column.tobytes())
    kept.update("\n".join(data.names).encode())
    return kept.hexdigest()


# --- all of them ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COUNTS)
def test_each_call_makes_the_same(sets, name):
    again = synthetic.load(name)
    assert again is not sets[name]
    assert digest(again) == digest(sets[name])


@pytest.mark.parametrize("name", COUNTS)
def test_sizes_labels_and_names(sets, name):
    data = sets[name]
    assert (data.source, data.name, len(data)) == (name, name, COUNTS[name])
    counts = list(data.label_counts().values())
    assert len(counts) == len(data.label_names) >= 8
    assert max(counts) == min(counts)
    assert data.labels.dtype == np.int64
    assert len(set(data.names)) == len(data)
    order = data.labels[: len(data) // 10]  # mixed, so that any part of it has all labels
    assert set(order.tolist()) == set(range(len(data.label_names)))


def test_the_list_names_them_all_with_their_counts():
    assert list(synthetic.BUILT_IN) == list(COUNTS)
    for name, title in synthetic.BUILT_IN.items():
        assert title.startswith(f"{COUNTS[name]:,} ")
        assert len(title) < 80


def test_no_network_is_used(monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    assert len(synthetic.load("rings")) == 10_000


@pytest.mark.parametrize("name", ["", "Shapes", "os", "rings.load", "../shapes", "__init__"])
def test_another_name_is_refused_in_words(name):
    with pytest.raises(InputError, match="choose one of shapes, tones"):
        synthetic.load(name)


# --- shapes --------------------------------------------------------------------------------------------


def cover(images):
    """The share of ink in each pixel, float [N, H, W], by the channel in which it differs most from the ground."""
    away = np.abs(images.astype(np.int16) - np.array(shapes.BACKGROUND, np.int16)).max(3)
    return away / away.max((1, 2)).astype(np.float32)[:, None, None]


@pytest.fixture(scope="module")
def ink(sets):
    """`cover` of all shapes."""
    return cover(sets["shapes"].images)


def nearest_colour(images):
    """Index of the colour nearest to the mean of the pixels that are all ink."""
    full = cover(images) > 0.98
    mean = np.einsum("nhwc,nhw->nc", images.astype(np.float32), full) / full.sum((1, 2))[:, None]
    inks = np.array(tuple(shapes.COLOURS.values()))
    return np.linalg.norm(mean[:, None] - inks, axis=2).argmin(1)


def test_pictures_are_smooth_and_lie_within_their_frame(sets, ink):
    images = sets["shapes"].images
    assert (images.shape, images.dtype) == ((6000, 32, 32, 3), np.uint8)
    frame = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], 1)
    assert (frame == shapes.BACKGROUND).all()
    between = ((ink > 0.1) & (ink < 0.9)).sum((1, 2))
    assert (between > 0).mean() > 0.99  # anti-aliased edges
    assert (ink > 0.9).sum((1, 2)).min() >= 3


@pytest.mark.parametrize("name", ["shapes", "trio"])
def test_colour_of_the_ink_is_the_colour_named(sets, name):
    known = {"shapes": shapes, "trio": trio}[name].factors()
    assert np.array_equal(nearest_colour(sets[name].images), known["colour"])
    words = np.array(tuple(shapes.COLOURS))[known["colour"]]
    assert all(f" {word} " in title for word, title in zip(words, sets[name].names, strict=True))


def test_position_is_where_the_ink_is(ink):
    known = shapes.factors()
    middles = np.arange(32) + 0.5
    x = (ink.sum(1) * middles).sum(1) / ink.sum((1, 2))
    y = (ink.sum(2) * middles).sum(1) / ink.sum((1, 2))
    symmetric = np.isin(
        known["shape"], [shapes.SHAPES.index(s) for s in ("circle", "square", "star", "cross", "ring")]
    )
    assert np.abs(x - known["x"])[symmetric].max() < 0.35
    assert np.abs(y - known["y"])[symmetric].max() < 0.35


def test_area_grows_with_the_square_of_the_radius_and_names_say_the_size(sets, ink):
    known, area = shapes.factors(), ink.sum((1, 2))
    for kind in range(len(shapes.SHAPES)):
        rows = known["shape"] == kind
        ratio = area[rows] / known["radius"][rows] ** 2
        assert ratio.std() / ratio.mean() < 0.08
    sizes = [shapes.SIZES.index(title.split()[0]) for title in sets["shapes"].names]
    assert np.array_equal(sizes, shapes.size_of(known["radius"]))
    for small, (low, high) in enumerate(shapes.RADII):
        inside = known["radius"][np.array(sizes) == small]
        assert low <= inside.min() < inside.max() <= high


@pytest.mark.parametrize("kind", range(8))
def test_turning_by_the_period_changes_nothing_and_by_less_is_seen(kind):
    def drawn(turn):
        one = np.full(1, 10.0)
        return shapes.draw(np.array([kind]), np.array([0]), one, one + 6, one + 6, np.array([turn]))[0].astype(int)

    period = shapes.PERIODS[kind]
    assert np.abs(drawn(10.0) - drawn(10.0 + (period or 77.0))).max() <= 1
    if period:
        assert np.abs(drawn(10.0) - drawn(10.0 + period / 2)).max() > 100
    if period == 360:
        quarter = np.abs(np.rot90(drawn(10.0), -1).astype(int) - drawn(100.0))  # clockwise, as it is said
        assert quarter.max() <= 1


def test_shapes_differ_from_each_other():
    every, same = np.arange(8), np.full(8, 12.0)
    ink = cover(shapes.draw(every, np.zeros(8, np.int64), same, same + 4, same + 4, np.zeros(8)))
    apart = np.abs(ink[:, None] - ink[None]).sum((2, 3)) / ink.sum((1, 2))
    assert apart[~np.eye(8, dtype=bool)].min() > 0.18


# --- sentences -----------------------------------------------------------------------------------------


def read(texts, words):
    """Which entry of a word table each text uses, 0 when none; longer words before those that they contain."""
    meant = {word: i for i, kinds in enumerate(words) for word in kinds if word}
    pattern = re.compile(rf"(?<![\w-])({'|'.join(sorted(meant, key=len, reverse=True))})(?![\w-])")
    return [meant[found[0]] if (found := pattern.findall(text)) else 0 for text in texts]


def test_captions_say_every_factor(sets):
    known = sentences.factors()
    tables = {
        "shape": sentences.SHAPE_WORDS,
        "colour": sentences.COLOUR_WORDS,
        "size": sentences.SIZE_WORDS,
        "place": sentences.PLACE_WORDS,
        "turn": sentences.TURN_WORDS,
    }
    for name, words in tables.items():
        assert np.array_equal(read(sets["sentences"].texts, words), known[name])


def test_captions_are_varied_and_well_formed(sets):
    texts = list(sets["sentences"].texts)
    assert len(set(texts)) > 3900
    assert len({text.split()[0] for text in texts}) >= 5
    assert max(map(len, texts)) <= 120
    for text in texts:
        assert text.isascii()
        assert text == " ".join(text.split()).strip(" ,:")
        assert " ," not in text
        assert not re.search(r"\ba [aeio]|\ban [^aeio]", text)
    assert any("an orange" in text for text in texts)


def test_round_shapes_are_never_said_to_be_turned(sets):
    for text, label in zip(sets["sentences"].texts, sets["sentences"].labels, strict=True):
        assert not (shapes.PERIODS[label] == 0 and "turned" in text)


# --- trio ----------------------------------------------------------------------------------------------


def test_concepts_are_balanced_in_every_factor():
    concepts = trio.concepts()
    assert (concepts.shape, concepts.dtype) == ((2400, 3), np.int64)
    for column, kinds in zip(concepts.T, (8, 8, 3), strict=True):
        assert np.bincount(column).tolist() == [2400 // kinds] * kinds
    combinations, counts = np.unique(concepts, axis=0, return_counts=True)
    assert len(combinations) == 192
    assert set(counts.tolist()) == {12, 13}


def test_the_concept_can_be_read_from_the_picture(sets):
    concepts, images = trio.concepts(), sets["trio"].images
    assert np.array_equal(sets["trio"].labels, concepts[:, 0])
    assert np.array_equal(nearest_colour(images), concepts[:, 1])
    ink = cover(images) > 0.5
    for kind in range(8):  # sizes do not overlap in area within one shape
        area = [ink[(concepts[:, 0] == kind) & (concepts[:, 2] == size)].sum((1, 2)) for size in range(3)]
        assert area[0].max() < area[1].min()
        assert area[1].max() < area[2].min()


def test_the_concept_can_be_read_from_the_sentence(sets):
    concepts = trio.concepts()
    tables = (sentences.SHAPE_WORDS, sentences.COLOUR_WORDS, sentences.SIZE_WORDS)
    for column, words in zip(concepts.T, tables, strict=True):
        assert read(sets["trio"].texts, words) == column.tolist()


# --- points --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "modes", "deviation"), [("rings", 8, 0.02), ("grid", 25, 0.05)])
def test_points_lie_around_the_place_that_their_label_names(sets, name, modes, deviation):
    data = sets[name]
    centres = {"rings": rings.ring_centres, "grid": rings.grid_centres}[name]()
    assert (data.points.shape, data.points.dtype) == ((10_000, 2), np.float32)
    distances = np.linalg.norm(data.points[:, None] - centres, axis=2)
    assert np.array_equal(distances.argmin(1), data.labels)
    assert len(centres) == len(data.label_names) == modes
    away = data.points - centres[data.labels]
    assert away.std(0) == pytest.approx([deviation] * 2, rel=0.03)
    assert abs(np.corrcoef(away.T)[0, 1]) < 0.05


def test_places_are_those_of_the_articles():
    assert np.linalg.norm(rings.ring_centres(), axis=1) == pytest.approx([2] * 8)
    assert sorted({tuple(c) for c in rings.grid_centres()}) == [
        (x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)
    ]
