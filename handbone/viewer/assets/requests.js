// What the page asks the server for.

// An error with what the server says of it; see sentences.py.
class Refusal extends Error {
  constructor(said) {
    super(said.text);
    this.said = said;
  }
}

// What to say of an error, whatever it is.
export const saidOf = error => error.said ?? { text: error.message };

async function answerOf(path, options) {
  const answer = await fetch(path, options).catch(error => {
    throw new Refusal({ text: error.message, key: 'no_answer' });
  });
  if (answer.ok) return answer;
  const text = await answer.text();
  let said;
  try { said = JSON.parse(text).error; } catch { said = { text, key: `refused_${answer.status}` }; }
  throw new Refusal(said);
}

export const getJson = async path => (await answerOf(path)).json();

export async function postJson(path, content) {
  const headers = { 'content-type': 'application/json' };
  return (await answerOf(path, { method: 'POST', headers, body: JSON.stringify(content) })).json();
}

export async function getPicture(index) {
  const blob = await (await answerOf(`/pictures/${index}`)).blob();
  return createImageBitmap(blob);
}

// The layout of a packet is described in packets.py.
// Models predict first what is asked for, unless it is asked for ahead.
export async function getMasks(index, ahead = false) {
  const path = `/masks/${index}${ahead ? '?ahead=1' : ''}`;
  const bytes = await (await answerOf(path)).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  let place = 4 + length;
  const take = (kind, count) => {
    const taken = new kind(bytes, place, count);
    place += 4 * count;
    return taken;
  };
  head.layers = head.sizes.map(size => size && {
    starts: take(Uint32Array, size[0]),
    numbers: take(Uint32Array, size[0]),
    codes: take(Int32Array, size[1] * size[2]),
    planes: size[2],
  });
  return head;
}

// What is looked at next is fetched before it is asked for; the last few stay.
export class Kept {
  constructor(count) { this.count = count; this.items = new Map(); }

  get(index, ahead = false) {
    const item = this.items.get(index)
      ?? Promise.all([getPicture(index).catch(error => error), getMasks(index, ahead)]);
    return this.keep(index, item);
  }

  // Ask for the masks of an image again, such as those that were still being predicted.
  renew(index) {
    const item = this.items.get(index);
    if (!item) return this.get(index);
    return this.keep(index, Promise.all([item.then(([picture]) => picture), getMasks(index)]));
  }

  keep(index, item) {
    this.items.delete(index);
    this.items.set(index, item);
    item.catch(() => this.items.delete(index));
    for (const [old, gone] of this.items) {
      if (this.items.size <= this.count) break;
      this.items.delete(old);
      gone.then(([picture]) => picture.close?.(), () => {});
    }
    return item;
  }

  clear() { this.items.clear(); }
}
