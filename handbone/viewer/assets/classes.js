// The table of classes: on and off, colour, and the Dice of every layer.

export class Classes {
  constructor(table, changed) {
    this.table = table;
    this.changed = changed;
    table.tBodies[0].addEventListener('change', event => {
      this.visible[event.target.value] = event.target.checked;
      changed();
    });
  }

  fill(names, palette) {
    this.names = names;
    this.visible = names.map(() => true);
    this.rows = names.map((name, index) => {
      const row = document.createElement('tr'), cell = document.createElement('th');
      const label = document.createElement('label'), box = document.createElement('input');
      const colour = document.createElement('i'), text = document.createElement('span');
      box.type = 'checkbox';
      box.checked = true;
      box.value = index;
      text.textContent = name;
      label.append(box, colour, text);
      cell.append(label);
      row.append(cell);
      row.addEventListener('dblclick', () => this.only(index));
      return row;
    });
    this.colour(palette);
    this.table.tBodies[0].replaceChildren(...this.rows);
  }

  colour(palette) {
    this.rows.forEach((row, index) => {
      row.querySelector('i').style.background = `rgb(${palette[index % palette.length]})`;
    });
  }

  // Write the Dice of each layer; heads are the names of the layers with scores, and a column that
  // is undefined is still to come.
  score(heads, columns, unknown, words) {
    const head = document.createElement('tr');
    head.append(document.createElement('td'), ...heads.map(text => {
      const cell = document.createElement('th');
      cell.textContent = text;
      cell.title = text;
      return cell;
    }));
    const means = document.createElement('tr');
    const nothing = values => values === undefined ? '…' : '–';
    means.insertCell().textContent = heads.length ? words.mean : '';
    for (const values of columns) {
      const known = (values ?? []).filter(value => value != null);
      const sum = known.reduce((total, value) => total + value, 0);
      means.insertCell().textContent = known.length ? (sum / known.length).toFixed(3)
        : nothing(values);
    }
    this.table.tHead.replaceChildren(head, means);
    this.rows.forEach((row, index) => {
      while (row.cells.length > 1) row.lastChild.remove();
      for (const values of columns) {
        const cell = row.insertCell(), value = values?.[index];
        cell.textContent = value == null
          ? (unknown.includes(index) ? words.unknown : nothing(values))
          : value.toFixed(3);
        if (value != null) cell.style.setProperty('--share', `${value * 100}%`);
      }
    });
  }

  set(shown) {
    this.visible.fill(shown);
    this.update();
  }

  only(index) {
    this.visible = this.visible.map((_, each) => each === index);
    this.update();
  }

  update() {
    this.rows.forEach((row, index) => {
      row.querySelector('input').checked = this.visible[index];
    });
    this.changed();
  }
}
