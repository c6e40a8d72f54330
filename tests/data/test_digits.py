"""The built-in digits are the real ones, and offline."""

import gzip
import hashlib
import socket

import numpy as np
import pytest

from genstudio.core.errors import WorkError
from genstudio.data import digits, open_source


def test_all_of_them_with_their_labels():
    data = open_source("digits")
    assert data.images.shape == (1797, 8, 8, 1)
    assert data.images.dtype == np.uint8
    assert (data.images.min(), data.images.max()) == (0, 255)
    assert data.label_names == tuple("0123456789")
    assert list(data.label_counts().values()) == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert data.rejected == ()


def test_same_as_scikit_learn_gives():
    from sklearn.datasets import load_digits

    theirs, ours = load_digits(), open_source("digits")
    assert np.array_equal(ours.labels, theirs.target)
    assert np.allclose(ours.images[..., 0] / 255, theirs.images / 16, atol=0.5 / 255 + 1e-9)


def test_fingerprint_is_the_same_on_every_machine():
    data = open_source("digits")
    assert data.fingerprint() == open_source("digits").fingerprint()
    assert hashlib.sha256(data.images.tobytes()).hexdigest()[:16] == "b41ca9fd335466ee"


def test_no_network_is_used(monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    assert len(open_source("digits")) == 1797


BROKEN = bytearray(gzip.compress(b"0,1,2\n" * 1797))
BROKEN[30] ^= 255


@pytest.mark.parametrize(
    "content",
    [b"", b"\x1f\x8b\x08\0", b"1,2,3\n", gzip.compress(b""), gzip.compress(b"1,2\n" * 1797), BROKEN],
    ids=["empty", "cut short", "not gzip", "no rows", "wrong columns", "flipped"],
)
def test_broken_installation_is_a_sentence(monkeypatch, tmp_path, content):
    (tmp_path / "datasets" / "data").mkdir(parents=True)
    (tmp_path / "datasets" / "data" / "digits.csv.gz").write_bytes(content)

    class Spec:
        origin = str(tmp_path / "__init__.py")

    monkeypatch.setattr(digits, "find_spec", lambda name: Spec)
    with pytest.raises(WorkError, match="reinstall scikit-learn"):
        open_source("digits")


def test_missing_scikit_learn_is_a_sentence(monkeypatch):
    monkeypatch.setattr(digits, "find_spec", lambda name: None)
    with pytest.raises(WorkError, match="reinstall scikit-learn"):
        open_source("digits")
