/* Tables of what requests share, and of a trace. Text is always inserted as text. */

const EVERY = 2000;
const KINDS = {
  calls: "Calls in a period", bucket: "Token buckets", sum: "Totals", inside: "Requests in progress", circuit: "Circuit breakers",
  cached: "Cached values",
};

function make(name, text = "", className = "") {
  const element = document.createElement(name);
  element.textContent = text;
  element.className = className;
  return element;
}

function table(heads, rows, className = "") {
  const made = make("table", "", className);
  const head = made.createTHead().insertRow();
  for (const text of heads) head.append(make("th", text));
  const body = made.createTBody();
  for (const cells of rows) {
    const row = body.insertRow();
    for (const content of cells) {
      const cell = row.insertCell();
      if (Array.isArray(content)) cell.append(...content);
      else cell.textContent = content;
    }
  }
  return made;
}

/* Shows counters and caches until the function that it returns is called. */
export function showState(view) {
  let isOpen = true;
  let last = "";
  async function load() {
    const answer = await fetch("state");
    const text = answer.ok ? await answer.text() : "";
    if (!isOpen || text === last) return;
    last = text;
    if (!answer.ok) {
      view.replaceChildren(make("p", `Can't read the counters: ${answer.status}`));
      return;
    }
    const entries = JSON.parse(text);
    const parts = [];
    for (const kind of new Set(entries.map((entry) => entry.kind))) {
      const found = entries.filter((entry) => entry.kind === kind);
      parts.push(make("h3", KINDS[kind] || kind), table(["Key", "Value"], found.map((entry) => [entry.key, entry.value])));
    }
    view.replaceChildren(...(parts.length ? parts : [make("p", "No counter, cached value or circuit breaker yet.")]));
  }
  view.replaceChildren();
  load();
  const timer = setInterval(load, EVERY);
  return () => {
    isOpen = false;
    clearInterval(timer);
  };
}

function milliseconds(elapsed) {
  const [hours, minutes, seconds] = String(elapsed).split(":").map(Number);
  return `${(((hours * 60 + minutes) * 60 + seconds) * 1000).toFixed(1)}`;
}

function described(data) {
  if (typeof data !== "object" || data === null) return [String(data)];
  const { message, ...rest } = data;
  const parts = typeof message === "string" ? [make("div", message)] : [];
  if (message !== undefined && !parts.length) rest.message = message;
  for (const [name, value] of Object.entries(rest)) {
    if (typeof value !== "object" || value === null) {
      parts.push(make("div", `${name}: ${value}`));
    } else {
      const more = make("details");
      more.append(make("summary", name), make("pre", JSON.stringify(value, null, 2)));
      parts.push(more);
    }
  }
  return parts;
}

export async function showTrace(view, path) {
  view.replaceChildren();
  const answer = await fetch(path);
  const text = await answer.text();
  let trace = null;
  try { trace = JSON.parse(text).traceEntries; } catch (error) { /* a request that no policy answered */ }
  if (!answer.ok || !trace) {
    view.replaceChildren(make("p", text));
    return;
  }
  const parts = [];
  for (const [section, entries] of Object.entries(trace)) {
    const rows = entries.map((entry) => [milliseconds(entry.elapsed), entry.source, described(entry.data)]);
    parts.push(make("h3", section), entries.length ? table(["ms", "Policy", "What happened"], rows, "trace") : make("p", "Nothing ran."));
  }
  const raw = make("a", "The trace as JSON");
  raw.href = path;
  raw.target = "_blank";
  raw.rel = "noopener";
  parts.push(make("p"));
  parts.at(-1).append(raw);
  view.replaceChildren(...parts);
}
