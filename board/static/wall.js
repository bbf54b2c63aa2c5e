"use strict";
// The wall by keyboard, the same keys as `mekiki triage`; every key is also a button. What is judged goes through htmx.
(() => {
  const wall = document.getElementById("wall");
  const list = document.getElementById("cards");
  if (!wall || !list) return;
  document.documentElement.classList.add("js");
  const bar = document.getElementById("bar");
  const form = document.getElementById("judging");
  const marks = document.getElementById("marks");
  const line = document.getElementById("line");
  const back = form.querySelector("[name=back]").value;
  const undone = []; // what each answer did, to be taken back: lists of CASE:JUDGEMENTS:ENTRY
  const ASKS = new Set(["dismiss", "snooze", "duplicate", "assign", "tag", "note", "harm"]);
  let current = null; // the number of the case at hand
  let sending = false;
  let begun = false;

  const cards = () => [...list.querySelectorAll(".card")];
  const card = (number) => document.getElementById(`card-${number}`);
  const here = () => (current === null ? null : card(current));
  const box = (one) => one?.querySelector(".mark-box input");
  const marked = () => cards().filter((one) => box(one)?.checked);
  const all = (selector) => [...document.querySelectorAll(selector)];

  const show = () => {
    const chosen = marked();
    const keys = (chosen.length ? chosen : [here()]).filter(Boolean).map((one) => one.dataset.keys);
    if (!bar) return;
    marks.textContent =
      chosen.length > 1 ? marks.dataset.many.replace("{count}", chosen.length)
      : chosen.length ? marks.dataset.one
      : here() ? marks.dataset.none.replace("{number}", current) : "";
    for (const button of bar.querySelectorAll("[data-key]"))
      button.disabled = sending || !keys.some((some) => some.includes(button.dataset.key));
  };

  const choose = (one, focus = true) => {
    here()?.classList.remove("current");
    here()?.setAttribute("tabindex", "-1");
    current = one ? one.dataset.case : null;
    if (one) {
      one.classList.add("current");
      one.setAttribute("tabindex", "0");
      if (focus) {
        one.focus({ preventScroll: true });
        one.scrollIntoView({ block: "nearest" });
      }
    }
    show();
  };

  const step = (by) => {
    const known = cards();
    const at = known.indexOf(here());
    const to = at < 0 ? known[0] : known[Math.max(0, Math.min(known.length - 1, at + by))];
    if (to) choose(to);
    if (at + by >= known.length - 4) htmx.trigger(list.querySelector(".more") || list, "revealed");
  };

  const columns = () => {
    const known = cards();
    const top = known[0]?.offsetTop;
    const next = known.findIndex((one) => one.offsetTop !== top);
    return next < 1 ? known.length || 1 : next;
  };

  const asked = (name, ready) =>
    new Promise((resolve) => {
      const dialog = document.getElementById(name);
      const shape = dialog.querySelector("form");
      const from = document.activeElement;
      shape.reset();
      ready?.(dialog);
      let values = null;
      const submitted = (event) => (values = Object.fromEntries(new FormData(shape, event.submitter)));
      shape.addEventListener("submit", submitted);
      dialog.addEventListener(
        "close",
        () => {
          shape.removeEventListener("submit", submitted);
          (from?.isConnected ? from : here())?.focus({ preventScroll: true });
          resolve(values);
        },
        { once: true },
      );
      dialog.showModal();
      (dialog.querySelector("[autofocus]") || dialog).focus();
    });

  const post = async (path, values, next, moves = false) => {
    sending = true;
    show();
    try {
      await htmx.ajax("POST", path, { target: "#said", swap: "innerHTML", values: { ...values, on: "wall", back, q: line.value } });
    } finally {
      sending = false;
      tidy(next, moves);
    }
  };

  const judge = async (key) => {
    const button = bar?.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!button || sending) return;
    const several = marked();
    const chosen = several.length ? several : [here()].filter(Boolean);
    if (!chosen.length || button.disabled) return;
    const act = button.dataset.act;
    // What is judged is what was seen when the key was pressed, whatever is drawn anew while a question stands open.
    const seen = chosen.map((one) => `${one.dataset.case}:${one.dataset.log}`);
    let values = { action: act };
    if (ASKS.has(act) && key !== "i") {
      const more = await asked(`ask-${act}`);
      if (!more) return;
      values = { ...values, ...more };
    }
    if (several.length) {
      const label = button.querySelector("span").textContent;
      const sure = await asked("ask-many", (dialog) => {
        const says = dialog.querySelector("h2");
        says.textContent = says.dataset.says.replace("{count}", several.length).replace("{act}", label);
      });
      if (!sure) return;
    }
    const known = cards();
    const last = known.indexOf(chosen[chosen.length - 1]);
    const next = known.slice(last + 1).find((one) => !chosen.includes(one)) || known.slice(0, last).reverse().find((one) => !chosen.includes(one));
    for (const one of chosen) one.setAttribute("aria-busy", "true");
    await post("/judgements", { ...values, cases: seen }, next?.dataset.case);
    for (const one of chosen) one.removeAttribute("aria-busy");
  };

  const undo = () => {
    const done = undone.pop();
    if (!done || sending) return;
    post("/judgements/undo", { done }, done[0].split(":")[0], true);
  };

  const mark = (one) => {
    const tick = box(one);
    if (!tick) return;
    tick.checked = !tick.checked;
    if (tick.checked) step(1);
    show();
  };

  const large = (one) => {
    const face = one?.querySelector(".face.seen");
    if (!face) return;
    const place = document.querySelector("#large .face");
    place.replaceChildren(...[...face.querySelectorAll("img, svg")].map((part) => part.cloneNode(true)));
    document.getElementById("large").showModal();
  };

  const open = (one) => one?.querySelector("h2 a")?.click();

  const act = {
    n: () => step(1), p: () => step(-1), o: () => open(here()), m: () => mark(here()), u: undo, z: () => large(here()),
    "*": () => { for (const one of marked()) box(one).checked = false; show(); },
    f: () => { line.focus(); line.select(); },
    v: () => { const views = document.getElementById("views"); views.open = !views.open; if (views.open) (views.querySelector("a, input") || views.querySelector("summary")).focus(); },
    "?": () => document.getElementById("help").showModal(),
    g: async () => { const said = await asked("ask-go"); if (said?.number) location.assign(`/case/${said.number.replace("#", "")}`); },
  };
  const SAME = { " ": "m", Enter: "o", ArrowRight: "n", ArrowLeft: "p", PageDown: "n", PageUp: "p" };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target;
    const typing = target.matches("input:not([type=checkbox]), select, textarea");
    const dialog = target.closest("dialog[open]") || document.querySelector("dialog[open]");
    if (dialog) {
      const button = !typing && dialog.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
      if (button) { event.preventDefault(); button.click(); }
      return;
    }
    if (typing) { if (event.key === "Escape") (here() || target).focus(), target.blur(); return; }
    if (event.key === "Escape") { document.getElementById("views").open = false; return; }
    if ((event.key === "Enter" || event.key === " ") && target.closest("a, button, summary, input")) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); step(event.key === "ArrowDown" ? columns() : -columns()); return; }
    const key = SAME[event.key] || event.key;
    if (event.repeat && !["n", "p"].includes(key)) return;
    if (act[key]) { event.preventDefault(); act[key](); }
    else if (bar?.querySelector(`[data-key="${CSS.escape(key)}"]`)) { event.preventDefault(); judge(key); }
  });

  document.addEventListener("click", (event) => {
    const leave = event.target.closest("dialog .leave");
    if (leave) { leave.closest("dialog").close(); return; }
    const does = event.target.closest("[data-do]");
    if (does?.dataset.do === "z") { large(does.closest(".card")); return; }
    if (does && act[does.dataset.do]) { act[does.dataset.do](); return; }
    const judges = event.target.closest("#bar [data-key]");
    if (judges) { event.preventDefault(); judge(judges.dataset.key); return; }
    if (event.target.closest("#large") && !event.target.closest("button")) { document.getElementById("large").close(); return; }
    const one = event.target.closest(".card");
    if (one) choose(one, !event.target.closest("a, input, label, button"));
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", show);
  list.addEventListener("focusin", (event) => { const one = event.target.closest(".card"); if (one && one.dataset.case !== current) choose(one, false); });
  document.getElementById("selects")?.addEventListener("change", (event) => event.currentTarget.requestSubmit());
  document.getElementById("said").addEventListener("submit", (event) => { if (event.target.matches("[data-undo]")) { event.preventDefault(); undo(); } });

  // After what was swapped in: a case has one card, its latest; what can be undone is kept; the case at hand is found again.
  const tidy = (next, moves = false) => {
    const known = new Map();
    for (const one of cards()) {
      const other = known.get(one.dataset.case);
      if (!other) known.set(one.dataset.case, one);
      else if (Number(one.dataset.log) > Number(other.dataset.log)) { other.remove(); known.set(one.dataset.case, one); }
      else one.remove();
    }
    for (const said of all("#said [data-undo]:not([data-kept])")) {
      said.dataset.kept = "";
      undone.push([...said.querySelectorAll("[name=done]")].map((field) => field.value));
    }
    for (const zoom of all(".zoom[hidden]")) zoom.hidden = false;
    const quiet = !begun || document.querySelector("dialog[open]") || document.activeElement?.matches("input:not([type=checkbox]), select, textarea");
    const one = (moves && card(next)) || here() || (next && card(next));
    if (one) choose(one, !quiet && (next !== undefined || document.activeElement === document.body));
    else if (current !== null && !sending) choose(cards()[0] || null, !quiet);
    show();
  };
  document.addEventListener("htmx:afterSettle", () => tidy());
  document.addEventListener("htmx:oobAfterSwap", () => tidy());

  // News, every 15 seconds while somebody looks: of the cards around the one that is seen.
  const watched = () => {
    const near = cards().filter((one) => { const at = one.getBoundingClientRect(); return at.bottom > -innerHeight && at.top < 2 * innerHeight; });
    return [...new Set([...near, ...marked()])].slice(0, 120).map((one) => `${one.dataset.case}:${one.dataset.log}`).join(",");
  };
  const look = () => {
    const news = document.getElementById("news");
    if (document.hidden || sending || !news || document.querySelector("dialog[open]")) return;
    htmx.ajax("GET", news.dataset.url, { target: news, swap: "innerHTML", values: { since: news.dataset.since, seen: watched() } });
  };
  setInterval(look, 15000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  window.mekiki.look = look;

  for (const one of all(".scripted")) one.hidden = false;
  for (const one of all(".help, .zoom")) one.hidden = false;
  if (cards().length) choose(cards()[0], false);
  tidy();
  begun = true;
})();
