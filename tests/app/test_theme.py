"""Colours can be read in both themes, icons follow them, and the theme changes while the window is open."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QAction, QColor, QFontMetrics, QIcon, QPalette
from PySide6.QtWidgets import QLabel, QPushButton

from genstudio.app import resources, theme
from genstudio.app.style import faint, set_variant, stylesheet
from genstudio.core.errors import WorkError

BOTH = pytest.mark.parametrize("tokens", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
GROUNDS = ("background", "panel", "raised")


@pytest.fixture(autouse=True)
def dark_again(qapp):
    yield
    theme.apply(qapp, "dark")


def contrast(first, second):
    """Ratio of luminances as WCAG 2.2 defines it, 1 to 21."""

    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, bright = sorted((luminance(first), luminance(second)))
    return (bright + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_the_standard():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@BOTH
@pytest.mark.parametrize("ink", ["text", "dim", "accent", "good", "warn", "bad"])
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_can_be_read(tokens, ink, ground):
    assert contrast(getattr(tokens, ink), getattr(tokens, ground)) >= 4.5


@BOTH
def test_text_on_filled_buttons_and_chosen_rows_can_be_read(tokens):
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    assert contrast(tokens.on_bad, tokens.bad) >= 4.5
    filled = {}
    sheet = stylesheet(tokens, 11, 15, resources.folder())
    for state in ("hover", "pressed"):
        filled[state] = re.search(rf'kind="primary"\]:{state} {{ background: (#\w+)', sheet)[1]
        assert contrast(tokens.on_accent, filled[state]) >= 4.5
    chosen = re.search(r"QMenu::item:selected { background: (#\w+)", sheet)[1]
    assert contrast(tokens.text, chosen) >= 4.5


@BOTH
def test_curves_and_arrows_can_be_seen(tokens):
    for colour in tokens.series:
        assert contrast(colour, tokens.panel) >= 3
    assert len(set(tokens.series)) == 6
    for ground in GROUNDS:
        assert contrast(theme.PLACEHOLDER, getattr(tokens, ground)) >= 3


@BOTH
def test_the_stylesheet_is_complete_and_names_files_that_exist(tokens):
    sheet = stylesheet(tokens, 11, 15, resources.folder())
    assert "$" not in sheet
    assert sheet.count("{") == sheet.count("}")
    files = re.findall(r"url\((.*?)\)", sheet)
    assert files
    assert all(Path(name).is_file() for name in files)


def test_qt_understands_the_stylesheet_and_the_switch_is_live(qapp, qtbot):
    button = QPushButton("Train")
    button.setProperty("kind", "primary")
    qtbot.addWidget(button)
    button.show()
    with qtbot.waitSignal(theme.notifier().changed, timeout=1000):
        theme.apply(qapp, "light")
    assert theme.tokens() is theme.LIGHT
    assert theme.mode() == "light"
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == theme.LIGHT.background
    assert button.grab().toImage().pixelColor(6, button.height() // 2).name() == theme.LIGHT.accent
    theme.apply(qapp, "dark")
    assert button.grab().toImage().pixelColor(6, button.height() // 2).name() == theme.DARK.accent


def test_system_follows_the_desktop_and_a_choice_does_not(qapp, monkeypatch):
    schemes = Qt.ColorScheme
    said = {"scheme": schemes.Unknown}
    monkeypatch.setattr(theme, "_system_scheme", lambda app: said["scheme"])
    theme.apply(qapp, "system")
    assert theme.tokens() is theme.DARK

    def desktop_turns(scheme):
        said["scheme"] = scheme
        qapp.styleHints().colorSchemeChanged.emit(scheme)

    desktop_turns(schemes.Light)
    assert theme.tokens() is theme.LIGHT
    desktop_turns(schemes.Dark)
    assert theme.tokens() is theme.DARK
    theme.apply(qapp, "light")
    desktop_turns(schemes.Dark)
    assert theme.tokens() is theme.LIGHT


def test_a_property_set_later_takes_effect(qapp, qtbot):
    theme.apply(qapp, "dark")
    label = QLabel("x")
    qtbot.addWidget(label)
    label.ensurePolished()
    set_variant(label, "role", "bad")
    assert label.palette().color(QPalette.ColorRole.WindowText).name() == theme.DARK.bad
    set_variant(label, "role", "dim")
    assert label.palette().color(QPalette.ColorRole.WindowText).name() == theme.DARK.dim


# icons -----------------------------------------------------------------------------------------------------

ICONS = sorted(path.stem for path in (resources.folder() / "icons").glob("*.svg"))
OWN_COLOURS = {"app", "check-dark", "check-light"}


def inks(icon: QIcon, size: int = 20, mode: QIcon.Mode = QIcon.Mode.Normal) -> set[str]:
    image = icon.pixmap(QSize(size, size), 1.0, mode).toImage()
    pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
    return {pixel.name() for pixel in pixels if pixel.alpha() == 255}


def is_all(found: set[str], wanted: str) -> bool:
    """Whether there are pixels and all are of that colour; smooth edges may round by one."""
    near = range(-1, 2)
    wanted_parts = QColor(wanted).getRgb()
    return bool(found) and all(
        got - want in near for name in found for got, want in zip(QColor(name).getRgb(), wanted_parts, strict=True)
    )


@pytest.mark.parametrize("name", ICONS)
def test_each_icon_is_drawn_in_one_colour_of_the_theme(qapp, name):
    text = resources.icon_path(name).read_text("utf-8")
    assert 'viewBox="0 0 20 20"' in text
    icon = theme.icon(name, 40)
    if name in OWN_COLOURS:
        assert inks(icon, 40)
        return
    assert set(re.findall(r"#[0-9a-f]{6}", text)) == {theme.PLACEHOLDER}
    assert 'stroke-width="1.6"' in text
    assert is_all(inks(icon, 40), theme.tokens().text)
    assert is_all(inks(theme.icon(name, 40, "bad"), 40), theme.tokens().bad)
    assert is_all(inks(icon, 40, QIcon.Mode.Disabled), faint(theme.tokens()))


def test_icons_are_sharp_on_dense_screens(qapp):
    icon = theme.icon("play", 16)
    for scale in (1.0, 2.0, 3.0):
        pixmap = icon.pixmap(QSize(16, 16), scale)
        assert pixmap.width() == 16 * scale
        assert pixmap.devicePixelRatio() == scale
    assert {size.width() for size in theme.app_icon().availableSizes()} >= {16, 32, 256}


def test_set_icon_follows_the_theme_and_dies_with_its_button(qapp, qtbot):
    button, label, action = QPushButton(), QLabel(), QAction()
    qtbot.addWidget(button)
    qtbot.addWidget(label)
    for target in (button, label, action):
        theme.set_icon(target, "stop", 20)
        theme.set_icon(target, "play", 20)
        assert len(target.findChildren(QObject, "icon follower")) == 1
    for mode, tokens in (("light", theme.LIGHT), ("dark", theme.DARK)):
        theme.apply(qapp, mode)
        assert is_all(inks(button.icon()) | inks(action.icon()), tokens.text)
        assert is_all(inks(QIcon(label.pixmap())), tokens.text)
    gone = QPushButton()
    theme.set_icon(gone, "play")
    del gone
    theme.apply(qapp, "light")


def test_an_unknown_icon_is_named(qapp):
    with pytest.raises(WorkError, match="no icon “unicorn”"):
        theme.icon("unicorn")


# resources, fonts ------------------------------------------------------------------------------------------


def test_resources_are_found_in_a_wheel_and_in_a_checkout(tmp_path):
    package = tmp_path / "genstudio"
    package.mkdir()
    with pytest.raises(WorkError, match="install it again"):
        resources.find(package)
    (tmp_path / "resources" / "icons").mkdir(parents=True)
    assert resources.find(package) == tmp_path / "resources"
    (package / "resources" / "icons").mkdir(parents=True)
    assert resources.find(package) == package / "resources"


def test_mix_and_colour():
    assert theme.mix("#000000", "#ffffff", 0.5) == "#808080"
    assert theme.mix("#102030", "#ffffff", 0) == "#102030"
    assert theme.color("accent", 0.5) == QColor.fromRgbF(*theme.color("accent").getRgbF()[:3], 0.5)


def test_tabular_figures_are_equally_wide(qapp):
    metrics = QFontMetrics(theme.tabular(qapp.font()))
    assert {metrics.horizontalAdvance(digit * 4) for digit in "0123456789"} == {metrics.horizontalAdvance("0000")}
    assert qapp.font().pointSize() == theme.SMALL
