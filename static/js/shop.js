/* Extras only: every page works without this file. */
(() => {
  "use strict";

  // Buttons that only those without this script need.
  document.documentElement.classList.add("has-script");

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

  // A field is judged when it is left, never while somebody types; an error goes as soon as it is mended.
  // <input data-missing="…" data-pattern="…" data-wrong="…"> carry the server's own words, and the server judges again.
  const wrong = (input) => {
    const value = input.value.trim();
    const { missing, pattern, wrong: words } = input.dataset;
    if (!value) return missing || "";
    return pattern && !new RegExp(pattern, "i").test(value) ? words : "";
  };
  const clear = (input) => {
    const field = input.closest(".field");
    field.classList.remove("field-invalid");
    input.removeAttribute("aria-invalid");
    field.querySelector(".errorlist")?.remove();
  };
  const complain = (input, words) => {
    clear(input);
    const list = document.createElement("ul");
    list.className = "errorlist";
    list.id = `${input.id}_error`;
    list.append(Object.assign(document.createElement("li"), { textContent: words }));
    input.before(list);
    input.closest(".field").classList.add("field-invalid");
    input.setAttribute("aria-invalid", "true");
    const known = (input.getAttribute("aria-describedby") || "").split(" ").filter((id) => id && id !== list.id);
    input.setAttribute("aria-describedby", [...known, list.id].join(" "));
  };
  document.addEventListener("change", (event) => {
    const input = event.target;
    if (!input.closest(".field")) return;
    const words = input.closest("[data-check]") ? wrong(input) : "";
    if (words) complain(input, words);
    else if (input.value) clear(input);
  });
  document.addEventListener("input", ({ target }) => {
    if (target.matches('[data-check] .field-invalid [aria-invalid="true"]') && target.value && !wrong(target)) clear(target);
  });

  // Letters to change, add, drop or swap: the same count as orders/mail_hint.py.
  const distance = (left, right) => {
    const rows = [[...Array(right.length + 1).keys()]];
    for (let i = 1; i <= left.length; i += 1) {
      const row = [i];
      for (let j = 1; j <= right.length; j += 1) {
        row[j] = Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (left[i - 1] !== right[j - 1]));
        if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1]) {
          row[j] = Math.min(row[j], rows[i - 2][j - 2] + 1);
        }
      }
      rows.push(row);
    }
    return rows[left.length][right.length];
  };
  const meant = (mail, domains) => {
    const [name, domain = ""] = mail.trim().toLowerCase().split("@");
    if (!name || !domain || domains.includes(domain)) return "";
    const near = (known) => [distance(domain, known), known];
    const [steps, known] = domains.filter((one) => one.length >= 8).map(near).sort((a, b) => a[0] - b[0])[0];
    return steps === 1 || (steps === 2 && domain[0] === known[0]) ? `${mail.trim().split("@")[0]}@${known}` : "";
  };
  for (const hint of document.querySelectorAll("[data-hint]")) {
    const input = document.getElementById(hint.dataset.hint);
    input?.addEventListener("change", () => {
      const better = meant(input.value, input.dataset.domains.split(" "));
      hint.textContent = better && `${hint.dataset.words.replace("%s", better)} `;
      if (!better) return;
      const take = Object.assign(document.createElement("button"), { type: "button", className: "button button-link" });
      take.textContent = hint.dataset.take;
      take.addEventListener("click", () => {
        input.value = better;
        input.dispatchEvent(new Event("change", { bubbles: true }));
        input.focus();
      });
      hint.append(take);
    });
  }

  // <dd data-echo="id_email"> repeats what was typed there, before anybody pays.
  document.addEventListener("change", ({ target }) => {
    for (const echo of document.querySelectorAll("[data-echo]")) {
      if (echo.dataset.echo === target.id && target.value) echo.textContent = target.value;
    }
  });

  // Enter in <input data-enter="apply_code"> presses the button of that name beside it, and not the form's first one.
  document.addEventListener("keydown", (event) => {
    const name = event.key === "Enter" && event.target.dataset.enter;
    const button = name && event.target.form?.elements[name];
    if (!button) return;
    event.preventDefault();
    event.target.form.requestSubmit(button);
  });

  // <form data-add="id">: what goes into the basket is told in that element, without leaving the page.
  const stepped = (field, step) => {
    const most = Number(field.max) || 99;
    field.value = Math.max(1, Math.min(most, (Number(field.value) || 1) + step));
    for (const button of field.form.querySelectorAll('[name="change"]')) {
      button.disabled = button.value === "less" ? field.value <= 1 : Number(field.value) >= most;
    }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest('form[data-add] [name="change"]');
    if (!button) return;
    event.preventDefault();
    stepped(button.form.elements.quantity, button.value === "less" ? -1 : 1);
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const region = document.getElementById(form.dataset.add || "");
    if (!region || event.submitter?.name === "change") return;
    event.preventDefault();
    if (form.dataset.sent) return;
    form.dataset.sent = "yes";
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const told = page.getElementById("added") || page.querySelector("main > [role=status]");
      if (!answer.ok || !told) throw new Error();
      region.replaceChildren(...told.childNodes);
      const links = document.querySelector(".site-links");
      if (links) renew(links, page.querySelector(".site-links"));
      region.scrollIntoView({ block: "nearest" });
      region.focus({ preventScroll: true });
    } catch {
      form.submit();
    }
    delete form.dataset.sent;
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-keep-shopping]");
    const region = link?.closest("[role=status]");
    if (!region || !document.querySelector("form[data-add]")) return;
    event.preventDefault();
    region.replaceChildren();
    document.querySelector("form[data-add] .button")?.focus();
  });

  // A field that is left is judged, and what comes or goes with that moves the button beneath the finger: a browser then
  // gives the press to nobody. Who has not moved has pressed it all the same.
  let pressed = {};
  document.addEventListener("pointerdown", ({ target, clientX: x, clientY: y }) => {
    pressed = { button: target.closest("button"), x, y };
  }, true);
  document.addEventListener("click", ({ target, clientX, clientY, isTrusted }) => {
    const { button, x, y } = pressed;
    pressed = {};
    const isLost = isTrusted && button && target !== button && target.contains(button);
    if (isLost && Math.hypot(clientX - x, clientY - y) < 12) button.click();
  }, true);

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
    if (event.target.type !== "radio" || form?.method !== "post" || !form.dataset.follow) return;
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

  // <form method="get" data-follow> and <a data-follow>: another option or picture of the product, in place.
  const follow = async (url, id) => {
    const mine = (asked += 1);
    try {
      const answer = await fetch(url);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const [region, fresh] = [document.getElementById(id), page.getElementById(id)];
      if (mine !== asked) return;
      if (!answer.ok || !region || !fresh) throw new Error();
      const focused = document.activeElement?.id;
      renew(region, fresh);
      document.getElementById(focused)?.focus({ preventScroll: true });
      history.replaceState(null, "", url);
    } catch {
      location.assign(url);
    }
  };
  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (event.target.type !== "radio" || form?.method !== "get" || !form.dataset.follow) return;
    follow(`${location.pathname}?${new URLSearchParams(new FormData(form))}`, form.dataset.follow);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-follow]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    follow(link.href, link.dataset.follow);
  });

  // <a data-enlarge>: the picture it leads to fills the window. Esc, the button or a click on it closes that.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-enlarge]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !window.HTMLDialogElement) return;
    event.preventDefault();
    const viewer = document.createElement("dialog");
    viewer.className = "viewer";
    const image = new Image(Number(link.dataset.width), Number(link.dataset.height));
    image.src = link.href;
    image.alt = link.querySelector("img").alt;
    const bar = document.createElement("div");
    bar.className = "viewer-bar";
    const name = document.createElement("b");
    name.textContent = image.alt;
    const close = document.createElement("button");
    close.className = "button button-quiet";
    close.textContent = link.dataset.close;
    bar.append(name, close);
    viewer.append(bar, image);
    viewer.setAttribute("aria-label", image.alt);
    for (const part of [close, image]) part.addEventListener("click", () => viewer.close());
    viewer.addEventListener("close", () => {
      viewer.remove();
      link.focus();
    });
    document.body.append(viewer);
    viewer.showModal();
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
})();
