// Requests to the program behind the page, and problems as it tells them.

const HEADERS = { "content-type": "application/json", "x-memagent-chat": "1" };

export class Problem extends Error {
  constructor(message, hint, status) {
    super(message);
    this.hint = hint || "";
    this.status = status || 0;
  }
}

export async function get(path, query = {}) {
  const asked = new URLSearchParams(query).toString();
  return (await answered(() => fetch(asked ? `${path}?${asked}` : path))).json();
}

export async function post(path, body = {}) {
  return (await answered(() => fetch(path, sending(body)))).json();
}

// Yields [type, data] for each server-sent event of the answer to a POST, which EventSource cannot send.
export async function* events(path, body, signal) {
  const response = await answered(() => fetch(path, { ...sending(body), signal }));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const fields = new Map(block.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
      if (fields.has("data")) yield [fields.get("event"), JSON.parse(fields.get("data"))];
    }
  }
}

function sending(body) {
  return { method: "POST", headers: HEADERS, body: JSON.stringify(body) };
}

async function answered(ask) {
  let response;
  try {
    response = await ask();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The program does not answer.", "See whether it is running, and try again.");
  }
  if (response.ok) return response;
  const told = await response.json().catch(() => ({}));
  throw new Problem(told.error || `The program answered with ${response.status}.`, told.hint, response.status);
}
