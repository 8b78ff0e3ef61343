// Two pictures side by side, zoomed and panned together, or one over the other; the prompts' words underneath.
"use strict";

const compare = {
  over: false,

  async open(route, image) {
    view.image = image;
    const [one, other] = compare.pair(image, route.query);
    if (!one || !other) {
      say("There is nothing to compare it with.");
      location.hash = `#image/${encodeURI(image.id)}`;
      return;
    }
    const pane = (item) => make("figure", {}, make("div", { class: "frame", tabindex: "0", role: "group", "aria-label": item.name, "data-number": item.number },
      make("img", { src: source.picture(item.picture), alt: item.name })),
    make("figcaption", {}, item.name, " ", compare.pick(image, item)));
    const panes = make("div", { class: "panes" }, pane(one), pane(other));
    const slider = make("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": "how much of the second picture" });
    const slide = () => {
      panes.lastChild.querySelector("img").style.clipPath = compare.over ? `inset(0 0 0 ${100 - slider.value}%)` : "";
    };
    const lay = () => {
      panes.classList.toggle("over", compare.over);
      slider.hidden = !compare.over;
      slide();
    };
    slider.addEventListener("input", slide);
    const words = make("div", {});
    view.element.replaceChildren(
      make("p", { class: "back" }, make("a", { href: `#image/${encodeURI(image.id)}` }, "← the image")),
      make("h2", {}, image.title || image.id, " ", make("small", {}, `${one.name} and ${other.name}`)),
      make("p", { class: "actions" },
        button("one over the other (o)", () => {
          compare.over = !compare.over;
          lay();
        }, { id: "over" }), slider),
      panes, words);
    lay();
    view.zoom = new Zoom([...panes.querySelectorAll(".frame")]);
    panes.querySelector(".frame").focus({ preventScroll: true });
    if (one.number && other.number) {
      const runs = await source.words(image.id, one.number, other.number).catch(() => null);
      if (runs?.length) {
        const names = { kept: "span", removed: "del", added: "ins" };
        const texts = runs.flatMap(({ fate, text }, i) => {
          const replaced = fate === "removed" && runs[i + 1]?.fate === "added"; // a line break is the added words'
          return replaced ? [make(names[fate], {}, text.trimEnd()), " "] : [make(names[fate], {}, text)];
        });
        words.replaceChildren(make("h3", {}, "what their prompts say"), make("p", { class: "prompt" }, ...texts));
      } else if (runs) {
        words.replaceChildren(make("p", {}, "Their prompts have the same words."));
      }
    }
  },

  pick(image, item) {
    const version = image.versions.find((each) => each.number === item.number);
    return (version && survey.button(image, version)) || "";
  },

  // Two versions by number, or the picture and another one by its hash; without either the last version and the present.
  pair(image, query) {
    const named = (number) => {
      const version = image.versions.find((each) => String(each.number) === number && each.picture);
      return version && { name: `version ${version.number}`, picture: version.picture, number: version.number };
    };
    if (query.get("one")) return [named(query.get("one")), named(query.get("other"))];
    const present = image.picture && { name: "the picture", picture: image.picture };
    if (query.get("with")) {
      const reference = image.references.find((item) => item.picture === query.get("with"));
      return [present, reference && { name: reference.name, picture: reference.picture }];
    }
    const versions = image.versions.filter((version) => version.picture).slice(-2);
    if (versions.length === 2) return versions.map((version) => named(String(version.number)));
    const reference = image.references.find((item) => item.picture);
    return [present, reference && { name: reference.name, picture: reference.picture }];
  },
};
