// The conversation: what was said, answers as they come, and beside each what was recalled for it and why.

import { events, get } from "/page/net.js";
import { at, make, parts, score, tell, time, told } from "/page/parts.js";

const KINDS = { episodic: "said or noted", semantic: "fact", procedural: "solved problem" };
const talk = { session: "", wanted: "", running: null, changed: () => {} };

export function onChange(heard) {
  talk.changed = heard;
}

export function current() {
  return talk.session;
}

// Changes to another conversation, or to a new one, at one stroke: until its turns are here, nothing changes.
export async function open(session) {
  const wanted = (talk.wanted = session || newId());
  const turns = session ? await get("/api/turns", { session }) : [];
  if (talk.wanted !== wanted) return;
  stop();
  talk.session = wanted;
  tell(at("status"), "");
  at("log").replaceChildren(at("welcome"));
  for (const turn of turns) show(turn.role, turn.text, turn);
  at("welcome").hidden = turns.length > 0;
  bottom();
}

export function stop() {
  talk.running?.abort();
}

export async function say(text, id = newId()) {
  const running = (talk.running = new AbortController());
  const session = talk.session;
  at("welcome").hidden = true;
  const now = new Date().toISOString(); // until the page is loaded again: then it is when the turns were kept
  if (!at(`turn-${id}`)) show("user", text, { id, at: now });
  const answer = show("assistant", "", { at: now });
  busy(true, answer);
  try {
    await follow(answer, events("/api/chat", { session, text, id }, running.signal));
  } catch (error) {
    broken(answer, error, () => say(text, id));
  }
  if (talk.running === running) {
    talk.running = null;
    busy(false, answer);
  }
  talk.changed();
}

async function follow(answer, coming) {
  const words = answer.querySelector(".words");
  let done = false;
  for await (const [type, data] of coming) {
    if (type === "text") words.append(data.text);
    else if (type === "retry") words.textContent = "";
    else if (type === "query" && !words.textContent) tell(at("status"), "Looking into the memory …");
    else if (type === "error") throw Object.assign(new Error(data.error), { hint: data.hint });
    else if (type === "done") {
      done = true;
      words.textContent = data.text;
      answer.id = `turn-${data.id}`;
      answer.append(why(data));
      tell(at("status"), data.problems.join(" "));
    }
    bottom();
  }
  if (!done) throw Object.assign(new Error("The connection ended before the answer did."), { hint: "What you said is kept." });
}

function broken(answer, error, again) {
  const stopped = error.name === "AbortError";
  tell(at("status"), stopped ? "Stopped. What had come is kept." : "");
  const button = make("button", { type: "button", text: "Send again" });
  const line = make("p", { class: stopped ? "quiet" : "problem", role: "alert", text: stopped ? "Stopped." : told(error) });
  const row = make("div", { class: "row" }, line, button);
  button.addEventListener("click", () => {
    if (talk.running) return;
    answer.remove();
    again();
  });
  answer.append(row);
  bottom();
}

function show(role, text, { id, at: when, partial } = {}) {
  const who = role === "user" ? "You" : role === "assistant" ? "Assistant" : role;
  const head = make("p", { class: "who" }, make("span", { text: who }), time(when), partial && make("span", { text: "broken off" }));
  const turn = make("article", { class: `turn ${role}`, id: id && `turn-${id}` }, head, make("p", { class: "words", text }));
  at("log").append(turn);
  return turn;
}

function why(done) {
  const { evidence, query, turns, summarised, tokens, limit, left_out } = done.why;
  const count = evidence.length;
  const title = count === 1 ? "1 memory recalled" : `${count || "No"} memories recalled`;
  const items = evidence.map((one) =>
    make(
      "li",
      {},
      make("p", { class: "words", text: one.text }),
      make("p", { class: "about" }, make("span", { class: "chip kind", text: KINDS[one.kind] || one.kind }), score(one.score), time(one.at)),
      make("p", { class: "about", text: [one.label, one.source && `source ${one.source}`].filter(Boolean).join("; ") }),
      make("p", { class: "about", text: one.why }),
      parts(one.parts),
    ),
  );
  const missed = Object.entries(left_out).map(([what, times]) => `${times} not shown (${what})`);
  const usage = `${done.usage.input_tokens} tokens in, ${done.usage.output_tokens} out`;
  const shown = [`${turns} earlier turns shown`, summarised && `a summary of ${summarised} more`, `prompt of ${tokens} of ${limit} tokens`];
  const reveal = (event) => event.target.open && event.target.scrollIntoView({ block: "nearest" });
  return make(
    "details",
    { class: "why", on: { toggle: reveal } },
    make("summary", { text: title }),
    make("p", { class: "about", text: `Looked for: ${query}` }),
    items.length ? make("ol", {}, ...items) : null,
    make("p", { class: "about", text: [...shown, usage, ...missed].filter(Boolean).join(" · ") }),
  );
}

function busy(is, answer) {
  at("log").setAttribute("aria-busy", String(is));
  answer.classList.toggle("coming", is);
  at("send").hidden = is;
  at("stop").hidden = !is;
}

export function bottom() {
  at("log").scrollTop = at("log").scrollHeight;
}

function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
