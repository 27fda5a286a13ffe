// A table whose rows are all on the page is sorted by the heads of its columns,
// filtered, and made a file of. Longer ones do that on the server.
(() => {
  'use strict';
  const many = 8; // rows below which nobody needs a filter
  const chosen = new Map(); // how a table was sorted and filtered: a part that moves is written anew

  const name = (table) => table.querySelector('[role="region"]')?.getAttribute('aria-label') ?? '';
  // A line that says more of a row stands under it, and goes where it goes.
  const rows = (table) => [...table.querySelectorAll('tbody tr:not(.under)')];
  const under = (row) => (row.nextElementSibling?.matches('.under') ? row.nextElementSibling : null);
  const choice = (table) => {
    const key = name(table);
    if (!chosen.has(key)) chosen.set(key, { column: -1, down: false, text: '' });
    return chosen.get(key);
  };

  // What a cell holds, exactly: a moment and a count are shown in other forms.
  const held = (cell) => cell.querySelector('time[datetime]')?.dateTime ?? cell.querySelector('[data-count]')?.dataset.count
    ?? cell.querySelector('.copy code')?.textContent ?? cell.textContent.trim().replace(/\s+/g, ' ');
  const digits = (text) => text.replace(/(\d)[\s\u202f](?=\d)/g, '$1');
  const order = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  const compare = (a, b) => {
    const [x, y] = [digits(a), digits(b)];
    if (x !== '' && y !== '' && !Number.isNaN(Number(x)) && !Number.isNaN(Number(y))) return Number(x) - Number(y);
    return order.compare(a, b);
  };

  const sort = (table) => {
    const { column, down } = choice(table);
    const heads = [...table.querySelectorAll('thead th')];
    heads.forEach((th, i) => {
      if (i === column) th.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      else if (th.querySelector('[data-sort]')) th.removeAttribute('aria-sort');
    });
    if (column < 0) return;
    const body = table.querySelector('tbody');
    const sorted = rows(table).map((row) => [held(row.cells[column]), row, under(row)]);
    sorted.sort(([a], [b]) => (down ? compare(b, a) : compare(a, b)));
    body.append(...sorted.flatMap(([, row, more]) => (more ? [row, more] : [row])));
  };
  const filter = (table) => {
    const text = choice(table).text.toLowerCase();
    for (const row of rows(table)) {
      const more = under(row);
      row.hidden = text !== '' && !`${row.textContent} ${more?.textContent ?? ''}`.toLowerCase().includes(text);
      if (more) more.hidden = row.hidden;
    }
  };
  const prepare = () => {
    for (const table of document.querySelectorAll('[data-small]')) {
      const tools = table.querySelector('[data-tools]');
      const { text } = choice(table);
      if (tools) {
        tools.hidden = rows(table).length === 0;
        const input = tools.querySelector('[data-filter]');
        input.closest('label').hidden = rows(table).length < many && text === '';
        if (input !== document.activeElement) input.value = text;
      }
      sort(table);
      filter(table);
    }
  };

  // A file as the server makes them: what a spreadsheet would compute gets an apostrophe.
  const field = (text) => {
    const safe = /^'*[ \u00a0\u3000]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text;
    return /[,;\t\r\n"]|^ /.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const save = (table, caption) => {
    const heads = [...table.querySelectorAll('thead th')].filter((th) => !th.querySelector('.hidden')); // not what can be done
    const more = table.querySelector('tbody tr.under [data-title]')?.dataset.title;
    const line = (row) => [...heads.map((th) => held(row.cells[th.cellIndex])), ...(more ? [under(row)?.querySelector('[data-said]')?.textContent.trim() ?? ''] : [])];
    const lines = [[...heads.map((th) => th.textContent.trim()), ...(more ? [more] : [])], ...rows(table).filter((r) => !r.hidden).map(line)];
    const file = new Blob([lines.map((line) => `${line.map(field).join(',')}\n`).join('')], { type: 'text/csv' });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(file);
    link.download = `${caption.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  };

  const { on } = window.weir;
  on('click', '[data-sort]', (button) => {
    const table = button.closest('[data-small]');
    if (!table) return;
    const at = choice(table);
    const column = button.closest('th').cellIndex;
    at.down = at.column === column && !at.down;
    at.column = column;
    sort(table);
  });
  on('input', '[data-filter]', (input) => {
    const table = input.closest('[data-small]');
    choice(table).text = input.value;
    filter(table);
  });
  on('click', '[data-file]', (button) => save(button.closest('[data-small]'), button.dataset.file));
  document.addEventListener('weir:prepare', prepare);
})();
