// Decisions: each through the server, which does what the command line does; and images that are to be made anew.
"use strict";

const decide = {
  // The pictures that are looked at, by id: what is decided is about them, and not about what a build puts there.
  seen(ids) {
    const pictures = new Map([...desk.book.images, ...(view.image ? [view.image] : [])].map((image) => [image.id, image.picture]));
    return Object.fromEntries(ids.map((id) => [id, pictures.get(id) ?? null]));
  },

  // What was decided here and is not in the book yet, by id: the status, and whether the server has answered.
  given: new Map(),

  expected(image) {
    const given = decide.given.get(image.id);
    return given ? { ...image, status: given.status, reviewed: true } : image;
  },

  answered: () => [...decide.given.values()].filter((given) => given.answered),

  forget(answered) {
    for (const [id, given] of [...decide.given]) {
      if (answered.includes(given)) decide.given.delete(id);
    }
  },

  // True where something can be decided.
  isMeant(ids) {
    if (source.readOnly) return false;
    if (ids.length === 0) say("No image has the focus: move to one first.");
    return ids.length > 0;
  },

  // With `goOn` the next image is there at once.
  async status(command, ids, goOn = false) {
    if (!decide.isMeant(ids)) return;
    const seen = decide.seen(ids);
    if (ids.length > 1 && !(await ask(`${command} ${plural(ids.length, "image")}?`, [], [[command, true], ["cancel", false]]))) return;
    await decide.send({ command, images: ids, seen }, goOn ? desk.next(ids[ids.length - 1]) : null);
  },

  async reject(ids) {
    if (!decide.isMeant(ids)) return;
    const seen = decide.seen(ids);
    const draft = `reject ${ids.join(" ")}`;
    const note = typed(draft, "", { "aria-label": "what is wrong with it" });
    const title = `Reject ${ids.length > 1 ? plural(ids.length, "image") : ids[0]}`;
    const chosen = await ask(title, [make("p", {}, "What is wrong with it, in your words (Ctrl-Enter sends them):"), note], [["reject", () => ({ note: note.value })], ["cancel", null]]);
    if (chosen !== null && (await decide.send({ command: "reject", images: ids, seen, note: chosen.note }))) drafts.delete(draft);
  },

  // The page goes on before the answer is there; what was refused is back then. True where nothing was refused.
  async send(decision, next = null) {
    const status = { approve: "approved", reject: "rejected", lock: "locked" }[decision.command];
    const given = { status, answered: false };
    if (status) {
      for (const id of decision.images) decide.given.set(id, given);
    }
    grid.clear();
    grid.draw();
    if (next) desk.go(next);
    const done = await attempt(() => source.post("decide", decision).finally(() => {
      given.answered = true;
      desk.expect();
    }));
    const refused = done ? done.images.filter((image) => image.refused) : [];
    if (done) {
      const words = [`${decision.command}: ${plural(done.images.filter((image) => image.changed).length, "image")}`];
      if (done.stale?.length) words.push(`${plural(done.stale.length, "image")} will be built, ${priceOf(done)}`);
      if (refused.length) words.push(`refused: ${refused.map((image) => `${image.id}: ${image.refused}`).join("; ")}`);
      say(words.join(" · "));
    }
    if (done && refused.length === 0) return true;
    decide.forget([given]);
    grid.draw();
    await desk.refresh();
    return false;
  },

  async restore(id, version) {
    const done = await attempt(() => source.post("restore", { image: id, version: String(version) }));
    if (!done) return;
    say(`version ${done.version} is back`);
    desk.expect();
  },

  async pick(id, version) {
    const done = await attempt(() => source.post("pick", { image: id, version: String(version) }));
    if (!done) return;
    const stale = done.stale.length ? ` · ${plural(done.stale.length, "image")} that show it will be built anew: ${done.stale.join(", ")}` : "";
    say(`version ${done.version} is the current one now${stale}`);
    desk.expect();
  },

  async undo(number) {
    if (source.readOnly) return;
    const done = await attempt(() => source.post("undo", number ? { number } : {}));
    if (!done) return;
    const refused = done.images.filter((image) => image.refused);
    say(refused.length ? `Not undone: ${refused[0].refused}` : `undone: ${done.command} of ${done.images.map((image) => image.id).join(", ")}`);
    desk.expect();
  },

  async list() {
    const every = await attempt(() => source.decisions());
    if (!every) return;
    const rows = every.slice(0, 200).map((each) => make("li", {},
      `${each.number} · ${desk.time(each.at)} · ${each.undoes ? `undo of ${each.undoes}` : each.command} · ${each.images.map((image) => image.id).slice(0, 3).join(", ")}${each.images.length > 3 ? ` and ${each.images.length - 3} more` : ""} `,
      each.open ? button("undo", () => {
        document.getElementById("dialog").close();
        decide.undo(each.number);
      }) : null));
    await ask("Decisions", [make("ol", { class: "log" }, ...(rows.length ? rows : [make("li", {}, "none yet")]))], [["close", null]]);
  },
};

const queue = {
  element: document.getElementById("queue"),
  ids: new Set(),

  add(ids) {
    if (source.readOnly) return;
    for (const id of ids) {
      if (!queue.ids.delete(id)) queue.ids.add(id);
    }
    grid.clear();
    queue.draw();
  },

  draw() {
    queue.element.hidden = queue.ids.size === 0;
    if (queue.element.hidden) return;
    queue.element.replaceChildren(
      make("span", {}, `${plural(queue.ids.size, "image")} to make anew: ${[...queue.ids].slice(0, 3).join(", ")}${queue.ids.size > 3 ? "…" : ""} `),
      button("price and build…", queue.build, { id: "build" }),
      button("empty", () => {
        queue.ids.clear();
        queue.draw();
      }));
  },

  async build() {
    const ids = [...queue.ids];
    const plan = await attempt(() => source.post("price", { images: ids }));
    if (!plan) return;
    const total = plan.cost_usd;
    const most = plan.most_usd === null ? "" : (Math.ceil(plan.most_usd * 100 - 1e-6) / 100).toFixed(2); // less would leave some out
    const price = total === null ? (plan.known_cost_usd ? priceOf(plan) : "an unknown price") : plan.most_usd === total ? money(total) : `${money(total)} by estimate, ${most ? `$${most}` : "nobody knows what"} at most`;
    const budget = make("input", { type: "number", min: 0, step: "0.01", value: most, "aria-label": "budget in USD" });
    const lines = plan.images.slice(0, 12).map((image) => make("li", {}, `${image.id}, ${image.provider}/${image.model}, ${money(image.cost_usd)}`));
    const problems = plan.problems.slice(0, 5).map((problem) => make("p", { class: problem.severity }, `${problem.severity}: ${problem.message}`));
    const chosen = await ask(`Send ${plural(plan.images.length, "request")} for ${price}?`,
      [make("ul", {}, ...lines, plan.images.length > 12 ? make("li", {}, `and ${plan.images.length - 12} more`) : null),
        ...plan.left_out.slice(0, 12).map((item) => make("p", {}, `left out: ${item.id}: ${item.reason}`)), ...problems,
        make("p", {}, make("label", {}, "spend at most $ ", budget))],
      [["build", () => budget.value], ["cancel", null]]);
    if (chosen === null) return;
    const done = await attempt(() => source.post("build", { images: ids, budget: chosen }));
    if (!done) return;
    queue.ids.clear();
    queue.draw();
    say(`a build of ${plural(done.started, "image")} has begun`);
  },
};
