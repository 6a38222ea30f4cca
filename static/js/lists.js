/* Extras of the pages that list goods; every list works without this file. */
(() => {
  "use strict";

  // Filters: the button says how many items there would be, as soon as a box is ticked.
  const filters = document.getElementById("filters");
  let counted = 0;
  filters?.addEventListener("change", async (event) => {
    if (event.target.type !== "checkbox") return;
    const mine = (counted += 1);
    try {
      const answer = await fetch(`${location.pathname}?${new URLSearchParams(new FormData(filters))}`);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("filters-show");
      if (answer.ok && fresh && mine === counted) document.getElementById("filters-show").textContent = fresh.textContent;
    } catch {
      // The button still shows what fits.
    }
  });

  // <a data-load-more>: what the next page shows is put below what is here, and the address is the last page's.
  const next = () => document.querySelector("[data-load-more]");
  const replace = (id, page) => {
    const fresh = page.getElementById(id);
    if (fresh) document.getElementById(id)?.replaceWith(fresh);
  };
  const append = (page) => {
    const cards = [...page.getElementById("cards").children];
    document.getElementById("cards").append(...cards);
    // The region that says how many are shown stays, so that the change is read out; it counts from where we began.
    const told = document.getElementById("cards-end");
    const fresh = page.getElementById("cards-end");
    fresh.querySelector("[data-first]").textContent = told.querySelector("[data-first]").textContent;
    told.replaceChildren(...fresh.childNodes);
    replace("pages", page);
    const link = page.querySelector("[data-load-more]");
    if (link) {
      next().replaceWith(link);
      link.hidden = false;
    } else next().remove();
    document.title = page.title;
    cards[0].querySelector("a").focus({ preventScroll: true });
  };
  if (next()) next().hidden = false;
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-load-more]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.hasAttribute("aria-busy")) return;
    link.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(link.href);
      if (!answer.ok) throw new Error();
      append(new DOMParser().parseFromString(await answer.text(), "text/html"));
      history.replaceState(null, "", link.href);
    } catch {
      location.assign(link.href);
    }
  });
})();
