"""Style and script of the page."""

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #0a66c2; }
@media (prefers-color-scheme: dark) { :root { --accent: #6cb6ff; } }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 78rem;
  padding: 0 1rem; background: Canvas; color: CanvasText; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .5rem;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { position: sticky; top: 0; background: Canvas; white-space: nowrap; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th button, .overview button { font: inherit; color: var(--accent); background: none; border: 0;
  padding: 0; cursor: pointer; text-align: left; }
.overview { max-width: 52rem; } .overview tr.chosen { background: var(--soft); }
.tools { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; }
.tools input, .tools button { font: inherit; padding: .25rem .5rem; }
img { max-width: 20rem; width: 100%; height: auto; border-radius: 4px; }
.note { border-left: 3px solid var(--accent); padding-left: .75rem; }
.wide { overflow-x: auto; } .wide td { overflow-wrap: normal; }
.bar { background: var(--accent); height: .7em; border-radius: 2px; min-width: 1px; }
td.plot { min-width: 9rem; font-variant-numeric: tabular-nums; }
@media (max-width: 46rem) {
  #findings thead { display: flex; flex-wrap: wrap; gap: .25rem .9rem; }
  #findings thead tr { display: contents; }
  #findings th { position: static; border: 0; padding: 0; }
  #findings tr { display: block; border-bottom: 1px solid var(--line); padding: .5rem 0; }
  #findings td { display: inline-block; border: 0; padding: .1rem .5rem .1rem 0; }
  #findings td:nth-child(n+6) { display: block; }
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
for (const button of document.querySelectorAll('.overview button')) {
  button.addEventListener('click', () => {
    check = check === button.dataset.check ? '' : button.dataset.check;
    for (const other of document.querySelectorAll('.overview tbody tr'))
      other.classList.toggle('chosen', !!check && other.contains(button));
    filter();
  });
}
const up = {};
for (const button of document.querySelectorAll('#findings th button')) {
  button.addEventListener('click', () => {
    const column = +button.dataset.column;
    up[column] = !up[column];
    const text = row => row.cells[column].textContent;
    const compare = column < 2 ? (a, b) => text(a) - text(b)
      : (a, b) => text(a).localeCompare(text(b), undefined, { numeric: true });
    const rows = [...body.rows].sort((a, b) => up[column] ? compare(a, b) : compare(b, a));
    body.append(...rows);
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
