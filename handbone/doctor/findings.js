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
  const names = [...new Set([...ticked].map(box => box.dataset.image))];
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([names.map(name => name + '\n').join('')]));
  link.download = 'rejected.txt';
  link.click();
});
filter();
