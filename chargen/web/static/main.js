// The page: which part is shown, and how it keeps up with the project.
"use strict";

const desk = {
  book: { images: [], files: [] },
  opened: false,

  // `#image/ID`, `#compare/ID?...`, `#survey/ID`, or the grid.
  route() {
    const hash = location.hash.slice(1);
    const [path, query] = hash.split("?");
    const [name, ...rest] = path.split("/");
    const id = decodeURI(rest.join("/"));
    return { name: id && ["image", "compare", "survey"].includes(name) ? name : "grid", id, hash, query: new URLSearchParams(query || "") };
  },

  async refresh() {
    const book = await attempt(source.book);
    if (!book) return;
    desk.book = book;
    document.getElementById("name").textContent = book.name;
    document.title = `${book.name} · chargen review`;
    document.getElementById("undo").disabled = !book.undo;
    grid.choices();
    if (!desk.opened) {
      // The page opens on what is not reviewed yet, where there is any.
      desk.opened = true;
      grid.filters.elements.unreviewed.checked = book.images.some((image) => image.reviewed === false);
    }
    grid.draw();
    await desk.show();
  },

  async show() {
    const route = desk.route();
    grid.element.hidden = route.name !== "grid";
    view.element.hidden = route.name === "grid";
    if (route.name === "image") await view.open(route.id);
    else if (route.name === "compare") await compare.open(route);
    else if (route.name === "survey") await survey.open(route);
    else if (view.image) {
      const id = view.image.id;
      view.image = view.zoom = null;
      view.element.replaceChildren();
      grid.focus(id);
    }
  },

  go(id) {
    if (desk.route().name === "grid") grid.focus(id);
    else location.hash = `#image/${encodeURI(id)}`;
  },

  // The next image after `id` that is not reviewed, from the beginning again at the end.
  next(id) {
    const images = desk.book.images;
    const here = images.findIndex((image) => image.id === id);
    const found = [...images.slice(here + 1), ...images.slice(0, here + 1)].find((image) => image.reviewed === false && image.id !== id);
    return found ? found.id : null;
  },

  beside(id, step) {
    const shown = grid.shown();
    const images = shown.some((image) => image.id === id) ? shown : desk.book.images;
    const other = images[images.findIndex((image) => image.id === id) + step];
    if (other) location.hash = `#image/${encodeURI(other.id)}`;
  },

  time(text) {
    const date = new Date(text);
    return Number.isNaN(date.valueOf()) ? text : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  },

  run(run) {
    const element = document.getElementById("run");
    element.hidden = !run;
    if (run) element.textContent = `building: ${run.built.length} built, ${run.failed.length} failed, ${money(run.spent.cost_usd ?? 0)} spent`;
  },

  listen() {
    const events = new EventSource("events");
    let lost = false;
    events.addEventListener("book", desk.refresh);
    events.addEventListener("run", (event) => desk.run(JSON.parse(event.data)));
    events.addEventListener("hello", () => {
      if (lost) desk.refresh();
      lost = false;
    });
    events.addEventListener("error", () => {
      lost = true;
      say("The server does not answer; this page shows what it said last.");
    });
  },

  async start() {
    document.body.classList.toggle("read-only", source.readOnly);
    document.getElementById("undo").addEventListener("click", () => decide.undo());
    document.getElementById("log").addEventListener("click", decide.list);
    document.getElementById("help").addEventListener("click", showKeys);
    for (const id of ["undo", "log"]) document.getElementById(id).hidden = source.readOnly;
    grid.filters.addEventListener("input", grid.draw);
    grid.filters.addEventListener("submit", (event) => event.preventDefault());
    window.addEventListener("hashchange", desk.show);
    await desk.refresh();
    if (desk.route().name === "grid") grid.focus(null);
    if (!source.readOnly) desk.listen();
    document.body.dataset.ready = "true";
  },
};

desk.start();
