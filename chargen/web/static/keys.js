// The keyboard: the same letters in the grid and in the full view.
"use strict";

const KEYS = [
  ["arrows", "move; in the full view: the image before and after"],
  ["Enter", "open"],
  ["Space", "select"],
  ["a", "approve; with Shift also go on to the next that is not reviewed"],
  ["x", "reject, with a note; Ctrl-Enter sends it"],
  ["t", "ask for the next version in words (retake)"],
  ["l", "lock"],
  ["k", "accept the picture as it is"],
  ["b", "queue a rebuild, or take it from the queue"],
  ["c", "compare with the version before, else with a portrait"],
  ["Shift-n", "survey: all variants at once; there x puts one aside, r brings all back, c compares two"],
  ["p", "pick the variant with the focus, in the survey and the comparison; elsewhere it opens the survey"],
  ["o", "compare one over the other"],
  ["z", "zoom"],
  ["u", "undo the last decision"],
  ["n", "the next that is not reviewed"],
  ["/", "search words"],
  ["Esc", "back; clear the selection"],
  ["?", "this list"],
];

function showKeys() {
  return ask("Keys", [make("dl", { class: "keys" }, ...KEYS.flatMap(([key, text]) => [make("dt", {}, key), make("dd", {}, text)]))], [["close", null]]);
}

document.addEventListener("keydown", async (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("dialog").open) return;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const route = desk.route();
  const inGrid = route.name === "grid";
  const inSurvey = route.name === "survey";
  const ids = inGrid ? grid.meant() : view.image ? [view.image.id] : []; // what is in sight
  const on = (act) => {
    if (source.readOnly) return null;
    const decided = inGrid ? grid.decided() : ids;
    return decided && act(decided);
  };
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const actions = {
    a: () => on((decided) => decide.status("approve", decided, event.shiftKey)),
    x: () => (inSurvey ? survey.out() : on(decide.reject)),
    p: () => (inSurvey || route.name === "compare" ? source.readOnly || survey.pick() : survey.go(ids[0])),
    r: () => inSurvey && survey.again(),
    t: () => ids.length && retake.ask(ids[0]),
    l: () => on((decided) => decide.status("lock", decided)),
    k: () => on((decided) => decide.status("accept", decided)),
    b: () => queue.add(ids),
    c: () => (inSurvey ? survey.compare() : ids.length && (location.hash = `#compare/${encodeURI(ids[0])}`)),
    o: () => document.getElementById("over")?.click(),
    z: () => view.zoom?.toggle(),
    u: () => decide.undo(),
    n: () => event.shiftKey ? survey.go(ids[0]) : desk.next(ids[0]) && desk.go(desk.next(ids[0])),
    "/": () => grid.filters.elements.text.focus(),
    "?": showKeys,
    Escape: () => (inGrid ? grid.clear() : (location.hash = route.name !== "image" ? `#image/${encodeURI(route.id)}` : "#")),
    " ": inGrid && grid.current ? () => grid.select(grid.current) : null,
  };
  if (key.startsWith("Arrow")) {
    if (!inGrid && view.zoom?.factor > 1) return;
    event.preventDefault();
    if (inGrid) grid.step(event.key);
    else if (inSurvey) survey.step(event.key);
    else desk.beside(route.id, key === "ArrowRight" || key === "ArrowDown" ? 1 : -1);
  } else if (actions[key] && !(key === " " && event.target.tagName === "BUTTON")) {
    event.preventDefault();
    await actions[key]();
  }
});
