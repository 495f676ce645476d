"""Triton kernels of the losses on packed labels; importing this file needs Triton.

Logits are read at their own resolution, ``(N * C, h, w)``, and labels at theirs, ``(N, P, H, W)``,
or ``(N, 2P, H, W)`` with UNKNOWN bits; both are contiguous. A pixel's logit is interpolated,
compared with its bit and not kept: forward for the sums of each class, backward for the gradient,
which is gathered by tiles of the logits. Every program writes to its own memory, so results do not
depend on the order of the programs.
"""

import triton
import triton.language as tl

SIZES = ['num_classes', 'num_planes', 'low_height', 'low_width', 'height', 'width']


@triton.jit
def _sources(position, low_size, size, DTYPE: tl.constexpr):
    """Find between which two logits positions of the labels lie, as F.interpolate does."""
    if DTYPE == tl.float32:
        # the plain division is off by a bit or two, even where the quotient is a power of two
        scale = tl.div_rn(tl.cast(low_size, DTYPE), tl.cast(size, DTYPE))
    else:
        scale = tl.cast(low_size, DTYPE) / tl.cast(size, DTYPE)
    source = tl.maximum((position.to(DTYPE) + 0.5) * scale - 0.5, 0.0)
    # at the border rounding and positions beyond the labels, which are masked later, end up inside
    lower = tl.minimum(source.to(tl.int32), low_size - 1)
    return lower, tl.minimum(lower + 1, low_size - 1), source - lower.to(DTYPE)


@triton.jit
def _interpolate(
    plane, rows, columns, low_height, low_width, height, width, RESIZED: tl.constexpr,
    DTYPE: tl.constexpr,
):  # fmt: skip
    """Read the logits of a class at positions of the labels, (rows, columns)."""
    if RESIZED:
        upper, lower, down = _sources(rows, low_height, height, DTYPE)
        left, right, across = _sources(columns, low_width, width, DTYPE)
        upper = plane + upper[:, None] * low_width
        lower = plane + lower[:, None] * low_width
        across = across[None, :]
        down = down[:, None]
        first = tl.load(upper + left[None, :]).to(DTYPE)
        above = first + across * (tl.load(upper + right[None, :]).to(DTYPE) - first)
        first = tl.load(lower + left[None, :]).to(DTYPE)
        below = first + across * (tl.load(lower + right[None, :]).to(DTYPE) - first)
        logits = above + down * (below - above)
    else:
        inside = (rows < height)[:, None] & (columns < width)[None, :]
        logits = tl.load(plane + rows[:, None] * width + columns[None, :], inside, 0.0).to(DTYPE)
    return logits


