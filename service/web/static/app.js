// What the pages gain by a script: live parts, trees that open in place, the keyboard. Without it everything still works.
"use strict";

(() => {
  const EVERY = 2000;
  const page = document.documentElement;
  page.classList.add("script");

  const find = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  async function fetchPart(url) {
    const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" }, credentials: "same-origin" });
    if (answer.redirected) location.reload(); // the session has ended
    if (!answer.ok) throw new Error(String(answer.status));
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    return holder.content;
  }

  // --- changing a part in place: what did not change stays the same node, and keeps focus, selection and open menus ---

  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE && node.id) || null;
  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

  function morphAttributes(old, fresh) {
    for (const { name } of [...old.attributes]) {
      const kept = name === "open" || name === "class" && old.classList.contains("at");
      if (!kept && !fresh.hasAttribute(name)) old.removeAttribute(name);
    }
    for (const { name, value } of [...fresh.attributes]) {
      if (old.getAttribute(name) !== value && !(name === "class" && old.classList.contains("at"))) old.setAttribute(name, value);
    }
  }

  function mark(element) {
    element.classList.add("changed");
    setTimeout(() => element.classList.remove("changed"), 2000);
  }

  function morph(old, fresh) {
    if (old.nodeType === Node.TEXT_NODE) {
      if (old.data !== fresh.data) {
        old.data = fresh.data;
        const marked = old.parentElement?.closest("[data-mark]");
        if (marked) mark(marked);
      }
      return;
    }
    if (old.nodeType !== Node.ELEMENT_NODE || old.isEqualNode(fresh)) return;
    morphAttributes(old, fresh);
    morphChildren(old, fresh);
  }

  function morphChildren(old, fresh) {
    const byKey = new Map([...old.children].filter(keyOf).map((node) => [keyOf(node), node]));
    let at = old.firstChild;
    for (const wanted of [...fresh.childNodes]) {
      const keyed = keyOf(wanted) && byKey.get(keyOf(wanted));
      if (keyed && keyed !== at) old.insertBefore(keyed, at);
      const present = keyed || at;
      if (present && alike(present, wanted)) {
        at = present.nextSibling;
        morph(present, wanted);
      } else {
        old.insertBefore(document.importNode(wanted, true), at);
      }
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  // --- live parts ------------------------------------------------------------------------------------------------------

  let misses = 0;
  let ticks = 0;
  let ran = Boolean(find("[data-running]"));

  async function refreshDots() {
    for (const kind of ["customer", "invoice"]) {
      const scope = kind === "invoice" ? ".invoices [data-dots]" : "[data-dots]:not(.invoices *)";
      const cells = all(scope);
      const ids = [...new Set(cells.map((cell) => cell.dataset.dots))];
      if (!ids.length) continue;
      const fresh = await fetchPart(`/parts/dots?kind=${kind}&ids=${ids.slice(0, 500).join(",")}`);
      const byId = new Map(all("[data-for]", fresh).map((node) => [node.dataset.for, node]));
      for (const cell of cells) {
        const wanted = byId.get(cell.dataset.dots);
        if (wanted) morphChildren(cell, wanted);
      }
    }
  }

  async function tick() {
    ticks += 1;
    const live = all("[data-live]").filter((part) => !("calm" in part.dataset) || ticks % 5 === 0);
    if ((live.length || ticks % 5 === 0) && document.visibilityState === "visible") {
      try {
        for (const part of live) morphChildren(part, await fetchPart(part.dataset.live));
        const runs = Boolean(find("[data-running]"));
        if (runs || ran || !live.length) await refreshDots();
        if (ran && !runs && find("[data-live*='/parts/runs/'], [data-reloads]")) location.reload(); // once, with everything it did
        ran = runs;
        misses = 0;
      } catch {
        misses += 1;
      }
      find("#offline").hidden = misses < 2;
    }
    setTimeout(tick, EVERY);
  }
  setTimeout(tick, EVERY);

  // --- trees that open in place ------------------------------------------------------------------------------------------

  function closeTree(row) {
    const level = Number(row.dataset.level);
    while (row.nextElementSibling && Number(row.nextElementSibling.dataset.level) > level) row.nextElementSibling.remove();
  }

  async function toggleTree(link) {
    const row = link.closest("tr");
    const open = link.getAttribute("aria-expanded") === "true";
    link.setAttribute("aria-expanded", String(!open));
    if (open) return closeTree(row);
    const found = await fetchPart(link.dataset.children);
    const parsed = document.createElement("tbody");
    parsed.append(...all("tr", found));
    row.after(...parsed.children);
    return undefined;
  }

  // --- what can be done with a row, beside it ----------------------------------------------------------------------------

  async function openSheet(link) {
    const sheet = find("#sheet");
    if (!sheet?.showPopover) return location.assign(link.href);
    sheet.replaceChildren(await fetchPart(link.dataset.sheet));
    sheet.showPopover();
    const at = link.getBoundingClientRect();
    sheet.style.left = `${Math.max(8, Math.min(at.right - sheet.offsetWidth, innerWidth - sheet.offsetWidth - 8))}px`;
    sheet.style.top = `${Math.max(8, Math.min(at.bottom + 4, innerHeight - sheet.offsetHeight - 8))}px`;
    find("a, button", sheet)?.focus();
    return undefined;
  }

  // --- the keyboard ------------------------------------------------------------------------------------------------------

  const usesKeys = () => localStorage.getItem("keys") !== "off";
  const rows = () => all("[data-row]");
  let before = "";

  function moveTo(row) {
    all("[data-row].at").forEach((other) => other.classList.remove("at"));
    row.classList.add("at");
    find("[data-open]", row)?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  function step(by) {
    const list = rows();
    const here = list.findIndex((row) => row.classList.contains("at"));
    const next = list[here < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(here + by, 0), list.length - 1)];
    if (next) moveTo(next);
  }

  // A key of the row that one stands on comes before the same key of another row.
  function press(keys, row) {
    const target = [...(row ? all("[data-key]", row) : []), ...all("[data-key]")].find(
      (element) => element.dataset.key === keys && (!element.closest("[data-row]") || row?.contains(element)),
    );
    if (!target) return false;
    if (target.matches("[type=radio]")) target.checked = true;
    if (target.matches("input")) target.focus();
    else target.click();
    return true;
  }

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input:not([type=radio], [type=checkbox]), select, textarea, dialog");
    if (event.key === "Escape" && typing && event.target.matches("input[type=search]")) return event.target.blur();
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !usesKeys()) return undefined;
    const row = find("[data-row].at");
    const sequence = before ? `${before} ${event.key}` : event.key;
    before = "";
    const arrows = find("[data-arrows]") ? { ArrowDown: 1, ArrowUp: -1 } : {};
    const by = { j: 1, k: -1, ...arrows }[event.key];
    if (by && rows().length && !(event.key in arrows && event.target.matches("input"))) step(by);
    else if (event.key === "o" && row) find("[data-children]", row)?.click();
    else if (event.key === "Enter" && row && document.activeElement === document.body) find("[data-open]", row)?.click();
    else if (sequence === "g") before = "g";
    else if (!press(sequence, row)) return undefined;
    if (event.key !== "Enter") event.preventDefault();
    return undefined;
  });

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("[data-row]");
    if (row && !row.classList.contains("at")) {
      all("[data-row].at").forEach((other) => other.classList.remove("at"));
      row.classList.add("at");
    }
  });

  // --- clicks ------------------------------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-children]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      toggleTree(link).catch(() => location.assign(link.href));
    }
    const sheeter = event.target.closest?.("[data-sheet]");
    if (sheeter && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      openSheet(sheeter).catch(() => location.assign(sheeter.href));
    }
    const opener = event.target.closest?.("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens).showModal();
    if (event.target.closest?.("[data-prints]")) {
      for (const menu of all("details[data-menu][open]")) menu.open = false;
      window.print();
    }
    const copier = event.target.closest?.("[data-copy]");
    if (copier) {
      navigator.clipboard?.writeText(copier.dataset.copy).then(() => {
        copier.textContent = "Copied";
      });
    }
    for (const menu of all("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of all("details[data-menu][open]")) {
      menu.open = false;
      find("summary", menu).focus();
    }
  });

  // Whoever chooses a field's side has chosen to choose field by field.
  document.addEventListener("change", (event) => {
    const implied = event.target.dataset?.implies;
    if (implied) find(`input[name=option][value=${implied}]`).checked = true;
  });

  // --- printing: every fold is open on paper -----------------------------------------------------------------------------

  addEventListener("beforeprint", () => {
    for (const fold of all("main details:not([open], [data-menu])")) {
      fold.open = true;
      fold.dataset.printed = "";
    }
  });
  addEventListener("afterprint", () => {
    for (const fold of all("details[data-printed]")) {
      fold.open = false;
      delete fold.dataset.printed;
    }
  });

  // --- forms: the cursor goes to what is wrong; totals follow what is typed ---------------------------------------------

  find("main form [aria-invalid='true']")?.focus();

  const reckons = find("form[data-reckons]");
  let asked = 0;
  let pause = 0;

  async function reckon() {
    const turn = ++asked;
    const body = new FormData(reckons);
    const answer = await fetch(reckons.dataset.reckons, { method: "POST", body, credentials: "same-origin" });
    if (!answer.ok || turn !== asked) return; // the button still works; an older answer says nothing any more
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    morphChildren(find("#reckoned"), holder.content);
  }
  reckons?.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => reckon().catch(() => {}), 400);
  });

  const useKeys = find("#use-keys");
  if (useKeys) {
    useKeys.checked = usesKeys();
    useKeys.addEventListener("change", () => localStorage.setItem("keys", useKeys.checked ? "on" : "off"));
  }
})();
