// Sends a smelt: with progress, and again where the connection breaks. The same idempotency key makes sure that what
// was taken in already isn't taken in twice.
import { OF_THE_PAGE, Problem, outlived, passesIn, problemFrom } from "./api";
import type { AcceptedSmelt } from "./model";
import { t } from "./strings";

export interface Progress {
  sent: number;
  total: number;
  /** Bytes a second, smoothed; 0: not known yet. */
  speed: number;
  /** 1 for the first. */
  tries: number;
  /** Why nothing is being sent at the moment. */
  waits: string | null;
}

const TRIES = 8;
const FIRST_PAUSE = 1000; // milliseconds
const LONGEST_PAUSE = 15000;

export class Upload {
  private request: XMLHttpRequest | null = null;
  private stopped = false;

  constructor(
    private readonly key: string,
    private readonly body: () => FormData,
    private readonly total: number,
    private readonly onProgress: (progress: Progress) => void,
    /** What is wrong with the parts themselves, which a browser reports as a broken connection. */
    private readonly faultOfReading: () => Promise<Problem | null>,
  ) {}

  stop() {
    this.stopped = true;
    this.request?.abort();
    this.goOn();
  }

  private goOn: () => void = () => undefined;

  /** Throws a Problem; null: it was stopped. */
  async run(): Promise<AcceptedSmelt | null> {
    let renewed = false;
    for (let tries = 1; !this.stopped; tries += 1) {
      try {
        return await this.once(tries);
      } catch (error) {
        if (this.stopped) break;
        if (!(error instanceof Problem)) throw error;
        if (!renewed && (await outlived(error))) {
          renewed = true;
          continue;
        }
        const fault = error.code === "network" ? await this.faultOfReading() : null;
        if (fault) throw fault;
        const wait = pauseAfter(error, tries);
        if (wait === null) throw error;
        await this.pause(wait, tries, error);
      }
    }
    return null;
  }

  private once(tries: number): Promise<AcceptedSmelt> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.request = request;
      const speed = new Speed();
      const tell = (sent: number) =>
        this.onProgress({ sent, total: this.total, speed: speed.at(sent), tries, waits: null });
      request.open("POST", "v1/smelts");
      for (const [name, value] of Object.entries(OF_THE_PAGE)) request.setRequestHeader(name, value);
      request.setRequestHeader("Idempotency-Key", this.key);
      request.setRequestHeader("Accept", "application/json");
      // What frames the parts counts too: as a share of the whole it is what was sent of the parts.
      request.upload.onprogress = (event) => tell(event.total ? (event.loaded / event.total) * this.total : 0);
      request.onload = () => {
        if (request.status === 202) resolve(JSON.parse(request.responseText) as AcceptedSmelt);
        else reject(problemFrom(request.status, request.responseText, request.getResponseHeader("Retry-After")));
      };
      request.onerror = () => reject(new Problem(0, "network", t.problem.network));
      request.onabort = () => reject(new Problem(0, "aborted", ""));
      tell(0);
      request.send(this.body());
    });
  }

  private async pause(milliseconds: number, tries: number, problem: Problem): Promise<void> {
    const waits =
      problem.status > 0 ? t.new.busy(Math.ceil(milliseconds / 1000)) : navigator.onLine ? t.new.resending(tries + 1) : t.new.offline;
    this.onProgress({ sent: 0, total: this.total, speed: 0, tries: tries + 1, waits });
    await this.sleep(milliseconds);
    while (!navigator.onLine && !this.stopped) await this.sleep(500);
  }

  /** For as long, or until it is stopped. */
  private async sleep(milliseconds: number): Promise<void> {
    if (this.stopped) return;
    await new Promise<void>((resolve) => {
      this.goOn = resolve;
      setTimeout(resolve, milliseconds);
    });
  }
}

/** Milliseconds; null: trying again wouldn't help. */
function pauseAfter(problem: Problem, tries: number): number | null {
  if (passesIn(problem) === null || tries >= TRIES) return null;
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (tries - 1));
  return problem.retryAfter === null ? pause : Math.max(pause, problem.retryAfter * 1000);
}

class Speed {
  private last = { at: performance.now(), sent: 0 };
  private smoothed = 0;

  at(sent: number): number {
    const now = performance.now();
    const seconds = (now - this.last.at) / 1000;
    if (seconds >= 0.25) {
      const current = (sent - this.last.sent) / seconds;
      this.smoothed = this.smoothed ? 0.7 * this.smoothed + 0.3 * current : current;
      this.last = { at: now, sent };
    }
    return this.smoothed;
  }
}

// Not crypto.randomUUID, which is there on https and localhost only.
export const randomKey = () =>
  `page-${[...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
