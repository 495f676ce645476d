// The page: what is shown, and what happens when something is clicked or a key is pressed.

import { Classes } from './classes.js';
import { Filters } from './filters.js';
import { describe, listen } from './keyboard.js';
import { chosenLanguage, speak, word } from './language.js';
import { List } from './list.js';
import { Marks } from './marks.js';
import { DIFFERENCE, SAFE, classesAt } from './paint.js';
import { Panels } from './panels.js';
import { Problems } from './problems.js';
import { Kept, getJson, saidOf } from './requests.js';

const element = id => document.getElementById(id);
const state = { mode: 'one', index: -1, masks: null, picture: null, hidden: false };
const kept = new Kept(6);
let session, names = [], patients = [], notes = [], asked = 0;

const panels = new Panels(element('panels'), point);
const list = new List(element('list'), open);
const classes = new Classes(element('class-table'), paint);
const problems = new Problems(element('problems'));

const filters = new Filters(element('filters'), reorder);
const marks = new Marks(element('marks'), element('export-dialog'), () => list.render(),
  complain);

const layerName = number => session.layers[number].name || word('truth');

async function start() {
  session = await getJson('/session');
  const listed = await getJson('/names');
  ({ names, patients } = listed);
  document.title = element('title').textContent = session.title;
  element('language').value = chosenLanguage();
  classes.fill(session.classes, session.palette);
  marks.fill(session, listed.marks, listed.notes, layerName);
  list.fill(names.map((_, index) => index), describeRow);
  say();
  turnTo('stage');
  const wanted = Number(location.hash.slice(1));
  await open(location.hash && wanted < names.length ? wanted : 0);
  await reorder();
}

function describeRow(index) {
  const value = notes[index], mark = marks.of[index];
  const [, folder, name] = /^(?:(.*)\/)?(.*)$/.exec(names[index]);
  const words = [value?.toFixed?.(4) ?? value, mark ? word(mark) : '', folder];
  return { name, title: names[index], note: words.filter(Boolean).join('   '), mark };
}

// Ask for the list anew; while images are still being scored, it is asked for again.
async function reorder() {
  const number = ++asked;
  try {
    const { order, values, scored, predicted } = await getJson(`/order?${filters.query()}`);
    if (number !== asked) return;
    notes = [];
    order.forEach((index, i) => { notes[index] = values[i]; });
    list.fill(order, describeRow);
    count(scored, predicted);
    if (Math.min(scored ?? predicted, predicted) < names.length)
      setTimeout(() => { if (number === asked) reorder(); }, 1500);
  } catch (error) {
    complain(error);
  }
}

function count(scored = null, predicted = null) {
  const texts = [word('count', { shown: list.order.length, all: names.length })];
  if (scored !== null && scored < names.length)
    texts.push(word('scoring', { count: scored, all: names.length }));
  if (predicted !== null && predicted < names.length)
    texts.push(word('predicting', { count: predicted, all: names.length }));
  element('count').textContent = texts.join(', ');
}

// Write everything in the language that is chosen.
function say() {
  speak(element('language').value);
  const options = () => session.layers.map((_, number) => new Option(layerName(number), number));
  for (const [id, chosen] of [['layer-a', 0], ['layer-b', 1]]) {
    const select = element(id), value = select.value || chosen;
    select.replaceChildren(...options());
    select.value = Math.min(value, session.layers.length - 1);
  }
  describe(element('keys'), actions);
  filters.fill(session, layerName, patients);
  marks.build();
  problems.build();
  count();
  show();
}

async function open(index) {
  if (index === undefined) return;
  state.index = index;
  list.choose(index);
  element('name').textContent = names[index];
  marks.show(index);
  history.replaceState(null, '', `#${index}`);
  try {
    const [picture, masks] = await kept.get(index);
    if (state.index !== index) return;
    const failed = picture instanceof Error;
    Object.assign(state, { masks, picture: failed ? null : picture });
    tell(masks);
    problems.say([...masks.problems, ...failed ? [saidOf(picture)] : []]);
    show();
    document.body.dataset.shown = index;
    for (const step of [1, -1]) kept.get(list.beside(step), true).catch(() => {});
    renew(index);
  } catch (error) {
    if (state.index !== index) return;
    // the picture before it would look like that of this image
    Object.assign(state, { masks: null, picture: null });
    panels.clear();
    tell({ values: {}, findings: [] });
    complain(error);
  }
}

