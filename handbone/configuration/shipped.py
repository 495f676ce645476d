"""The configs that come with the package, by name, each as one self-contained file.

    handbone configs                               lists the names
    handbone configs upernet_swin_1536 > mine.py   writes one, its ``_base_`` files merged

They are read from the installed package (``handbone/.mim/configs``) or, in a clone, from
``configs/``.
"""

import difflib
from pathlib import Path

from handbone.version import __version__


def config_folder() -> Path:
    """Find the folder of the shipped configs: inside the installed package, or in the clone.

    Returns:
        The existing folder.

    Raises:
        FileNotFoundError: If neither the package nor a clone around it holds configs.
    """
    package = Path(__file__).resolve().parents[1]
    installed = package / '.mim' / 'configs'
    if installed.is_dir():
        return installed
    clone = package.parent
    # site-packages may have a folder configs of a different project; a clone also has our setup.py
    if (clone / 'setup.py').is_file() and (clone / 'configs').is_dir():
        return clone / 'configs'
    raise FileNotFoundError(
        f'no configs in {installed} nor in {clone / "configs"}: install the package from a wheel '
        f'or work in a clone'
    )


def config_names() -> list[str]:
    """List the complete configs, without the parts under ``_base_``.

    Returns:
        Sorted names: the path below the config folder without ``.py``, such as
        ``'jsrt/segformer_mit-b0_256'``.
    """
    folder = config_folder()
    paths = (path.relative_to(folder) for path in folder.rglob('*.py'))
    return sorted(path.with_suffix('').as_posix() for path in paths if '_base_' not in path.parts)


def config_path(name: str) -> Path:
    """Find the file of a config.

    Args:
        name: a name of :func:`config_names`; ``.py``, a leading ``configs/`` and, where it stays
            unambiguous, the folder may differ.

    Returns:
        The path of the file, which may have ``_base_`` files beside it.

    Raises:
        KeyError: no config, or several in different folders, have this name; the message lists
            the nearest names and all names.
    """
    names = config_names()
    wanted = name.removesuffix('.py').removeprefix('configs/')
    matches = [known for known in names if known == wanted or known.split('/')[-1] == wanted]
    if wanted in matches:
        matches = [wanted]
    if len(matches) == 1:
        return config_folder() / f'{matches[0]}.py'
    raise KeyError(_unknown_name(name, wanted, matches, names))


def base_path(name: str) -> str:
    """Find a part that configs inherit from; for the ``_base_`` of configs outside the package.

    Args:
        name: Path of the part below ``configs/_base_``, such as ``'models/folded_unet.py'``.

    Returns:
        The path of the file.
    """
    return str(config_folder() / '_base_' / name)


def flattened_config(name: str) -> str:
    """Merge a config with its ``_base_`` files into the text of one file.

    Args:
        name: as for :func:`config_path`.

    Returns:
        Python source in mmengine's text style that loads to the same config without any other
        file. Environment variables that the config reads are replaced by their present values.

    Raises:
        KeyError: as for :func:`config_path`.
    """
    from mmengine.config import Config  # takes seconds, and the names alone do not need it

    path = config_path(name)
    config = Config.fromfile(path, import_custom_modules=False)
    origin = path.relative_to(config_folder()).as_posix()
    return (
        f'# configs/{origin} of handbone {__version__}, with its _base_ files\n{config.pretty_text}'
    )


def _unknown_name(name: str, wanted: str, matches: list[str], names: list[str]) -> str:
    if matches:
        return f'{name!r} names several configs, give the folder too: {", ".join(matches)}'
    by_stem = {known.split('/')[-1]: known for known in names} | {known: known for known in names}
    near = difflib.get_close_matches(wanted, by_stem, n=3, cutoff=0.4)
    hint = f' Nearest: {", ".join(dict.fromkeys(by_stem[key] for key in near))}.' if near else ''
    listing = '\n'.join(f'  {known}' for known in names)
    return f'There is no config named {name!r}.{hint} All names:\n{listing}'
