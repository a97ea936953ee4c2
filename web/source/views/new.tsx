// A new smelt: what to send, what to make of it, and the sending.
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api";
import { add, choices, clear, failure, last, parts as draft, progress as sending, remove, stop, submit } from "../draft";
import { moment, size, span } from "../format";
import type { Usage } from "../model";
import { type Part, faultOf, faultOfAll, totalBytes, visible } from "../parts";
import { allPrompts } from "../prompts";
import { isSignedIn, session, staysSignedIn } from "../session";
import { t } from "../strings";
import { Bar, Failure, Name, Title, useLoaded } from "../ui";
import type { Progress } from "../upload";
import { Options, chosen } from "./options";

export function New() {
  const who = session.value?.kind;
  const usage = useLoaded(usageNow, who);
  const prompts = useLoaded(allPrompts, who);
  const form = useRef<HTMLFormElement>(null);
  const parts = draft.value;
  const progress = sending.value;
  useEffect(() => {
    if (failure.value !== null) usage.reload();
  }, [failure.value]);

  const limits = usage.value?.limits;
  const faults = new Map(limits ? parts.map((part) => [part.key, faultOf(part, limits)]) : []);
  const overall = usage.value ? faultOfAll(parts, usage.value) : null;
  const prompted = choices.value === null || choices.value.some(([name]) => name === "default_prompt_names" || name === "user_prompt_id");
  const textAlone = parts.some((part) => part.kind === "text") && !prompted;
  // Not before it is known what may be sent, and what is to be made of it.
  const ready = parts.length > 0 && usage.value !== null && !isSpent(usage.value) && prompts.value !== null;
  const faulty = overall !== null || [...faults.values()].some((fault) => fault !== null);
  const choose = () => {
    if (form.current) choices.value = chosen(new FormData(form.current));
  };

  return (
    <form
      ref={form}
      class="new"
      onSubmit={(event) => {
        event.preventDefault();
        if (!ready || faulty || textAlone) return;
        void submit(chosen(new FormData(event.currentTarget)).filter(([name]) => name !== "mode" || parts.length > 1));
      }}
    >
      <Title text={t.new.title} />
      <p class="lead">{t.new.intro}</p>
      {usage.value && <Allowance usage={usage.value} />}
      <Failure error={usage.error ?? prompts.error} />
      <fieldset class="inputs" disabled={progress !== null}>
        <Choose />
        {parts.length > 0 && (
          <>
            <p>
              {t.new.parts(parts.length, size(totalBytes(parts)))}{" "}
              <button type="button" onClick={clear}>
                {t.new.clear}
              </button>
            </p>
            <PartList
              parts={parts}
              faults={faults}
              progress={progress}
            />
          </>
        )}
        <LeftOut />
        {overall && (
          <p class="failure" role="alert">
            {overall}
          </p>
        )}
      </fieldset>
      {prompts.value && (
        <fieldset class="plain" disabled={progress !== null} onChange={choose}>
          <Options
            prompts={prompts.value}
            several={parts.length > 1}
            mayCombine={limits?.combine ?? false}
          />
        </fieldset>
      )}
      {textAlone && <p class="failure">{t.new.promptNeeded}</p>}
      <Failure error={failure.value} />
      {progress ? (
        <Sending progress={progress} />
      ) : (
        <button class="primary large" disabled={!ready || faulty || textAlone}>
          {t.new.send}
        </button>
      )}
    </form>
  );
}

/** Without a cookie, which may have run out, the service answers as it does a visitor. */
async function usageNow(signal: AbortSignal): Promise<Usage> {
  const usage = await get<Usage>("v1/usage", signal);
  if (usage.tier === "anonymous") await staysSignedIn();
  return usage;
}

/** No smelt is left, until the time that is told. */
const isSpent = ({ remaining, resets_at }: Usage) => remaining === 0 && (resets_at === null || Date.parse(resets_at) > Date.now());

function Allowance({ usage }: { usage: Usage }) {
  const when = usage.resets_at ? moment(usage.resets_at) : "";
  const { remaining } = usage;
  return (
    <p class="help">
      {remaining === null ? t.new.unlimited : remaining === 0 ? t.new.none(when) : t.new.remaining(remaining, when)}
      {!isSignedIn() && `. ${t.signIn.visitor}`}
    </p>
  );
}

