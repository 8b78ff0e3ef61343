// The grid: a section for each file, a cell for each image, in the book's order; what is shown is what the filters let through.
"use strict";

const grid = {
  element: document.getElementById("grid"),
  filters: document.getElementById("filters"),
  selected: new Set(),
  current: null,
  made: new Map(), // the cell of each image, shown or not
  focusable: null, // the one cell that the tab key reaches
  drawn: [], // the ids of the book that was drawn last

  // Cells are made once and changed in place, so that focus and scroll position stay.
  draw() {
    const focused = grid.element.contains(document.activeElement);
    const here = focused || document.getElementById("dialog").open ? grid.current : null;
    const shown = new Set(grid.shown());
    const byFile = new Map(desk.book.files.map((file) => [file.file, { ...file, images: [] }]));
    for (const image of desk.book.images) byFile.get(image.file)?.images.push(image);
    const sections = [];
    for (const file of byFile.values()) {
      const cells = file.images.filter((image) => shown.has(image)).map(grid.cell);
      const errors = desk.errors(file.file);
      if (cells.length === 0 && (file.images.length || errors.length === 0)) continue;
      const open = file.images.filter((image) => image.reviewed === false).length;
      const made = file.images.filter((image) => image.picture).length;
      const id = `section ${file.file}`;
      let section = document.getElementById(id);
      if (!section) {
        section = make("section", { id }, make("h2"), make("div"), make("ul"));
        section.style.containIntrinsicSize = `auto ${Math.ceil(file.images.length / 5) * 260}px`;
      }
      const name = grid.name(file);
      section.setAttribute("aria-label", name);
      fill(section.firstChild,
        `${name} `,
        file.images.length ? make("small", {}, `${open} of ${made} to review${made < file.images.length ? `, ${file.images.length - made} to make` : ""}`) : null);
      fill(section.children[1], ...errors.map((problem) => make("p", { class: "error" }, desk.told(problem))));
      grid.fill(section.lastChild, cells);
      sections.push(section);
    }
    const none = make("p", { class: "none" }, desk.book.images.length ? "No image is left by these filters." : "No images are planned yet.");
    grid.fill(grid.element, sections.length ? sections : [none]);
    if (!grid.cellOf(grid.current)) {
      grid.current = grid.nearest(here);
      if (focused && !grid.element.hidden) (grid.cellOf(grid.current)?.firstChild || grid.element).focus();
    }
    grid.drawn = desk.book.images.map((image) => image.id);
    grid.mark();
    grid.counts();
  },

  name: (file) => (file.kind ? `${file.kind} ${file.slug}` : file.file),

  // The image itself where it has a cell, else the next one that has, else the last one before.
  nearest(id) {
    const here = grid.drawn.indexOf(id);
    if (here < 0) return null;
    return grid.drawn.slice(here).find(grid.cellOf) || grid.drawn.slice(0, here).findLast(grid.cellOf) || null;
  },

  // The cell of an image that the filters let through.
  cellOf(id) {
    const cell = grid.made.get(id);
    return cell?.isConnected ? cell : null;
  },

  fill(parent, children) {
    if (children.length === parent.children.length && children.every((child, n) => child === parent.children[n])) return;
    const focused = document.activeElement;
    parent.replaceChildren(...children);
    if (parent.contains(focused)) focused.focus({ preventScroll: true });
  },

  cell(image) {
    let cell = grid.made.get(image.id);
    if (cell && (cell.image === image || (cell.image && JSON.stringify(cell.image) === JSON.stringify(image)))) return cell;
    if (!cell) {
      cell = make("li", { id: `cell ${image.id}` }, make("a", { tabindex: "-1", href: `#image/${encodeURI(image.id)}` }));
      grid.made.set(image.id, cell);
      cell.firstChild.addEventListener("focus", () => {
        grid.current = image.id;
        grid.mark();
      });
      cell.firstChild.addEventListener("click", (event) => {
        if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
        event.preventDefault();
        grid.select(image.id);
      });
    }
    cell.image = image;
    const name = image.id.split("/").pop();
    const hasTitle = image.title && image.title !== name;
    const [width, height] = image.size || [1, 1];
    const picture = image.picture
      ? make("img", { src: source.thumbnail(image.picture), loading: "lazy", alt: grid.alt(image), width: 180, height: 180 })
      : make("span", { class: "empty", role: "img", "aria-label": `no picture yet: ${grid.alt(image)}` }, `${width} × ${height}`);
    if (image.picture) {
      picture.addEventListener("error", () => {
        picture.replaceWith(make("span", { class: "empty" }, "can't be shown"));
        cell.image = null; // the next look at the book asks anew
      });
    }
    fill(cell.firstChild,
      picture,
      make("span", { class: "title" }, hasTitle ? `${image.title} ` : name, hasTitle ? make("small", {}, name) : null),
      make("span", { class: `badge ${image.verdict}` }, image.verdict),
      image.tier ? make("span", { class: "open" }, `draft: ${image.tier}`) : null,
      image.status ? make("span", { class: `status ${image.status}` }, image.status) : null,
      image.reviewed === false ? make("span", { class: "open" }, "not reviewed") : null,
      image.note ? make("span", { class: "note" }, `“${image.note}”`) : null);
    return cell;
  },

  alt: (image) => image.title || image.id,

  shown() {
    const wanted = Object.fromEntries(new FormData(grid.filters));
    const words = (wanted.text || "").toLowerCase().split(/\s+/).filter(Boolean);
    return desk.book.images.filter((each) => {
      const image = decide.expected(each);
      return (!wanted.unreviewed || image.reviewed === false) &&
        (!wanted.section || image.file === wanted.section) &&
        (!wanted.verdict || image.verdict === wanted.verdict) &&
        (!wanted.status || (image.status || "none") === wanted.status) &&
        (!wanted.character || image.shows.includes(wanted.character)) &&
        (!wanted.provider || image.provider === wanted.provider) &&
        words.every((word) => `${image.id} ${image.title} ${image.note} ${image.reasons.join(" ")}`.toLowerCase().includes(word));
    });
  },

  // Each list of choices holds what there is; what was chosen stays.
  choices() {
    const names = new Map(desk.book.files.map((file) => [file.file, grid.name(file)]));
    const values = {
      section: desk.book.images.map((image) => image.file),
      verdict: desk.book.images.map((image) => image.verdict),
      status: desk.book.images.map((image) => image.status || "none"),
      character: desk.book.images.flatMap((image) => image.shows),
      provider: desk.book.images.map((image) => image.provider || ""),
    };
    for (const [name, all] of Object.entries(values)) {
      const select = grid.filters.elements[name];
      const chosen = select.value;
      const known = [...new Set(all)].filter(Boolean).sort();
      select.replaceChildren(make("option", { value: "" }, "any"), ...known.map((value) => make("option", { value }, (name === "section" && names.get(value)) || value)));
      select.value = known.includes(chosen) ? chosen : "";
    }
  },

  counts() {
    const images = desk.book.images;
    const open = images.filter((image) => image.reviewed === false).length;
    const parts = [`${plural(images.length, "image")}, ${open.toLocaleString("en")} to review`];
    if (grid.selected.size) parts.push(`${grid.selected.size} selected`);
    document.getElementById("counts").textContent = parts.join(" · ");
  },

  cells: () => [...grid.element.querySelectorAll("li > a")],

  // The tab key reaches the cell that had the focus last, else the first.
  mark() {
    if (grid.focusable) grid.focusable.tabIndex = -1;
    grid.focusable = (grid.cellOf(grid.current) || grid.element.querySelector("li"))?.firstChild || null;
    if (grid.focusable) grid.focusable.tabIndex = 0;
  },

  select(id, chosen = !grid.selected.has(id)) {
    const cell = grid.made.get(id);
    grid.selected[chosen ? "add" : "delete"](id);
    cell?.classList.toggle("selected", chosen);
    if (chosen) cell?.firstChild.setAttribute("aria-description", "selected");
    else cell?.firstChild.removeAttribute("aria-description");
    grid.counts();
  },

  clear() {
    for (const id of [...grid.selected]) grid.select(id, false);
  },

  // What a key means: the selected cells that are visible, else the one that has the focus.
  meant() {
    const visible = new Set(grid.shown().map((image) => image.id));
    const chosen = [...grid.selected].filter((id) => visible.has(id));
    return chosen.length ? chosen : grid.current ? [grid.current] : [];
  },

  // What a decision by key is on: of one image only while its cell is in sight.
  decided() {
    const ids = grid.meant();
    const cell = ids.length === 1 && grid.cellOf(ids[0]);
    if (!cell) return ids;
    const box = cell.getBoundingClientRect();
    if (box.bottom > 0 && box.top < window.innerHeight) return ids;
    grid.focus(ids[0]);
    say(`${ids[0]} was out of sight: here it is, nothing was done.`);
    return null;
  },

  // The cell of an image, or the nearest one; without an id the first.
  focus(id) {
    const cell = (grid.cellOf(grid.nearest(id)) || grid.element.querySelector("li"))?.firstChild;
    cell?.focus();
    cell?.scrollIntoView({ block: "nearest" });
  },

  // Left and right go cell by cell; up and down to the cell nearest below or above.
  step(key) {
    const cells = grid.cells();
    const here = cells.indexOf(document.activeElement);
    if (here < 0) {
      grid.focus(grid.current);
      return;
    }
    let next = here + (key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0);
    if (key === "ArrowDown" || key === "ArrowUp") {
      const box = cells[here].getBoundingClientRect();
      const sign = key === "ArrowDown" ? 1 : -1;
      let [row, best] = [null, null];
      for (let n = here + sign; cells[n]; n += sign) {
        const other = cells[n].getBoundingClientRect();
        if ((other.top - box.top) * sign < box.height / 2) continue;
        if (row === null) row = other.top;
        if (Math.abs(other.top - row) > box.height / 2) break;
        const off = Math.abs(other.left - box.left);
        if (best === null || off < best) [best, next] = [off, n];
      }
    }
    cells[next]?.focus();
    cells[next]?.scrollIntoView({ block: "nearest" });
  },
};
