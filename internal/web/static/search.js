// Finds among many choices: what does not have the words is out of sight, and
// what was chosen stays in sight.
(() => {
  'use strict';
  document.addEventListener('DOMContentLoaded', () => {
    for (const form of document.querySelectorAll('[data-search]')) {
      const field = form.querySelector('[data-search-field]');
      field.hidden = false;
      const input = field.querySelector('input');
      input.addEventListener('keydown', (event) => { if (event.key === 'Enter') event.preventDefault(); });
      input.addEventListener('input', () => {
        const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
        for (const group of form.querySelectorAll('fieldset')) {
          let any = false;
          for (const choice of group.querySelectorAll('[data-text]')) {
            const fits = words.every((w) => choice.dataset.text.includes(w)) || choice.querySelector('input').checked;
            choice.hidden = !fits;
            any ||= fits;
          }
          group.hidden = !any;
        }
      });
    }
  });
})();
