// How the page asks: by the API's own calls, with addresses relative to its own, and the session's cookie.
import { t } from "./strings";

export interface Fault {
  code: string;
  detail: string;
  field?: string;
  part?: number;
}

/** An answer other than success, or none (`status` 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly faults: Fault[] = [],
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }

  /** Which of several things it is about. */
  of(name: string): Problem {
    return new Problem(this.status, this.code, `${name}: ${this.message}`, [], this.retryAfter);
  }
}

// A header that no form and no other site's script can send (api/auth/page_session.py).
export const OF_THE_PAGE = { "X-Smelt-Page": "1" };

interface Asked {
  method?: string;
  json?: unknown;
  body?: BodyInit;
  accept?: string;
  signal?: AbortSignal;
}

/** Renews the session that has run out; true: asking again is worth it. Set by `session.ts`, which asks by this file. */
let renewed: () => Promise<boolean> = async () => false;
export const onExpired = (renew: () => Promise<boolean>) => {
  renewed = renew;
};

/** Whether the session had run out and has been renewed. A cookie's end shows as none: its bearer is to sign in first. */
export const outlived = async (problem: Problem) =>
  ["invalid_token", "authentication_required"].includes(problem.code) && (await renewed());

const PAUSE = 2; // seconds
const PASSING = [408, 429, 502, 503, 504];
const LASTING = ["daily_limit_reached", "credits_exhausted"]; // of 429: they aren't waited for with the page open

/** Seconds after which asking again may help; null: it wouldn't. */
export function passesIn(error: unknown): number | null {
  if (!(error instanceof Problem) || LASTING.includes(error.code)) return null;
  return error.code === "network" || PASSING.includes(error.status) ? (error.retryAfter ?? PAUSE) : null;
}

export async function ask(path: string, asked: Asked = {}): Promise<Response> {
  const reply = await once(path, asked);
  if (reply.ok) return reply;
  const problem = await problemOf(reply);
  if (!path.startsWith("v1/session") && (await outlived(problem))) {
    const again = await once(path, asked);
    if (again.ok) return again;
    throw await problemOf(again);
  }
  throw problem;
}

async function once(path: string, { method = "GET", json, body, accept, signal }: Asked): Promise<Response> {
  const headers: Record<string, string> = { ...OF_THE_PAGE, Accept: accept ?? "application/json" };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (json !== undefined) init.body = JSON.stringify(json);
  else if (body !== undefined) init.body = body;
  if (signal) init.signal = signal;
  try {
    return await fetch(path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "network", t.problem.network);
  }
}

export async function problemOf(reply: Response): Promise<Problem> {
  return problemFrom(reply.status, await reply.text(), reply.headers.get("Retry-After"));
}

export function problemFrom(status: number, body: string, retryAfter: string | null): Problem {
  const seconds = retryAfter === null || Number.isNaN(Number(retryAfter)) ? null : Number(retryAfter);
  try {
    const { code, detail, errors } = JSON.parse(body) as { code?: string; detail?: string; errors?: Fault[] };
    return new Problem(status, code ?? "unknown", detail ?? t.problem.answered(status), errors ?? [], seconds);
  } catch {
    // Something between the service and the page has answered.
    return new Problem(status, "unknown", t.problem.answered(status), [], seconds);
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const reply = await ask(path, signal ? { signal } : {});
  return (await reply.json()) as T;
}

export async function send<T>(method: string, path: string, json?: unknown): Promise<T> {
  const reply = await ask(path, json === undefined ? { method } : { method, json });
  return (reply.status === 204 || reply.headers.get("Content-Length") === "0" ? undefined : await reply.json()) as T;
}

export const text = async (path: string, accept: string) => (await ask(path, { accept })).text();

export const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));
