// Making elements: texts are always texts, never markup.
"use strict";

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  fill(element, ...children);
  return element;
}

// Put children in the place of those there are; what is null is left out.
function fill(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

function button(text, onclick, attributes) {
  return make("button", { type: "button", onclick, ...attributes }, text);
}

function money(usd) {
  if (usd === null || usd === undefined) return "unknown price";
  return usd === 0 || usd >= 0.1 ? `$${usd.toFixed(2)}` : `$${usd.toPrecision(3).replace(/0+$/, "")}`;
}

function byEstimate(usd) {
  return typeof usd === "number" ? `${money(usd)} by estimate` : money(usd);
}

function priceOf(found) { // of several images, as the command line tells it
  if (found.cost_usd === null && found.known_cost_usd) return `at least ${byEstimate(found.known_cost_usd)}`;
  return byEstimate(found.cost_usd);
}

function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

function say(text) {
  document.getElementById("said").textContent = text;
}

// What went wrong is told, and nothing else happens.
async function attempt(action) {
  try {
    return await action();
  } catch (failure) {
    say(`Not done: ${failure.message}`);
    return null;
  }
}

// Words that were typed and not written yet, by what they are for.
const drafts = new Map();

// A field for words, which keeps those that were typed.
function typed(key, text, attributes) {
  const field = make("textarea", { rows: 3, ...attributes }, drafts.get(key) ?? text);
  field.addEventListener("input", () => drafts.set(key, field.value));
  return field;
}

// A dialog with a title and buttons; resolves to the value of the one that was chosen, null where it was closed.
function ask(title, content, choices) {
  const dialog = document.getElementById("dialog");
  if (dialog.open) return Promise.resolve(null); // what is asked already, and what was written there, stays
  const before = document.activeElement;
  return new Promise((resolve) => {
    let chosen = null;
    const buttons = choices.map(([text, value]) =>
      button(text, () => {
        chosen = typeof value === "function" ? value() : value;
        dialog.close();
      }));
    dialog.replaceChildren(make("h2", { id: "dialog-title" }, title), ...content, make("p", { class: "choices" }, ...buttons));
    dialog.setAttribute("aria-labelledby", "dialog-title");
    dialog.onkeydown = (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.tagName === "TEXTAREA") buttons[0].click();
    };
    dialog.onclose = () => {
      if (before?.isConnected) before.focus();
      else if (!grid.element.hidden) grid.focus(grid.current);
      resolve(chosen);
    };
    dialog.showModal();
    const field = dialog.querySelector("textarea, input");
    (field || buttons[0])?.focus();
    if (!field) dialog.scrollTop = 0; // what is taller than a small window is read from its beginning
  });
}
