"use strict";

const MOST_ROWS = 500;
const rows = document.getElementById("rows");
const filter = document.getElementById("filter");
const live = document.getElementById("live");
const one = document.getElementById("one");
const shown = document.getElementById("shown");
const said = document.getElementById("said");
const pause = document.getElementById("pause");
const waiting = [];
let chosen = null;

const kind = (status) => (status < 300 ? "good" : status < 400 ? "moved" : "bad");

function cell(row, text, className) {
  const made = row.insertCell();
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function fits(row) {
  return filter.value.toLowerCase().split(/\s+/).every((word) => row.dataset.text.includes(word));
}

function add(request) {
  if (document.getElementById(`r${request.number}`)) return;
  const row = rows.insertRow(0);
  row.id = `r${request.number}`;
  row.className = "new";
  row.dataset.text = request.line.toLowerCase();
  cell(row, request.time);
  const name = cell(row, "");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `${request.method} ${request.path}`;
  button.addEventListener("click", () => choose(request.number));
  name.append(button);
  cell(row, request.caller);
  cell(row, `${request.status} ${request.reason}${request.target ? ` → ${request.target}` : ""}`, kind(request.status));
  cell(row, request.decided);
  cell(row, (request.seconds * 1000).toFixed(1));
  row.hidden = !fits(row);
  while (rows.rows.length > MOST_ROWS) rows.deleteRow(-1);
  tell();
}

function tell() {
  document.getElementById("none").hidden = rows.rows.length > 0;
  const seen = [...rows.rows].filter((row) => !row.hidden).length;
  const held = pause.getAttribute("aria-pressed") === "true" ? `, paused with ${waiting.length} waiting` : ", live";
  live.textContent = `${seen} of ${rows.rows.length}${held}`;
}

function choose(number, what = "") {
  for (const row of rows.querySelectorAll(".chosen")) row.classList.remove("chosen");
  const row = document.getElementById(`r${number}`);
  if (row) row.classList.add("chosen");
  chosen = number;
  one.hidden = false;
  said.textContent = "";
  for (const button of one.querySelectorAll("[data-what]")) {
    button.setAttribute("aria-current", String(button.dataset.what === what));
  }
  document.getElementById("case").href = `requests/${number}/case`;
  shown.src = `requests/${number}${what ? `/${what}` : ""}`;
}

function close() {
  one.hidden = true;
  const row = document.getElementById(`r${chosen}`);
  if (row) {
    row.classList.remove("chosen");
    row.querySelector("button").focus();
  }
  chosen = null;
}

filter.addEventListener("input", () => {
  for (const row of rows.rows) row.hidden = !fits(row);
  tell();
});
pause.addEventListener("click", () => {
  const paused = pause.getAttribute("aria-pressed") !== "true";
  pause.setAttribute("aria-pressed", String(paused));
  if (!paused) for (const request of waiting.splice(0)) add(request);
  tell();
});
document.getElementById("state").addEventListener("click", () => {
  choose(null);
  shown.src = "state";
});
for (const button of one.querySelectorAll("[data-what]")) {
  button.addEventListener("click", () => chosen !== null && choose(chosen, button.dataset.what));
}
document.getElementById("close").addEventListener("click", close);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !one.hidden) close();
  if (event.key === "/" && document.activeElement !== filter) {
    event.preventDefault();
    filter.focus();
  }
});
document.getElementById("replay").addEventListener("click", async () => {
  if (chosen === null) return;
  const answer = await fetch(`requests/${chosen}/replay`, { method: "POST", headers: { "X-Apimpolicy": "1" } });
  said.textContent = answer.ok ? "Sent again: see the list." : `Not sent: ${answer.status}`;
});

const events = new EventSource("events");
events.addEventListener("open", tell);
events.addEventListener("error", () => { live.textContent = "not connected; trying again …"; });
events.addEventListener("message", (event) => {
  const request = JSON.parse(event.data);
  if (pause.getAttribute("aria-pressed") === "true") {
    waiting.push(request);
    if (waiting.length > MOST_ROWS) waiting.shift();
    tell();
  } else {
    add(request);
  }
});
tell();