/** What was left out of what was chosen last. */
function LeftOut() {
  if (last.value === null) return null;
  const { files, hidden, unreadable } = last.value;
  return (
    <>
      {files.length + hidden + unreadable === 0 && <p role="status">{t.new.nothing}</p>}
      {hidden > 0 && <p class="help">{t.new.skipped(hidden)}</p>}
      {unreadable > 0 && <p class="failure">{t.new.unreadable(unreadable)}</p>}
    </>
  );
}

function Choose() {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [pasting, setPasting] = useState(false);
  const take = (event: Event & { currentTarget: HTMLInputElement }) => {
    add(visible([...(event.currentTarget.files ?? [])]));
    event.currentTarget.value = "";
  };
  return (
    <div class="drop">
      <p>{t.new.drop}</p>
      <div class="buttons">
        <button type="button" class="primary" onClick={() => files.current?.click()}>
          {t.new.chooseFiles}
        </button>
        <button type="button" onClick={() => folder.current?.click()}>
          {t.new.chooseFolder}
        </button>
        <button type="button" onClick={() => setPasting(!pasting)} aria-expanded={pasting}>
          {t.new.paste}
        </button>
      </div>
      <input ref={files} class="unseen" type="file" multiple tabIndex={-1} aria-label={t.new.chooseFiles} onChange={take} />
      <input
        ref={folder}
        class="unseen"
        type="file"
        multiple
        tabIndex={-1}
        aria-label={t.new.chooseFolder}
        onChange={take}
        {...{ webkitdirectory: true }}
      />
      {pasting && (
        <Paste
          done={(file) => {
            setPasting(false);
            if (file) add({ files: [file], hidden: 0, unreadable: 0 });
          }}
        />
      )}
    </div>
  );
}

function Paste({ done }: { done: (file: File | null) => void }) {
  const [text, setText] = useState("");
  const [name, setName] = useState("pasted.txt");
  return (
    <div class="paste">
      <label for="paste-name">{t.new.pasteName}</label>
      <input id="paste-name" dir="auto" value={name} onInput={(event) => setName(event.currentTarget.value)} />
      <label for="paste-text">{t.new.pasteText}</label>
      <textarea id="paste-text" dir="auto" rows={6} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      <div class="buttons">
        <button
          type="button"
          disabled={text.trim() === ""}
          onClick={() => done(new File([text], /\.\w+$/.test(name) ? name : `${name || "pasted"}.txt`, { type: "text/plain" }))}
        >
          {t.new.pasteAdd}
        </button>
        <button type="button" onClick={() => done(null)}>
          {t.new.cancel}
        </button>
      </div>
    </div>
  );
}

interface PartListProps {
  parts: readonly Part[];
  faults: Map<number, string | null>;
  progress: Progress | null;
}

function PartList({ parts, faults, progress }: PartListProps) {
  let before = 0;
  return (
    <ul class="parts">
      {parts.map((part) => {
        const share = part.file.size === 0 ? 1 : ((progress?.sent ?? 0) - before) / part.file.size;
        before += part.file.size;
        const fault = faults.get(part.key);
        return (
          <li key={part.key} class={fault ? "faulty" : ""}>
            <span class="name"><Name>{part.file.name}</Name></span>
            <span class="facts">
              {size(part.file.size)}
              {part.duration !== null && `, ${span(part.duration)}`}
            </span>
            {progress ? (
              <Bar value={Math.min(1, Math.max(0, share))} label={`${t.new.sending} ${part.file.name}`} />
            ) : (
              <button type="button" class="small" onClick={(event) => removeRow(event.currentTarget, part.key)} aria-label={t.new.remove(part.file.name)}>
                ×
              </button>
            )}
            {fault && <span class="fault">{fault}</span>}
          </li>
        );
      })}
    </ul>
  );
}

/** Whoever uses the keyboard goes on from the part beside it, or from the beginning. */
function removeRow(button: HTMLElement, key: number) {
  const row = button.closest("li");
  const beside = row?.nextElementSibling ?? row?.previousElementSibling ?? document.querySelector(".drop");
  beside?.querySelector("button")?.focus();
  remove(key);
}

function Sending({ progress }: { progress: Progress }) {
  const { sent, total, speed, waits } = progress;
  const left = speed > 0 ? (total - sent) / speed : null;
  return (
    <div class="sending">
      <Bar value={total ? sent / total : 0} label={t.new.sending} />
      <p role="status">
        {waits ?? (sent >= total ? t.new.almost : left === null ? t.new.sending : t.new.speed(size(speed), span(left)))}
      </p>
      <button type="button" onClick={stop}>
        {t.new.stop}
      </button>
    </div>
  );
}
