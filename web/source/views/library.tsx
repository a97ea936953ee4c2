// The user's own prompts, in sections: edited, ordered by dragging or by buttons, brought in and taken out as Markdown.
import { useEffect, useRef, useState } from "preact/hooks";
import { send } from "../api";
import { fileName } from "../format";
import type { Prompt, Section } from "../model";
import { allAsMarkdown, asMarkdown, bringIn } from "../prompt-files";
import { allPrompts, bySection, type Prompts } from "../prompts";
import { t } from "../strings";
import { Failure, Name, Title, announce, confirmed, save, useAction, useLoaded } from "../ui";

const MOST = 4000; // characters of a prompt

type Edited = { prompt: Partial<Prompt> } | { section: Partial<Section> } | null;
type Dragged = { prompt: Prompt } | { section: Section } | null;

export function Library() {
  const library = useLoaded(allPrompts, null);
  const { busy, error, act } = useAction();
  const [edited, setEdited] = useState<Edited>(null);
  const upload = useRef<HTMLInputElement>(null);
  const change = async (action: () => Promise<unknown>) => {
    const done = await act(action);
    library.reload();
    return done;
  };
  const take = (files: FileList | null) =>
    change(async () => {
      const sections = [...(library.value?.sections ?? [])];
      for (const file of files ?? []) await bringIn(file, sections);
    });
  const found = library.value;
  return (
    <>
      <Title text={t.library.title} />
      <p class="lead">{t.library.intro}</p>
      <div class="buttons">
        <button type="button" class="primary" onClick={() => setEdited({ prompt: {} })}>
          {t.library.newPrompt}
        </button>
        <button type="button" onClick={() => setEdited({ section: {} })}>
          {t.library.newSection}
        </button>
        <button type="button" onClick={() => upload.current?.click()} disabled={busy}>
          {t.library.import}
        </button>
        <input
          ref={upload}
          class="unseen"
          type="file"
          accept=".md,.markdown"
          multiple
          tabIndex={-1}
          aria-label={t.library.import}
          onChange={(event) => {
            const field = event.currentTarget;
            void take(field.files).then(() => {
              field.value = "";
            });
          }}
        />
        {found && found.own.length > 0 && (
          <button type="button" onClick={() => save(allAsMarkdown(found), "prompts.md")}>
            {t.library.exportAll}
          </button>
        )}
      </div>
      <Failure error={library.error ?? error} />
      {edited && found && <Editor edited={edited} sections={found.sections} change={change} busy={busy} close={() => setEdited(null)} />}
      {found === null && !library.error && <p role="status">{t.loading}</p>}
      {found && found.own.length + found.sections.length === 0 && <p>{t.library.empty}</p>}
      {found && <Shelves found={found} change={change} edit={setEdited} />}
    </>
  );
}

interface ShelvesProps {
  found: Prompts;
  change: (action: () => Promise<unknown>) => Promise<boolean>;
  edit: (edited: Edited) => void;
}

