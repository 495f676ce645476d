// A click on the head of a column sorts by it, another one the other way round.
for (const button of document.querySelectorAll('th button')) {
  button.addEventListener('click', () => {
    const head = button.parentElement, rows = head.closest('table').tBodies[0];
    const number = head.classList.contains('number'), order = head.getAttribute('aria-sort');
    const up = order ? order === 'descending' : !number;
    for (const other of head.parentElement.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
    const value = row => {
      const cell = row.cells[head.cellIndex], text = cell.dataset.value ?? cell.textContent;
      return number ? parseFloat(text.replace('inf', 'Infinity')) : text;
    };
    const compare = number ? (a, b) => value(a) === value(b) ? 0 : value(a) - value(b)
      : (a, b) => value(a).localeCompare(value(b), undefined, { numeric: true });
    // what is not known is last either way
    const unknown = row => number && isNaN(value(row));
    rows.append(...[...rows.rows].sort((a, b) => unknown(a) - unknown(b)
      || (up ? compare(a, b) : compare(b, a))));
  });
}
