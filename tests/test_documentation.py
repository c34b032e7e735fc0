"""What the documents show is true: their Python runs, and prints what stands under it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# A block of Python, and, if it follows at once, the block of text that it prints.
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
NEEDS = {"viz.md": "matplotlib"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_python_in_documents(document: Path, tmp_path: Path) -> None:
    """In a process of its own: a document may declare ops, and the ops of this one are counted elsewhere."""
    if document.name in NEEDS:
        pytest.importorskip(
            NEEDS[document.name], reason="the document shows what needs pip install 'minideep[lessons]'"
        )
    blocks = BLOCK.findall(document.read_text())
    end = "---- end of block ----\n"
    script = tmp_path / "blocks.py"
    script.write_text("\n".join(f"{source}print({end!r}, end='')" for source, _ in blocks))
    result = subprocess.run([sys.executable, script], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout.split(end)[:-1] == [expected for _, expected in blocks]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_paths_in_documents_exist(document: Path) -> None:
    text = document.read_text()
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"
    for path in re.findall(r"`((?:minideep|gradcheck|lessons|docs|tests|benchmarks)/[\w/.]*)`", text):
        assert (ROOT / path).exists(), f"{document.name} speaks of {path}"
