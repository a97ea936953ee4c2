// What is to be sent, checked before anything is: against the limits that the service gives.
import { size, span } from "./format";
import type { Usage } from "./model";
import { t } from "./strings";

export type Kind = "audio" | "text" | "other";

export interface Part {
  key: number;
  file: File;
  kind: Kind;
  /** Seconds; null: not known (yet), and the service finds out. */
  duration: number | null;
  /** What the service said of it. */
  refused: string | null;
}

const AUDIO = new Set(
  "wav mp3 mp2 m4a m4b mp4 mov 3gp ogg oga opus flac webm mkv mka aac ac3 eac3 amr aif aiff aifc caf au snd w64 wma wmv asf".split(" "),
);
const OTHER = new Set(
  "pdf doc docx xls xlsx ppt pptx odt ods odp zip gz 7z rar tar png jpg jpeg gif webp heic svgz exe dll so dmg iso m3u m3u8 pls".split(" "),
);

let keys = 0;

export function makePart(file: File): Part {
  keys += 1;
  return { key: keys, file, kind: kindOf(file), duration: null, refused: null };
}

/** Only a guess: the service looks at the bytes. What the name doesn't tell is taken for a text. */
export function kindOf(file: File): Kind {
  const extension = /\.([^.]+)$/.exec(file.name)?.[1]?.toLowerCase() ?? "";
  if (AUDIO.has(extension) || /^(audio|video)\//.test(file.type)) return "audio";
  if (OTHER.has(extension) || /^(image|font)\//.test(file.type)) return "other";
  return "text";
}

export const totalBytes = (parts: readonly Part[]) => parts.reduce((sum, part) => sum + part.file.size, 0);

/** What is wrong with one part; null: nothing that could be told from here. */
export function faultOf(part: Part, limits: Usage["limits"]): string | null {
  const says = t.new.limits;
  if (part.refused) return part.refused;
  if (part.file.size === 0) return says.empty;
  if (part.kind === "other") return says.format;
  if (part.kind === "text" && part.file.size > limits.text_bytes) return says.text(size(limits.text_bytes));
  if (part.kind === "audio" && part.file.size > limits.audio_bytes) return says.audio(size(limits.audio_bytes));
  if (part.duration !== null && part.duration > limits.audio_seconds) return says.duration(span(limits.audio_seconds));
  return null;
}

/** What is wrong with all of them together. */
export function faultOfAll(parts: readonly Part[], usage: Usage): string | null {
  const says = t.new.limits;
  const { limits } = usage;
  const more = usage.tier === "anonymous" ? ` ${says.signInForMore}` : "";
  if (parts.length > limits.inputs) return says.inputs(limits.inputs) + more;
  if (totalBytes(parts) > limits.smelt_bytes) return says.all(size(limits.smelt_bytes)) + more;
  return null;
}

/** Seconds of a recording that this browser can open; null: it can't. */
export function durationOf(file: File): Promise<number | null> {
  return new Promise((resolve) => {
    const audio = new Audio();
    const address = URL.createObjectURL(file);
    const done = (seconds: number | null) => {
      clearTimeout(timer);
      audio.removeAttribute("src");
      URL.revokeObjectURL(address);
      resolve(seconds);
    };
    const timer = setTimeout(() => done(null), 5000);
    audio.preload = "metadata";
    audio.onloadedmetadata = () => done(Number.isFinite(audio.duration) ? audio.duration : null);
    audio.onerror = () => done(null);
    audio.src = address;
  });
}

/** What isn't sent of what was dropped, by number. */
export interface LeftOut {
  /** Files and folders that systems and programs keep there, and that nobody means to send. */
  hidden: number;
  unreadable: number;
}

export interface Dropped extends LeftOut {
  files: File[];
}

/** All files of what was dropped, those in folders too, folder by folder in the order of their names. */
export async function filesIn(data: DataTransfer): Promise<Dropped> {
  // The entries have to be taken at once: after the event the list is empty.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return visible([...data.files]);
  const dropped: Dropped = { files: [], hidden: 0, unreadable: 0 };
  for (const entry of entries) await collect(entry, dropped);
  return dropped;
}

/** `all`: as a field gives them, those of a folder with their paths. */
export function visible(all: File[]): Dropped {
  const files = all.filter((file) => !(file.webkitRelativePath || file.name).split("/").some(isHidden));
  return { files, hidden: all.length - files.length, unreadable: 0 };
}

const isHidden = (name: string) => name.startsWith(".") || /^(thumbs\.db|desktop\.ini|__MACOSX)$/i.test(name);

async function collect(entry: FileSystemEntry, dropped: Dropped): Promise<void> {
  if (isHidden(entry.name)) {
    dropped.hidden += 1;
    return;
  }
  try {
    if (entry.isFile) dropped.files.push(await fileOf(entry as FileSystemFileEntry));
    else for (const each of await entriesOf(entry as FileSystemDirectoryEntry)) await collect(each, dropped);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    dropped.unreadable += 1; // which is told
  }
}

const fileOf = (entry: FileSystemFileEntry) => new Promise<File>((resolve, reject) => entry.file(resolve, reject));

async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    // A reader gives a hundred at a time, until it gives none.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return found.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    found.push(...some);
  }
}

/** Those whose files were changed, moved or taken away since they were chosen. */
export async function unreadable(parts: readonly Part[]): Promise<Part[]> {
  const found: Part[] = [];
  for (const part of parts) {
    try {
      await part.file.slice(0, 1).arrayBuffer();
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      found.push(part);
    }
  }
  return found;
}
