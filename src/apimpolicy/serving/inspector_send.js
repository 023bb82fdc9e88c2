/* The form that sends a request to the gateway: a new one, or one from the list that is edited. */

const form = document.getElementById("send");
const fields = form.elements;
let edited = null;
let tell = () => {};

function option(value, text) {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = text;
  return made;
}

export async function openForm(number, say) {
  const isSame = number === edited && number === null;
  edited = number;
  tell = say;
  const uploaded = await (await fetch("certificates")).json();
  const providers = await (await fetch("providers")).json();
  fields.token.replaceChildren(option("", "As in the headers"), ...providers.map((name) => option(name, `Of ${name}`)));
  document.getElementById("token").hidden = providers.length === 0;
  const kept = fields.certificate.value;
  fields.certificate.replaceChildren(
    option("none", "None"),
    ...(number === null ? [] : [option("same", "The certificate of this request")]),
    ...uploaded.map((name) => option(`uploaded:${name}`, `Uploaded: ${name}`)),
    option("pem", "Paste a certificate …"),
  );
  if (number !== null) {
    const answer = await fetch(`requests/${number}/form`);
    if (!answer.ok) {
      say(`Can't read this request: ${answer.status}`, true);
      return;
    }
    const values = await answer.json();
    for (const [name, value] of Object.entries(values)) fields[name].value = value;
    say("Secrets are shown as ***. Fields that you leave unchanged are sent with their original values.");
  } else {
    fields.certificate.value = isSame && kept ? kept : "none";
  }
  showFields();
  fields.url.focus();
}

function showFields() {
  document.getElementById("pem").hidden = fields.certificate.value !== "pem";
  document.getElementById("claims").hidden = fields.token.value === "";
}

async function send() {
  const values = {};
  for (const name of ["method", "url", "headers", "body", "certificate", "pem", "token", "claims"]) values[name] = fields[name].value;
  const path = edited === null ? "send" : `requests/${edited}/send`;
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Apimpolicy": "1" },
    body: JSON.stringify(values),
  });
  if (answer.ok) {
    tell("Sent. The request is in the list.");
    return;
  }
  let why = `${answer.status}`;
  try { why = (await answer.json()).message; } catch (error) { /* the status is all there is */ }
  tell(`Not sent: ${why}`, true);
}

fields.certificate.addEventListener("change", showFields);
fields.token.addEventListener("change", showFields);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});
