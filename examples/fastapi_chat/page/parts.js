// Pieces of the page. Every text goes in as text: nothing that somebody said, or a model wrote, is ever read as HTML.

export const at = (id) => document.getElementById(id);

export function make(tag, options = {}, ...children) {
  const { text, on = {}, ...rest } = options;
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(rest)) {
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  for (const [name, heard] of Object.entries(on)) element.addEventListener(name, heard);
  if (text !== undefined) element.textContent = text;
  element.append(...children.filter(Boolean));
  return element;
}

export function time(stamp) {
  if (!stamp) return null;
  const shown = new Date(stamp).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return make("time", { datetime: stamp, text: shown });
}

export function score(value) {
  const shown = value.toFixed(2);
  const meter = make("meter", { min: 0, max: 1, value, "aria-hidden": "true" });
  return make("span", { class: "score", title: "From 0 to 1; higher is better" }, make("span", { text: `score ${shown}` }), meter);
}

export function parts(found) {
  const chips = Object.entries(found || {})
    .filter(([, value]) => value > 0)
    .map(([name, value]) => make("li", { class: "chip", text: `${name} ${value.toFixed(2)}` }));
  return chips.length ? make("ul", { class: "chips", "aria-label": "Parts of the score" }, ...chips) : null;
}

export function tell(place, text, isProblem = false) {
  place.textContent = text;
  place.classList.toggle("problem", isProblem);
}

export function told(error) {
  return [error.message, error.hint].filter(Boolean).join(" ");
}

// Asks before something is done; resolves to whether it is wanted.
export function ask(title, quoted, more, what, yes) {
  const dialog = at("ask");
  at("ask-title").textContent = title;
  at("ask-text").textContent = quoted;
  at("ask-more").replaceChildren(...more.map((text) => make("li", { text })));
  at("ask-what").textContent = what;
  at("ask-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
