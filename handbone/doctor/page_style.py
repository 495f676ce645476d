"""Style and script of the page."""

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #0a66c2; }
@media (prefers-color-scheme: dark) { :root { --accent: #6cb6ff; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 78rem;
  padding: 0 1rem; background: Canvas; color: CanvasText; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
a { color: var(--accent); } nav a { margin-right: .75rem; white-space: nowrap; }
nav { margin-bottom: .75rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .5rem;
  border-bottom: 1px solid var(--line); }
th { position: sticky; top: 0; background: Canvas; white-space: nowrap; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th button, .overview button { font: inherit; color: var(--accent); background: none; border: 0;
  padding: 0; cursor: pointer; text-align: left; }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
.overview { max-width: 52rem; } .overview tr.chosen { background: var(--soft); }
.tools { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; }
.tools input, .tools button { font: inherit; padding: .25rem .5rem; }
#findings td { overflow-wrap: anywhere; }
#findings td:nth-child(3), #findings td:nth-child(5) { overflow-wrap: normal; }
img { max-width: 20rem; width: 100%; height: auto; border-radius: 4px; }
.narrow { display: none; }
.note { border-left: 3px solid var(--accent); padding-left: .75rem; }
.wide { overflow-x: auto; } .wide table { width: auto; min-width: min(100%, 52rem); }
.wide th:last-child { text-align: left; }
.wide td:first-child, .wide th:first-child { position: sticky; left: 0; background: Canvas; }
td.plot { min-width: 12rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.plot > span, .plot svg { display: inline-block; vertical-align: middle; }
.bar { width: 8rem; height: .7em; margin-left: .6rem; border-radius: 2px; background: var(--soft); }
.bar span { display: block; height: 100%; min-width: 1px; border-radius: 2px;
  background: var(--accent); }
.plot svg { width: 12rem; height: 1.6rem; border-bottom: 1px solid var(--line); }
.plot path { fill: var(--accent); }
@media (max-width: 46rem) {
  #findings thead { display: flex; flex-wrap: wrap; gap: .25rem .9rem; }
  #findings thead tr { display: contents; }
  #findings th { position: static; border: 0; padding: 0; }
  #findings th:nth-child(n+7), #findings td:empty { display: none; }
  #findings tr { display: block; border-bottom: 1px solid var(--line); padding: .5rem 0; }
  #findings td { display: inline-block; border: 0; padding: .1rem .5rem .1rem 0; }
  #findings td:nth-child(n+6):not(:empty) { display: block; }
  .narrow { display: inline; }
}
"""

SCRIPT = """
const body = document.querySelector('#findings tbody');
const search = document.getElementById('search');
let check = '';
function filter() {
  const words = search.value.toLowerCase();
  let shown = 0;
  for (const row of body.rows) {
    const fits = (!check || row.dataset.check === check) &&
      row.textContent.toLowerCase().includes(words);
    row.hidden = !fits;
    row.style.display = fits ? '' : 'none';
    shown += fits;
  }
  document.getElementById('shown').textContent = shown + ' of ' + body.rows.length + ' shown';
}
search.addEventListener('input', filter);
for (const button of document.querySelectorAll('.overview tbody button')) {
  button.addEventListener('click', () => {
    check = check === button.dataset.check ? '' : button.dataset.check;
    for (const other of document.querySelectorAll('.overview tbody tr'))
      other.classList.toggle('chosen', !!check && other.contains(button));
    filter();
  });
}
for (const button of document.querySelectorAll('th button')) {
  button.addEventListener('click', () => {
    const head = button.parentElement, rows = head.closest('table').tBodies[0];
    const number = head.classList.contains('number'), order = head.getAttribute('aria-sort');
    const up = order ? order === 'descending' : !number;
    for (const other of head.parentElement.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const value = row => {
      const cell = row.cells[head.cellIndex], text = cell.dataset.value ?? cell.textContent;
      return number ? parseFloat(text) : text;
    };
    const compare = number ? (a, b) => value(a) - value(b)
      : (a, b) => value(a).localeCompare(value(b), undefined, { numeric: true });
    rows.append(...[...rows.rows].sort((a, b) => up ? compare(a, b) : compare(b, a)));
  });
}
document.getElementById('save').addEventListener('click', () => {
  const ticked = document.querySelectorAll('#findings input:checked');
  const names = [...new Set([...ticked].map(box => box.dataset.image))];
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([names.map(name => name + '\\n').join('')]));
  link.download = 'rejected.txt';
  link.click();
});
filter();
"""
