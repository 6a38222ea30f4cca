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

  // An error goes as soon as its field is changed; the server judges again on submit.
  document.addEventListener("change", (event) => {
    const field = event.target.closest(".field-invalid");
    if (!field || !event.target.value) return;
    field.classList.remove("field-invalid");
    event.target.removeAttribute("aria-invalid");
    field.querySelector(".errorlist")?.remove();
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
})();
