// The versions there are of today's words, all at once: put aside one by one until one is left, and that one is picked.
"use strict";

const survey = {
  aside: { id: null, numbers: new Set() },

  go(id) {
    if (id) location.hash = `#survey/${encodeURI(id)}`;
  },

  candidates: (image) => image.versions.filter((version) => version.candidate && version.picture),

  open(route, image) {
    const all = survey.candidates(image);
    if (all.length < 2) {
      say("There are no variants to choose from: `doit --variants 3 NAME` makes some.");
      location.hash = `#image/${encodeURI(image.id)}`;
      return;
    }
    view.image = image;
    if (survey.aside.id !== image.id) survey.aside = { id: image.id, numbers: new Set() };
    survey.draw();
  },

  draw() {
    const image = view.image;
    const all = survey.candidates(image);
    const left = all.filter((version) => !survey.aside.numbers.has(version.number));
    const focused = document.activeElement?.dataset.number;
    const back = button("all again (r)", survey.again);
    back.disabled = left.length === all.length;
    fill(view.element,
      make("p", { class: "back" }, make("a", { href: `#image/${encodeURI(image.id)}` }, "← the image")),
      make("h2", {}, image.title || image.id, " ", make("small", {}, `${left.length} of ${plural(all.length, "variant")}`)),
      make("p", { class: "actions" }, back),
      make("ul", { class: "survey" }, ...left.map((version) => survey.pane(image, version, left.length))));
    const frames = [...view.element.querySelectorAll(".frame")];
    view.zoom = new Zoom(frames);
    (frames.find((frame) => frame.dataset.number === focused) || frames[0]).focus({ preventScroll: true });
  },

  pane(image, version, left) {
    const name = survey.name(version);
    return make("li", {},
      make("div", { class: "frame", tabindex: "0", role: "group", "aria-label": name, "data-number": version.number },
        make("img", { src: source.picture(version.picture), alt: `${grid.alt(image)}, ${name}` })),
      make("p", { class: "actions" }, make("span", {}, name),
        survey.button(image, version),
        left > 1 ? button("put aside (x)", () => survey.out(version.number), { "aria-label": `put version ${version.number} aside` }) : null));
  },

  name: (version) => `version ${version.number}${version.where === "current" ? " (current)" : ""}`,

  // What makes a version the current one; nothing where it is that, or was made from other words.
  button(image, version) {
    if (source.readOnly || !version.candidate || version.where === "current" || !version.picture) return null;
    return button("pick (p)", () => decide.pick(image.id, version.number), { "aria-label": `pick version ${version.number}` });
  },

  // The version of the picture that has the focus, in the survey and in the comparison; of an only one that one.
  number() {
    const frames = [...view.element.querySelectorAll("[data-number]")];
    const frame = frames.find((each) => each === document.activeElement) || (frames.length === 1 ? frames[0] : null);
    return frame ? Number(frame.dataset.number) : null;
  },

  pick() {
    const version = view.image.versions.find((each) => each.number === survey.number());
    if (!version) say("Move to one of them first: p picks the one with the focus.");
    else if (version.where === "current") say(`version ${version.number} is the current one already`);
    else decide.pick(view.image.id, version.number);
  },

  out(number = survey.number()) {
    const panes = view.element.querySelectorAll(".survey > li");
    if (number === null || panes.length < 2) return;
    survey.aside.numbers.add(number);
    survey.draw();
    if (panes.length === 2) say(`version ${survey.number()} is left: p picks it`);
  },

  again() {
    survey.aside.numbers.clear();
    survey.draw();
  },

  step(key) {
    const frames = [...view.element.querySelectorAll(".survey .frame")];
    const here = frames.indexOf(document.activeElement);
    const next = here + (key === "ArrowRight" || key === "ArrowDown" ? 1 : -1);
    frames[Math.max(0, Math.min(frames.length - 1, next))]?.focus();
  },

  // Two that are left, or the one with the focus and the current one.
  compare() {
    const numbers = [...view.element.querySelectorAll(".survey .frame")].map((frame) => Number(frame.dataset.number));
    const current = view.image.versions.find((version) => version.where === "current")?.number;
    const one = survey.number();
    const pair = numbers.length === 2 ? numbers : [one, numbers.find((number) => number === current && number !== one) || numbers.find((number) => number !== one)];
    location.hash = `#compare/${encodeURI(view.image.id)}?one=${pair[0]}&other=${pair[1]}`;
  },
};
