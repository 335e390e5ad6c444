"""Writes docs/example.ipynb from the cells below and runs it (needs the extra `notebook`).

python docs/make_example.py
"""

from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOK = ROOT / "docs" / "example.ipynb"

# Text and code by turns: a cell that starts with "#" and a space is text.
CELLS = (
    """# From a table to a causal graph

The table is measured: 12 quantities of a small archiver. Its true graph is known, because the
script that measured it fixes which number enters which operation
(`examples/compression/README.md`). This notebook is written and run by `docs/make_example.py`.""",
    """import pandas as pd

import amortize

folder = "../examples/compression"
table = pd.read_csv(f"{folder}/interventional.csv")
mask = pd.read_csv(f"{folder}/interventional_mask.csv")  # 1 where a cell was set on purpose
table.head(3)""",
    """# ## One forward pass

`load` takes the bundled network. `predict` trains nothing. Missing cells would be NaN; columns that
cannot be used would be left out and named. The mask is optional.""",
    """model = amortize.load()
graph = model.predict(table, interventions=mask)
graph""",
    """# ## Asking the graph

`probabilities[i, j]` is the probability that variable i causes variable j directly.""",
    """pd.DataFrame(graph.probabilities, graph.names, graph.names).loc[
    ["table_kb", "effort_pct", "packed_kb"], ["table_kb", "effort_pct", "packed_kb", "pack_ms"]
].round(2)""",
    """print("causes of packed_kb: ", graph.parents("packed_kb"))
print("effects of packed_kb:", graph.children("packed_kb"))
print("what is uncertain:   ", [edge[:2] for edge in graph.edges() if edge.note])""",
    """# `dag()` is a `networkx.DiGraph` without cycles, with your names.""",
    """import networkx as nx

dag = graph.dag()
print(nx.is_directed_acyclic_graph(dag), "| upstream of checksum_us:",
      sorted(nx.ancestors(dag, "checksum_us")))""",
    """from pathlib import Path
from tempfile import TemporaryDirectory

from IPython.display import SVG

with TemporaryDirectory() as scratch:  # .png and .pdf too; needs matplotlib
    picture = SVG(Path(graph.save_figure(f"{scratch}/example.svg")).read_text())
picture""",
    """# ## Was it right?

Here the truth is known. `compare` takes pairs, a matrix or a networkx graph.""",
    """truth = pd.read_csv(f"{folder}/truth.csv")[["cause", "effect"]].to_numpy().tolist()
result = graph.compare(truth)
print(f"F1 {result.f1:.2f}, {len(result.correct)} of {len(truth)} edges, SHD {result.shd}")
print("reversed:", result.reversed, "| missing:", result.missing, "| extra:", result.extra)""",
    """# ## The same system, only watched

Without interventions there is less to go by. What changes is the point of the exercise: see which
edges keep their direction.""",
    """watched = pd.read_csv(f"{folder}/observational.csv").head(1000)
observed = model.predict(watched)
result = observed.compare(truth)
print(f"F1 {result.f1:.2f}, {len(result.correct)} of {len(truth)} edges, SHD {result.shd}")
print("reversed:", result.reversed, "| missing:", result.missing, "| extra:", result.extra)""",
    """# ## For code that swaps methods

The estimator has scikit-learn's shape: `fit` and attributes that end in an underscore.""",
    """estimator = amortize.CausalDiscovery(threshold=0.7).fit(table, interventions=mask)
print(estimator.adjacency_matrix_.shape, estimator.adjacency_matrix_.sum(), "edges")""",
    """# ## Further

- `graph.save("out/")` writes what the command writes, with a report to open in a browser.
- `graph.to_dowhy(table)` gives a `dowhy.gcm` model to fit and to set variables in;
  `graph.to_causallearn()` a causal-learn graph; `graph.to_dot()` Graphviz.
- An edge is a hypothesis to test. `graph.assumptions` says under what it was made.""",
)


def notebook() -> nbformat.NotebookNode:
    """The notebook without outputs. Cell ids are fixed, so that a new run changes little."""
    cells = []
    for number, cell in enumerate(CELLS):
        if cell.startswith("# "):
            text = cell if number == 0 else cell[2:]
            cells.append(new_markdown_cell(text, id=f"cell-{number}"))
        else:
            cells.append(new_code_cell(cell, id=f"cell-{number}"))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def main() -> None:
    """Run the notebook in docs/ and write it, without what differs from run to run."""
    book = notebook()
    NotebookClient(book, timeout=600, kernel_name="python3").execute(cwd=str(NOTEBOOK.parent))
    for cell in book.cells:
        cell.metadata.pop("execution", None)
    book.metadata.pop("language_info", None)
    nbformat.write(book, NOTEBOOK)


if __name__ == "__main__":
    main()
