// Small parts that several views share.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Problem, ask, passesIn, said } from "./api";
import { percent, span } from "./format";
import { route } from "./route";
import { t } from "./strings";

/** What is told politely to who can't see it happen. */
export const announced = signal("");
export const announce = (text: string) => {
  announced.value = text;
};

/** What users named: it may run from right to left, or turn the text behind it around. */
export const Name = ({ children }: { children: ComponentChildren }) => <bdi>{children}</bdi>;

/** A view's heading, which gets the focus when the view is opened, so that a screen reader begins there. */
export function Title({ children, text }: { children?: ComponentChildren; text: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${text} · ${t.name}`;
  }, [text]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children || text}
    </h1>
  );
}

export function Failure({ error }: { error: unknown }) {
  if (error === null || error === undefined) return null;
  const wait = error instanceof Problem && error.retryAfter !== null ? ` ${t.problem.wait(span(error.retryAfter))}` : "";
  const faults = error instanceof Problem ? error.faults.map((fault) => fault.detail) : [];
  const detail = said(error);
  return (
    <div class="failure" role="alert">
      <p>
        {detail}
        {wait}
      </p>
      {faults.length > 1 && (
        <ul>
          {faults.map((fault) => (
            <li>{fault}</li>
          ))}
        </ul>
      )}
    </div>
  );
}

export function Bar({ value, label }: { value: number; label: string }) {
  return (
    <progress value={value} max={1} aria-label={label}>
      {percent(value)}
    </progress>
  );
}

/** Loads, and loads again when `key` changes; and where the service was away, until it answers. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, key: unknown) {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    load(abort.signal).then(
      (loaded) => {
        if (abort.signal.aborted) return;
        setValue(loaded);
        setError(null);
      },
      (problem: unknown) => {
        if (abort.signal.aborted) return;
        setError(problem);
        const seconds = passesIn(problem);
        if (seconds !== null) timer = setTimeout(() => setTurn((n) => n + 1), 1000 * seconds);
      },
    );
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, turn]);
  return { value, error, setValue, reload: () => setTurn((n) => n + 1) };
}

/** Does something that may fail: `busy` while it runs, `error` if it did. */
export function useAction() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const act = async (action: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setError(null);
    try {
      await action();
      return true;
    } catch (problem) {
      setError(problem);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, act };
}

/** Now, in milliseconds, told anew every so often. */
export function useNow(every: number): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

export function Countdown({ until }: { until: string }) {
  const left = (Date.parse(until) - useNow(1000)) / 1000;
  return <time dateTime={until}>{left > 0 ? t.smelt.expires(span(left)) : t.smelt.expired}</time>;
}

export function CopyButton({ text, label = t.read.copy }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text);
    setCopied(true);
    announce(t.read.copied);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <button type="button" onClick={() => void copy()}>
      {copied ? t.read.copied : label}
    </button>
  );
}

async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // On plain http there is no clipboard but by a selection.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Saves what the service answers, or a text, as a file. */
export async function saveFrom(path: string, accept: string, name: string): Promise<void> {
  save(await (await ask(path, { accept })).blob(), name);
}

export function save(content: Blob | string, name: string): void {
  const blob = typeof content === "string" ? new Blob([content], { type: "text/markdown" }) : content;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

interface Question {
  text: string;
  answer: (yes: boolean) => void;
}
const question = signal<Question | null>(null);

export const confirmed = (text: string) =>
  new Promise<boolean>((resolve) => {
    question.value = { text, answer: resolve };
  });

/** Where `confirmed` asks. Once in the page. */
export function Questions() {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = question.value;
  useEffect(() => {
    if (asked) dialog.current?.showModal();
  }, [asked]);
  const here = route.value;
  useEffect(() => () => close(false), [here]); // what was asked about is out of sight
  const close = (yes: boolean) => {
    const answered = question.peek();
    dialog.current?.close();
    question.value = null;
    answered?.answer(yes);
  };
  return (
    <dialog ref={dialog} aria-labelledby="question" onCancel={() => close(false)}>
      <p id="question">{asked?.text}</p>
      <div class="buttons">
        <button type="button" class="danger" onClick={() => close(true)}>
          {t.dialog.ok}
        </button>
        <button type="button" onClick={() => close(false)}>
          {t.dialog.cancel}
        </button>
      </div>
    </dialog>
  );
}
