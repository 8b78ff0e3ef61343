// Where the page's values come from: the server on this machine, or the data of an exported page.
"use strict";

const source = {
  token: new URLSearchParams(location.search).get("token") || "",

  get readOnly() {
    return window.exported !== null;
  },

  async get(path, fromExport) {
    if (window.exported) return fromExport(window.exported);
    const answer = await fetch(path, { headers: { Accept: "application/json" } });
    return source.read(answer);
  },

  posted: Promise.resolve(),

  // One after the other, so that an undo comes after the decision that it is meant for.
  post(path, body) {
    const answered = source.posted.then(async () => source.read(await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Token": source.token },
      body: JSON.stringify(body),
    })));
    source.posted = answered.catch(() => null);
    return answered;
  },

  async read(answer) {
    const value = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
    if (!answer.ok) throw new Error(value.error || `the server answered ${answer.status}`);
    return value;
  },

  book: () => source.get("book", (data) => data.book),
  // An id in an address: no letter of it means anything there.
  inPath: (id) => id.split("/").map(encodeURIComponent).join("/"),
  image: (id) => source.get(`image/${source.inPath(id)}`, (data) => data.images[id]),
  words: (id, one, other) =>
    source.get(`words/${source.inPath(id)}?one=${one}&other=${other}`, (data) => data.words[`${id} ${one} ${other}`] || null),
  decisions: () => source.get("decisions", () => []),
  picture: (hash) => `picture/${hash}`,
  thumbnail: (hash) => `thumbnail/${hash}`,
};
