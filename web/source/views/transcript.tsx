// A transcript beside its recording: a word is clicked to be heard, and lit while it is spoken.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { get } from "../api";
import { follow } from "../follow";
import { clock, fileName } from "../format";
import type { Transcript } from "../model";
import { to } from "../route";
import { t } from "../strings";
import { Failure, Name, Title, saveFrom, useAction, useLoaded } from "../ui";
import { useVirtualList } from "../virtual-list";
import { type Line, lastBefore, lines as linesOf } from "../words";
import { Search, matchesIn } from "./search";
import { Speakers } from "./speakers";

const ROW = 56; // pixels of a line that hasn't been measured yet
const PAUSE = 0.3; // seconds that a word stays lit behind its end
const FORMATS = ["txt", "srt", "vtt", "json"] as const;

export function TranscriptView({ id, file }: { id: string; file: string }) {
  const smelt = follow(id).smelt.value;
  const found = smelt?.files.find((each) => each.id === file);
  const name = found?.filename ?? "";
  const at = `v1/smelts/${id}/files/${file}`;
  const transcript = useLoaded((signal) => get<Transcript>(`${at}/transcript?format=json`, signal), file);
  const { error, act } = useAction();
  return (
    <section class="listening">
      <p>
        <a href={to.smelt(id)}>← {t.read.back}</a>
      </p>
      <Title text={name || t.smelt.transcript} key={name}>
        {name && <Name>{name}</Name>}
      </Title>
      <Failure error={transcript.error ?? error} />
      {transcript.value && (
        <>
          <div class="buttons">
            {FORMATS.map((format) => (
              <button
                type="button"
                onClick={() => void act(() => saveFrom(`${at}/transcript?format=${format}`, "*/*", `${fileName(name)}.${format}`))}
              >
                {t.transcript.download(format)}
              </button>
            ))}
          </div>
          {transcript.value.unheard.length > 0 && <p class="help">{t.transcript.unheard(transcript.value.unheard.length)}</p>}
          {found?.speakers && <Speakers at={at} changed={transcript.reload} />}
          <Reader transcript={transcript.value} audio={`${at}/audio`} />
        </>
      )}
    </section>
  );
}