@triton.jit
def _reference(labels, map_index, rows, columns, num_classes, num_planes, height, width,
               CLASSES_PER_PLANE: tl.constexpr, UNKNOWN: tl.constexpr):  # fmt: skip
    """Read where a class is present and which pixels count, (rows, columns)."""
    image = map_index // num_classes
    index = map_index % num_classes
    plane = (image * num_planes + index // CLASSES_PER_PLANE).to(tl.int64)
    inside = (rows < height)[:, None] & (columns < width)[None, :]
    places = labels + plane * height * width + rows[:, None] * width + columns[None, :]
    # the sign bit says "ignore this pixel", and so do pixels beyond the labels
    packed = tl.load(places, inside, -1)
    valid = packed >= 0
    if UNKNOWN:
        unknown = tl.load(places + (num_planes // 2).to(tl.int64) * height * width, inside, 0)
        valid = valid & (((unknown >> (index % CLASSES_PER_PLANE)) & 1) == 0)
    return ((packed >> (index % CLASSES_PER_PLANE)) & 1) != 0, valid


@triton.jit
def _compare(logits, present):
    """Compute p, the probabilities of what is not the case and of what is, and both logarithms."""
    small = tl.exp(-tl.abs(logits))
    rest = tl.log(1.0 + small)
    larger = 1.0 / (1.0 + small)
    smaller = small * larger
    probability = tl.where(logits >= 0, larger, smaller)
    against = tl.where(present, -logits, logits)
    wrong = tl.where(against >= 0, larger, smaller)
    right = tl.where(against >= 0, smaller, larger)
    log_right = -tl.maximum(against, 0.0) - rest
    log_wrong = -tl.maximum(-against, 0.0) - rest
    return probability, wrong, right, log_wrong, log_right


@triton.jit
def _focused(values, wrong, log_wrong, EXPONENT: tl.constexpr):
    """Multiply by a power of what is wrong; its logarithm is known."""
    if EXPONENT == 1:
        values = values * wrong
    elif EXPONENT == 2:
        values = values * wrong * wrong
    elif EXPONENT != 0:
        values = values * tl.exp(EXPONENT * log_wrong)
    return values


@triton.jit(do_not_specialize=SIZES)
def sum_pixels(
    logits, labels, partial_sums, num_classes, num_planes, low_height, low_width, height, width,
    EXPONENTS: tl.constexpr, RESIZED: tl.constexpr, DTYPE: tl.constexpr, ROWS: tl.constexpr,
    COLUMNS: tl.constexpr, CLASSES_PER_PLANE: tl.constexpr, UNKNOWN: tl.constexpr,
):  # fmt: skip
    """Sum a tile of the labels' pixels; one program per class, image and tile."""
    across = tl.cdiv(width, COLUMNS)
    tiles = tl.cdiv(height, ROWS) * across
    program = tl.program_id(0)
    map_index = program // tiles
    tile = program % tiles
    rows = tile // across * ROWS + tl.arange(0, ROWS)
    columns = tile % across * COLUMNS + tl.arange(0, COLUMNS)
    plane = logits + map_index.to(tl.int64) * low_height * low_width

    values = _interpolate(
        plane, rows, columns, low_height, low_width, height, width, RESIZED, DTYPE
    )
    present, valid = _reference(
        labels, map_index, rows, columns, num_classes, num_planes, height, width,
        CLASSES_PER_PLANE, UNKNOWN,
    )  # fmt: skip
    present = present & valid
    absent = valid & ~present
    probability, wrong, right, log_wrong, log_right = _compare(values, present)

    distance = tl.num_programs(0).to(tl.int64)
    place = partial_sums + program
    tl.store(place, tl.sum(tl.where(present, probability, 0.0)))
    tl.store(place + distance, tl.sum(tl.where(valid, probability, 0.0)))
    tl.store(place + 2 * distance, tl.sum(present.to(DTYPE)))
    tl.store(place + 3 * distance, tl.sum(valid.to(DTYPE)))
    for index in tl.static_range(len(EXPONENTS)):
        terms = _focused(-log_right, wrong, log_wrong, EXPONENTS[index])
        tl.store(place + (4 + 2 * index) * distance, tl.sum(tl.where(present, terms, 0.0)))
        tl.store(place + (5 + 2 * index) * distance, tl.sum(tl.where(absent, terms, 0.0)))


@triton.jit
def _slopes(
    logits, present, valid, coefficients, map_index, distance, EXPONENTS: tl.constexpr
):  # fmt: skip
    """Differentiate the loss by the logits at positions of the labels, (rows, columns)."""
    probability, wrong, right, log_wrong, log_right = _compare(logits, present)
    place = coefficients + map_index
    both = tl.load(place)
    predicted = tl.load(place + distance)
    # p * (1 - p), without the difference
    slopes = tl.where(present, both + predicted, predicted) * wrong * right
    for index in tl.static_range(len(EXPONENTS)):
        there = tl.load(place + (4 + 2 * index) * distance)
        elsewhere = tl.load(place + (5 + 2 * index) * distance)
        steepness = wrong
        if EXPONENTS[index] != 0:
            steepness -= EXPONENTS[index] * right * log_right
        steepness = _focused(steepness, wrong, log_wrong, EXPONENTS[index])
        slopes += tl.where(present, -there, elsewhere) * steepness
    return tl.where(valid, slopes, 0.0)


@triton.jit
def _shares(low_positions, positions, low_size, size, DTYPE: tl.constexpr):
    """Weigh how much of each logit is in each position of the labels, (logits, positions)."""
    lower, upper, part = _sources(positions, low_size, size, DTYPE)
    shares = tl.where(low_positions[:, None] == lower[None, :], 1.0 - part[None, :], 0.0)
    return shares + tl.where(low_positions[:, None] == upper[None, :], part[None, :], 0.0)


@triton.jit
def _reach(first, count, low_size, size):
    """Find the positions of the labels that some logits in a row have a share in: begin, end."""
    begin = tl.maximum(((2 * first - 1) * size + low_size) // (2 * low_size), 0)
    end = ((2 * (first + count) + 1) * size + low_size - 1) // (2 * low_size)
    return begin, tl.minimum(end, size)


@triton.jit(do_not_specialize=[*SIZES, 'tile_rows', 'tile_columns'])
def gather_gradient(
    logits, labels, coefficients, factor, gradient, num_classes, num_planes, low_height,
    low_width, height, width, tile_rows, tile_columns, EXPONENTS: tl.constexpr,
    RESIZED: tl.constexpr, DTYPE: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
    LOW_ROWS: tl.constexpr, LOW_COLUMNS: tl.constexpr, CLASSES_PER_PLANE: tl.constexpr,
    UNKNOWN: tl.constexpr,
):  # fmt: skip
    """Gather the gradient of a tile of logits; one program per class, image and tile.

    A tile has ``tile_rows`` x ``tile_columns`` logits, at most LOW_ROWS x LOW_COLUMNS. The pixels
    of the labels that have a share in them are visited in blocks of ROWS x COLUMNS.
    """
    across = tl.cdiv(low_width, tile_columns)
    tiles = tl.cdiv(low_height, tile_rows) * across
    program = tl.program_id(0)
    map_index = program // tiles
    tile = program % tiles
    distance = tl.num_programs(0) // tiles
    low_row = tile // across * tile_rows
    low_column = tile % across * tile_columns
    low_rows = low_row + tl.arange(0, LOW_ROWS)
    low_columns = low_column + tl.arange(0, LOW_COLUMNS)
    offset = map_index.to(tl.int64) * low_height * low_width

    if RESIZED:
        gathered = tl.zeros((LOW_ROWS, LOW_COLUMNS), DTYPE)
        row_begin, row_end = _reach(low_row, tile_rows, low_height, height)
        column_begin, column_end = _reach(low_column, tile_columns, low_width, width)
        for row in range(row_begin, row_end, ROWS):
            rows = row + tl.arange(0, ROWS)
            row_shares = _shares(low_rows, rows, low_height, height, DTYPE)
            for column in range(column_begin, column_end, COLUMNS):
                columns = column + tl.arange(0, COLUMNS)
                column_shares = _shares(low_columns, columns, low_width, width, DTYPE)
                values = _interpolate(
                    logits + offset, rows, columns, low_height, low_width, height, width,
                    RESIZED, DTYPE,
                )  # fmt: skip
                present, valid = _reference(
                    labels, map_index, rows, columns, num_classes, num_planes, height, width,
                    CLASSES_PER_PLANE, UNKNOWN,
                )  # fmt: skip
                slopes = _slopes(
                    values, present, valid, coefficients, map_index, distance, EXPONENTS
                )
                # float32 to the end: the default would round the factors to TF32
                narrowed = tl.dot(row_shares, slopes, input_precision='ieee')
                gathered += tl.dot(narrowed, tl.trans(column_shares), input_precision='ieee')
    else:
        values = _interpolate(
            logits + offset, low_rows, low_columns, low_height, low_width, height, width, RESIZED,
            DTYPE,
        )  # fmt: skip
        present, valid = _reference(
            labels, map_index, low_rows, low_columns, num_classes, num_planes, height, width,
            CLASSES_PER_PLANE, UNKNOWN,
        )  # fmt: skip
        gathered = _slopes(values, present, valid, coefficients, map_index, distance, EXPONENTS)

    own = (tl.arange(0, LOW_ROWS) < tile_rows) & (low_rows < low_height)
    own = own[:, None] & ((tl.arange(0, LOW_COLUMNS) < tile_columns) & (low_columns < low_width))
    places = gradient + offset + low_rows[:, None] * low_width + low_columns[None, :]
    tl.store(places, gathered * tl.load(factor), own)
