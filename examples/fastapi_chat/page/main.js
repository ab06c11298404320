// The page as a whole: the door, the list of conversations, and what opens and closes.

import * as chat from "/page/chat.js";
import { get, post } from "/page/net.js";
import * as panel from "/page/panel.js";
import { at, make, tell, told } from "/page/parts.js";

async function begin() {
  const me = await get("/api/me");
  at("model").textContent = me.model;
  const demo = Object.entries(me.demo).map(([name, password]) => `${name}, with the password ${password}`);
  at("demo").hidden = !demo.length;
  at("demo").textContent = ["To try it, log in as", ...demo].join("\n");
  at("door").hidden = me.user !== null;
  if (me.user === null) return at("name").focus();
  at("user").textContent = me.user;
  const found = await get("/api/sessions");
  const last = found.find((one) => one.session === decodeURIComponent(location.hash.slice(1))) || found[0];
  await go(last?.session);
  at("room").hidden = false;
  chat.bottom();
  if (innerWidth >= 1100) show(at("open-panel"), at("panel"), true);
  at("text").focus();
}

async function go(session) {
  show(at("open-talks"), at("talks"), false);
  await chat.open(session);
  history.replaceState(null, "", `#${encodeURIComponent(chat.current())}`);
  await list();
}

async function list() {
  const found = await get("/api/sessions");
  const items = found.map(({ session, title }) => {
    const here = session === chat.current();
    const button = make("button", { class: "plain", text: title, title, "aria-current": here && "true" });
    button.addEventListener("click", () => guarded(() => go(session)));
    return make("li", {}, button);
  });
  at("talk-list").replaceChildren(...items);
}

function show(button, area, open) {
  button.setAttribute("aria-expanded", String(open));
  area.hidden = area.id === "panel" && !open;
  area.classList.toggle("open", open);
  if (area.id === "panel" && open) panel.refresh();
}

function toggles(button, area) {
  button.addEventListener("click", () => show(button, area, button.getAttribute("aria-expanded") !== "true"));
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    show(button, area, false);
    button.focus();
  });
}

async function guarded(act) {
  try {
    await act();
  } catch (error) {
    if (error.status === 401) return location.reload();
    tell(at("status"), told(error), true);
  }
}

at("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  at("login-problem").hidden = true;
  try {
    await post("/api/login", { name: at("name").value, password: at("password").value });
    at("password").value = "";
    await begin();
  } catch (error) {
    at("login-problem").hidden = false;
    tell(at("login-problem"), told(error), true);
    at("password").select();
  }
});

at("logout").addEventListener("click", () =>
  guarded(async () => {
    chat.stop();
    await post("/api/logout");
    location.assign("/");
  }),
);

at("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = at("text").value;
  if (!text.trim() || !at("stop").hidden) return;
  at("text").value = "";
  fit();
  chat.say(text);
});

at("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  at("say").requestSubmit();
});

function fit() {
  at("text").rows = Math.min(6, Math.max(1, at("text").value.split("\n").length));
}

at("text").addEventListener("input", fit);
at("stop").addEventListener("click", () => chat.stop());
at("new-talk").addEventListener("click", () => guarded(() => go("")).then(() => at("text").focus()));
toggles(at("open-talks"), at("talks"));
toggles(at("open-panel"), at("panel"));
panel.begin();
chat.onChange(() => {
  guarded(list);
  if (!at("panel").hidden && !at("panel").querySelector("textarea")) panel.refresh();
});
guarded(begin);
