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
})();
