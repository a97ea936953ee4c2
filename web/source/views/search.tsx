// Looking for words in a transcript.
import { t } from "../strings";
import type { Line } from "../words";

/** The numbers of the lines that hold the text. */
export function matchesIn(lines: readonly Line[], sought: string): number[] {
  const needle = sought.trim().toLowerCase();
  if (needle === "") return [];
  return lines.flatMap((line, number) => (line.segment.text.toLowerCase().includes(needle) ? [number] : []));
}

interface SearchProps {
  sought: string;
  seek: (text: string) => void;
  at: number;
  count: number;
  next: () => void;
  previous: () => void;
}

export function Search({ sought, seek, at, count, next, previous }: SearchProps) {
  return (
    <div class="search" role="search">
      <label for="sought">{t.transcript.search}</label>
      <input
        id="sought"
        type="search"
        value={sought}
        onInput={(event) => seek(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          (event.shiftKey ? previous : next)();
        }}
      />
      {sought.trim() !== "" && (
        <>
          <span role="status">{t.transcript.matches(at, count)}</span>
          <button type="button" class="small" onClick={previous} disabled={count === 0} aria-label={t.transcript.previous}>
            ↑
          </button>
          <button type="button" class="small" onClick={next} disabled={count === 0} aria-label={t.transcript.next}>
            ↓
          </button>
        </>
      )}
    </div>
  );
}
