// What was sent: newest first, by state and time.
import { useState } from "preact/hooks";
import { get, send } from "../api";
import { moment, percent } from "../format";
import { ENDED, type ListedSmelt } from "../model";
import { to } from "../route";
import { t } from "../strings";
import { Countdown, Failure, Name, Title, announce, confirmed, useAction, useLoaded } from "../ui";

interface Page {
  items: ListedSmelt[];
  next_cursor: string | null;
}

const STATES = ["pending", "transcribing", "synthesizing", "completed", "failed", "canceled"] as const;

interface Filters {
  status: string;
  mode: string;
  from: string;
  until: string;
}
const ALL: Filters = { status: "", mode: "", from: "", until: "" };

function address(filters: Filters, cursor: string | null): string {
  const asked = new URLSearchParams({ limit: "25" });
  if (filters.status) asked.set("status", filters.status);
  if (filters.mode) asked.set("mode", filters.mode);
  if (filters.from) asked.set("created_after", new Date(`${filters.from}T00:00`).toISOString());
  if (filters.until) asked.set("created_before", new Date(`${filters.until}T23:59:59.999`).toISOString());
  if (cursor) asked.set("cursor", cursor);
  return `v1/smelts?${asked.toString()}`;
}

export function History() {
  const [filters, setFilters] = useState(ALL);
  const key = JSON.stringify(filters);
  const page = useLoaded((signal) => get<Page>(address(filters, null), signal), key);
  const { busy, error, act } = useAction();
  const filtered = key !== JSON.stringify(ALL);
  const more = () =>
    act(async () => {
      const next = await get<Page>(address(filters, page.value?.next_cursor ?? null));
      page.setValue((before) => ({ items: [...(before?.items ?? []), ...next.items], next_cursor: next.next_cursor }));
    });
  const update = (id: string, change: (smelt: ListedSmelt) => ListedSmelt | null) =>
    page.setValue((before) =>
      before && { ...before, items: before.items.flatMap((smelt) => (smelt.id === id ? (change(smelt) ?? []) : smelt)) },
    );
  return (
    <>
      <Title text={t.history.title} />
      <FilterForm filters={filters} setFilters={setFilters} filtered={filtered} />
      <Failure error={page.error ?? error} />
      {page.value === null && !page.error && <p role="status">{t.loading}</p>}
      {page.value?.items.length === 0 && <p>{filtered ? t.history.noneFound : t.history.none}</p>}
      <ul class="rows">
        {page.value?.items.map((smelt) => (
          <Row key={smelt.id} smelt={smelt} update={update} act={act} />
        ))}
      </ul>
      {page.value?.next_cursor && (
        <button type="button" disabled={busy} onClick={() => void more()}>
          {t.history.more}
        </button>
      )}
    </>
  );
}

interface FilterProps {
  filters: Filters;
  setFilters: (filters: Filters) => void;
  filtered: boolean;
}

function FilterForm({ filters, setFilters, filtered }: FilterProps) {
  const set = (name: keyof Filters) => (event: Event & { currentTarget: HTMLInputElement | HTMLSelectElement }) =>
    setFilters({ ...filters, [name]: event.currentTarget.value });
  return (
    <form class="filters" onSubmit={(event) => event.preventDefault()}>
      <label>
        {t.history.status}
        <select value={filters.status} onChange={set("status")}>
          <option value="">{t.history.any}</option>
          {STATES.map((state) => (
            <option value={state}>{t.status[state]}</option>
          ))}
        </select>
      </label>
      <label>
        {t.history.mode}
        <select value={filters.mode} onChange={set("mode")}>
          <option value="">{t.history.any}</option>
          <option value="separate">{t.new.separate}</option>
          <option value="combine">{t.new.combine}</option>
        </select>
      </label>
      <label>
        {t.history.from}
        <input type="date" value={filters.from} onChange={set("from")} />
      </label>
      <label>
        {t.history.until}
        <input type="date" value={filters.until} onChange={set("until")} />
      </label>
      {filtered && (
        <button type="button" onClick={() => setFilters(ALL)}>
          {t.history.clear}
        </button>
      )}
    </form>
  );
}

interface RowProps {
  smelt: ListedSmelt;
  update: (id: string, change: (smelt: ListedSmelt) => ListedSmelt | null) => void;
  act: (action: () => Promise<unknown>) => Promise<boolean>;
}

function Row({ smelt, update, act }: RowProps) {
  const [receipt, setReceipt] = useState<string | null>(null);
  const alive = Date.parse(smelt.content_expires_at) > Date.now() && receipt === null;
  const ended = ENDED.includes(smelt.status);
  const [first, ...others] = smelt.first_filenames;
  const remove = async () => {
    if (!(await confirmed(t.smelt.deleteAsk))) return;
    await act(async () => {
      const given = await send<{ objects_deleted: number; key_destroyed_at: string }>("DELETE", `v1/smelts/${smelt.id}/content`);
      const text = t.smelt.receipt(given.objects_deleted, moment(given.key_destroyed_at));
      setReceipt(text);
      announce(text);
      const now = await get<ListedSmelt>(`v1/smelts/${smelt.id}`);
      update(smelt.id, (before) => ({ ...before, ...now, first_filenames: before.first_filenames }));
    });
  };
  return (
    <li class="row">
      <h2>
        <a href={to.smelt(smelt.id)}><Name>{first ?? t.smelt.untitled}</Name></a>
      </h2>
      {others.length > 0 && (
        <p class="facts">
          {others.map((name, at) => (
            <>
              {at > 0 && ", "}
              <Name>{name}</Name>
            </>
          ))}
        </p>
      )}
      <p class="state">
        <span class={`badge ${smelt.status}`}>{t.status[smelt.status]}</span> {!ended && percent(smelt.progress)}{" "}
        <time dateTime={smelt.created_at}>{moment(smelt.created_at)}</time>
        {", "}
        {receipt === null ? ended && <Countdown until={smelt.content_expires_at} /> : t.smelt.expired}
      </p>
      {smelt.error_message && <p class="failure">{smelt.error_message}</p>}
      {receipt && <p class="receipt">{receipt}</p>}
      {alive && (
        <button type="button" class="danger" onClick={() => void remove()} aria-label={`${t.smelt.deleteContent}: ${first ?? ""}`}>
          {t.smelt.deleteContent}
        </button>
      )}
    </li>
  );
}
