// The page: which part is shown, and how it keeps up with the project.
"use strict";

const desk = {
  book: { images: [], files: [] },
  changed: false, // since the last look
  looking: null, // the look that goes on
  due: null, // the look that is to come if nothing asks for one before
  shown: null, // the image in the full view, the comparison or the survey, as it was drawn
  events: null,
  heard: null, // the build whose end was told

  // `#image/ID`, `#compare/ID?...`, `#survey/ID`, or the grid.
  route() {
    const hash = location.hash.slice(1);
    const [path, query] = hash.split("?");
    const [name, ...rest] = path.split("/");
    const id = decodeURI(rest.join("/"));
    return { name: id && ["image", "compare", "survey"].includes(name) ? name : "grid", id, hash, query: new URLSearchParams(query || "") };
  },

  // One look at a time, and one more where something happened meanwhile: what is shown last was asked for last.
  refresh() {
    desk.changed = true;
    desk.looking ??= desk.look().finally(() => (desk.looking = null));
    return desk.looking;
  },

  // What this page changed is told as any change is; on a disk that tells nothing a look is due all the same.
  expect() {
    clearTimeout(desk.due);
    desk.due = setTimeout(desk.refresh, 1000);
  },

  async look() {
    while (desk.changed) {
      await source.posted; // what is decided at this moment is seen by the same look
      clearTimeout(desk.due);
      desk.changed = false;
      const answered = decide.answered();
      const book = await attempt(source.book);
      if (!book) return;
      desk.book = book;
      decide.forget(answered);
      document.getElementById("name").textContent = book.name;
      document.title = `${book.name} · chargen review`;
      document.getElementById("undo").disabled = !book.undo;
      desk.problems();
      grid.choices();
      const first = !document.body.dataset.ready;
      // The page opens on what is not reviewed yet, where there is any.
      if (first) grid.filters.elements.unreviewed.checked = book.images.some((image) => image.reviewed === false);
      grid.draw();
      await desk.show();
      if (first && desk.route().name === "grid") grid.focus(null);
      document.body.dataset.ready = "true";
    }
  },

  // What is wrong in the files: the images of a file that can't be read are not in the grid.
  problems() {
    const errors = desk.errors();
    const element = document.getElementById("problems");
    element.hidden = errors.length === 0;
    fill(element, make("summary", {}, plural(errors.length, "error")),
      make("ul", {}, ...errors.slice(0, 50).map((problem) => make("li", {}, desk.told(problem))),
        errors.length > 50 ? make("li", {}, "`chargen check` tells all of them") : null));
  },

  // The errors of a file, or all.
  errors: (file) => desk.book.problems.filter((problem) => problem.severity === "error" && (!file || problem.file === file)),

  told(problem) {
    const place = problem.file ? `${problem.file}${problem.line ? `:${problem.line}` : ""}: ` : "";
    return `${place}${problem.message}`;
  },

  async show() {
    const route = desk.route();
    grid.element.hidden = route.name !== "grid";
    view.element.hidden = route.name === "grid";
    const part = { image: view, compare, survey }[route.name];
    if (part) {
      if (part === view) view.before(route.id);
      const image = await attempt(() => source.image(route.id));
      if (!image || desk.route().hash !== route.hash) return;
      const shown = `${route.hash} ${JSON.stringify(image)}`;
      if (shown === desk.shown) return; // what the author zoomed and opened stays, whatever else is built
      desk.shown = shown;
      part.open(route, image);
    } else if (view.image) {
      const id = view.image.id;
      view.image = view.zoom = desk.shown = null;
      view.element.replaceChildren();
      grid.focus(id);
    }
  },

  go(id) {
    if (desk.route().name === "grid") {
      grid.focus(id);
      return;
    }
    location.hash = `#image/${encodeURI(id)}`;
    view.before(id);
  },

  // What the filters let through, and the image that is looked at, in the order of the page.
  order(id) {
    const shown = new Set(grid.shown());
    return desk.book.images.filter((image) => shown.has(image) || image.id === id);
  },

  // The next image after `id` that is not reviewed, from the beginning again at the end.
  next(id) {
    const images = desk.order(id);
    const here = images.findIndex((image) => image.id === id);
    const found = [...images.slice(here + 1), ...images.slice(0, here + 1)].find((image) => decide.expected(image).reviewed === false && image.id !== id);
    return found ? found.id : null;
  },

  beside(id, step) {
    const images = desk.order(id);
    const other = images[images.findIndex((image) => image.id === id) + step];
    if (other) desk.go(other.id);
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

  // What the build said that was begun here: in its own words, until it is closed.
  ended(ended) {
    if (!ended || ended.build === desk.heard) return;
    desk.heard = ended.build;
    const element = document.getElementById("ended");
    const close = button("close", () => (element.hidden = true));
    fill(element, make("summary", {}, ended.exit_code === 0 ? "the build is over" : "the build is over, not without trouble"), make("pre", {}, ended.lines.join("\n")), close);
    element.open = true;
    element.hidden = false;
  },

  // A hidden page lets go of its connection: a browser has six of them for one server, and tabs would use them up.
  listen() {
    desk.events?.close();
    desk.events = null;
    if (document.hidden) return;
    desk.events = new EventSource("events");
    let lost = false;
    desk.events.addEventListener("book", desk.refresh);
    desk.events.addEventListener("run", (event) => desk.run(JSON.parse(event.data)));
    desk.events.addEventListener("ended", (event) => desk.ended(JSON.parse(event.data)));
    desk.events.addEventListener("hello", (event) => {
      const { trouble } = JSON.parse(event.data);
      if (trouble || lost) say(trouble);
      lost = false;
      desk.refresh(); // something may have happened before anybody listened
    });
    desk.events.addEventListener("error", () => {
      lost = true;
      say("The server does not answer; this page shows what it said last.");
    });
  },

  start() {
    document.body.classList.toggle("read-only", source.readOnly);
    document.getElementById("undo").addEventListener("click", () => decide.undo());
    document.getElementById("log").addEventListener("click", decide.list);
    document.getElementById("help").addEventListener("click", showKeys);
    for (const id of ["undo", "log"]) document.getElementById(id).hidden = source.readOnly;
    grid.filters.addEventListener("input", grid.draw);
    grid.filters.addEventListener("submit", (event) => event.preventDefault());
    window.addEventListener("hashchange", desk.show);
    if (source.readOnly) {
      desk.refresh();
    } else {
      document.addEventListener("visibilitychange", desk.listen);
      desk.listen();
    }
  },
};

desk.start();