// Show masks that are being predicted as soon as they are there, while the image is looked at.
async function renew(index) {
  try {
    while (state.index === index && state.masks.pending.length) {
      const before = state.masks.pending.length;
      const [picture, masks] = await kept.renew(index);
      if (state.index !== index) return;
      state.masks = masks;
      if (masks.pending.length < before) {
        problems.say([...masks.problems, ...picture instanceof Error ? [saidOf(picture)] : []]);
        show();
      }
      if (masks.pending.length) await new Promise(done => setTimeout(done, 500));
    }
  } catch (error) {
    if (state.index === index) complain(error);
  }
}

// What is known about the image beside its masks.
function tell(masks) {
  const facts = Object.entries(masks.values).filter(([, value]) => value);
  element('facts').textContent = facts.map(each => each.join(': ')).join('   ');
  element('findings').replaceChildren(...masks.findings.map(each => {
    const item = document.createElement('li');
    item.textContent = [each.check, each.class, each.reason].filter(Boolean).join(': ');
    return item;
  }));
}

function complain(error) { problems.say([saidOf(error)]); }

// The panels of the view that is chosen.
function shows() {
  const a = Number(element('layer-a').value), b = Number(element('layer-b').value);
  const layers = session.layers.map((_, number) => number);
  if (!layers.length) return [{ title: '' }];
  const title = each => layerName(each)
    + (state.masks.pending.includes(each) ? ` (${word('pending')})` : '');
  if (state.mode === 'beside') return layers.map(each => ({ title: title(each), a: each }));
  if (state.mode === 'difference')
    return [{ title: `${title(a)} – ${title(b)}`, a, b }];
  return [{ title: title(a), a }];
}

function paint() {
  if (!state.masks) return;
  panels.show({
    ...state, boxes: state.masks.findings.map(each => each.box).filter(Boolean),
    shows: state.hidden ? shows().map(({ title }) => ({ title })) : shows(),
    visible: classes.visible, palette: session.palette,
    share: element('opacity').value / 100, colours: element('colours').value,
    drawn: element('drawn').value,
  });
}

function show() {
  const { masks } = state, several = session.layers.length > 1;
  element('layer-a-label').hidden = state.mode === 'beside' || !several;
  element('layer-b-label').hidden = state.mode !== 'difference' || !several;
  element('modes').hidden = !several;
  for (const button of element('modes').children)
    button.setAttribute('aria-pressed', button.dataset.mode === state.mode);
  if (!masks) return; // of an image that cannot be read
  const scored = masks.dice.map((_, number) => number).filter(number => number > 0);
  const columns = scored.map(each => masks.pending.includes(each) ? undefined : masks.dice[each]);
  classes.score(scored.map(layerName), columns, masks.unknown,
    { unknown: word('unknown'), mean: word('mean') });
  legend();
  paint();
}

function legend() {
  const [{ a, b }] = shows();
  const entries = b === undefined ? [] : [
    [DIFFERENCE.a, word('only', { name: layerName(a) })],
    [DIFFERENCE.b, word('only', { name: layerName(b) })],
    [DIFFERENCE.both, word('both')], [DIFFERENCE.mixed, word('mixed')]];
  element('legend').replaceChildren(...entries.map(([colour, text]) => {
    const entry = document.createElement('span'), sign = document.createElement('i');
    sign.style.background = `rgb(${colour})`;
    entry.append(sign, text);
    return entry;
  }));
}

// Say which classes lie under the pointer, so that nobody has to tell colours apart.
function point(place) {
  const { masks } = state, [x, y] = place ?? [-1, -1];
  if (!masks || x < 0 || y < 0 || x >= masks.width || y >= masks.height) {
    element('pointed').textContent = '';
    return;
  }
  const found = masks.layers.map((layer, number) => {
    const here = layer ? classesAt(layer, y * masks.width + x) : [];
    return `${layerName(number)}: ${here.map(each => session.classes[each]).join(', ') || '–'}`;
  });
  element('pointed').textContent = [`${x}, ${y}`, ...found].join('   ');
}

