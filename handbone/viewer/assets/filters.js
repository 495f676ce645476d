// What the list shows: search, filters and order. The server chooses; the page only asks.

import { word } from './language.js';

const choice = (name, options, value = '') => {
  const select = document.createElement('select');
  select.name = name;
  select.append(...options.map(([key, text]) => new Option(text, key, false, `${key}` === value)));
  select.setAttribute('aria-label', word(name));
  return select;
};

export class Filters {
  constructor(root, changed) {
    this.root = root;
    this.changed = changed;
    this.values = { sort: 'name', layer: '1', against: '1', class_index: '-1', descending: '0' };
    let pause;
    root.addEventListener('input', event => {
      this.values[event.target.name] = event.target.value;
      clearTimeout(pause);
      const typed = event.target.localName === 'input';
      pause = setTimeout(() => {
        if (['sort', 'column'].includes(event.target.name)) this.build();
        changed();
      }, typed ? 200 : 0);
    });
    root.addEventListener('click', event => {
      if (event.target.name !== 'descending') return;
      this.values.descending = this.values.descending === '1' ? '0' : '1';
      this.build();
      changed();
    });
  }

  // Make the fields anew, in the language that is chosen.
  fill(session, layerName, patients) {
    this.session = session;
    this.layerName = layerName;
    this.values.sort_column ??= Object.keys(session.columns)[0] ?? '';
    if (!this.patients) {
      this.patients = document.createElement('datalist');
      this.patients.id = 'patients';
      this.patients.append(...[...new Set(patients)].map(each => new Option(each)));
    }
    this.build();
  }

  // Show one patient only, or all again.
  only(patient) {
    this.values.patient = this.values.patient === patient ? '' : patient;
    this.build();
    this.changed();
  }

  build() {
    const { session, values } = this;
    const any = text => [['', word(text)]];
    const layers = session.layers.map((_, number) => [number, this.layerName(number)]).slice(1);
    const classes = session.classes.map((name, number) => [number, name]);
    const rows = [];
    const search = document.createElement('input');
    Object.assign(search, { type: 'search', name: 'text', id: 'search',
      placeholder: word('search'), value: values.text ?? '' });
    search.setAttribute('aria-label', word('search'));
    rows.push([search]);
    if (session.patients > 1) rows.push(this.listed('patient', this.patients));
    const direction = document.createElement('button');
    direction.name = 'descending';
    direction.textContent = values.descending === '1' ? '↓' : '↑';
    direction.setAttribute('aria-label', word('direction'));
    const columns = Object.keys(session.columns), checks = Object.entries(session.checks);
    const sorts = [['name', word('by_name')]];
    if (session.patients > 1) sorts.push(['patient', word('by_patient')]);
    if (columns.length) sorts.push(['column', word('by_column')]);
    if (checks.length) sorts.push(['findings', word('by_findings')]);
    if (layers.length) sorts.push(['dice', word('by_dice')]);
    if (layers.length > 1) sorts.push(['difference', word('by_difference')]);
    rows.push([choice('sort', sorts, values.sort), direction]);
    if (values.sort === 'column')
      rows.push([choice('sort_column', columns.map(each => [each, each]), values.sort_column)]);
    if (['dice', 'difference'].includes(values.sort)) {
      rows.push([choice('layer', layers, values.layer),
        ...values.sort === 'difference' ? [choice('against', layers, values.against)] : []]);
      rows.push([choice('class_index', [[-1, word('mean_dice')], ...classes], values.class_index),
        this.typed('score')]);
    }
    const marks = [...session.marks.map(each => [each, word(each)]), ['none', word('unmarked')]];
    rows.push([choice('mark', [...any('any_mark'), ...marks], values.mark)]);
    rows.push([choice('present', [[-1, word('any_class')], ...classes], values.present)]);
    if (checks.length) {
      const options = checks.map(([check, count]) => [check, `${check} (${count})`]);
      rows.push([choice('check', [...any('no_check'), ['any', word('any_check')], ...options],
        values.check)]);
    }
    if (columns.length) rows.push(this.column(columns, any));
    this.root.replaceChildren(...rows.map(fields => {
      const row = document.createElement('div');
      row.append(...fields);
      return row;
    }));
  }

  // A column of the table of patients, and a value of it, chosen or typed.
  column(columns, any) {
    const { session, values } = this;
    const field = choice('column', [...any('any_column'), ...columns.map(each => [each, each])],
      values.column);
    if (!values.column) return [field];
    const offered = document.createElement('datalist');
    offered.id = 'values';
    offered.append(...session.columns[values.column].map(each => new Option(each)));
    return [field, ...this.listed('value', offered)];
  }

  // A field to type into that offers what there is.
  listed(name, offered) {
    const field = this.typed(name);
    field.setAttribute('list', offered.id);
    return [field, offered];
  }

  // A field to type into.
  typed(name) {
    const field = document.createElement('input');
    Object.assign(field, { name, value: this.values[name] ?? '', placeholder: word(name) });
    field.setAttribute('aria-label', word(name));
    return field;
  }

  query() { return new URLSearchParams(this.values).toString(); }
}