function Shelves({ found, change, edit }: ShelvesProps) {
  const sections = found.sections.slice().sort((a, b) => a.position - b.position);
  const [dragged, setDragged] = useState<Dragged>(null);
  const shelves = useRef<HTMLDivElement>(null);
  const pressed = useRef<string | null>(null);
  // A button that is moved, or has come to an end, loses the focus.
  useEffect(() => {
    const buttons = [...(shelves.current?.querySelectorAll<HTMLButtonElement>("button[data-moves]:enabled") ?? [])];
    const at = buttons.filter((button) => button.dataset["moves"] === pressed.current?.split(" ")[0]);
    (at.find((button) => button.value === pressed.current?.split(" ")[1]) ?? at[0])?.focus();
    pressed.current = null;
  }, [found]);
  const place = (prompt: Prompt, ids: string[], at: number) =>
    change(async () => {
      const rest = ids.filter((id) => id !== prompt.id);
      rest.splice(at, 0, prompt.id);
      await send("PUT", "v1/prompts/order", { ids: rest });
      announce(t.library.moved(prompt.title, at + 1));
    });
  const placeSection = (section: Section, at: number) =>
    change(async () => {
      const rest = sections.map((each) => each.id).filter((id) => id !== section.id);
      rest.splice(at, 0, section.id);
      await send("PUT", "v1/prompt-sections/order", { ids: rest });
      announce(t.library.moved(section.title, at + 1));
    });
  const dropPrompt = (prompt: Prompt, section: Section | null, inside: Prompt[], at: number) => {
    const ids = inside.map((each) => each.id);
    if (prompt.section_id === (section?.id ?? null)) {
      void place(prompt, ids, ids.indexOf(prompt.id) < at ? at - 1 : at);
    } else {
      void change(async () => {
        await send("PATCH", `v1/prompts/${prompt.id}`, { section_id: section?.id ?? null });
        ids.splice(at, 0, prompt.id);
        await send("PUT", "v1/prompts/order", { ids });
      });
    }
  };
  /** A section takes the place of the one that it is dropped on. */
  const drop = (section: Section | null, inside: Prompt[], at: number) => {
    setDragged(null);
    if (!dragged) return;
    if ("prompt" in dragged) dropPrompt(dragged.prompt, section, inside, at);
    else if (dragged.section.id !== section?.id) {
      void placeSection(dragged.section, Math.max(0, sections.findIndex((each) => each.id === section?.id)));
    }
  };
  const drags = (what: NonNullable<Dragged>, title: string) => ({
    draggable: true,
    onDragStart: (event: DragEvent) => {
      event.dataTransfer?.setData("text/plain", title);
      setDragged(what);
    },
    onDragEnd: () => setDragged(null),
  });
  const isDragged = (id: string) =>
    dragged !== null && ("prompt" in dragged ? dragged.prompt : dragged.section).id === id ? " dragged" : "";
  const press = (event: Event) => {
    const button = (event.target as HTMLElement).closest<HTMLButtonElement>("button[data-moves]");
    if (button) pressed.current = `${button.dataset["moves"]} ${button.value}`;
  };
  return (
    <div ref={shelves} onClick={press}>
      {bySection(found).map(([section, inside]) => (
        <section
          key={section?.id ?? "none"}
          class={`shelf${isDragged(section?.id ?? "")}`}
          onDragOver={(event) => dragged && event.preventDefault()}
          onDrop={(event) => {
            event.preventDefault();
            drop(section, inside, inside.length);
          }}
        >
          {section === null && sections.length > 0 && <h2>{t.library.noSection}</h2>}
          {section && (
            <div class="shelf-head" {...drags({ section }, section.title)}>
              <Grip />
              <h2>
                <Name>{section.title}</Name>
              </h2>
              <Moves
                id={section.id}
                name={section.title}
                first={sections[0] === section}
                last={sections.at(-1) === section}
                move={(by) => void placeSection(section, sections.indexOf(section) + by)}
              />
              <button type="button" class="small" aria-label={t.library.edit(section.title)} onClick={() => edit({ section })}>
                ✎
              </button>
              <button
                type="button"
                class="small danger"
                aria-label={t.library.remove(section.title)}
                onClick={() => void removeAfterAsking(`v1/prompt-sections/${section.id}`, section.title, change)}
              >
                ×
              </button>
            </div>
          )}
          <ol class="prompts">
            {inside.map((prompt, at) => (
              <li
                key={prompt.id}
                class={isDragged(prompt.id)}
                {...drags({ prompt }, prompt.title)}
                onDragOver={(event) => dragged && event.preventDefault()}
                onDrop={(event) => {
                  event.preventDefault();
                  event.stopPropagation();
                  drop(section, inside, at);
                }}
              >
                <Grip />
                <button type="button" class="link" onClick={() => edit({ prompt })} aria-label={t.library.edit(prompt.title)}>
                  <Name>{prompt.title}</Name>
                </button>
                <Moves
                  id={prompt.id}
                  name={prompt.title}
                  first={at === 0}
                  last={at === inside.length - 1}
                  move={(by) => void place(prompt, inside.map((each) => each.id), at + by)}
                />
                <button type="button" class="small" onClick={() => save(asMarkdown(prompt), `${fileName(prompt.title)}.md`)}>
                  {t.library.export}
                </button>
                <button
                  type="button"
                  class="small danger"
                  aria-label={t.library.remove(prompt.title)}
                  onClick={() => void removeAfterAsking(`v1/prompts/${prompt.id}`, prompt.title, change)}
                >
                  ×
                </button>
              </li>
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

async function removeAfterAsking(path: string, name: string, change: ShelvesProps["change"]) {
  if (await confirmed(t.library.removeAsk(name))) await change(() => send("DELETE", path));
}

function Grip() {
  return (
    <span class="grip" aria-hidden="true">
      ⠿
    </span>
  );
}

interface MovesProps {
  id: string;
  name: string;
  first: boolean;
  last: boolean;
  move: (by: number) => void;
}

function Moves({ id, name, first, last, move }: MovesProps) {
  return (
    <>
      <button type="button" class="small" data-moves={id} value="up" disabled={first} aria-label={t.library.up(name)} onClick={() => move(-1)}>
        ↑
      </button>
      <button type="button" class="small" data-moves={id} value="down" disabled={last} aria-label={t.library.down(name)} onClick={() => move(1)}>
        ↓
      </button>
    </>
  );
}

interface EditorProps {
  edited: NonNullable<Edited>;
  sections: Section[];
  change: (action: () => Promise<unknown>) => Promise<boolean>;
  busy: boolean;
  close: () => void;
}

function Editor({ edited, sections, change, busy, close }: EditorProps) {
  const prompt = "prompt" in edited ? edited.prompt : null;
  const thing = "prompt" in edited ? edited.prompt : edited.section;
  const [body, setBody] = useState(prompt?.body ?? "");
  const submit = async (event: Event & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const title = String(form.get("title"));
    const json = prompt ? { title, body, section_id: String(form.get("section")) || null } : { title };
    const at = prompt ? "v1/prompts" : "v1/prompt-sections";
    const sent = thing.id ? () => send("PATCH", `${at}/${thing.id}`, withoutSame(json, prompt)) : () => send("POST", at, json);
    if (await change(sent)) close();
  };
  return (
    <form class="editor" onSubmit={(event) => void submit(event)} key={thing.id ?? "new"}>
      <label for="title">{t.library.promptTitle}</label>
      <input id="title" name="title" dir="auto" required maxLength={200} defaultValue={thing.title ?? ""} autofocus />
      {prompt && (
        <>
          <label for="body">{t.library.promptBody}</label>
          <textarea
            id="body"
            dir="auto"
            rows={8}
            required
            maxLength={MOST}
            value={body}
            aria-describedby="left"
            onInput={(event) => setBody(event.currentTarget.value)}
          />
          <p id="left" class="help">
            {t.library.left(MOST - [...body].length)}
          </p>
          <label for="section">{t.library.section}</label>
          <select id="section" name="section" defaultValue={prompt.section_id ?? ""}>
            <option value="">{t.library.noSection}</option>
            {sections.map((section) => (
              <option value={section.id} selected={section.id === prompt.section_id}>
                {section.title}
              </option>
            ))}
          </select>
        </>
      )}
      <div class="buttons">
        <button class="primary" disabled={busy}>
          {t.library.save}
        </button>
        <button type="button" onClick={close}>
          {t.library.cancel}
        </button>
      </div>
    </form>
  );
}

/** A prompt that stays in its section must not be moved to that section's end. */
function withoutSame(json: Record<string, unknown>, prompt: Partial<Prompt> | null): Record<string, unknown> {
  if (!prompt || json["section_id"] !== (prompt.section_id ?? null)) return json;
  const { section_id: _same, ...rest } = json;
  return rest;
}
