"""How data is prepared: sizes, lengths, parts, augmentation. One declaration for form, flags and ``run.json``."""

from __future__ import annotations

from typing import ClassVar, Literal

from genstudio.core.config import Config, knob

Channels = Literal["auto", "grey", "colour"]
Fit = Literal["crop", "pad", "stretch"]
Labels = Literal["auto", "folder", "name", "none"]
Mix = Literal["mix", "left", "right"]
Reading = Literal["auto", "lines", "running"]
Tokens = Literal["characters", "bpe"]
Group = Literal["none", "given", "folder", "name"]
Flip = Literal["none", "horizontal", "vertical", "both"]


class DataConfig(Config):
    """Settings of a source; what changes the prepared arrays is told apart from what changes batches only."""

    title: ClassVar[str] = "data settings"

    size: int = knob(
        0, low=0, high=1024, label="Size", unit="pixels", group="Pictures", basic=True,
        zero_means="their own size where all have the same, at most 64",
        help="Side of the square that every picture is brought to.",
    )  # fmt: skip
    channels: Channels = knob(
        "auto", label="Colour", group="Pictures", basic=True,
        help="Grey pictures train faster; auto keeps colour unless all files are grey.",
    )  # fmt: skip
    fit: Fit = knob(
        "crop", label="Fit", group="Pictures", basic=True,
        help="What happens to pictures that are not square: crop the middle, pad with white, or stretch.",
    )  # fmt: skip
    sample_rate: int = knob(
        0, low=0, high=192_000, label="Sample rate", unit="Hz", group="Sounds", basic=True,
        zero_means="the one that most files have, at most 48,000",
        help="Sounds are resampled to this rate. Half of it is the highest pitch that is kept.",
    )  # fmt: skip
    seconds: float = knob(
        0.0, low=0.0, high=60.0, label="Length", unit="seconds", group="Sounds", basic=True,
        zero_means="that of the longest, at most 4 seconds",
        help="Longer sounds are cut, shorter ones are followed by silence.",
    )  # fmt: skip
    trim: bool = knob(
        False, label="Trim silence", group="Sounds",
        help="Leave out what is 40 dB below the loudest moment at the start and the end of each sound.",
    )  # fmt: skip
    mix: Mix = knob(
        "mix", label="Channels", group="Sounds",
        help="How several channels become one: their mean, the left or the right one.",
    )  # fmt: skip
    reading: Reading = knob(
        "auto", label="Items", group="Sentences", basic=True,
        help="Whether each line is an item or the text runs on and is cut into pieces; auto looks at the lines.",
    )  # fmt: skip
    text_length: int = knob(
        0, low=0, high=4096, label="Length", unit="characters", group="Sentences", basic=True,
        zero_means="that of the longest line, at most 256",
        help="Longer lines are cut; running text is cut into pieces of this length.",
    )  # fmt: skip
    tokens: Tokens = knob(
        "characters", label="Tokens", group="Sentences",
        help="What a model reads one by one: characters, or frequent pieces of words (byte-pair encoding).",
    )  # fmt: skip
    vocabulary: int = knob(
        512, low=300, high=65_536, scale="log", label="Vocabulary", unit="pieces", group="Sentences",
        help="How many different pieces byte-pair encoding may use.",
    )  # fmt: skip
    labels: Labels = knob(
        "auto", label="Labels", group="Parts",
        help="Where labels come from: sub-folders, the start of file names up to the first “_”, or nowhere.",
    )  # fmt: skip
    test: float = knob(
        0.0, low=0.0, high=0.9, label="Test part", group="Parts", basic=True, zero_means="only what is given as such",
        help="Share held out for scores and never trained on, where the source does not give such a part itself.",
    )  # fmt: skip
    validation: float = knob(
        0.0, low=0.0, high=0.9, label="Validation part", group="Parts", zero_means="only what is given as such",
        help="Share held out for choosing among checkpoints, where the source does not give such a part itself.",
    )  # fmt: skip
    split_seed: int = knob(
        0, low=0, high=2**31 - 1, label="Seed of the parts", group="Parts",
        help="Start of the random choice of what is held out.",
    )  # fmt: skip
    group: Group = knob(
        "none", label="Keep together", group="Parts",
        help="Items of one group never lie in different parts: a table's group column, a sub-folder, or names that "
        "differ only in their last number.",
    )  # fmt: skip
    flip: Flip = knob(
        "none", label="Flip", group="Augmentation",
        help="Mirror half of the pictures, left to right, upside down or both ways.",
    )  # fmt: skip
    shift: float = knob(
        0.0, low=0.0, high=0.5, label="Shift", unit="of the side", group="Augmentation", zero_means="off",
        help="Move each picture by up to this share of its side; what comes into sight repeats the border.",
    )  # fmt: skip
    zoom: float = knob(
        0.0, low=0.0, high=0.5, label="Crop", unit="of the side", group="Augmentation", zero_means="off",
        help="Enlarge a random part of each picture, leaving out up to this share of its side.",
    )  # fmt: skip
    rotation: float = knob(
        0.0, low=0.0, high=180.0, label="Rotation", unit="degrees", group="Augmentation", zero_means="off",
        help="Turn each picture by up to this angle either way.",
    )  # fmt: skip
    colour: float = knob(
        0.0, low=0.0, high=1.0, label="Light and colour", group="Augmentation", zero_means="off",
        help="Change brightness, contrast and saturation by up to this share.",
    )  # fmt: skip
    grain: float = knob(
        0.0, low=0.0, high=0.5, label="Grain", unit="of full scale", group="Augmentation", zero_means="off",
        help="Add random grain of this standard deviation.",
    )  # fmt: skip

    def preparation(self) -> dict[str, object]:
        """The settings that change prepared arrays, for the key under which they are kept."""
        names = ("size", "channels", "fit", "sample_rate", "seconds", "trim", "mix")
        names += ("reading", "text_length", "labels", "group")
        return {name: getattr(self, name) for name in names}

    @property
    def augments(self) -> bool:
        """Whether batches differ from what is stored."""
        return self.flip != "none" or any((self.shift, self.zoom, self.rotation, self.colour, self.grain))
