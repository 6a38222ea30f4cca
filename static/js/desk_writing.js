/* Extras of a case at the desk; everything there works without this file. */
(() => {
  "use strict";

  const KEEP_AFTER = 2500; // ms after the last key
  const ASK_EVERY = 15_000;
  const form = document.getElementById("composer");
  const text = form?.querySelector("[data-draft]");
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  const post = (url, values, signal) =>
    fetch(url, { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams(values), signal });
  let isSent = false;

  // Drafts: kept a moment after somebody has stopped typing; what is sent is not kept again.
  if (text) {
    const told = form.querySelector("[data-kept]");
    const under = new AbortController();
    let waiting = 0;
    const keep = async () => {
      if (isSent) return;
      const values = new FormData(form);
      for (const name of ["csrfmiddlewaretoken", "find"]) values.delete(name);
      values.set("audience", form.dataset.audience);
      try {
        const answer = await post(form.dataset.keep, values, under.signal);
        if (answer.ok && told) told.textContent = (await answer.json()).words;
      } catch {
        // Tried again with the next key; the button keeps it as well.
      }
    };
    text.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(keep, KEEP_AFTER);
    });
    form.addEventListener("submit", () => {
      isSent = true;
      clearTimeout(waiting);
      under.abort();
    });
  }

  // Who else is here, and what has come in.
  const workspace = document.querySelector("[data-presence]");
  const people = document.querySelector("[data-presence-words]");
  const news = document.querySelector("[data-news]");
  let wrote = 0;
  text?.addEventListener("input", () => (wrote = Date.now()));
  const ask = async () => {
    if (document.hidden || isSent) return;
    const writing = Date.now() - wrote < 2 * ASK_EVERY && text.value.trim() ? "1" : "0";
    try {
      const answer = await post(workspace.dataset.presence, { writing, seen: form?.elements.seen?.value ?? "" });
      if (!answer.ok) return;
      const heard = await answer.json();
      people.replaceChildren(
        ...heard.people.map((words) => Object.assign(document.createElement("p"), { className: "presence", textContent: words })),
      );
      news.hidden = !heard.news;
      news.firstElementChild.textContent = heard.news;
    } catch {
      // Asked again in a moment.
    }
  };
  if (workspace && people && news) setInterval(ask, ASK_EVERY);

  // <span data-held="1700000000" data-words="Goes out in %s s.">: counts down until the answer has gone.
  for (const held of document.querySelectorAll("[data-held]")) {
    const tick = () => {
      const left = Math.ceil(Number(held.dataset.held) - Date.now() / 1000);
      held.textContent = left > 0 ? held.dataset.words.replace("%s", left) : held.dataset.gone;
      if (left > 0) setTimeout(tick, 500);
      else held.parentElement.querySelector("button").hidden = true;
    };
    tick();
  }

  // Macros: the list shows what has all the words.
  const find = document.querySelector("[data-macro-find]");
  find?.addEventListener("input", () => {
    const words = find.value.toLowerCase().replace(/^:/, "").split(/\s+/);
    for (const row of document.querySelectorAll("[data-macro]")) {
      const said = `${row.dataset.macro} ${row.querySelector(".macro-text").textContent}`.toLowerCase();
      row.hidden = !words.every((word) => said.includes(word));
    }
  });
})();
