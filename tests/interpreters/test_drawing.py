"""`tape.graph` and `tape.draw`: what is on a tape as data, Mermaid, DOT and SVG."""

import io
import re
import shutil
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import xgrad as xg


def next_line():
    return sys._getframe(1).f_lineno + 1


@pytest.fixture
def recorded():
    """A tape, a target, and what it was computed from."""
    x, w = xg.asarray(np.ones((4, 3))), xg.Variable(np.ones((3, 5)), name="w")
    with xg.record_locations(True), xg.GradientTape() as tape:
        h = xg.tanh(x @ w)
        y = xg.sum(h * h)
    return tape, y, h, w


def chain(length):
    x = xg.Variable([1.0, 2.0], name="x")
    with xg.GradientTape() as tape:
        y = x
        for _ in range(length):
            y = xg.tanh(y) + x
    return tape, y


def names(graph):
    return [node.name for node in graph.nodes]


# -- data --------------------------------------------------------------------------------------


def test_graph_has_every_value_once_in_order(recorded):
    tape, y, *_ = recorded
    graph = tape.graph(y)
    assert names(graph) == ["w", "matmul", "tanh", "multiply", "sum"]
    numbers = [node.number for node in graph.nodes]
    assert numbers == sorted(set(numbers))
    assert graph.targets == (numbers[-1],)


def test_nodes_say_what_they_are(recorded):
    tape, y, *_ = recorded
    w, matmul, tanh, multiply, total = tape.graph(y).nodes
    assert (w.kind, w.shape, w.dtype, w.inputs) == ("variable", (3, 5), "float64", ())
    assert (matmul.kind, matmul.shape, matmul.inputs) == ("operation", (4, 5), ((w.number, "x2"),))
    assert tanh.inputs == ((matmul.number, ""),)
    assert multiply.inputs == ((tanh.number, "x1"), (tanh.number, "x2"))
    assert total.shape == ()
    assert re.fullmatch(rf"{re.escape(__file__)}:\d+ \(h = xg.tanh\(x @ w\)\)", tanh.where)


def test_graph_of_everything(recorded):
    tape, y, h, _ = recorded
    z = h  # nothing else is computed from the sum
    assert names(tape.graph()) == ["w", "matmul", "tanh", "multiply", "sum"]
    assert len(tape.graph().targets) == 1
    assert tape.graph().targets == tape.graph(y).targets
    assert names(tape.graph(z)) == ["w", "matmul", "tanh"]


def test_graph_of_several_targets(recorded):
    tape, y, h, _ = recorded
    graph = tape.graph({"y": y, "h": h})
    assert len(graph.targets) == 2
    assert names(graph).count("tanh") == 1


def test_watched_tensor_and_several_results():
    x = xg.asarray([1.0, 2.0])
    with xg.GradientTape() as tape:
        tape.watch(x)
        a, b = xg.unstack(x)
        y = a * b
    kinds = [(node.kind, node.name) for node in tape.graph(y).nodes]
    assert kinds == [
        ("tensor", "Tensor"),
        ("operation", "unstack"),
        ("output", "output 0"),
        ("output", "output 1"),
        ("operation", "multiply"),
    ]


def test_end_of_a_path_is_shown():
    x = xg.Variable(1.5, name="x")
    with xg.GradientTape() as tape:
        h = xg.exp(x)
        y = xg.floor(h) * x
    graph = tape.graph(y)
    end = next(node for node in graph.nodes if node.kind == "end")
    assert end.name == "floor"
    assert [names(graph)[i] for i in range(2)] == ["x", "exp"]
    assert "-.->" in tape.draw(y)
    assert "style=dashed" in tape.draw(y, format="dot")


def test_empty_tape_has_an_empty_graph():
    assert xg.GradientTape().graph() == ((), ())
    with xg.GradientTape() as tape:
        pass
    assert tape.draw() == "flowchart TD\n"


# -- Mermaid and DOT ---------------------------------------------------------------------------


def test_mermaid_has_a_label_for_each_node_and_an_arrow_for_each_operand(recorded):
    tape, y, *_ = recorded
    lines = tape.draw(y).splitlines()
    assert lines[0] == "flowchart TD"
    place = r"test_drawing\.py:\d+"
    assert re.fullmatch(rf'  n\d+\(\["w<br/>float64 \(3, 5\)<br/>{place}"\]\)', lines[1])
    assert re.fullmatch(rf'  n\d+\["matmul<br/>float64 \(4, 5\)<br/>{place}"\]', lines[2])
    assert sum("-->" in line for line in lines) == 5
    assert any(re.fullmatch(r'  n\d+ -- "x2" --> n\d+', line) for line in lines)
    assert any(re.fullmatch(r"  class n\d+ target", line) for line in lines)


