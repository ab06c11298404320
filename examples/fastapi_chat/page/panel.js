// The memory: look, search, edit, forget, restore and purge. Nothing is hidden or erased before it was shown what would be.

import { get, post } from "/page/net.js";
import { ask, at, make, parts, score, tell, time, told } from "/page/parts.js";

const KIND = { turn: "turn", note: "note", passage: "said or noted", fact: "fact", rationale: "solved problem" };
const SAID = { user: "you said", assistant: "assistant said" };
const EMPTY = { turns: "Nothing was said yet.", facts: "No facts yet: “Learn facts” takes them from what you said.", notes: "There are no notes.", forgotten: "Nothing is forgotten." };

export async function refresh() {
  await fill(0);
}

export function begin() {
  at("search").addEventListener("submit", (event) => {
    event.preventDefault();
    refresh();
  });
  at("query").addEventListener("input", () => at("query").value || refresh());
  at("kind").addEventListener("change", () => {
    at("query").value = "";
    refresh();
  });
  at("more").addEventListener("click", () => fill(at("memories").children.length));
  at("learn").addEventListener("click", () => attempt(learn));
}

export function clear() {
  at("memories").replaceChildren();
  at("query").value = "";
  tell(at("panel-status"), "");
}

async function fill(skip) {
  const query = at("query").value.trim();
  const kind = at("kind").value;
  await attempt(async () => {
    const found = query ? await get("/api/memories/search", { q: query }) : await get("/api/memories", { kind, skip });
    const items = found.memories.map(shown);
    if (skip) at("memories").append(...items);
    else at("memories").replaceChildren(...items);
    at("more").hidden = !found.more;
    const nothing = query ? "Nothing was found." : EMPTY[kind];
    tell(at("panel-status"), items.length || skip ? "" : nothing);
  });
}

function shown(one) {
  const item = make("li", { "data-id": one.id });
  const kind = SAID[one.role] || KIND[one.kind] || one.kind;
  const about = make("p", { class: "about" }, make("span", { class: "chip kind", text: kind }), one.score !== undefined && score(one.score), time(one.at));
  const button = (text, act, danger) => make("button", { type: "button", class: danger ? "plain danger" : "plain", text, on: { click: () => attempt(act) } });
  const buttons = one.forgotten
    ? [button("Restore", () => restore(one)), button("Purge", () => remove("purge", one), true)]
    : [
        ["turn", "note"].includes(one.kind) && button("Edit", () => edit(item, one)),
        button("Why", () => explain(item, one)),
        button("Forget", () => remove("forget", one), true),
        button("Purge", () => remove("purge", one), true),
      ];
  const acts = make("div", { class: "row acts", role: "group", "aria-label": "What to do with this memory" }, ...buttons);
  item.append(make("p", { class: "words", text: one.text }), about);
  if (one.source) item.append(make("p", { class: "about", text: `source: ${one.source}` }));
  if (one.why) item.append(make("p", { class: "about", text: one.why }));
  if (one.parts) item.append(parts(one.parts) || "");
  item.append(acts);
  return item;
}

function edit(item, one) {
  if (item.querySelector("textarea")) return;
  const words = item.querySelector(".words");
  const field = make("textarea", { rows: 3, maxlength: 20000, required: true, "aria-label": "Text of this memory" });
  field.value = one.text;
  const cancel = make("button", { type: "button", text: "Cancel", on: { click: () => item.replaceWith(shown(one)) } });
  const form = make("form", { class: "edit" }, field, make("div", { class: "row end" }, cancel, make("button", { class: "main", text: "Save" })));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const saved = await post("/api/memories/edit", { id: one.id, text: field.value });
      await anew("Saved.");
      mark(saved.id, saved.text);
    });
  });
  words.replaceWith(form);
  field.focus();
}

async function explain(item, one) {
  const there = item.querySelector(".explained");
  if (there) return there.remove();
  const found = await get("/api/memories/why", { id: one.id });
  item.append(make("ul", { class: "explained" }, ...found.lines.map((text) => make("li", { text }))));
}

async function remove(verb, one) {
  const [title, yes, after] =
    verb === "forget"
      ? ["Forget this?", "Forget", "It is hidden until you restore it."]
      : ["Purge this?", "Purge", "It is erased from every file and cannot be brought back."];
  const would = await post(`/api/memories/${verb}`, { id: one.id, dry_run: true });
  const more = [
    ...would.also.map((other) => `“${other.text}” goes too: ${other.why}.`),
    ...would.left.map((other) => `“${other.text}” stays: ${other.why}.`),
  ];
  if (!(await ask(title, one.text, more, `${counted(would.counts)} would go. ${after}`, yes))) return;
  const done = await post(`/api/memories/${verb}`, { id: one.id, dry_run: false });
  await anew(`${verb === "forget" ? "Forgotten" : "Purged"}: ${counted(done.counts)}.`);
  for (const gone of [one, ...would.also]) mark(gone.id, null);
}

async function restore(one) {
  const done = await post("/api/memories/restore", { id: one.id, dry_run: false });
  await anew(`Restored: ${counted(done.counts)}.`);
}

// Shows the list again and says what was done; what had the focus may be gone, so the list gets it.
async function anew(done) {
  await refresh();
  tell(at("panel-status"), done);
  at("memories").focus();
}

async function learn() {
  tell(at("panel-status"), "Learning …");
  const done = await post("/api/memories/learn");
  if (at("kind").value === "facts") await refresh();
  const failed = done.failed ? ` ${done.failed} could not be read.` : "";
  tell(at("panel-status"), `${done.facts} facts from ${done.turns} messages.${failed}`);
}

// The conversation shows what the memory has: a turn that was edited, or is gone.
function mark(id, text) {
  const turn = at(`turn-${id}`);
  if (turn && text === null) turn.remove();
  else if (turn) turn.querySelector(".words").textContent = text;
}

function counted(counts) {
  const own = ["passages", "facts", "rationales"].filter((kind) => counts[kind]);
  const names = { passages: "message or note", facts: "fact", rationales: "solved problem" };
  const plural = { passages: "messages or notes", facts: "facts", rationales: "solved problems" };
  return own.map((kind) => `${counts[kind]} ${counts[kind] === 1 ? names[kind] : plural[kind]}`).join(", ") || "nothing";
}

async function attempt(act) {
  try {
    await act();
  } catch (error) {
    tell(at("panel-status"), told(error), true);
  }
}
