import { openForm } from "./inspector_send.js";
import { showState, showTrace } from "./inspector_views.js";

const MOST_ROWS = 500;
const byId = (id) => document.getElementById(id);
const rows = byId("rows");
const filter = byId("filter");
const live = byId("live");
const one = byId("one");
const shown = byId("shown");
const view = byId("view");
const pause = byId("pause");
const waiting = [];
let chosen = null;
let stopView = () => {};

const kind = (status) => (status < 300 ? "good" : status < 400 ? "moved" : status < 500 ? "client" : "server");
const isPaused = () => pause.getAttribute("aria-pressed") === "true";

/* The list */

function cell(row, text, className) {
  const made = row.insertCell();
  made.textContent = text;
  made.className = className;
  return made;
}

function fits(row) {
  return filter.value.toLowerCase().split(/\s+/).every((word) => row.dataset.text.includes(word));
}

function add(request) {
  if (byId(`r${request.number}`)) return;
  const row = rows.insertRow(0);
  row.id = `r${request.number}`;
  row.className = "new";
  row.addEventListener("animationend", () => row.classList.remove("new"));
  row.dataset.text = request.line.toLowerCase();
  row.dataset.number = request.number;
  row.dataset.title = `${request.method} ${request.path}: ${request.status} ${request.reason}`;
  cell(row, request.time, "time");
  const button = document.createElement("button");
  button.type = "button";
  button.tabIndex = -1;
  button.textContent = `${request.method} ${request.path}`;
  button.addEventListener("click", () => choose(request.number));
  cell(row, "", "request").append(button);
  cell(row, request.caller, "caller");
  const response = cell(row, "", "response");
  const status = document.createElement("span");
  status.className = `status ${kind(request.status)}`;
  status.textContent = request.status;
  response.append(status, ` ${request.reason}`);
  if (request.target) {
    const target = document.createElement("small");
    target.textContent = ` → ${request.target}`;
    response.append(target);
  }
  cell(row, request.decided, "decided");
  cell(row, (request.seconds * 1000).toFixed(1), "number");
  row.hidden = !fits(row);
  while (rows.rows.length > MOST_ROWS) rows.deleteRow(-1);
  refresh();
}

const visible = () => [...rows.rows].filter((row) => !row.hidden);

function refresh() {
  const seen = visible();
  const count = rows.rows.length;
  byId("none").hidden = count > 0;
  byId("no-match").hidden = !count || seen.length > 0;
  const all = seen.length === count ? `${count}` : `${seen.length} of ${count}`;
  live.textContent = `${all}, ${isPaused() ? `paused, ${waiting.length} waiting` : "live"}`;
  if (seen.length && !seen.some((row) => row.querySelector("button").tabIndex === 0)) {
    seen[0].querySelector("button").tabIndex = 0;
  }
}

function focusRow(row) {
  for (const button of rows.querySelectorAll("button[tabindex='0']")) button.tabIndex = -1;
  const button = row.querySelector("button");
  button.tabIndex = 0;
  button.focus();
  row.scrollIntoView({ block: "nearest" });
}

function move(key) {
  const seen = visible();
  const at = seen.findIndex((row) => row.contains(document.activeElement));
  const target = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, Home: 0, End: seen.length - 1 }[key];
  const row = seen[target];
  if (!row) return;
  focusRow(row);
  if (chosen !== null) choose(row.dataset.number);
}

/* The pane beside the list */

function open(title, part) {
  stopView();
  stopView = () => {};
  one.hidden = false;
  byId("title").textContent = title;
  say("");
  byId("about").hidden = chosen === null;
  for (const each of [shown, view, byId("send")]) each.hidden = each !== part;
  for (const row of rows.querySelectorAll(".chosen")) row.classList.remove("chosen");
  const row = chosen === null ? null : byId(`r${chosen}`);
  if (row) row.classList.add("chosen");
}

function say(text, isBad = false) {
  byId("message").textContent = text;
  byId("message").classList.toggle("bad", isBad);
}

function titleOf(number) {
  const row = byId(`r${number}`);
  return row ? row.dataset.title : `Request ${number}`;
}

async function choose(number, what = "") {
  chosen = number;
  open(titleOf(number), what === "trace" ? view : shown);
  for (const button of one.querySelectorAll("[data-what]")) {
    button.setAttribute("aria-current", String(button.dataset.what === what));
  }
  byId("case").href = `requests/${number}/case`;
  if (what === "trace") await showTrace(view, `requests/${number}/trace`);
  else shown.src = `requests/${number}${what ? `/${what}` : ""}`;
}

function close() {
  stopView();
  stopView = () => {};
  one.hidden = true;
  const row = byId(`r${chosen}`);
  if (row) {
    row.classList.remove("chosen");
    focusRow(row);
  }
  chosen = null;
}

async function compose(number) {
  chosen = number;
  open(number === null ? "Send a request" : `Edit and send: ${titleOf(number)}`, byId("send"));
  for (const button of one.querySelectorAll("[data-what]")) button.setAttribute("aria-current", "false");
  await openForm(number, say);
}

filter.addEventListener("input", () => {
  for (const row of rows.rows) row.hidden = !fits(row);
  refresh();
});
byId("clear").addEventListener("click", () => {
  filter.value = "";
  filter.dispatchEvent(new Event("input"));
  filter.focus();
});
pause.addEventListener("click", () => {
  pause.setAttribute("aria-pressed", String(!isPaused()));
  if (!isPaused()) for (const request of waiting.splice(0)) add(request);
  refresh();
});
byId("state").addEventListener("click", () => {
  chosen = null;
  open("Counters and caches", view);
  stopView = showState(view);
});
byId("compose").addEventListener("click", () => compose(null));
byId("edit").addEventListener("click", () => compose(chosen));
for (const button of one.querySelectorAll("[data-what]")) {
  button.addEventListener("click", () => choose(chosen, button.dataset.what));
}
byId("close").addEventListener("click", close);
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input:not(#filter), textarea, select");
  if (event.key === "Escape" && !one.hidden) close();
  if (isTyping || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "/" && event.target !== filter) {
    event.preventDefault();
    filter.focus();
  }
  const isMoving = ["ArrowDown", "ArrowUp"].includes(event.key) || (["Home", "End"].includes(event.key) && rows.contains(event.target));
  if (isMoving && !view.contains(event.target)) {
    event.preventDefault();
    move(event.key);
  }
});
byId("replay").addEventListener("click", async () => {
  const answer = await fetch(`requests/${chosen}/replay`, { method: "POST", headers: { "X-Apimpolicy": "1" } });
  say(answer.ok ? "Sent again. The new request is in the list." : `Not sent: ${answer.status}`, !answer.ok);
});

const events = new EventSource("events");
events.addEventListener("ready", refresh);
events.addEventListener("error", () => { live.textContent = "not connected; trying again …"; });
events.addEventListener("message", (event) => {
  const request = JSON.parse(event.data);
  if (isPaused()) {
    waiting.push(request);
    if (waiting.length > MOST_ROWS) waiting.shift();
    refresh();
  } else {
    add(request);
  }
});