function choose(mode) {
  if (session.layers.length < 2) return;
  state.mode = mode;
  show();
}

// On narrow screens one of the three parts of the page is shown.
function turnTo(tab) {
  document.querySelector('main').dataset.tab = tab;
  for (const button of element('tabs').children)
    button.setAttribute('aria-pressed', button.dataset.tab === tab);
  panels.draw();
}

const MODES = ['one', 'beside', 'difference'];
const actions = [
  { keys: ['j', 'ArrowDown', 'ArrowRight'], shown: ['j', '↓', '→'], message: 'key_next',
    run: () => open(list.beside(1)) },
  { keys: ['k', 'ArrowUp', 'ArrowLeft'], shown: ['k', '↑', '←'], message: 'key_previous',
    run: () => open(list.beside(-1)) },
  { keys: ['v'], shown: ['v'], message: 'key_views',
    run: () => choose(MODES[(MODES.indexOf(state.mode) + 1) % MODES.length]) },
  { keys: [...'123456789'], shown: ['1', '…', '9'], message: 'key_layer',
    run: key => {
      if (key > session.layers.length) return;
      element('layer-a').value = key - 1;
      choose(state.mode === 'difference' ? 'difference' : 'one');
    } },
  { keys: ['h', ' '], shown: ['h'], message: 'key_masks',
    run: () => { state.hidden = !state.hidden; paint(); } },
  { keys: ['a'], shown: ['a'], message: 'key_all',
    run: () => classes.set(!classes.visible.every(Boolean)) },
  { keys: ['o'], shown: ['o'], message: 'key_outline',
    run: () => {
      const drawn = element('drawn');
      drawn.value = drawn.value === 'filled' ? 'outlined' : 'filled';
      paint();
    } },
  { keys: ['+', '=', '-'], shown: ['+', '-'], message: 'key_zoom',
    run: key => panels.zoom(key === '-' ? 1 / 1.4 : 1.4) },
  { keys: ['0'], shown: ['0'], message: 'key_fit', run: () => panels.fit() },
  { keys: ['/'], shown: ['/'], message: 'key_search', run: () => element('search').focus() },
  { keys: ['s'], shown: ['s'], message: 'key_sort',
    run: () => document.querySelector('#filters [name=sort]').focus() },
  { keys: ['p'], shown: ['p'], message: 'key_patient',
    run: () => session.patients > 1 && filters.only(patients[state.index]) },
  { keys: ['b', 'c', 'g', 'u'], shown: ['b', 'c', 'g', 'u'], message: 'key_marks',
    run: key => marks.save({ b: 'bad', c: 'correct', g: 'good', u: '' }[key]) },
  { message: 'key_drag' },
  { message: 'key_only' },
];

listen([...actions, { keys: ['?'], run: () => element('help').showModal() }]);
element('help-button').addEventListener('click', () => element('help').showModal());
element('previous').addEventListener('click', () => open(list.beside(-1)));
element('next').addEventListener('click', () => open(list.beside(1)));
element('all').addEventListener('click', () => classes.set(true));
element('none').addEventListener('click', () => classes.set(false));
element('modes').addEventListener('click', event => {
  if (event.target.dataset.mode) choose(event.target.dataset.mode);
});
for (const id of ['layer-a', 'layer-b']) element(id).addEventListener('change', show);
for (const id of ['opacity', 'drawn']) element(id).addEventListener('input', paint);
element('colours').addEventListener('change', () => {
  classes.colour(element('colours').value === 'safe' ? SAFE : session.palette);
  paint();
});
element('language').addEventListener('change', say);
element('tabs').addEventListener('click', event => {
  if (event.target.dataset.tab) turnTo(event.target.dataset.tab);
});
element('list').addEventListener('click', () => turnTo('stage'));

start().catch(complain);