function Reader({ transcript, audio }: { transcript: Transcript; audio: string }) {
  const lines = useMemo(() => linesOf(transcript), [transcript]);
  const wordStarts = useMemo(() => Float64Array.from(transcript.words, (word) => word.start), [transcript]);
  const lineStarts = useMemo(() => Float64Array.from(lines, (line) => line.segment.start), [lines]);
  const player = useRef<HTMLAudioElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const list = useVirtualList(lines.length, ROW, scroller);
  const [follows, setFollows] = useState(true);
  const [broken, setBroken] = useState(false);
  const [sought, setSought] = useState("");
  const [match, setMatch] = useState(0);
  const matches = useMemo(() => matchesIn(lines, sought), [lines, sought]);
  const locate = useCallback(
    (time: number): Position => {
      const word = lastBefore(wordStarts, time);
      const spoken = word >= 0 && time <= (transcript.words[word]?.end ?? 0) + PAUSE;
      return { word, line: lastBefore(lineStarts, time + 0.001), lit: spoken ? word : -1 };
    },
    [transcript],
  );
  const { word, line, lit } = usePosition(player, locate);
  useEffect(() => {
    if (follows && line >= 0 && player.current && !player.current.paused) list.scrollToIndex(line, { align: "center" });
  }, [line]);

  const playFrom = (seconds: number) => {
    const element = player.current;
    if (!element) return;
    element.currentTime = seconds;
    void element.play().catch(() => setBroken(true));
  };
  const show = (number: number) => {
    if (matches.length === 0) return;
    const wrapped = (number + matches.length) % matches.length;
    setMatch(wrapped);
    list.scrollToIndex(matches[wrapped] as number, { align: "center" });
  };
  const keys = (event: KeyboardEvent) => {
    const element = player.current;
    if (!element || event.target !== event.currentTarget) return;
    const jump = (seconds: number | undefined, at: number) => {
      if (seconds === undefined) return;
      element.currentTime = seconds + 0.001;
      list.scrollToIndex(at, { align: "auto" });
    };
    const lineAt = (number: number) => jump(lines[number]?.segment.start, number);
    const wordAt = (number: number) => {
      const start = transcript.words[number]?.start;
      jump(start, lastBefore(lineStarts, (start ?? 0) + 0.001));
    };
    const actions: Record<string, () => void> = {
      ArrowRight: () => wordAt(word + 1),
      ArrowLeft: () => wordAt(Math.max(0, word - 1)),
      ArrowDown: () => lineAt(line + 1),
      ArrowUp: () => lineAt(Math.max(0, line - 1)),
      Enter: () => playFrom(element.currentTime),
      " ": () => void (element.paused ? element.play().catch(() => setBroken(true)) : element.pause()),
    };
    const action = actions[event.key];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  };

  return (
    <div class="reader">
      <div class="controls">
        <audio ref={player} controls preload="metadata" src={audio} aria-label={t.transcript.player} onError={() => setBroken(true)} />
        {broken && <p class="failure">{t.transcript.unplayable}</p>}
        <Search
          sought={sought}
          seek={(text) => {
            setSought(text);
            setMatch(0);
            const [first] = matchesIn(lines, text);
            if (first !== undefined) list.scrollToIndex(first, { align: "center" });
          }}
          at={match + 1}
          count={matches.length}
          next={() => show(match + 1)}
          previous={() => show(match - 1)}
        />
        <label class="follow">
          <input type="checkbox" checked={follows} onChange={(event) => setFollows(event.currentTarget.checked)} />
          {t.transcript.follow}
        </label>
        <p class="help" id="keys">
          {t.transcript.keys}
        </p>
      </div>
      <div
        ref={scroller}
        class="segments"
        tabIndex={0}
        role="group"
        aria-label={t.transcript.segments}
        aria-describedby="keys"
        dir="auto"
        onKeyDown={keys}
        onClick={(event) => {
          const start = (event.target as HTMLElement).dataset.start;
          if (start !== undefined) playFrom(Number(start));
        }}
      >
        <div class="all" style={{ height: `${list.getTotalSize()}px` }}>
          {list.getVirtualItems().map((item) => (
            <div
              key={item.key}
              data-index={item.index}
              ref={(element) => list.measureElement(element)}
              class="segment"
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <LineText
                line={lines[item.index] as Line}
                transcript={transcript}
                lit={lit}
                spoken={item.index === line}
                passing={list.isScrolling && item.index !== line}
                sought={sought}
                found={matches[match] === item.index}
              />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

interface LineTextProps {
  line: Line;
  transcript: Transcript;
  lit: number;
  spoken: boolean;
  /** It is being scrolled past: its words needn't be told apart yet, which takes most of the time of drawing it. */
  passing: boolean;
  sought: string;
  found: boolean;
}

function LineText({ line, transcript, lit, spoken, passing, sought, found }: LineTextProps) {
  const { segment, first, end } = line;
  const needle = sought.trim().toLowerCase();
  const words = transcript.words.slice(first, end);
  return (
    <p class={[spoken && "spoken", found && "found"].filter(Boolean).join(" ")}>
      <button type="button" class="time" tabIndex={-1} data-start={segment.start} aria-label={t.transcript.playFrom(clock(segment.start))}>
        {clock(segment.start)}
      </button>
      <span>
        {segment.speaker && <b class="speaker">{segment.speaker} </b>}
        {words.length === 0 ? (
          <span data-start={segment.start}>{segment.text}</span>
        ) : passing ? (
          words.map((word) => word.word).join(" ")
        ) : (
          words.map((word, number) => (
            <>
              <span
                data-start={word.start}
                class={[
                  first + number === lit && "lit",
                  needle !== "" && word.word.toLowerCase().includes(needle) && "match",
                ]
                  .filter(Boolean)
                  .join(" ") || undefined}
              >
                {word.word}
              </span>{" "}
            </>
          ))
        )}
      </span>
    </p>
  );
}

interface Position {
  /** The last word that has begun; the last line; the word that is being spoken. -1: none. */
  word: number;
  line: number;
  lit: number;
}

/** Where the recording is: looked at with every frame while it plays, told when it is somewhere else. */
function usePosition(player: { current: HTMLAudioElement | null }, locate: (time: number) => Position): Position {
  const [position, setPosition] = useState(() => locate(0));
  useEffect(() => {
    const element = player.current;
    if (!element) return;
    let frame = 0;
    const tell = () => {
      const now = locate(element.currentTime);
      setPosition((then) => (then.word === now.word && then.line === now.line && then.lit === now.lit ? then : now));
    };
    const run = () => {
      tell();
      if (!element.paused) frame = requestAnimationFrame(run);
    };
    const events = ["pause", "seeked", "timeupdate"] as const;
    element.addEventListener("play", run);
    for (const event of events) element.addEventListener(event, tell);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener("play", run);
      for (const event of events) element.removeEventListener(event, tell);
    };
  }, [locate]);
  return position;
}
