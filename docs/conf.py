"""The documents as a site: `sphinx-build -W --keep-going docs build/site`.

Pages are the Markdown files that are read in the repository, too, so their links are those of the repository. What
lies outside of this folder (README, CONTRIBUTING, the logs) is included by a page here, and links to it lead to that
page.
"""

import re
from importlib.metadata import version as installed
from typing import Any

from sphinx.application import Sphinx

project = "Saddlepoint"
author = "the Saddlepoint authors"
project_copyright = f"2026, {author}"
release = installed("saddlepoint")
version = release

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
exclude_patterns = ["README.md"]
html_theme = "furo"
html_title = "Saddlepoint"
html_theme_options = {"source_directory": "docs/", "navigation_with_keys": True}
html_static_path, html_css_files = ["static"], ["site.css"]
html_show_sourcelink = False
html_copy_source = False

# Markdown. Notebooks are shown as they were last executed: a test executes them.
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"
suppress_warnings = ["myst.header"]

# The reference. One backtick in a docstring marks code.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True, "imported-members": True, "show-inheritance": True}
autosummary_generate = False
python_maximum_signature_line_length = 90
python_use_unqualified_type_names = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
copybutton_exclude = ".linenos, .gp, .go"

OUTSIDE = {
    "README": "index",
    "CONTRIBUTING": "contributing",
    "CHANGELOG": "changelog",
    "LOG": "log",
    "SECURITY": "security",
}
LINK = re.compile(r"\]\((?:\.\./)?([A-Z]+)\.md(#[^)]*)?\)")


def _inside(text: str, *, included: bool) -> str:
    """A page's text with its links as they are in the site."""
    if included:
        text = text.replace("](docs/", "](")
    return LINK.sub(lambda found: f"]({OUTSIDE[found[1]]}.md{found[2] or ''})", text)


def _on_read(_app: Sphinx, _docname: str, content: list[str]) -> None:
    content[0] = _inside(content[0], included=False)


def _on_include(_app: Sphinx, _path: Any, _docname: str, content: list[str]) -> None:
    content[0] = _inside(content[0], included=True)


def _as_restructured(_app: Sphinx, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Docstrings are plain text: an indented block is shown as it stands, and `*` and `|` are no markup."""
    found: list[str] = []
    literal = False
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        fresh = number > 0 and not lines[number - 1].strip()
        if line.strip() and indent == 0:
            literal = False
        elif fresh and indent >= 4 and not literal:
            literal = True
            found.extend(["::", ""])
        if not literal and not line.lstrip().startswith(">>>"):
            parts = line.split("`")
            parts[::2] = [re.sub(r"(?<!\\)([*|])", r"\\\1", part) for part in parts[::2]]
            line = re.sub(r"(\w)_(?=\W|$)", r"\1\\_", "`".join(parts)) if "`" not in line else "`".join(parts)
        found.append(line)
    lines[:] = found


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _on_read)
    app.connect("include-read", _on_include)
    app.connect("autodoc-process-docstring", _as_restructured, priority=100)
