/* Extras only: every page works without this file. */
(() => {
  "use strict";

  // The error summary takes the focus, so that a screen reader starts with what is wrong.
  document.querySelector(".error-summary")?.focus();

  // Copy buttons stay hidden until there is a clipboard to copy to.
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (navigator.clipboard) button.hidden = false;
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.querySelector("[data-copy-label]").textContent = button.dataset.copied;
    } catch {
      button.hidden = true;
    }
  });

  // An error goes as soon as its field is changed; the server judges again on submit.
  document.addEventListener("change", (event) => {
    const field = event.target.closest(".field-invalid");
    if (!field || !event.target.value) return;
    field.classList.remove("field-invalid");
    event.target.removeAttribute("aria-invalid");
    field.querySelector(".errorlist")?.remove();
  });

  // A second press of the same button must not send a form twice. The server refuses it too.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 5000);
  });

  // What stands in a region is replaced; what was unfolded in it stays unfolded.
  const renew = (region, fresh) => {
    for (const open of region.querySelectorAll("details[open][id]")) {
      fresh.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
    }
    if (fresh.innerHTML !== region.innerHTML) region.replaceChildren(...fresh.childNodes);
  };

  // <form data-follow="id id">: a choice in it shows at once in those elements what its "look" button would show.
  let asked = 0;
  document.addEventListener("change", async (event) => {
    const form = event.target.form;
    if (event.target.type !== "radio" || !form?.dataset.follow) return;
    const mine = (asked += 1);
    const body = new URLSearchParams(new FormData(form));
    body.set("look", "1");
    try {
      const answer = await fetch(form.action, { method: "POST", body });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!answer.ok || mine !== asked) return;
      for (const id of form.dataset.follow.split(" ")) {
        const region = document.getElementById(id);
        const fresh = page.getElementById(id);
        if (region && fresh) renew(region, fresh);
      }
    } catch {
      // The button is still there.
    }
  });

  // <div id="progress" data-refresh-seconds="5"> is replaced by the same element of a fresh copy of the page.
  // It waits while somebody reads with the keyboard in it, and ends when the fresh copy no longer asks for it.
  const isInUse = (region) =>
    document.hidden || region.contains(document.activeElement) || !document.getSelection().isCollapsed;

  const refresh = async (id, seconds) => {
    const region = document.getElementById(id);
    if (!region) return;
    let again = seconds;
    if (!isInUse(region)) {
      try {
        const answer = await fetch(location.href, { headers: { "X-Requested-With": "fetch" } });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const fresh = page.getElementById(id);
        if (answer.ok && fresh && !isInUse(region)) {
          renew(region, fresh);
          again = Number(fresh.dataset.refreshSeconds);
        } else if (!answer.ok) {
          again = seconds * 2;
        }
      } catch {
        again = seconds * 2;
      }
    }
    if (again) setTimeout(refresh, Math.min(again, 60) * 1000, id, again);
  };
  for (const region of document.querySelectorAll("[data-refresh-seconds][id]")) {
    const seconds = Number(region.dataset.refreshSeconds);
    if (seconds) setTimeout(refresh, seconds * 1000, region.id, seconds);
  }

  // Suggestions under the search box: a combobox with a list. Enter without a choice searches as ever.
  for (const form of document.querySelectorAll("form[data-suggest]")) {
    const input = form.elements.q;
    const list = document.createElement("div");
    const said = document.createElement("p");
    const known = new Map();
    let rows = [];
    let chosen = -1;
    let waiting;
    list.id = `${input.id}-list`;
    list.className = "suggestions";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", form.dataset.found);
    said.className = "visually-hidden";
    said.setAttribute("role", "status");
    form.append(list, said);
    const aria = {
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
    };
    for (const [name, value] of Object.entries(aria)) input.setAttribute(name, value);

    const choose = (place) => {
      chosen = place;
      list.querySelectorAll("[role=option]").forEach((option, index) =>
        option.setAttribute("aria-selected", String(index === chosen)));
      if (chosen < 0) input.removeAttribute("aria-activedescendant");
      else input.setAttribute("aria-activedescendant", `${list.id}-${chosen}`);
    };
    const close = () => {
      list.hidden = true;
      input.setAttribute("aria-expanded", "false");
      choose(-1);
    };
    const show = (found) => {
      rows = found;
      list.replaceChildren(...rows.map((row, index) => {
        const option = document.createElement("div");
        option.id = `${list.id}-${index}`;
        option.setAttribute("role", "option");
        option.append(row.text);
        if (row.kind === "category") {
          const kind = document.createElement("small");
          kind.textContent = form.dataset.kinds;
          option.append(kind);
        }
        return option;
      }));
      list.hidden = !rows.length;
      input.setAttribute("aria-expanded", String(!list.hidden));
      said.textContent = rows.length ? `${rows.length} ${form.dataset.found}` : "";
      choose(-1);
    };
    const ask = async () => {
      const typed = input.value.trim().toLowerCase();
      if (typed.length < 2) return show([]);
      if (!known.has(typed)) {
        try {
          const answer = await fetch(`${form.dataset.suggest}?q=${encodeURIComponent(typed)}`);
          if (!answer.ok) return;
          known.set(typed, (await answer.json()).rows);
        } catch {
          return;
        }
      }
      // What was typed meanwhile has its own answer on the way.
      if (typed === input.value.trim().toLowerCase() && document.activeElement === input) show(known.get(typed));
    };
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(ask, 150);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        close();
      } else if (["ArrowDown", "ArrowUp"].includes(event.key)) {
        event.preventDefault();
        if (list.hidden) ask();
        else {
          const step = event.key === "ArrowDown" ? 1 : -1;
          choose(chosen < 0 && step < 0 ? rows.length - 1 : chosen + step >= rows.length ? -1 : chosen + step);
        }
      } else if (event.key === "Enter" && chosen >= 0) {
        event.preventDefault();
        location.assign(rows[chosen].url);
      }
    });
    // Before the box loses the focus, or the list would be gone when the button is let go.
    list.addEventListener("pointerdown", (event) => event.preventDefault());
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) location.assign(rows[[...list.children].indexOf(option)].url);
    });
    input.addEventListener("blur", close);
  }

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
})();
