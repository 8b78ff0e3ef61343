// Asking for the next version in words: what is to be different, of which version, where; the price; then it is written.
"use strict";

const retake = {
  async ask(id) {
    if (source.readOnly) return;
    const image = await attempt(() => source.image(id));
    if (!image) return;
    const here = [...image.versions].reverse().filter((version) => version.picture);
    if (here.length === 0) {
      say("There is no picture to ask anew of.");
      return;
    }
    const current = here.find((version) => version.where === "current") || here[0];
    let asked = { image: id, text: image.retake || "", version: String(current.number), mask: "" };
    let plan = null;
    for (let trouble = ""; plan === null;) {
      asked = await retake.words(image, here, asked, trouble);
      if (asked === null) return;
      try {
        plan = await source.post("retake", asked);
      } catch (failure) {
        trouble = failure.message; // the words are still there
      }
    }
    if (await retake.isMeant(plan)) await retake.write(asked);
  },

  // Ask for the words, with those there are; null where the dialog was closed.
  words(image, here, asked, trouble) {
    const text = typed(`retake ${image.id}`, asked.text, { id: "retake-text" });
    const version = make("select", { id: "retake-version" }, ...here.map((item) =>
      make("option", { value: item.number, selected: String(item.number) === asked.version },
        `${item.number}${item.where === "current" ? " (current)" : ""}, ${desk.time(item.at)}`)));
    const mask = make("input", { id: "retake-mask", type: "text", placeholder: "masks/img-01.png", value: asked.mask });
    return ask(`Ask again: ${image.title || image.id}`, [
      make("p", { class: "error", role: "alert" }, trouble),
      make("p", {}, make("label", { for: "retake-text" }, "What is to be different:"), text),
      make("p", {}, make("label", { for: "retake-version" }, "of version "), version),
      make("p", {}, make("label", { for: "retake-mask" }, "only where this PNG is transparent (may be empty) "), mask),
    ], [
      ["price", () => ({ image: image.id, text: text.value, version: version.value, mask: mask.value.trim() })],
      ["cancel", null],
    ]);
  },

  isMeant(plan) {
    const next = plan.note ? `No build makes it now: ${plan.note}.` : `The next build makes it, ${byEstimate(plan.cost_usd)}.`;
    return ask(`Ask this of version ${plan.version}?`, [
      make("p", { class: "prompt" }, plan.instruction),
      make("p", {}, plan.mask ? `only where ${plan.mask} is transparent` : "everywhere"),
      make("p", {}, next),
    ], [["ask", true], ["cancel", null]]);
  },

  async write(asked) {
    const done = await attempt(() => source.post("retake", { ...asked, write: true }));
    if (!done) return;
    drafts.delete(`retake ${asked.image}`);
    say(`asked anew: ${done.id}, from version ${done.version}`);
    desk.expect();
  },
};
