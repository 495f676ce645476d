// Filters the findings, and saves the images that are ticked.
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
document.getElementById('save').addEventListener('click', () => {
  const ticked = document.querySelectorAll('#findings input:checked');
  const parts = new Map();
  for (const {dataset} of ticked) {
    const part = dataset.part ? '[' + dataset.part + ']\n' : '';
    parts.set(part, (parts.get(part) || new Set()).add(dataset.image + '\n'));
  }
  const lines = [...parts].map(([part, names]) => part + [...names].join('')).join('');
  // names of files are bytes, here in percent encoding
  const bytes = lines.replace(/%(..)/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([Uint8Array.from(bytes, each => each.charCodeAt(0))]));
  link.download = 'rejected.txt';
  link.click();
});
filter();
