"""The site: ``make docs`` builds it into build/docs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # some pages are written by code

from handbone.version import __version__

project = 'handbone'
author = 'The handbone authors'
copyright = author
version = release = __version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx_copybutton',
    'notebook_pages',
    'reference_pages',
]
# diagrams are drawn where the repository is shown, and are text here
suppress_warnings = ['misc.highlighting_failure']
html_theme = 'furo'
html_title = f'handbone {__version__}'

myst_heading_anchors = 4
myst_enable_extensions = ['colon_fence']

autodoc_typehints = 'description'
autodoc_typehints_description_target = 'documented'
autodoc_member_order = 'bysource'
# examples are copied without the prompt
copybutton_prompt_text = '>>> '
napoleon_google_docstring = True
napoleon_numpy_docstring = False
