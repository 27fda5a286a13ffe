// A part of a page that moves comes by a stream. Where none comes through, because
// of a proxy or because too many are open, the page is asked for now and then
// instead, until one does.
(() => {
  'use strict';
  const patience = 5_000;
  const every = 3_000;
  let waiting = 0;
  let asking = 0;
  const moves = () => document.querySelector('[hx-sse\\:connect]');

  const rest = () => {
    clearTimeout(waiting);
    clearInterval(asking);
    waiting = asking = 0;
  };
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { redirect: 'error', headers: { 'Weir-Unattended': '1' } });
      if (!answer.ok || !asking) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const now = page.getElementById('live');
      const before = document.getElementById('live');
      if (!now || !before || !asking) return;
      if (now.innerHTML !== before.innerHTML) {
        before.replaceWith(document.adoptNode(now));
        window.weir.prepare(document);
      }
      if (!page.querySelector('[hx-sse\\:connect]')) rest();
    } catch {
      // The server is away, or the session has ended: the next page says so.
    }
  };
  const wait = () => {
    if (waiting || asking || !moves()) return;
    waiting = setTimeout(() => {
      waiting = 0;
      asking = setInterval(ask, every);
      ask();
    }, patience);
  };

  document.addEventListener('DOMContentLoaded', wait);
  document.addEventListener('htmx:sse:error', wait);
  document.addEventListener('htmx:sse:close', wait);
  document.addEventListener('htmx:sse:after:message', rest);
})();
