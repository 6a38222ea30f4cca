/* Extras only: while somebody types a message, the answers that fit its words appear below it. */
(() => {
  "use strict";
  const form = document.querySelector("[data-suggestions]");
  const place = form?.querySelector("[data-answers]");
  const field = form?.querySelector("textarea");
  if (!place || !field) return;
  let waiting, asked = "";
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const words = field.value.trim().slice(0, 300);
      if (words.length < 12 || words === asked) return;
      asked = words;
      try {
        const url = new URL(form.dataset.suggestions, location.href);
        url.searchParams.set("q", words);
        const answer = await fetch(url);
        // The server has escaped what it wrote; whatever it cannot answer changes nothing.
        if (answer.ok && words === asked) place.innerHTML = await answer.text();
      } catch { /* Without an answer the form is as useful as before. */ }
    }, 600);
  });
})();
