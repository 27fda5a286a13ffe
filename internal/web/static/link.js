// The link of an invitation has its secret behind the #, which no server
// sees. It goes into the form and out of the address and the history.
(() => {
  'use strict';
  document.addEventListener('DOMContentLoaded', () => {
    const field = document.querySelector('[data-link] [name="link"]');
    if (!field || location.hash.length < 2) return;
    field.value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, '', location.pathname);
    field.closest('.field').hidden = true;
    document.querySelector('[data-link] [name="password"]').focus();
  });
})();
