// One image in full: the picture, its prompt with the source of each part, references, versions, and why.
"use strict";

const view = {
  element: document.getElementById("view"),
  image: null,
  frame: null,
  zoom: null,

  // What the grid knows is shown at once: no key is ever for a picture that is not in sight.
  before(id) {
    const known = desk.book.images.find((image) => image.id === id);
    if (!known || view.image?.id === id) return;
    desk.shown = null;
    view.draw(known, []);
  },

  open(route, image) {
    view.draw(image, [view.prompt(image), view.references(image), view.versions(image), view.why(image)]);
  },

  draw(image, details) {
    const isSame = view.image?.id === image.id;
    const focused = isSame && view.element.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    // A picture that stays keeps its zoom.
    if (!isSame || view.image.picture !== image.picture || view.zoom?.frames[0] !== view.frame) view.hang(image);
    view.image = image;
    fill(view.element,
      make("p", { class: "back" }, make("a", { href: "#", "data-key": "back" }, "← all images")),
      make("h2", {}, image.title || image.id, " ", make("small", {}, image.id)),
      make("div", { class: "columns" }, view.frame, make("div", { class: "about" }, view.state(image), view.actions(image), ...details)));
    (view.element.querySelector(`[data-key="${focused}"]`) || view.frame).focus({ preventScroll: true });
  },

  hang(image) {
    const frame = make("div", { class: "frame", tabindex: "0", role: "group", "aria-label": "picture; z zooms" });
    if (image.picture) {
      const picture = make("img", { src: source.picture(image.picture), alt: grid.alt(image) });
      picture.addEventListener("error", () => {
        frame.replaceChildren("This picture can't be shown.");
        desk.shown = view.zoom = null; // the next look at the book asks anew
      });
      frame.append(picture);
    } else {
      frame.append(`There is no picture yet: ${image.reasons.join("; ") || image.verdict}.`);
    }
    view.frame = frame;
    view.zoom = new Zoom([frame]);
  },

  state(image) {
    const words = [make("span", { class: `badge ${image.verdict}` }, image.verdict)];
    if (image.status) words.push(" ", make("span", { class: `status ${image.status}` }, image.status));
    if (image.reasons.length) words.push(` ${image.reasons.join("; ")}`);
    const made = image.why?.made;
    return make("div", {},
      make("p", {}, ...words),
      image.note ? make("p", { class: "note" }, `Note: “${image.note}”`) : null,
      image.retake ? make("p", { class: "note" }, `Asked anew: “${image.retake}”`) : null,
      made ? make("p", {}, `made ${made.at ? desk.time(made.at) : ""}${made.by ? ` by ${made.by}` : ""}, ${money(made.cost_usd)}`) : null,
      make("p", {}, `${image.file}:${image.line}`),
      ...(image.problems || []).map((problem) => make("p", { class: problem.severity }, `${problem.severity}: ${problem.message}`)));
  },

  actions(image) {
    if (source.readOnly) return null;
    const act = (text, key, command) => button(text, () => decide.status(command, [image.id]), { "data-key": key });
    return make("p", { class: "actions" },
      act("approve (a)", "a", "approve"),
      button("reject (x)", () => decide.reject([image.id]), { "data-key": "x" }),
      image.versions?.length ? button("ask again in words (t)", () => retake.ask(image.id), { "data-key": "t" }) : null,
      act("lock (l)", "l", "lock"),
      act("unlock", "unlock", "unlock"),
      act("accept as it is (k)", "k", "accept"),
      button("queue a rebuild (b)", () => queue.add([image.id]), { "data-key": "b" }));
  },

  prompt(image) {
    if (!image.prompt) return make("p", {}, "No prompt can be composed.");
    const parts = image.prompt.segments;
    return make("details", { open: true }, make("summary", {}, "prompt"),
      make("p", { class: "prompt" }, ...parts.map((part) => make("span", { title: `${part.name} · ${part.source}`, class: part.name === "template" ? "fixed" : "own" }, part.text))),
      image.prompt.negative_prompt ? make("p", { class: "prompt" }, `not: ${image.prompt.negative_prompt}`) : null,
      make("details", {}, make("summary", {}, "where each part comes from"),
        make("ul", {}, ...parts.filter((part) => part.name !== "template" && part.text.trim()).map((part) => make("li", {}, `${part.name}: ${part.source}`)))));
  },

  references(image) {
    if (image.references.length === 0) return null;
    return make("details", { open: true }, make("summary", {}, "references"),
      make("ul", { class: "pictures" }, ...image.references.map((item) => make("li", {},
        item.picture ? make("img", { src: source.thumbnail(item.picture), alt: item.name, width: 96, height: 96, loading: "lazy" }) : make("span", { class: "empty" }, "not built yet"),
        make("span", {}, item.name),
        item.picture && image.picture ? make("a", { href: `#compare/${encodeURI(image.id)}?with=${item.picture}` }, "compare") : null))));
  },

  versions(image) {
    if (image.versions.length === 0) return null;
    const current = image.versions.find((version) => version.where === "current");
    return make("details", { open: image.versions.length > 1 }, make("summary", {}, plural(image.versions.length, "version")),
      survey.candidates(image).length > 1 ? make("p", {}, make("a", { href: `#survey/${encodeURI(image.id)}`, "data-key": "survey" }, `${survey.candidates(image).length} variants to choose from`)) : null,
      make("ul", { class: "pictures" }, ...[...image.versions].reverse().map((version) => make("li", {},
        version.picture ? make("img", { src: source.thumbnail(version.picture), alt: `version ${version.number}`, width: 96, height: 96, loading: "lazy" }) : make("span", { class: "empty" }, "not here"),
        make("span", {}, `${version.number}${version === current ? " (current)" : ""}, ${desk.time(version.at)}`),
        make("span", {}, [version.by_hand ? "by hand" : version.by, version.cost_usd === null ? null : money(version.cost_usd), ...version.why].filter(Boolean).join(", ")),
        version !== current && version.picture && current ? make("a", { href: `#compare/${encodeURI(image.id)}?one=${version.number}&other=${current.number}` }, "compare") : null,
        survey.button(image, version),
        version !== current && version.picture && !version.candidate && !source.readOnly ? button("bring back", () => decide.restore(image.id, version.number)) : null))));
  },

  why(image) {
    const changed = (image.why?.parts || []).filter((part) => part.diff !== null || part.before !== null || part.after !== null);
    if (changed.length === 0) return null;
    return make("details", { open: true }, make("summary", {}, "what changed since it was made"),
      ...changed.map((part) => make("p", { class: "prompt" }, make("b", {}, `${part.name} ${part.change}: `), part.diff || part.after || part.before || "")));
  },
};
