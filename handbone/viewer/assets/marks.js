// The marks of the image that is shown, and what is exported of them.

import { sentence, word } from './language.js';
import { postJson, saidOf } from './requests.js';

export class Marks {
  constructor(root, dialog, changed, failed) {
    Object.assign(this, { root, dialog, changed, failed, of: {}, notes: {}, index: -1 });
    dialog.querySelector('#export').addEventListener('click', () => this.export());
  }

  fill(session, marks, notes, layerName) {
    this.of = { ...marks };
    this.notes = { ...notes };
    this.kinds = session.marks;
    this.session = session;
    this.layerName = layerName;
    this.build();
  }

  // Make the buttons anew, in the language that is chosen.
  build() {
    this.buttons = this.kinds.map(kind => {
      const button = document.createElement('button');
      button.textContent = word(kind);
      button.dataset.kind = kind;
      button.addEventListener('click', () => this.toggle(kind));
      return button;
    });
    this.note = document.createElement('input');
    this.note.placeholder = word('note');
    this.note.maxLength = 500;
    this.note.addEventListener('change', () => this.save(this.of[this.index] ?? ''));
    const open = document.createElement('button');
    open.textContent = word('export');
    open.addEventListener('click', () => this.ask());
    this.root.replaceChildren(...this.buttons, this.note, open);
    this.render();
  }

  show(index) {
    this.index = index;
    this.render();
  }

  render() {
    this.press();
    this.note.value = this.notes[this.index] ?? '';
  }

  press() {
    for (const button of this.buttons)
      button.setAttribute('aria-pressed', this.of[this.index] === button.dataset.kind);
  }

  toggle(kind) { this.save(this.of[this.index] === kind ? '' : kind); }

  // Mark and note are shown at once; if they cannot be saved, that is said and they are taken back.
  async save(mark) {
    const { index } = this, note = this.note.value;
    const before = [this.of[index], this.notes[index]];
    [this.of[index], this.notes[index]] = [mark, note];
    this.press();
    try {
      await postJson('/marks', { index, mark, note });
    } catch (error) {
      [this.of[index], this.notes[index]] = before;
      this.failed(error);
    }
    // what was typed meanwhile stays
    if (this.note.value === note) this.render();
    else this.press();
    this.changed();
  }

  ask() {
    const fill = (id, options) => document.getElementById(id).replaceChildren(
      ...options.map(([key, text]) => new Option(text, key)));
    fill('export-mark', this.kinds.map(each => [each, word(each)]));
    document.getElementById('export-mark').value = 'correct';
    fill('export-target', this.session.targets.map(each => [each, word(`as_${each}`)]));
    fill('export-layer', this.session.layers.map((_, number) => [number, this.layerName(number)]));
    document.getElementById('exported').textContent = '';
    this.dialog.showModal();
  }

  async export() {
    const value = id => document.getElementById(id).value;
    const said = document.getElementById('exported');
    said.textContent = '…';
    const wish = { mark: value('export-mark'), target: value('export-target'),
      layer: Number(value('export-layer') || 0) };
    said.textContent = sentence(await postJson('/export', wish).catch(saidOf));
  }
}
