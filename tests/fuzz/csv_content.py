"""What fuzzed CSV formats share: their mutations, and Python's own reader as the judge."""

import csv
import io
import re

from handbone.errors import HandboneError

from .mutations import mutate


def table(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(rows)
    return text.getvalue().encode()


def mutate_rows(data, random):
    """Damage bytes, or move, drop, repeat or quote whole rows and fields."""
    if random.integers(0, 2):
        return mutate(data, random)
    lines = data.split(b'\n')
    place, other = random.integers(0, len(lines), 2)
    kind = random.integers(0, 9)
    if kind == 0:
        lines.insert(place, b'')
    elif kind == 1:
        lines.insert(0, b'' if random.integers(0, 2) else b'  ')
    elif kind == 2:
        lines = lines[: random.integers(0, 2)]
    elif kind == 3:
        lines.insert(other, lines[place])
    elif kind == 4:
        lines[place], lines[other] = lines[other], lines[place]
    elif kind == 5:
        lines.pop(place)
    elif kind == 6:
        fields = lines[place].split(b',')
        random.shuffle(fields)
        lines[place] = b','.join(fields)
    elif kind == 7:
        lines[place] = b','.join(b'"%s"' % field for field in lines[place].split(b','))
    else:
        lines[place] = lines[place].replace(b' ', b'\t').replace(b'.', b'.\n', 1)
    return random.choice([b'\n', b'\r', b'\r\n']).join(lines)


def parse(path):
    """The header and the rows by Python's own reader, None where that refuses the file."""
    data = path.read_bytes()
    if b'\0' in data:
        return None
    text = io.StringIO(data.decode('utf-8-sig', 'surrogateescape'), newline='')
    try:
        header, *rows = csv.reader(text, strict=True)
    except (csv.Error, ValueError):
        return None
    rows = [row for row in rows if row]
    if not header or not rows or any(len(row) != len(header) for row in rows):
        return None
    return header, rows


def is_text(*cells):
    return not any(re.search('[\udc80-\udcff]', cell) for cell in cells)


def reading(read, is_sound):
    """Read; refusing a sound file is a fault."""

    def checked(path):
        try:
            return read(path)
        except HandboneError as error:
            assert not is_sound(path), f'refused though sound: {error}'
            raise

    return checked
