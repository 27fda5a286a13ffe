// Keeps the number of unread notifications as it is. It asks now and then, and not
// by a stream: a browser has six connections to a server over plain http, and a
// stream on every page would take them all from six tabs. Nobody is asked for who is
// away, so that a forgotten tab does not keep its session alive.
(() => {
  'use strict';
  const every = 10_000;
  const away = 15 * 60_000;
  let acted = Date.now();
  const at = () => document.querySelector('[data-unread]');

  const ask = async () => {
    const badge = at();
    if (!badge || document.hidden || Date.now() - acted > away) return;
    try {
      const answer = await fetch('/notifications/unread', { redirect: 'error' });
      if (!answer.ok) return;
      const n = Number(await answer.text());
      if (!Number.isInteger(n)) return;
      badge.hidden = n === 0;
      badge.querySelector('[data-unread-count]').textContent = String(n);
    } catch {
      // The server is away, or the session has ended: the next page says so.
    }
  };
  document.addEventListener('DOMContentLoaded', () => {
    if (!at()) return;
    for (const type of ['pointerdown', 'keydown', 'scroll']) document.addEventListener(type, () => { acted = Date.now(); }, { passive: true });
    document.addEventListener('visibilitychange', ask);
    setInterval(ask, every);
  });
})();
