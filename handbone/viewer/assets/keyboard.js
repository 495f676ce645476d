// Keys, and the table of them.

import { word } from './language.js';

// With an input method on, such as that of Korean, a key is a letter of Hangul or has no name yet.
const named = ({ key, code }) =>
  (key === 'Process' || key > '~') && code.startsWith('Key') ? code.slice(3).toLowerCase() : key;

// Each entry is the keys as they are shown, what they do, and a message.
export function listen(actions) {
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest('input:not([type=range], [type=checkbox]), textarea, select');
    if (field) {
      if (event.key === 'Escape') field.blur();
      return;
    }
    const key = named(event);
    const action = actions.find(each => each.keys?.includes(key));
    if (!action || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    action.run(key);
  });
}

export function describe(table, actions) {
  table.replaceChildren(...actions.map(({ shown, message }) => {
    const row = document.createElement('tr'), keys = row.insertCell();
    for (const key of shown ?? []) {
      const sign = document.createElement('kbd');
      sign.textContent = key;
      keys.append(sign, ' ');
    }
    row.insertCell().textContent = word(message);
    return row;
  }));
}
