// One smelt: how far each of its parts is, what may be done with it, and where its results are read.
import { send } from "../api";
import { fileName, moment, percent, size, span } from "../format";
import { type Followed, follow } from "../follow";
import { ENDED, type DefaultPrompt, type Segment, type Smelt, type SmeltFile, type SmeltOutput } from "../model";
import { defaultPrompts } from "../prompts";
import { go, to } from "../route";
import { isSignedIn, signOut } from "../session";
import { t } from "../strings";
import { Bar, Countdown, Failure, Name, Title, confirmed, saveFrom, useAction, useLoaded, useNow } from "../ui";
import { useState } from "preact/hooks";

const HEARD_LINES = 3; // shown of a recording that is being heard

export function SmeltView({ id }: { id: string }) {
  const followed = follow(id);
  const smelt = followed.smelt.value;
  const prompts = useLoaded(defaultPrompts, null);
  if (followed.problem.value) return <Missing text={followed.problem.value} />;
  if (smelt === null) return <p role="status">{followed.lost.value ? t.smelt.lost : t.loading}</p>;
  return (
    <>
      <Title text={titleOf(smelt)}>
        <Name>{smelt.files[0]?.filename}</Name> {smelt.files.length > 1 && t.smelt.more(smelt.files.length - 1)}
      </Title>
      <Head smelt={smelt} followed={followed} />
      <Files smelt={smelt} followed={followed} prompts={prompts.value ?? []} />
    </>
  );
}

function Missing({ text }: { text: string }) {
  return (
    <>
      <Title text={t.smelt.untitled} />
      <p class="failure">{text}</p>
    </>
  );
}

export function titleOf(smelt: Smelt): string {
  const [first] = smelt.files;
  if (!first) return t.smelt.untitled;
  return smelt.files.length === 1 ? first.filename : `${first.filename} ${t.smelt.more(smelt.files.length - 1)}`;
}

function Head({ smelt, followed }: { smelt: Smelt; followed: Followed }) {
  const { busy, error, act } = useAction();
  const [receipt, setReceipt] = useState<string | null>(null);
  const ended = ENDED.includes(smelt.status);
  const alive = Date.parse(smelt.content_expires_at) > useNow(10_000) && receipt === null;
  const done = smelt.outputs.some((output) => output.status === "completed");
  const retryable = ended && alive && [...smelt.files, ...smelt.outputs].some((part) => part.status === "failed" || part.status === "canceled");
  const at = `v1/smelts/${smelt.id}`;
  const name = fileName(smelt.files[0]?.filename ?? "smelt");
  const changed = (call: string) => act(async () => followed.set(await send<Smelt>("POST", `${at}/${call}`)));
  const deleteNow = async () => {
    if (!(await confirmed(t.smelt.deleteAsk))) return;
    await act(async () => {
      const given = await send<{ objects_deleted: number; key_destroyed_at: string }>("DELETE", `${at}/content`);
      setReceipt(t.smelt.receipt(given.objects_deleted, moment(given.key_destroyed_at)));
      await followed.read();
    });
  };
  const forgetIt = async () => {
    if (!(await confirmed(t.smelt.deleteSmeltAsk))) return;
    if (!(await act(() => send("DELETE", at)))) return;
    if (isSignedIn()) go(to.history());
    else await act(signOut); // a visitor's session is for that smelt alone
  };
  return (
    <section class="head">
      <p class="state">
        <State status={smelt.status} text={t.status[smelt.status]} /> {percent(smelt.progress)}
        {", "}
        {moment(smelt.created_at)}
        {ended && (
          <>
            {", "}
            {receipt === null ? <Countdown until={smelt.content_expires_at} /> : t.smelt.expired}
          </>
        )}
      </p>
      {!ended && <Bar value={smelt.progress} label={t.smelt.progress} />}
      {followed.lost.value && <p role="status">{t.smelt.lost}</p>}
      {smelt.error_message && <p class="failure">{smelt.error_message}</p>}
      {smelt.warnings.map((warning) => (
        <p class="help">{warning}</p>
      ))}
      {receipt && (
        <p class="receipt" role="status">
          {receipt}
        </p>
      )}
      <Failure error={error} />
      <div class="buttons">
        {!ended && (
          <button type="button" disabled={busy} onClick={() => void changed("cancel")}>
            {t.smelt.cancel}
          </button>
        )}
        {retryable && (
          <button type="button" class="primary" disabled={busy} title={t.smelt.retryHelp} onClick={() => void changed("retry")}>
            {t.smelt.retry}
          </button>
        )}
        {done && alive && (
          <>
            <button type="button" disabled={busy} onClick={() => void act(() => saveFrom(`${at}/outputs`, "application/zip", `${name}.zip`))}>
              {t.smelt.downloadAll}
            </button>
            <button type="button" disabled={busy} onClick={() => void act(() => saveFrom(`${at}/outputs`, "text/markdown", `${name}.md`))}>
              {t.smelt.downloadDocument}
            </button>
          </>
        )}
        {alive && (
          <button type="button" class="danger" disabled={busy} onClick={() => void deleteNow()}>
            {t.smelt.deleteContent}
          </button>
        )}
        {ended && (
          <button type="button" class="danger" disabled={busy} onClick={() => void forgetIt()}>
            {t.smelt.deleteSmelt}
          </button>
        )}
      </div>
      {!isSignedIn() && <p class="help">{t.smelt.visitor}</p>}
    </section>
  );
}

