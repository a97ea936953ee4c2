// Who speaks in a recording: told apart by the service, named by the reader.
import { get, send } from "../api";
import { span } from "../format";
import type { SpeakerTime } from "../model";
import { t } from "../strings";
import { Failure, useAction, useLoaded } from "../ui";

export function Speakers({ at, changed }: { at: string; changed: () => void }) {
  const speakers = useLoaded((signal) => get<{ speakers: SpeakerTime[] }>(`${at}/speakers`, signal), at);
  const { busy, error, act } = useAction();
  const rename = async (event: Event & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const given = [...new FormData(event.currentTarget)].map(([label, name]) => [label, String(name).trim()]);
    const names = Object.fromEntries(given.filter(([, name]) => name !== ""));
    if (await act(() => send("PUT", `${at}/speakers`, names))) changed();
  };
  return (
    <details class="speakers">
      <summary>{t.transcript.speakers}</summary>
      <Failure error={speakers.error ?? error} />
      <form class="inline" onSubmit={(event) => void rename(event)}>
        {speakers.value?.speakers.map((speaker) => (
          <label key={speaker.label}>
            {t.transcript.speaker(speaker.label)} <span class="facts">{span(speaker.seconds)}</span>
            <input name={speaker.label} dir="auto" maxLength={100} defaultValue={speaker.name ?? ""} />
          </label>
        ))}
        <button disabled={busy}>{t.transcript.save}</button>
      </form>
    </details>
  );
}
