// From segments of packed codes to pixels. A layer is { starts, numbers, codes, planes }: from
// starts[i] on, pixels have the code number numbers[i]; in front of the first one there is nothing.

const CLASSES_PER_PLANE = 31;

// Okabe and Ito's colours, which people with any colour vision tell apart.
export const SAFE = [[230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [0, 114, 178],
  [213, 94, 0], [204, 121, 167]];
export const DIFFERENCE = { a: [230, 159, 0], b: [86, 180, 233], both: [160, 160, 160],
  mixed: [204, 121, 167] };

const pack = ([red, green, blue], share) =>
  (Math.round(share * 255) << 24 | blue << 16 | green << 8 | red) >>> 0;

export function classesOf(layer, number) {
  const found = [];
  for (let plane = 0; plane < layer.planes; plane++) {
    const code = layer.codes[number * layer.planes + plane];
    for (let bit = 0; bit < CLASSES_PER_PLANE; bit++)
      if (code >> bit & 1) found.push(plane * CLASSES_PER_PLANE + bit);
  }
  return found;
}

// The classes laid over each other, each with the same share.
function blended(classes, palette, share) {
  if (!classes.length) return 0;
  let colour = palette[classes[0]], total = share;
  for (const each of classes.slice(1)) {
    const rest = total * (1 - share);
    colour = colour.map((value, i) => (palette[each][i] * share + value * rest) / (share + rest));
    total = share + rest;
  }
  return pack(colour.map(Math.round), total);
}

export function coloursOf(layer, visible, palette, share) {
  const count = layer.codes.length / layer.planes;
  return Array.from({ length: count }, (_, number) =>
    blended(classesOf(layer, number).filter(each => visible[each]), palette, share));
}

export function fillSegments(starts, colours, pixels) {
  for (let i = 0; i < starts.length; i++) {
    if (colours[i]) pixels.fill(colours[i], starts[i], starts[i + 1] ?? pixels.length);
  }
}

export function paintLayer(layer, visible, palette, share, pixels) {
  const colours = coloursOf(layer, visible, palette, share);
  fillSegments(layer.starts, Array.from(layer.numbers, number => colours[number]), pixels);
}

// Pixels of a class whose upper or left, lower or right neighbour lacks one of its classes.
export function paintOutlines(layer, visible, palette, width, pixels) {
  const count = layer.codes.length / layer.planes;
  const keys = new Map([['', 0]]), shown = [[]];
  const groups = Array.from({ length: count }, (_, number) => {
    const classes = classesOf(layer, number).filter(each => visible[each]);
    const key = classes.join();
    if (!keys.has(key)) { keys.set(key, shown.length); shown.push(classes); }
    return keys.get(key);
  });
  const colours = shown.map(classes => blended(classes.slice(-1), palette, 1));
  const map = new Uint16Array(pixels.length);
  fillSegments(layer.starts, Array.from(layer.numbers, number => groups[number]), map);
  const first = layer.starts[0] ?? pixels.length, last = layer.starts.at(-1) ?? 0;
  for (let i = first; i < last; i++) {
    const group = map[i];
    if (group && (map[i - 1] !== group || map[i + 1] !== group
      || (map[i - width] ?? 0) !== group || (map[i + width] ?? 0) !== group))
      pixels[i] = colours[group];
  }
}

// Where the visible classes are in one layer only, in the other only, or in both.
export function paintDifference(first, second, visible, share, pixels) {
  const sets = [first, second].map(layer => {
    const count = layer.codes.length / layer.planes;
    return Array.from({ length: count }, (_, number) =>
      new Set(classesOf(layer, number).filter(each => visible[each])));
  });
  const nothing = new Set(), colours = new Map();
  const colourOf = (a, b) => {
    const key = a * 65536 + b;
    if (!colours.has(key)) {
      const [one, other] = [sets[0][a] ?? nothing, sets[1][b] ?? nothing];
      const onlyA = [...one].some(each => !other.has(each));
      const onlyB = [...other].some(each => !one.has(each));
      const kind = onlyA && onlyB ? 'mixed' : onlyA ? 'a' : onlyB ? 'b' : 'both';
      const empty = !one.size && !other.size;
      const strength = kind === 'both' ? share * .6 : Math.min(1, share * 1.8);
      colours.set(key, empty ? 0 : pack(DIFFERENCE[kind], strength));
    }
    return colours.get(key);
  };
  let i = 0, k = 0, a = -1, b = -1;
  while (i < first.starts.length || k < second.starts.length) {
    const place = Math.min(first.starts[i] ?? Infinity, second.starts[k] ?? Infinity);
    if (first.starts[i] === place) a = first.numbers[i++];
    if (second.starts[k] === place) b = second.numbers[k++];
    const end = Math.min(first.starts[i] ?? pixels.length, second.starts[k] ?? pixels.length);
    const colour = colourOf(a, b);
    if (colour) pixels.fill(colour, place, end);
  }
}

// The classes of a layer at a pixel.
export function classesAt(layer, pixel) {
  let low = 0, high = layer.starts.length;
  while (low < high) {
    const middle = low + high >> 1;
    if (layer.starts[middle] <= pixel) low = middle + 1; else high = middle;
  }
  return low ? classesOf(layer, layer.numbers[low - 1]) : [];
}
