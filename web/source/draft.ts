// The smelt that is being put together, and its sending. Both go on while the reader looks elsewhere or signs in.
import { effect, signal } from "@preact/signals";
import { Problem, passesIn } from "./api";
import { size } from "./format";
import { type Dropped, type Part, durationOf, makePart, totalBytes, unreadable } from "./parts";
import { go, route, to } from "./route";
import { isSignedIn, signInWith, signOut, staysSignedIn } from "./session";
import { t } from "./strings";
import { announce } from "./ui";
import { type Progress, Upload, randomKey } from "./upload";

/** A field of the post and its value. */
export type Choice = [name: string, value: string];

export const parts = signal<readonly Part[]>([]);
/** What was chosen or dropped last, and how much of it was left out. */
export const last = signal<Dropped | null>(null);
/** What was chosen in the form; null: nothing has been touched. */
export const choices = signal<readonly Choice[] | null>(null);
/** null: nothing is being sent. */
export const progress = signal<Progress | null>(null);
export const failure = signal<unknown>(null);
/** Accepted while the reader was elsewhere. */
export const accepted = signal<{ id: string; name: string } | null>(null);

let upload: Upload | null = null;
/** What was sent last without an answer that it was taken, and its idempotency key: sent once more as it was, it may be
    there already. */
let unanswered = { what: "", key: "" };

export function add(dropped: Dropped): void {
  const added = dropped.files.map(makePart);
  parts.value = [...parts.value, ...added];
  last.value = dropped;
  failure.value = null;
  announce(t.new.parts(added.length, size(totalBytes(added))));
  void measure(added);
}

export const remove = (key: number) => {
  parts.value = parts.value.filter((part) => part.key !== key);
};

export function clear(): void {
  parts.value = [];
  last.value = null;
  failure.value = null;
}

export const stop = () => upload?.stop();

/** Sends it, once at a time: a second call while one is under way does nothing. */
export async function submit(fields: readonly Choice[]): Promise<void> {
  if (upload) return;
  const sent = parts.value;
  const body = () => {
    const data = new FormData();
    for (const [name, value] of fields) data.append(name, value);
    for (const part of sent) data.append("files", part.file, part.file.name);
    return data;
  };
  const what = JSON.stringify([fields, sent.map((part) => part.key)]);
  if (unanswered.what !== what) unanswered = { what, key: randomKey() };
  upload = new Upload(unanswered.key, body, totalBytes(sent), tell, () => faultOfReading(sent));
  failure.value = null;
  progress.value = { sent: 0, total: totalBytes(sent), speed: 0, tries: 1, waits: null };
  try {
    // A cookie that has run out is gone: what is sent without it would be a visitor's.
    if (!(await staysSignedIn())) return;
    const smelt = await upload.run();
    if (smelt === null) return;
    if (smelt.access_token && !isSignedIn()) await keep(smelt.access_token);
    const name = sent[0]?.file.name ?? t.smelt.untitled;
    clear();
    choices.value = null;
    if (route.value.at === "new") go(to.smelt(smelt.id));
    else accepted.value = { id: smelt.id, name };
  } catch (problem) {
    failure.value = problem;
    if (problem instanceof Problem) parts.value = marked(sent, problem);
  } finally {
    progress.value = null;
    upload = null;
  }
}

/** Nothing of one user's is there for the next. */
export async function leave(): Promise<void> {
  stop();
  await signOut();
  clear();
  choices.value = null;
  accepted.value = null;
}

function tell(now: Progress) {
  progress.value = now;
}

/** A visitor's smelt is lost without its token, so it is kept as soon as the service can be reached. */
async function keep(token: string): Promise<void> {
  for (;;) {
    try {
      await signInWith(token);
      return;
    } catch (error) {
      const seconds = passesIn(error);
      if (seconds === null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    }
  }
}

/** One after another, so that a folder of recordings doesn't fill the memory. */
async function measure(added: Part[]): Promise<void> {
  for (const part of added) {
    if (part.kind !== "audio") continue;
    const duration = await durationOf(part.file);
    if (duration === null) continue;
    parts.value = parts.value.map((each) => (each.key === part.key ? { ...each, duration } : each));
  }
}

async function faultOfReading(sent: readonly Part[]): Promise<Problem | null> {
  const gone = await unreadable(sent);
  const says = t.new.limits.unreadable;
  const faults = gone.map((part) => ({ code: "unreadable", detail: says, part: sent.indexOf(part) }));
  return gone.length === 0 ? null : new Problem(0, "unreadable", t.new.changed, faults);
}

/** What was said of each part, beside it. */
function marked(sent: readonly Part[], problem: Problem): Part[] {
  const said = new Map(problem.faults.map((fault) => [fault.part, fault.detail]));
  return sent.map((part, number) => ({ ...part, refused: said.get(number) ?? null }));
}

// Closing the page would stop it: the browser asks first.
effect(() => {
  if (progress.value === null) return;
  const warn = (event: BeforeUnloadEvent) => event.preventDefault();
  addEventListener("beforeunload", warn);
  return () => removeEventListener("beforeunload", warn);
});
