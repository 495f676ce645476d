// Canvases that show one image, each with another layer, moved and zoomed together.

import { DIFFERENCE, SAFE, paintDifference, paintLayer, paintOutlines } from './paint.js';

const MOST_ZOOM = 64;

class Panel {
  constructor(parent) {
    this.root = document.createElement('figure');
    this.canvas = document.createElement('canvas');
    this.caption = document.createElement('figcaption');
    this.root.append(this.canvas, this.caption);
    parent.append(this.root);
    this.overlay = new OffscreenCanvas(1, 1);
  }

  // The pixels of the overlay, empty, at the size of the image.
  begin(width, height) {
    if (this.overlay.width !== width || this.overlay.height !== height || !this.data) {
      this.overlay.width = width;
      this.overlay.height = height;
      this.data = new ImageData(width, height);
      this.pixels = new Uint32Array(this.data.data.buffer);
    } else {
      this.pixels.fill(0);
    }
    return this.pixels;
  }

  finish() { this.overlay.getContext('2d').putImageData(this.data, 0, 0); }
}

export class Panels {
  constructor(parent, pointed) {
    this.parent = parent;
    this.panels = [];
    this.view = null;
    this.whole = true;
    this.picture = null;
    this.size = [1, 1];
    this.boxes = [];
    this.pointers = new Map();
    this.pointed = pointed;
    new ResizeObserver(() => this.draw()).observe(parent);
    parent.addEventListener('wheel', event => this.wheel(event), { passive: false });
    for (const kind of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel'])
      parent.addEventListener(kind, event => this[kind](event));
    parent.addEventListener('pointerleave', () => pointed(null));
    parent.addEventListener('dblclick', () => this.fit());
  }

  // What the panels show: { picture, masks, shows: [{ title, a, b? }], visible, palette, ... }.
  show(what) {
    while (this.panels.length > what.shows.length) this.panels.pop().root.remove();
    while (this.panels.length < what.shows.length) this.panels.push(new Panel(this.parent));
    this.parent.dataset.count = what.shows.length;
    const { width, height, layers } = what.masks;
    if (this.size[0] !== width || this.size[1] !== height) this.whole = true;
    this.size = [width, height];
    this.picture = what.picture;
    this.boxes = what.boxes ?? [];
    const palette = what.colours === 'safe'
      ? what.palette.map((_, i) => SAFE[i % SAFE.length]) : what.palette;
    what.shows.forEach((each, i) => {
      const panel = this.panels[i], pixels = panel.begin(width, height);
      const first = layers[each.a], second = layers[each.b];
      if (each.b !== undefined) {
        if (first && second) paintDifference(first, second, what.visible, what.share, pixels);
      } else if (first) {
        if (what.drawn === 'outlined') paintOutlines(first, what.visible, palette, width, pixels);
        else paintLayer(first, what.visible, palette, what.share, pixels);
      }
      panel.finish();
      panel.caption.textContent = each.title;
    });
    this.draw();
  }

  // Show nothing, where an image cannot be read.
  clear() {
    this.picture = null;
    this.boxes = [];
    for (const panel of this.panels) {
      panel.begin(...this.size);
      panel.finish();
    }
    this.draw();
  }

  fit() {
    this.whole = true;
    this.draw();
  }

  // Zoom by a factor around a place of the canvas.
  zoom(factor, x, y) {
    const view = this.view, canvas = this.panels[0]?.canvas;
    if (!view || !canvas) return;
    x ??= canvas.clientWidth / 2;
    y ??= canvas.clientHeight / 2;
    const scale = Math.min(MOST_ZOOM, Math.max(this.fitted() / 4, view.scale * factor));
    view.x = x - (x - view.x) * scale / view.scale;
    view.y = y - (y - view.y) * scale / view.scale;
    view.scale = scale;
    this.whole = false;
    this.draw();
  }

  fitted() {
    const canvas = this.panels[0].canvas;
    return Math.min(canvas.clientWidth / this.size[0], canvas.clientHeight / this.size[1]);
  }

  draw() {
    const canvas = this.panels[0]?.canvas;
    if (!canvas || !canvas.clientWidth) return;
    if (this.whole) {
      const scale = this.fitted();
      this.view = { scale, x: (canvas.clientWidth - this.size[0] * scale) / 2,
        y: (canvas.clientHeight - this.size[1] * scale) / 2 };
    }
    for (const panel of this.panels) this.drawPanel(panel);
  }

  drawPanel({ canvas, overlay }) {
    const ratio = devicePixelRatio, { scale, x, y } = this.view;
    canvas.width = Math.round(canvas.clientWidth * ratio);
    canvas.height = Math.round(canvas.clientHeight * ratio);
    const context = canvas.getContext('2d');
    context.setTransform(scale * ratio, 0, 0, scale * ratio, x * ratio, y * ratio);
    context.imageSmoothingEnabled = scale * ratio < 2;
    if (this.picture) context.drawImage(this.picture, 0, 0, ...this.size);
    context.drawImage(overlay, 0, 0);
    context.lineWidth = 2 / scale;
    context.strokeStyle = `rgb(${DIFFERENCE.a})`;
    for (const [left, top, right, bottom] of this.boxes)
      context.strokeRect(left, top, right - left, bottom - top);
  }

  // The canvas under a pointer, and where the pointer is on it.
  place(event, canvas = event.target.closest('figure')?.firstChild ?? this.panels[0].canvas) {
    const box = canvas.getBoundingClientRect();
    return { canvas, x: event.clientX - box.left, y: event.clientY - box.top };
  }

  wheel(event) {
    event.preventDefault();
    const { x, y } = this.place(event);
    this.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? .01 : .002)), x, y);
  }

  pointerdown(event) {
    this.pointers.set(event.pointerId, this.place(event));
    this.parent.setPointerCapture(event.pointerId);
  }

  pointermove(event) {
    if (!this.view) return;
    const before = this.pointers.get(event.pointerId);
    const now = this.place(event, before?.canvas);
    if (!before) {
      const { scale, x, y } = this.view;
      this.pointed([Math.floor((now.x - x) / scale), Math.floor((now.y - y) / scale)]);
      return;
    }
    if (this.pointers.size === 1) {
      this.view.x += now.x - before.x;
      this.view.y += now.y - before.y;
      this.whole = false;
    } else {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const distance = each => Math.hypot(each.x - other.x, each.y - other.y) || 1;
      this.zoom(distance(now) / distance(before), other.x, other.y);
    }
    this.pointers.set(event.pointerId, now);
    this.draw();
  }

  pointerup(event) { this.pointers.delete(event.pointerId); }

  pointercancel(event) { this.pointers.delete(event.pointerId); }
}
