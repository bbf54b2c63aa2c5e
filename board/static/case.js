"use strict";
// The case page by keyboard: the keys of `mekiki triage`. Without this script every link and button works as it is.
(() => {
  const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
  const open = () => document.querySelector(".acts details[open]");
  const shut = () => {
    const one = open();
    if (!one) return false;
    one.open = false;
    one.querySelector("summary").focus();
    return true;
  };
  const visible = (element) => element.getClientRects().length > 0;

  document.addEventListener("toggle", (event) => {
    const one = event.target;
    if (!one.matches?.(".acts details") || !one.open) return;
    for (const other of document.querySelectorAll(".acts details[open]")) if (other !== one) other.open = false;
    one.querySelector("[required], textarea, .choices button")?.focus();
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shut()) return event.preventDefault();
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    const asks = open();
    const digit = asks?.querySelector(`[data-digit="${CSS.escape(event.key)}"]`);
    if (digit) {
      event.preventDefault();
      return digit.click();
    }
    if (event.key === "z") {
      event.preventDefault();
      return document.querySelector(".zoom")?.click();
    }
    if (event.key === "u") {
      const undo = document.querySelector("[data-undo] button");
      if (undo) {
        event.preventDefault();
        undo.click();
      }
      return;
    }
    const found = [...document.querySelectorAll(`[data-key="${CSS.escape(event.key)}"]`)].find(visible);
    if (!found) return;
    event.preventDefault();
    found.click();
    if (event.key === "?") found.scrollIntoView({ block: "center" });
  });

  document.addEventListener("click", (event) => {
    const one = open();
    if (one && !one.contains(event.target)) one.open = false;
    const zoom = event.target.closest("a.zoom");
    if (!zoom || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const dialog = document.createElement("dialog");
    dialog.className = "enlarged";
    const shown = zoom.querySelector("img");
    dialog.setAttribute("aria-label", shown.alt);
    const large = zoom.cloneNode(true);
    large.querySelector("img").src = zoom.getAttribute("href");
    large.querySelector("img").loading = "eager";
    dialog.append(...large.childNodes);
    dialog.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    event.preventDefault();
  });
})();
