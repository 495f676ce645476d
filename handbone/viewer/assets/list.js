// The list of images: only the rows that are seen are in the page, so that it holds any number.

const ROW = 44;
const BEYOND = 6;

export class List {
  constructor(root, chosen) {
    this.root = root;
    this.rows = root.firstElementChild;
    this.order = [];
    this.describe = () => ({ name: '', note: '' });
    this.current = -1;
    this.root.addEventListener('scroll', () => this.render());
    new ResizeObserver(() => this.render()).observe(root);
    this.rows.addEventListener('click', event => {
      const row = event.target.closest('[data-index]');
      if (row) chosen(Number(row.dataset.index));
    });
  }

  // Show images in an order; describe(index) gives the texts of a row.
  fill(order, describe) {
    this.order = order;
    this.describe = describe;
    this.rows.style.height = `${order.length * ROW}px`;
    this.render();
  }

  choose(index) {
    this.current = index;
    const place = this.order.indexOf(index), top = place * ROW;
    if (place >= 0 && (top < this.root.scrollTop
      || top + ROW > this.root.scrollTop + this.root.clientHeight))
      this.root.scrollTop = top - this.root.clientHeight / 2;
    this.render();
  }

  // The image some places further on, or the image itself at the end.
  beside(step) {
    const place = this.order.indexOf(this.current);
    return this.order[Math.min(this.order.length - 1, Math.max(0, place + step))] ?? this.current;
  }

  render() {
    const first = Math.max(0, Math.floor(this.root.scrollTop / ROW) - BEYOND);
    const count = Math.ceil(this.root.clientHeight / ROW) + 2 * BEYOND;
    const shown = this.order.slice(first, first + count).map((index, i) => {
      const row = document.createElement('div'), name = document.createElement('span');
      const note = document.createElement('small');
      const { name: text, title, note: words, mark } = this.describe(index);
      row.dataset.index = index;
      row.setAttribute('role', 'option');
      row.setAttribute('aria-selected', index === this.current);
      row.title = title;
      if (mark) row.dataset.mark = mark;
      row.style.top = `${(first + i) * ROW}px`;
      name.textContent = text;
      note.textContent = words;
      row.append(name, note);
      return row;
    });
    this.rows.replaceChildren(...shown);
  }
}
