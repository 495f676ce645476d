// What is wrong, in the language that is chosen.

import { sentence } from './language.js';

export class Problems {
  constructor(root) { Object.assign(this, { root, said: [] }); }

  // Show sentences in place of those before.
  say(said) {
    this.said = said;
    this.build();
  }

  // Say them again, in the language that is chosen now.
  build() {
    this.root.replaceChildren(...this.said.map(each => {
      const line = document.createElement('p');
      line.textContent = sentence(each);
      return line;
    }));
  }
}
