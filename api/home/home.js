"use strict";
// The form of the first page: sends a file, follows the smelt by looking again and again, and shows what comes of it.
// All that the service answers is shown as text, never as HTML. The token stays in this page.

const FIRST_PAUSE = 200;
const LONGEST_PAUSE = 1500; // milliseconds between two looks
const ENDINGS = { completed: "Done.", failed: "It failed.", canceled: "It was canceled." };

const element = (id) => document.getElementById(id);

// `smelt up` prints an address with a token behind the #, which no browser sends to a server.
function takeTokenFromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token !== null) {
    element("token").value = token;
    history.replaceState(null, "", location.pathname);
  }
}

async function ask(path, token, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  const reply = await fetch(path, { ...options, headers });
  if (!reply.ok) throw new Error(await complaint(reply));
  return reply;
}

async function complaint(reply) {
  let problem = {};
  try {
    problem = await reply.json();
  } catch {
    // something between the service and us has answered
  }
  const faults = (problem.errors ?? []).map((fault) => fault.detail);
  return [problem.detail ?? `The service answered ${reply.status}.`, ...faults].join(" ");
}

async function smelt() {
  const given = element("token").value.trim();
  say("Sending …");
  const posted = await ask("v1/smelts", given, { method: "POST", body: new FormData(element("form")) });
  const accepted = await posted.json();
  const token = accepted.access_token ?? given;
  const path = `v1/smelts/${accepted.id}`;
  const ended = await followed(path, token, accepted);
  const results = ended.outputs.some((output) => output.status === "completed")
    ? await ask(`${path}/outputs`, token, { headers: { Accept: "text/markdown" } }).then((reply) => reply.text())
    : await transcripts(path, token, ended);
  const ending = ended.error_message ?? ENDINGS[ended.status];
  say(`${ending} What you sent and what came of it is deleted ${time(ended.content_expires_at)}.`);
  if (results) give(results);
}

async function followed(path, token, first) {
  let pause = FIRST_PAUSE;
  for (let now = first; ; now = await ask(path, token).then((reply) => reply.json())) {
    show(now);
    if (now.status in ENDINGS) return now;
    await new Promise((resolve) => setTimeout(resolve, pause));
    pause = Math.min(LONGEST_PAUSE, pause * 1.5);
  }
}

async function transcripts(path, token, ended) {
  const heard = ended.files.filter((file) => file.input_type === "audio" && file.status === "completed");
  const texts = heard.map((file) => ask(`${path}/files/${file.id}/transcript?format=txt`, token));
  const replies = await Promise.all(texts);
  return (await Promise.all(replies.map((reply) => reply.text()))).join("\n");
}

function show(smelt) {
  say(`${smelt.status}, ${Math.floor(smelt.progress * 100)} %`);
  const warnings = smelt.warnings.map((warning) => entry(`Warning: ${warning}`));
  const parts = [...smelt.files, ...smelt.outputs].map((part) => entry(described(part), part.progress));
  element("parts").replaceChildren(...parts, ...warnings);
}

function described(part) {
  const place = part.queue_position ? `, place ${part.queue_position} in the queue` : "";
  const waiting = part.waiting_for ? `, waiting for the ${part.waiting_for.replace("_", " ")}` : "";
  const warnings = (part.warnings ?? []).map((warning) => `; ${warning}`).join("");
  const name = part.filename ?? part.default_prompt_name;
  return `${name}: ${part.error_message ?? part.status}${place}${waiting}${warnings}`;
}

function entry(text, progress) {
  const item = document.createElement("li");
  if (progress !== undefined) {
    const bar = document.createElement("progress");
    bar.value = progress;
    item.append(bar);
  }
  item.append(text);
  return item;
}

function say(line) {
  element("result").hidden = false;
  element("status").textContent = line;
}

function give(text) {
  element("text").textContent = text;
  element("text").hidden = false;
  element("save").href = URL.createObjectURL(new Blob([text], { type: "text/markdown" }));
  element("save").hidden = false;
}

function clear() {
  element("parts").replaceChildren();
  element("text").hidden = true;
  element("save").hidden = true;
}

const time = (moment) => new Date(moment).toLocaleString();

element("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  element("send").disabled = true;
  clear();
  try {
    await smelt();
  } catch (error) {
    say(error.message);
  } finally {
    element("send").disabled = false;
  }
});
takeTokenFromAddress();
