"use strict";
// What every page shares: the session's token on what htmx sends, one key a request, copying, and what was said.
(() => {
  const token = () => document.body.dataset.token || "";
  const key = () => crypto.randomUUID?.() || String(Math.random());
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.verb === "get") return;
    event.detail.parameters.token = token();
    event.detail.parameters.once = event.detail.parameters.once || key();
  });
  // A page that the browser kept and shows again may send something else: each of its forms gets a key of its own.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) for (const field of document.querySelectorAll("form [name=once]")) field.value = key();
  });
  // A form whose answer is a file leaves its page as it was: a second click does nothing, a later one asks again.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-again]");
    if (!form) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; form.elements.once.value = key(); }, 3000);
  });
  window.mekiki = {
    say(text) {
      const said = document.getElementById("said");
      said.textContent = text;
    },
    token,
  };
  document.addEventListener("htmx:responseError", (event) => window.mekiki.say(event.detail.xhr.responseText.slice(0, 300)));
  document.addEventListener("htmx:beforeSwap", (event) => {
    // A conflict (409) and what was refused (422) come with a piece of page that says so; other errors with one for the
    // line at the bottom, which names where it goes itself.
    const says = event.detail.xhr.getResponseHeader("HX-Retarget");
    if ((says || [409, 422].includes(event.detail.xhr.status)) && event.detail.xhr.getResponseHeader("Content-Type")?.startsWith("text/html")) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    window.mekiki.say(button.dataset.copied || "✓");
  });
})();
