"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (id) => document.getElementById(id);
  const names = new Map(all("#word option").map((option) => [option.value, option.text]));

  // A cell's letters as words, for a screen reader and as a tooltip.
  const words = (letters) => letters.replace(/^[a-zA-Z]*/, (some) =>
    [...some].map((letter) => names.get(letter)).join(", "))
    .replace(/\+(\d+)/, " and $1 other actions").replace("/", ", only below prefixes")
    .replace("*", ", under conditions");
  const rows = all("tbody[data-account]").flatMap((body) =>
    all("tr:not(.account)", body).map((row) => ({
      row, body, name: row.cells[0].textContent.toLowerCase(), cells: [...row.cells].slice(1),
    })));
  const heads = all("thead th").slice(1);
  const buckets = heads.map((head) => head.textContent.toLowerCase());
  for (const link of all("td a")) {
    link.ariaLabel = link.title = words(link.textContent);
  }

  const filter = () => {
    const text = one("text").value.trim().toLowerCase();
    const account = one("account").value;
    const word = one("word").value;
    const columns = new Set();
    let count = 0;
    for (const { row, body, name, cells } of rows) {
      const named = name.includes(text);
      const found = account && body.dataset.account !== account ? [] : [...cells.keys()].filter((at) =>
        cells[at].firstChild && (named || buckets[at].includes(text)) &&
        cells[at].textContent.includes(word));
      found.forEach((at) => columns.add(at));
      row.hidden = !found.length;
      count += found.length ? 1 : 0;
    }
    heads.forEach((head, at) => {
      if (head.hidden === columns.has(at)) {
        head.hidden = !columns.has(at);
        rows.forEach(({ cells }) => { cells[at].hidden = head.hidden; });
      }
    });
    for (const body of all("tbody")) {
      body.hidden = all("tr:not(.account)", body).every((row) => row.hidden);
    }
    one("count").textContent = `${count} of ${rows.length} identities`;
  };
  one("filter").hidden = false;
  one("filter").addEventListener("input", filter);
  one("filter").addEventListener("submit", (event) => event.preventDefault());

  // What a link of the map leads to, in front of the map.
  const dialog = one("shown");
  const show = (target) => {
    const article = target.closest("article");
    const copy = document.createElement("div");
    if (target === article) {
      copy.append(...[...article.firstElementChild.childNodes].map((node) => node.cloneNode(true)));
    } else {
      const parts = [article.querySelector("summary"), target, ...all("p, ul", target.parentElement)];
      copy.append(...parts.map((node) => node.cloneNode(true)));
    }
    for (const node of all("[id]", copy)) node.removeAttribute("id");
    for (const summary of all("summary", copy)) {
      const title = document.createElement("h3");
      title.append(...summary.childNodes);
      summary.replaceWith(title);
    }
    dialog.lastElementChild.replaceChildren(copy);
    dialog.showModal();
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("table a");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && dialog.showModal) {
      event.preventDefault();
      show(one(link.hash.slice(1)));
    } else if (event.target === dialog) {
      dialog.close();
    }
  });

  // The arrow keys go from link to link.
  const next = (cell, sideways, step) => {
    let [x, y] = [cell.cellIndex, rows.findIndex(({ row }) => row === cell.parentElement)];
    for (;;) {
      if (sideways) x += step; else y += step;
      const found = rows[y]?.row.cells[x];
      if (!found) return null;
      const link = found.querySelector("a");
      if (link && !found.hidden && !found.closest("[hidden]")) return link;
    }
  };
  const keys = { ArrowLeft: [true, -1], ArrowRight: [true, 1], ArrowUp: [false, -1], ArrowDown: [false, 1] };
  document.addEventListener("keydown", (event) => {
    const cell = event.target.closest("tbody a")?.closest("td, th");
    const link = cell && keys[event.key] && next(cell, ...keys[event.key]);
    if (link) {
      event.preventDefault();
      link.focus();
    }
  });

  // Long lists begin folded, but not on paper.
  const long = all("#look details").filter((details) => all("li", details).length > 10);
  const fold = (open) => long.forEach((details) => { details.open = open; });
  fold(false);
  addEventListener("beforeprint", () => fold(true));
  addEventListener("afterprint", () => fold(false));
})();
