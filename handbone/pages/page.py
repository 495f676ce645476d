"""The frame of a page that is one file and needs neither a server nor a network."""

import base64
import re
from collections.abc import Iterable
from html import escape
from importlib.resources import files


def asset(package: str, name: str) -> str:
    """Read a style or a script that lies beside the modules of a package.

    Args:
        package: Name of the package.
        name: Name of the file.

    Returns:
        Its content.
    """
    return files(package).joinpath(name).read_text(encoding='utf-8')


def page_html(title: str, parts: Iterable[str], style: str = '', script: str = '') -> str:
    """Put a page together.

    Args:
        title: Title and first heading, as text.
        parts: What is on the page, as HTML.
        style: Style beside the shared one.
        script: Script beside the one that sorts tables.

    Returns:
        A whole HTML document.
    """
    style = asset('handbone.pages', 'style.css') + style
    script = asset('handbone.pages', 'sorting.js') + script
    lines = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<title>{escape(title)}</title><style>{style}</style></head><body>',
        f'<h1>{escape(title)}</h1>',
        *parts,
        f'<script>{script}</script></body></html>',
    ]
    return '\n'.join(lines)


def picture_html(picture: bytes, alt: str) -> str:
    """Write a picture into the page itself.

    Args:
        picture: A JPEG.
        alt: What it shows, as text.

    Returns:
        HTML.
    """
    data = base64.b64encode(picture).decode()
    return f'<img loading="lazy" alt="{escape(alt)}" src="data:image/jpeg;base64,{data}">'


def breakable(name: str) -> str:
    """Escape a name that lines may break after a slash or an underscore."""
    return re.sub(r'([/_])', r'\1<wbr>', escape(name))
