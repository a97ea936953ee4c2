// Sizes, times and names as the reader's language writes them.
import { t } from "./strings";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

export function size(bytes: number): string {
  let at = 0;
  for (; bytes >= 1000 && at < UNITS.length - 1; at += 1) bytes /= 1000;
  const digits = at > 0 && bytes < 10 ? 1 : 0;
  return new Intl.NumberFormat("en", {
    style: "unit",
    unit: UNITS[at] ?? "byte",
    unitDisplay: at === 0 ? "long" : "short",
    maximumFractionDigits: digits,
  }).format(bytes);
}

/** Seconds as a clock: 1:02:03, or 2:03. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** Seconds in two units at most: 3 h 5 min. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const { second, minute, hour, day } = t.time;
  if (whole < 60) return `${whole} ${second}`;
  if (whole < 3600) return `${Math.floor(whole / 60)} ${minute}`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} ${hour} ${Math.floor(whole / 60) % 60} ${minute}`;
  return `${Math.floor(whole / 86400)} ${day} ${Math.floor(whole / 3600) % 24} ${hour}`;
}

export const moment = (time: string) =>
  new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

export const percent = (share: number) => `${Math.floor(share * 100)} %`;

/** A file's name without what no system takes. */
export const fileName = (name: string) => name.replace(/[^\p{L}\p{N} ._-]+/gu, "_").slice(0, 100) || "smelt";
