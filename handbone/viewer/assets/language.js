// The words of the page, from one table per language.

import en from './messages_en.js';
import ko from './messages_ko.js';

const TABLES = { en, ko };
const KEY = 'handbone-language';
let table = en;

export const languages = Object.keys(TABLES);

export function word(key, values = {}) {
  return (table[key] ?? en[key]).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

// Say a sentence of the server: it comes in English, with a key if the tables may have it.
export function sentence({ text, key, values }) {
  return key in table ? word(key, values) : text;
}

export function chosenLanguage() {
  const saved = localStorage.getItem(KEY);
  if (saved in TABLES) return saved;
  return languages.find(each => navigator.language.startsWith(each)) ?? 'en';
}

// Write all words that stand in the page itself.
export function speak(language) {
  table = TABLES[language];
  localStorage.setItem(KEY, language);
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll('[data-text]'))
    element.textContent = word(element.dataset.text);
  for (const element of document.querySelectorAll('[data-title]')) {
    element.title = word(element.dataset.title);
    element.setAttribute('aria-label', element.title);
  }
  for (const element of document.querySelectorAll('[data-label]'))
    element.setAttribute('aria-label', word(element.dataset.label));
}
