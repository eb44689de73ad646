"""The report: whole in one file, harmless whatever it is given, attention first."""

from __future__ import annotations

import html.parser
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import xgrad as xg
from xgrad import viz
from xgrad.cli import main
from xgrad.viz.html import number


def train(logdir, *, rate, name="w"):
    """Three steps of something, watched."""
    writer = xg.summary.create_file_writer(logdir)
    w = xg.Variable([[1.0, 2.0]], name=f"{name}/kernel")
    optimizer = xg.optimizers.SGD(rate)
    xg.summary.GradientWatcher(writer).attach(optimizer)
    with writer.as_default():
        xg.summary.hparams({"rate": rate})
        xg.summary.image("noise", np.zeros((1, 2, 2, 3)), step=0)
        xg.summary.text("notes", "<b>bold</b> & more", step=0)
        with xg.GradientTape() as tape:
            loss = xg.sum(w**2)
        xg.summary.graph(tape.graph(loss))
        for step in range(4):
            loss = optimizer.minimize(lambda: xg.sum(w**2))
            xg.summary.scalar("loss", loss, step=step)
    writer.close()


class Page(html.parser.HTMLParser):
    """Checks that elements are closed in order; collects attributes and texts."""

    EMPTY = frozenset({"meta", "img", "rect", "br", "circle", "polyline", "path", "use"})

    def __init__(self, text):
        super().__init__()
        self.open, self.addresses, self.words, self.ids = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.addresses += [found[a] for a in ("src", "href", "xlink:href") if a in found]
        self.ids += [found["id"]] if "id" in found else []
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.EMPTY:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.EMPTY:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    logdir = tmp_path_factory.mktemp("runs")
    train(logdir / "good", rate=0.1)
    train(logdir / "bad", rate=1e-9)
    return viz.report(logdir)


def test_page_is_whole_and_well_formed(page):
    found = Page(page)
    text = " ".join(found.words)
    for word in ("2 runs", "good", "bad", "loss", "w/kernel", "noise", "rate", "0.1"):
        assert word in text


def test_page_needs_nothing_from_elsewhere(page):
    assert "<script" not in page
    assert "@import" not in page
    assert all(a.startswith(("data:", "#")) for a in Page(page).addresses)
    addresses = set(re.findall(r"https?://[^\"' ]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.findall(r"url\((?!#)", page)


def test_figures_are_svg_with_labels(page):
    figures = re.findall(r"<figure>(<svg.*?</svg>)", page, re.DOTALL)
    assert len(figures) == 1 + 2 * 4  # losses; of each run gradients, two of histograms, its graph
    for figure in figures:
        root = ET.fromstring(figure)
        assert root.get("role") == "img"
        assert root.get("aria-label")


def test_what_needs_attention_comes_first_and_says_why(page):
    words = page.split("<h2>Training")[0]
    assert "✓" in words
    assert "<b>good</b>: nothing about the gradients needs attention" in words
    assert "<b>bad</b>: the gradients of 1 variable need attention" in words
    assert 'class="kind">stuck</span>' in words
    assert "Use a larger learning rate." in words
    assert page.count('<tr class="flagged">') == 1


def test_texts_are_harmless(page):
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in page


def test_names_are_harmless(tmp_path):
    name = '<img src=x onerror="alert(1)">|"'
    run = viz.Run(name, scalars={name: viz.Series([0, 1], [1.0, 2.0])})
    run.scalars[f"gradient_norm/{name}"] = viz.Series([0, 1], [1.0, 2.0])
    run.hparams[name] = name
    assert "<img" not in viz.report(run)


def test_flag_of_an_odd_name_is_read(tmp_path):
    train(tmp_path, rate=1e-9, name="a|b** `c`")
    assert "a|b** `c`/kernel</b>: its last 3 updates" in viz.report(tmp_path)


def test_report_is_written_whole(tmp_path):
    train(tmp_path / "run", rate=0.1)
    text = viz.report(tmp_path / "run", tmp_path / "out.html")
    assert (tmp_path / "out.html").read_text(encoding="utf-8") == text


def test_same_run_gives_the_same_page(tmp_path):
    train(tmp_path, rate=0.1)
    assert (
        viz.report(tmp_path) == viz.report(viz.read(tmp_path)) == viz.report([viz.read(tmp_path)])
    )


def test_run_without_anything_is_a_page(tmp_path):
    xg.summary.create_file_writer(tmp_path).close()
    Page(viz.report(tmp_path))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0, "0"),
        (1234.5, "1.23e3"),
        (1e-7, "1e-7"),
        (0.25, "0.25"),
        (np.nan, "NaN"),
        (np.inf, "∞"),
    ],
)
def test_numbers_have_three_digits(value, shown):
    assert number(value) == shown


# -- the command -----------------------------------------------------------------------------------


def test_command_writes_into_the_directory(tmp_path, capsys):
    train(tmp_path / "a", rate=0.1)
    assert main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"1 run: {tmp_path / 'report.html'}\n"
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_command_writes_where_it_is_told(tmp_path):
    train(tmp_path / "a", rate=0.1)
    assert main(["report", str(tmp_path), "--output", str(tmp_path / "x.html")]) == 0
    assert (tmp_path / "x.html").exists()


def test_command_without_runs_fails_in_one_line(tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("xgrad report: error: read_runs: there are no event")