def test_dot_has_a_label_for_each_node_and_an_arrow_for_each_operand(recorded):
    tape, y, *_ = recorded
    text = tape.draw(y, format="dot")
    assert text.startswith("digraph tape {")
    assert text.endswith("}\n")
    assert re.search(r'n\d+ \[label="tanh\\nfloat64 \(4, 5\)\\ntest_drawing\.py:\d+", shape', text)
    assert text.count(" -> ") == 5
    assert "penwidth=3" in text


def test_names_are_escaped():
    v = xg.Variable(1.0, name='a "b" <c> & \\d')
    with xg.GradientTape() as tape:
        y = v * 2.0
    assert '"a #34;b#34; #60;c#62; #38; \\d<br/>' in tape.draw(y)
    assert '"a \\"b\\" <c> & \\\\d\\n' in tape.draw(y, format="dot")


def test_long_graph_is_folded_in_the_middle():
    tape, y = chain(100)
    text = tape.draw(y, max_nodes=11)
    labels = re.findall(r'"([^"<]+)(?:<[^"]*)?"[\])/]', text)
    assert len(labels) == 11
    assert labels[0] == "x"
    assert labels[5] == "... 191 more: 96 tanh, 95 add"
    assert labels[-2:] == ["tanh", "add"]
    assert tape.draw(y, max_nodes=201).count("tanh<br/>") == 100


def test_folding_keeps_the_graph_connected():
    tape, y = chain(100)
    text = tape.draw(y, format="dot", max_nodes=10)
    arrows = re.findall(r"(n\d+) -> (n\d+)", text)
    declared = set(re.findall(r"^  (n\d+) \[label", text, re.MULTILINE))
    assert {name for arrow in arrows for name in arrow} == declared
    reached = {arrows[-1][1]}
    for _ in declared:
        reached |= {source for source, result in arrows if result in reached}
    assert reached == declared


def test_short_graph_is_not_folded():
    tape, y = chain(3)
    assert "more" not in tape.draw(y)


# -- files and SVG -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("a.mmd", "flowchart"), ("a.dot", "digraph"), ("a.gv", "digraph"), ("a.txt", "flowchart")],
)
def test_file_gets_the_format_of_its_suffix(recorded, tmp_path, name, beginning):
    tape, y, *_ = recorded
    text = tape.draw(y, file=tmp_path / name)
    assert text.startswith(beginning)
    assert (tmp_path / name).read_text(encoding="utf-8") == text
    assert tape.draw(y, file=str(tmp_path / name)) == text


def test_open_file_and_format_that_is_asked_for(recorded, tmp_path):
    tape, y, *_ = recorded
    stream = io.StringIO()
    assert tape.draw(y, "dot", stream) == stream.getvalue()
    tape.draw(y, format="dot", file=tmp_path / "a.mmd")
    assert (tmp_path / "a.mmd").read_text(encoding="utf-8").startswith("digraph")


def test_svg_by_graphviz(recorded):
    if shutil.which("dot") is None:
        pytest.skip("the program dot of Graphviz is not installed")
    tape, y, *_ = recorded
    root = ET.fromstring(tape.draw(y, format="svg"))
    assert root.tag.endswith("svg")
    texts = [element.text for element in root.iter() if element.tag.endswith("}text")]
    assert {"w", "matmul", "tanh", "multiply", "sum", "float64 (4, 5)"} <= set(texts)


def program(tmp_path, monkeypatch, code):
    """Put a program of the name dot on the path."""
    file = tmp_path / "dot"
    file.write_text(f"#!{sys.executable}\nimport sys\n{code}\n", encoding="utf-8")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_svg_is_what_the_program_makes_of_the_dot_text(recorded, tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "print(sys.argv[1:], sys.stdin.read())")
    tape, y, *_ = recorded
    assert tape.draw(y, format="svg") == f"['-Tsvg'] {tape.draw(y, format='dot')}\n"


def test_svg_without_the_program_says_what_to_do(recorded, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    tape, y, *_ = recorded
    with pytest.raises(
        xg.errors.BackendUnavailableError, match=r"program `dot`.*Use format='mermaid'.*install"
    ):
        tape.draw(y, format="svg")


def test_svg_where_the_program_fails_says_why(recorded, tmp_path, monkeypatch):
    program(tmp_path, monkeypatch, "sys.exit('no memory')")
    tape, y, *_ = recorded
    with pytest.raises(xg.errors.BackendUnavailableError, match=r"failed with status 1: no memory"):
        tape.draw(y, format="svg")


def test_mistakes_are_errors(recorded):
    tape, y, *_ = recorded
    with pytest.raises(ValueError, match=r"format 'png' is not known\. Use 'mermaid', 'dot' or"):
        tape.draw(y, format="png")
    with pytest.raises(ValueError, match="max_nodes must be at least 3, not 2"):
        tape.draw(y, max_nodes=2)
    with pytest.raises(TypeError, match=r"^draw: target is a float"):
        tape.draw(1.0)