function Files({ smelt, followed, prompts }: { smelt: Smelt; followed: Followed; prompts: DefaultPrompt[] }) {
  const together = smelt.outputs.filter((output) => output.file_id === null);
  const alive = Date.parse(smelt.content_expires_at) > useNow(10_000);
  return (
    <ul class="rows">
      {smelt.files.map((file) => (
        <li key={file.id}>
          <FileRow smelt={smelt} file={file} alive={alive} followed={followed} heard={followed.heard.value.get(file.id) ?? []} />
          <Outputs smelt={smelt} outputs={smelt.outputs.filter((output) => output.file_id === file.id)} of={file.filename} alive={alive} followed={followed} prompts={prompts} />
        </li>
      ))}
      {together.length > 0 && (
        <li>
          <h2>{t.smelt.together}</h2>
          <Outputs smelt={smelt} outputs={together} of={t.smelt.together} alive={alive} followed={followed} prompts={prompts} />
        </li>
      )}
    </ul>
  );
}

/** Cancels or retries one part: whichever it can be. `name`: as it is read out. `call`: its address. */
function PartButton({ part, name, call, ready, followed }: { part: SmeltFile | SmeltOutput; name: string; call: string; ready: boolean; followed: Followed }) {
  const { busy, error, act } = useAction();
  const changed = (what: string) => act(async () => followed.set(await send<Smelt>("POST", `${call}/${what}`)));
  const again = part.status === "failed" || part.status === "canceled";
  return (
    <>
      {!ENDED.includes(part.status) && (
        <button type="button" class="small" disabled={busy} aria-label={t.smelt.cancelPart(name)} onClick={() => void changed("cancel")}>
          {t.smelt.cancel}
        </button>
      )}
      {again && ready && (
        <button type="button" class="small" disabled={busy} aria-label={t.smelt.retryPart(name)} onClick={() => void changed("retry")}>
          {t.smelt.retry}
        </button>
      )}
      <Failure error={error} />
    </>
  );
}

/** Whether what an output is made of is there, or comes. */
function hasInput(smelt: Smelt, output: SmeltOutput): boolean {
  if (output.file_id === null) {
    return smelt.files.some((file) => file.status !== "canceled") && smelt.files.every((file) => file.status !== "failed");
  }
  const file = smelt.files.find((each) => each.id === output.file_id);
  return file?.status !== "failed" && file?.status !== "canceled";
}

function FileRow({ smelt, file, alive, followed, heard }: { smelt: Smelt; file: SmeltFile; alive: boolean; followed: Followed; heard: readonly Segment[] }) {
  const audio = file.input_type === "audio";
  return (
    <div class="row">
      <h2>
        <Name>{file.filename}</Name>
      </h2>
      <p class="facts">
        {file.duration_seconds === null ? size(file.size_bytes) : span(file.duration_seconds)}
        {file.language && `, ${file.language}`}
      </p>
      <p class="state">
        <State status={file.status} text={stateOf(file, audio ? t.status.hearing : t.status.reading)} />
      </p>
      {audio && alive && file.status === "completed" && (
        <a class="button" href={to.transcript(smelt.id, file.id)}>
          {t.smelt.listen}
        </a>
      )}
      <PartButton part={file} name={file.filename} call={`v1/smelts/${smelt.id}/files/${file.id}`} ready={alive} followed={followed} />
      {file.status === "processing" && <Bar value={file.progress} label={`${t.smelt.progress} ${file.filename}`} />}
      {file.error_message && <p class="failure">{file.error_message}</p>}
      {file.status === "processing" && heard.length > 0 && (
        <p class="heard" dir="auto" aria-live="off">
          {heard.slice(-HEARD_LINES).filter(Boolean).map((segment) => (
            <span key={segment.start}>{segment.text} </span>
          ))}
        </p>
      )}
      {file.warnings.length > 0 && (
        <details>
          <summary>{t.smelt.warnings}</summary>
          <ul>
            {file.warnings.map((warning) => (
              <li>{warning}</li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

interface OutputsProps {
  smelt: Smelt;
  outputs: SmeltOutput[];
  /** What they are made of, by name. */
  of: string;
  alive: boolean;
  followed: Followed;
  prompts: DefaultPrompt[];
}

function Outputs({ smelt, outputs, of, alive, followed, prompts }: OutputsProps) {
  return (
    <ul class="outputs">
      {outputs.map((output) => (
        <li key={output.id} class="output">
          {alive && output.status === "completed" ? (
            <a href={to.output(smelt.id, output.id)}>{nameOf(output, prompts)}</a>
          ) : (
            <span>{nameOf(output, prompts)}</span>
          )}
          <State status={output.status} text={stateOf(output, t.status.writing)} />
          {output.status === "processing" && <Bar value={output.progress} label={`${t.smelt.progress} ${nameOf(output, prompts)}`} />}
          {output.error_message && <p class="failure">{output.error_message}</p>}
          <PartButton
            part={output}
            name={`${nameOf(output, prompts)}, ${of}`}
            call={`v1/smelts/${smelt.id}/outputs/${output.id}`}
            ready={alive && hasInput(smelt, output)}
            followed={followed}
          />
        </li>
      ))}
    </ul>
  );
}

export function nameOf(output: SmeltOutput, prompts: DefaultPrompt[]): string {
  if (output.default_prompt_name === null) return t.new.ownPrompt;
  return prompts.find((prompt) => prompt.name === output.default_prompt_name)?.title ?? output.default_prompt_name;
}

function stateOf(part: SmeltFile | SmeltOutput, working: string): string {
  const waits = part.waiting_for ? t.status.waitsFor[part.waiting_for] : undefined;
  if (waits) return waits;
  if (part.status === "processing") return `${working}, ${percent(part.progress)}`;
  if ("queue_position" in part && part.queue_position) return t.status.place(part.queue_position);
  if (part.status === "waiting" && "file_id" in part) return t.status.needsFiles;
  return t.status[part.status];
}

function State({ status, text }: { status: string; text: string }) {
  return <span class={`badge ${status}`}>{text}</span>;
}
