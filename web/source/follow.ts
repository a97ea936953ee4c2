// One smelt as it is now: read once, then followed by server-sent events until it ends. The views of one smelt share it.
import { effect, signal } from "@preact/signals";
import { Problem, get, passesIn, said } from "./api";
import { ENDED, type Segment, type Smelt, type SmeltFile, type SmeltOutput, type SmeltSummary } from "./model";
import { identity, staysSignedIn } from "./session";
import { t } from "./strings";

/** A file's come in order, again from the first in a snapshot. */
interface HeardSegment extends Segment {
  file: string;
  index: number;
}

const PAUSE = 2000; // milliseconds before a stream that was refused is asked for again

export class Followed {
  readonly smelt = signal<Smelt | null>(null);
  readonly heard = signal<ReadonlyMap<string, readonly Segment[]>>(new Map());
  readonly problem = signal<string | null>(null);
  readonly lost = signal(false);
  private source: EventSource | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private closed = false;
  private changes: ((smelt: Smelt) => Smelt)[] = [];
  private told: HeardSegment[] = [];

  constructor(readonly id: string) {
    void this.read();
  }

  /** Reads the smelt anew, and follows it if it hasn't ended. */
  async read(): Promise<void> {
    try {
      this.set(await get<Smelt>(`v1/smelts/${this.id}`));
    } catch (error) {
      if (this.closed) return;
      const seconds = passesIn(error);
      if (seconds !== null) {
        this.lost.value = true;
        this.later(1000 * seconds);
        return;
      }
      this.stop();
      // Without a cookie, which may have run out, nobody's smelt is there.
      if (error instanceof Problem && error.status === 404 && !(await staysSignedIn())) return;
      this.problem.value = error instanceof Problem && error.status === 404 ? t.smelt.notFound : said(error);
    }
  }

  set(smelt: Smelt) {
    this.problem.value = null;
    this.lost.value = false;
    this.smelt.value = smelt;
    if (ENDED.includes(smelt.status)) this.stop();
    else if (this.source === null && !this.closed) this.open();
  }

  close() {
    this.closed = true;
    this.stop();
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private stop() {
    this.source?.close();
    this.source = null;
  }

  private open() {
    const source = new EventSource(`v1/smelts/${this.id}/events`);
    this.source = source;
    source.addEventListener("smelt", (event) => this.change((smelt) => ({ ...smelt, ...(JSON.parse(event.data) as SmeltSummary) })));
    source.addEventListener("file", (event) => {
      const file = JSON.parse(event.data) as SmeltFile;
      this.change((smelt) => ({ ...smelt, files: replaced(smelt.files, file) }));
    });
    source.addEventListener("output", (event) => {
      const output = JSON.parse(event.data) as SmeltOutput;
      this.change((smelt) => ({ ...smelt, outputs: replaced(smelt.outputs, output) }));
    });
    source.addEventListener("segment", (event) => this.hear(JSON.parse(event.data) as HeardSegment));
    source.addEventListener("done", () => void this.end());
    source.onopen = () => {
      this.lost.value = false;
    };
    source.onerror = () => {
      this.lost.value = true;
      // A browser connects again by itself, but not after a refusal.
      if (source.readyState === EventSource.CLOSED) {
        this.stop();
        this.later();
      }
    };
  }

  /** Who deletes a smelt that runs cancels it first: one that was canceled is looked for once more. */
  private async end(): Promise<void> {
    this.stop();
    await this.read();
    if (this.smelt.value?.status === "canceled" && this.problem.value === null) this.later();
  }

  private later(milliseconds = PAUSE) {
    if (this.closed) return;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.read(), milliseconds);
  }

  /** Events come by the hundred, when a snapshot does: the page is drawn once for all of a frame. */
  private change(make: (smelt: Smelt) => Smelt) {
    this.changes.push(make);
    this.draw();
  }

  private hear(segment: HeardSegment) {
    this.told.push(segment);
    this.draw();
  }

  private draw() {
    if (this.changes.length + this.told.length === 1) setTimeout(() => this.apply(), 16);
  }

  private apply() {
    const { changes, told } = this;
    this.changes = [];
    this.told = [];
    if (this.smelt.value) this.smelt.value = changes.reduce((smelt, make) => make(smelt), this.smelt.value);
    if (told.length === 0) return;
    const heard = new Map([...this.heard.value].map(([file, segments]) => [file, [...segments]]));
    for (const segment of told) {
      const segments = heard.get(segment.file) ?? [];
      segments[segment.index] = segment;
      heard.set(segment.file, segments);
    }
    this.heard.value = heard;
  }
}

function replaced<T extends { id: string }>(all: T[], one: T): T[] {
  const at = all.findIndex((each) => each.id === one.id);
  return at < 0 ? [...all, one] : all.with(at, one);
}

let current: Followed | null = null;

export function follow(id: string): Followed {
  if (current?.id !== id) {
    current?.close();
    current = new Followed(id);
  }
  return current;
}

export function unfollow() {
  current?.close();
  current = null;
}

// Another user has other smelts: one that wasn't there may be now.
effect(() => {
  void identity.value;
  unfollow();
});

// What another tab has done meanwhile, to a smelt that is no longer followed.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") void current?.read();
});
