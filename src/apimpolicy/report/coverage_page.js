"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const panel = document.getElementById("panel");
  const root = document.documentElement;
  const MOST = 40;

  /* The theme follows the system until the reader chooses one. */
  const button = document.getElementById("theme");
  function isDark() {
    const chosen = root.dataset.theme;
    return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  }
  function nameTheme() { button.textContent = isDark() ? "Light" : "Dark"; }
  try {
    const kept = localStorage.getItem("apimpolicy-theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch (error) { /* a file may have no storage */ }
  document.getElementById("filters").hidden = false;
  button.addEventListener("click", function () {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("apimpolicy-theme", root.dataset.theme); } catch (error) { /* as above */ }
    nameTheme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
  nameTheme();

  /* Filters: words in a file's name, and files with gaps only. */
  const filter = document.getElementById("filter");
  const gaps = document.getElementById("gaps");
  const rows = Array.from(document.querySelectorAll(".overview tbody tr"));
  function applyFilters() {
    const words = filter.value.toLowerCase().split(/\s+/);
    let count = 0;
    for (const row of rows) {
      const file = document.getElementById(row.dataset.file);
      const name = row.cells[0].textContent.toLowerCase();
      const fits = words.every(function (word) { return name.includes(word); });
      row.hidden = file.hidden = !fits || (gaps.checked && !file.querySelector(".missing"));
      if (!row.hidden) count += 1;
    }
    document.getElementById("no-files").hidden = count > 0 || !rows.length;
  }
  filter.addEventListener("input", applyFilters);
  gaps.addEventListener("change", applyFilters);
  document.getElementById("filters").addEventListener("submit", function (event) { event.preventDefault(); });
  document.getElementById("clear").addEventListener("click", function () {
    filter.value = "";
    gaps.checked = false;
    applyFilters();
    filter.focus();
  });

  /* The outcomes of a place. Texts are inserted as text, never as markup. */
  function made(name, text, className) {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (className) element.className = className;
    return element;
  }
  let shown = null;
  function show(element) {
    if (shown === element) return;
    if (shown) shown.classList.remove("on");
    shown = element;
    element.classList.add("on");
    panel.replaceChildren();
    for (const id of element.dataset.p.split(" ")) {
      const [kind, name, line, outcomes] = data.places[id];
      panel.append(made("h2", kind + ", line " + line));
      panel.append(made("code", name));
      for (const [outcome, tests] of outcomes) {
        const count = tests.length === 1 ? "1 test" : tests.length + " tests";
        const head = made("h3", outcome + " ", tests.length ? "full" : "none");
        head.append(made("small", tests.length ? count : "never"));
        panel.append(head);
        if (!tests.length) continue;
        const list = made("ul");
        for (const test of tests.slice(0, MOST)) list.append(made("li", data.tests[test]));
        if (tests.length > MOST) list.append(made("li", "… " + (tests.length - MOST) + " more"));
        panel.append(list);
      }
    }
  }

  /* One place per listing is in the tab order; arrows move it. */
  const listings = Array.from(document.querySelectorAll("pre.code"));
  function places(listing) { return Array.from(listing.querySelectorAll(".p")); }
  function go(element) {
    const listing = element.closest("pre.code");
    element.closest("details").open = true;
    for (const other of listing.querySelectorAll(".p[tabindex='0']")) other.tabIndex = -1;
    element.tabIndex = 0;
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  for (const listing of listings) {
    const first = listing.querySelector(".p");
    if (first) first.tabIndex = 0;
    listing.addEventListener("mouseover", function (event) {
      const place = event.target.closest(".p");
      if (place) show(place);
    });
    listing.addEventListener("focusin", function (event) {
      const place = event.target.closest(".p");
      if (place) show(place);
    });
    listing.addEventListener("click", function (event) {
      const place = event.target.closest(".p");
      if (place) go(place);
    });
    listing.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const all = places(listing);
      const at = all.indexOf(document.activeElement);
      if (at < 0) return;
      const isMissing = function (place) { return !place.classList.contains("full"); };
      let next = null;
      if (event.key === "ArrowRight" || event.key === "ArrowDown") next = all[at + 1];
      else if (event.key === "ArrowLeft" || event.key === "ArrowUp") next = all[at - 1];
      else if (event.key === "Home") next = all[0];
      else if (event.key === "End") next = all[all.length - 1];
      else if (event.key === "n") next = all.slice(at + 1).find(isMissing);
      else if (event.key === "p") next = all.slice(0, at).reverse().find(isMissing);
      else return;
      event.preventDefault();
      if (next) go(next);
    });
  }
  function goToAnchor(hash) {
    const element = hash.length > 1 && document.getElementById(decodeURIComponent(hash.slice(1)));
    if (!element) return;
    const file = element.closest("details");
    if (file) file.open = true;
    if (element.classList.contains("p")) go(element);
  }
  document.addEventListener("click", function (event) {
    const link = event.target.closest("a[href^='#']");
    if (link) setTimeout(function () { goToAnchor(link.getAttribute("href")); }, 0);
  });
  goToAnchor(location.hash);
})();
