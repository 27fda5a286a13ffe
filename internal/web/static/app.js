// What a page does once scripts run. Without them everything still works:
// forms are sent, links lead, times are in UTC.
(() => {
  'use strict';
  const root = document.documentElement;
  root.classList.add('scripted');

  const on = (type, selector, act) => document.addEventListener(type, (event) => {
    const at = event.target.closest?.(selector);
    if (at) act(at, event);
  });
  const say = (text, tone = 'good') => {
    const line = document.createElement('p');
    line.className = `toast tone-${tone}`;
    line.textContent = text;
    document.querySelector('.toasts')?.replaceChildren(line);
    fade(line);
  };
  const fade = (line) => setTimeout(() => line.remove(), 8000);

  // A moment in the viewer's zone, written as everywhere: day before hour. The title
  // has the seconds, the zone and UTC.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const parts = (at, seconds) => {
    const two = (n) => String(n).padStart(2, '0');
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    return `${day} ${two(at.getHours())}:${two(at.getMinutes())}${seconds ? `:${two(at.getSeconds())}` : ''}`;
  };
  const times = (within) => {
    for (const t of within.querySelectorAll('time[data-time], time[data-ago]')) {
      const at = new Date(t.dateTime);
      if (Number.isNaN(at.valueOf()) || !t.title.endsWith('UTC') || t.title.includes(zone)) continue;
      if (zone !== 'UTC') t.title = `${parts(at, true)} ${zone}, ${t.title}`;
      if ('time' in t.dataset) t.textContent = parts(at, false);
    }
  };
  const units = [['day', 86400], ['hour', 3600], ['minute', 60], ['second', 1]];
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
  const ages = () => {
    for (const t of document.querySelectorAll('time[data-ago]')) {
      const seconds = (new Date(t.dateTime) - Date.now()) / 1000;
      const [unit, size] = units.find(([, s]) => Math.abs(seconds) >= s) ?? units[3];
      t.textContent = Math.abs(seconds) < 5 ? 'just now' : relative.format(Math.round(seconds / size), unit);
    }
  };

  // A moment and a count, which a click copies as programs write them. What leads
  // somewhere leads there.
  const copied = 'time[datetime], .number[data-count]';
  const leads = 'a, button, summary, label';

  // What only works with scripts is shown only by them. In tables and lists nothing
  // takes a Tab: they would never end.
  const reveal = (within) => {
    for (const e of within.querySelectorAll('[data-show], [data-copy], [data-copy-code], [data-opens]')) e.hidden = false;
    for (const e of within.querySelectorAll(copied)) {
      if (!e.matches('.facts dd > :only-child')) continue;
      e.tabIndex = 0;
      e.role = 'button';
      e.ariaDescription = 'Copies it as programs write it';
    }
  };
  // The browser knows all time zones, and the viewer's own.
  const suggest = () => {
    for (const list of document.querySelectorAll('datalist[data-suggest="time_zone"]')) {
      const known = new Set([...list.options].map((o) => o.value));
      for (const name of [zone, ...Intl.supportedValuesOf('timeZone')]) {
        if (!known.has(name)) list.append(new Option(name, name));
        known.add(name);
      }
    }
  };
  const prepare = (within) => {
    times(within);
    reveal(within);
    within.dispatchEvent(new CustomEvent('weir:prepare', { bubbles: true }));
  };

  on('click', '[data-show]', (button) => {
    const input = document.getElementById(button.dataset.show);
    const shown = input.type === 'password';
    input.type = shown ? 'text' : 'password';
    button.textContent = shown ? 'Hide' : 'Show';
    button.setAttribute('aria-pressed', String(shown));
  });
  const copy = async (text, done) => {
    try {
      await navigator.clipboard.writeText(text);
      say(done);
    } catch {
      say('The browser does not let pages copy here', 'warn');
    }
  };
  on('click', '[data-copy], [data-copy-code]', (button) => copy(button.dataset.copy ?? button.parentElement.querySelector('code').textContent, 'Copied'));
  const copyShown = (at) => copy(at.dataset.count ?? at.dateTime, `Copied ${at.dataset.count ?? at.dateTime}`);
  on('click', copied, (at) => {
    if (!at.closest(leads) && getSelection().isCollapsed) copyShown(at);
  });
  on('keydown', copied, (at, event) => {
    if (event.target !== at || !['Enter', ' '].includes(event.key)) return;
    event.preventDefault();
    copyShown(at);
  });
  on('click', '[data-menu]', (button) => {
    const open = document.getElementById(button.getAttribute('aria-controls')).classList.toggle('open');
    button.setAttribute('aria-expanded', String(open));
  });
  // A link to a form opens the overlay of the same form, where there is one.
  on('click', '[data-overlay]', (link, event) => {
    const dialog = document.getElementById(link.dataset.overlay);
    if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    dialog.showModal();
  });
  // The key that opens it must not go on to the field that has the focus then,
  // and send the empty form.
  on('keydown', '[data-overlay]', (link, event) => {
    if (event.key !== 'Enter' || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const swallow = (press) => { if (press.key === 'Enter') press.preventDefault(); };
    document.addEventListener('keypress', swallow, true);
    document.addEventListener('keyup', () => document.removeEventListener('keypress', swallow, true), { capture: true, once: true });
    link.click();
  });
  on('submit', 'form[data-confirm]', (form, event) => {
    if (!window.confirm(form.dataset.confirm)) event.preventDefault();
  });
  // A form is sent once; its button says what it does meanwhile.
  document.addEventListener('submit', (event) => {
    if (event.defaultPrevented || event.target.method === 'dialog') return;
    const button = event.submitter;
    if (button?.dataset.busy) button.textContent = button.dataset.busy;
    setTimeout(() => { for (const b of event.target.querySelectorAll('button')) b.disabled = true; });
  });
  window.addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

  document.addEventListener('htmx:after:swap', () => prepare(document));
  document.addEventListener('DOMContentLoaded', () => {
    prepare(document);
    suggest();
    ages();
    setInterval(ages, 30000);
    document.querySelector('[data-focus], [aria-invalid="true"]')?.focus();
    for (const line of document.querySelectorAll('.toast')) fade(line);
  });

  window.weir = { on, say, prepare };
})();
