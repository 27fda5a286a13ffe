// A form that is checked step by step: each step is shown as it is reached. A
// mistake brings the form back with what is wrong; success leads on.
(() => {
  'use strict';
  const mark = (form, step, state) => {
    const stages = [...form.querySelectorAll('[data-stage]')];
    const at = stages.findIndex((s) => s.dataset.stage === step);
    stages.forEach((s, i) => {
      if (i <= at) s.dataset.state = 'done';
      else if (i === at + 1) s.dataset.state = state;
    });
  };

  const lines = async function* (response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      rest += value;
      const whole = rest.split('\n');
      rest = whole.pop();
      for (const text of whole) if (text) yield JSON.parse(text);
    }
  };

  const again = (form, html) => {
    form.innerHTML = html;
    window.weir.prepare(form);
    form.querySelector('[data-focus], [aria-invalid="true"]')?.focus();
  };

  const send = async (form) => {
    const body = new URLSearchParams(new FormData(form));
    const button = form.querySelector('.primary');
    const words = button.textContent;
    button.disabled = true;
    button.textContent = button.dataset.busy;
    form.querySelector('[data-stages]').hidden = false;
    mark(form, '', 'underway');
    let ended = false;
    try {
      const response = await fetch(form.action, { method: 'POST', body, headers: { Accept: 'application/x-ndjson' }, redirect: 'manual' });
      if (!response.ok) throw new Error(String(response.status));
      for await (const line of lines(response)) {
        if (line.step) mark(form, line.step, 'underway');
        if (line.form) { ended = true; again(form, line.form); }
        if (line.to) {
          ended = true;
          form.reset();
          sessionStorage.setItem('said', line.said ?? '');
          location.assign(line.to);
        }
      }
    } catch { /* what follows says it */ }
    if (ended) return;
    button.disabled = false;
    button.textContent = words;
    window.weir.say('The connection to this server broke. Look whether it was stored before you send it again.', 'bad');
  };

  document.addEventListener('submit', (event) => {
    if (!event.target.matches('form[data-staged]')) return;
    event.preventDefault();
    send(event.target);
  }, true);
  document.addEventListener('click', (event) => {
    const dialog = event.target.closest('[data-close]')?.closest('dialog');
    if (!dialog) return;
    event.preventDefault();
    dialog.close();
  });
  document.addEventListener('DOMContentLoaded', () => {
    const said = sessionStorage.getItem('said');
    sessionStorage.removeItem('said');
    if (said) window.weir.say(said);
    document.querySelector('.tile-fresh')?.scrollIntoView({ block: 'nearest' });
  });
})();
