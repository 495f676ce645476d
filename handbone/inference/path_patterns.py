"""Patterns of paths, part by part, of which ``**`` stands for any number of parts."""

import fnmatch


def fits(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Match the parts of a path with those of a pattern.

    Args:
        parts: Names of folders, and of the file.
        pattern: What they are to match.

    Returns:
        Whether all of them do.

    >>> fits(('a', 'b', 'x.png'), ('**', '*.png')), fits(('a', 'b', 'x.png'), ('*', '*.png'))
    (True, False)
    """
    if not pattern:
        return not parts
    if pattern[0] == '**':
        return any(fits(parts[place:], pattern[1:]) for place in range(len(parts) + 1))
    return (
        bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and fits(parts[1:], pattern[1:])
    )


def leads_to(parts: tuple[str, ...], pattern: tuple[str, ...]) -> bool:
    """Tell whether a pattern can match something in a folder, at any depth.

    Args:
        parts: Names of folders down to the folder.
        pattern: The pattern.

    Returns:
        Whether it can.

    >>> leads_to(('a',), ('*', '*.png')), leads_to(('a', 'b'), ('*', '*.png'))
    (True, False)
    """
    if not parts or not pattern or pattern[0] == '**':
        return bool(pattern)
    return fnmatch.fnmatchcase(parts[0], pattern[0]) and leads_to(parts[1:], pattern[1:])
