/* Extras of the desk: single keys, and news of the inbox. Everything works without this file. */
(() => {
  "use strict";

  const script = document.getElementById("desk-script");
  const dialog = document.getElementById("keys");

  // Rows: j and k walk through the cases of a list. Elsewhere a key stands at what it reaches: <a data-key="r"> is
  // followed; of buttons that choose (aria-pressed) one that is not pressed is, and of the pressed one the form's
  // text takes the focus; anything else takes the focus itself, so that no single key ever sends something.
  const rows = () => [...document.querySelectorAll("[data-row]")];
  const current = () => document.activeElement?.closest("tr")?.querySelector("[data-row]");
  const walk = (step) => {
    const all = rows();
    const at = all.indexOf(current());
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const reach = (key) => {
    const found = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (found) {
      const folded = found.closest("details");
      if (folded) folded.open = true;
      if (found.matches('a, [aria-pressed="false"]')) found.click();
      else (found.matches("[aria-pressed]") ? found.form.querySelector("textarea") : found).focus();
      return true;
    }
    // In a list the key goes to the case that has the focus, and does its work there.
    const row = "rnas".includes(key) && current();
    if (!row) return false;
    location.assign(`${row.href}#key-${key}`);
    return true;
  };
  const keys = {
    j: () => walk(1),
    k: () => walk(-1),
    "/": () => document.getElementById("desk-search")?.focus(),
    "?": () => dialog?.showModal(),
  };
  const types = (element) => element.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], dialog");
  document.addEventListener("keydown", (event) => {
    if (script.dataset.keys !== "on" || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (types(event.target)) return;
    if (keys[event.key]) {
      event.preventDefault();
      keys[event.key]();
    } else if (event.key.length === 1 && reach(event.key)) event.preventDefault();
  });
  // Where a key has led from a list.
  const led = /^#key-([rnas])$/.exec(location.hash);
  if (led) {
    history.replaceState(null, "", location.pathname + location.search);
    reach(led[1]);
  }

  // News: so many cases have come into this list since it was loaded. The list itself never moves.
  const news = document.querySelector("[data-inbox-news]");
  const SECONDS = Number(news?.dataset.every || 20);
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(`${news.dataset.inboxNews}&since=${encodeURIComponent(news.dataset.since)}`);
      if (!answer.ok) return;
      const told = await answer.json();
      const link = news.querySelector("a");
      if (told.count && link.textContent !== told.words) link.textContent = told.words;
      link.hidden = !told.count;
      for (const [name, count] of Object.entries(told.views)) {
        const place = document.querySelector(`[data-count="${name}"]`);
        if (place) place.textContent = count;
      }
    } catch {
      // A reload shows the same.
    }
  };
  if (news) {
    setInterval(ask, SECONDS * 1000);
    document.addEventListener("visibilitychange", ask);
  }
})();
