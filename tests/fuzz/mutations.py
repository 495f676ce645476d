"""Damage that files suffer, from a seed."""

import json

import numpy as np

#: Numbers that readers of sizes and counts stumble over.
EXTREME_NUMBERS = (b'-1', b'0', b'1e309', b'4294967295', b'99999999999999999999', b'NaN', b'1.5')
#: Text that readers of text stumble over.
EXTREME_TEXT = (
    b'\x00',
    b'\xff\xfe',
    b'\xef\xbb\xbf',
    b'\r',
    b'\n\n',
    b'"',
    b'\\ud800',
    b'true',
    b'null',
    b'[',
    b'{' * 50,
)

#: What takes the place of a value somewhere in a JSON document.
ODD_JSON = (
    b'true',
    b'false',
    b'null',
    b'"20"',
    b'20.0',
    b'-0.0',
    b'0',
    b'[]',
    b'{}',
    b'[true, 5]',
    b'["1", "2"]',
    b'NaN',
    b'-Infinity',
    b'1e400',
    b'9' * 50,
    b'9' * 5000,
    b'"\\ud800"',
    b'"e\\u0301lan"',
    b'"' + b'x' * 300_000 + b'"',
    b'[' * 2000 + b']' * 2000,
    b'{"a": 1, "a": 2}',
)
MARK = '<here>'


def mutate(data: bytes, random: np.random.Generator) -> bytes:
    """Damage a file in one to three ways.

    Args:
        data: Content of a sound file.
        random: Source of the choices.

    Returns:
        The damaged content; now and then it is the sound one.
    """
    for _ in range(random.integers(1, 4)):
        data = random.choice(MUTATIONS)(data, random)
    return data


def mutate_json(data: bytes, random: np.random.Generator) -> bytes:
    """Damage the bytes of a JSON document, or put an odd value somewhere in it.

    Args:
        data: A sound document.
        random: Source of the choices.

    Returns:
        The damaged document.
    """
    if random.random() < 0.4:
        return mutate(data, random)
    document = json.loads(data)
    place: list | dict = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = keys[random.integers(len(keys))]
        deeper = isinstance(place[key], list | dict) and len(place[key])
        if not deeper or random.random() < 0.15:
            break
        place = place[key]
    if isinstance(place, dict) and random.random() < 0.2:
        del place[key]
    else:
        place[key] = MARK
    odd = ODD_JSON[random.integers(len(ODD_JSON))]
    return json.dumps(document).encode().replace(f'"{MARK}"'.encode(), odd)


def _cut(data: bytes, random: np.random.Generator) -> bytes:
    return data[: random.integers(0, len(data) + 1)]


def _flip_bits(data: bytes, random: np.random.Generator) -> bytes:
    if not data:
        return data
    content = bytearray(data)
    for place in random.integers(0, len(content), random.integers(1, 9)):
        content[place] ^= 1 << random.integers(0, 8)
    return bytes(content)


def _overwrite(data: bytes, random: np.random.Generator) -> bytes:
    if not data:
        return data
    start = random.integers(0, len(data))
    noise = random.integers(0, 256, random.integers(1, 17), np.uint8).tobytes()
    return data[:start] + noise + data[start + len(noise) :]


def _repeat(data: bytes, random: np.random.Generator) -> bytes:
    start, stop = sorted(random.integers(0, len(data) + 1, 2))
    return data[:stop] + data[start:stop] + data[stop:]


def _remove(data: bytes, random: np.random.Generator) -> bytes:
    start = random.integers(0, len(data) + 1)
    return data[:start] + data[start + random.integers(1, 33) :]


def _append(data: bytes, random: np.random.Generator) -> bytes:
    return data + random.integers(0, 256, random.integers(1, 65), np.uint8).tobytes()


def _insert_text(data: bytes, random: np.random.Generator) -> bytes:
    place = random.integers(0, len(data) + 1)
    return data[:place] + EXTREME_TEXT[random.integers(0, len(EXTREME_TEXT))] + data[place:]


def _replace_number(data: bytes, random: np.random.Generator) -> bytes:
    digits = [place for place in range(len(data)) if data[place : place + 1].isdigit()]
    if not digits:
        return data
    start = digits[random.integers(0, len(digits))]
    stop = start
    while stop < len(data) and data[stop : stop + 1].isdigit():
        stop += 1
    return data[:start] + EXTREME_NUMBERS[random.integers(0, len(EXTREME_NUMBERS))] + data[stop:]


def _carriage_returns(data: bytes, random: np.random.Generator) -> bytes:
    return data.replace(b'\n', b'\r' if random.integers(0, 2) else b'\r\n')


MUTATIONS = (
    _cut,
    _flip_bits,
    _overwrite,
    _repeat,
    _remove,
    _append,
    _insert_text,
    _replace_number,
    _carriage_returns,
)
