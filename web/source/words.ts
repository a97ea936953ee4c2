// A transcript's words, by the lines that they belong to; and which of them is spoken at a time.
import type { Segment, Transcript, Word } from "./model";

export interface Line {
  segment: Segment;
  /** Into all words: the first of this line, and the one behind its last. */
  first: number;
  end: number;
}

/** Lines and words are both in the order of time; the service gives the words apart. */
export function lines(transcript: Transcript): Line[] {
  const { segments, words } = transcript;
  let at = 0;
  return segments.map((segment, number) => {
    const next = segments[number + 1];
    const first = at;
    while (at < words.length && belongs(words[at] as Word, segment, next)) at += 1;
    return { segment, first, end: at };
  });
}

function belongs(word: Word, segment: Segment, next: Segment | undefined): boolean {
  if (next === undefined) return true;
  const middle = (word.start + word.end) / 2;
  return word.start < next.start && middle < Math.max(segment.end, next.start);
}

/** The last entry that begins at `time` or before; -1: none does. */
export function lastBefore(starts: ArrayLike<number>, time: number): number {
  let [low, high] = [0, starts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] as number) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
