// What to make of the parts: prompts, mode, and hints for the recordings.
import { useState } from "preact/hooks";
import { type Choice, choices } from "../draft";
import type { Prompt } from "../model";
import { bySection, type Prompts } from "../prompts";
import { session } from "../session";
import { t } from "../strings";

const FIRST = "summarize"; // ticked already

const LANGUAGES =
  "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is it ja jv ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh".split(
    " ",
  );

const names = new Intl.DisplayNames("en", { type: "language" });
const languages = LANGUAGES.map((code) => [code, names.of(code) ?? code] as const).sort((a, b) => a[1].localeCompare(b[1]));

interface OptionsProps {
  prompts: Prompts;
  several: boolean;
  mayCombine: boolean;
}

/** What was chosen before the reader looked elsewhere. `otherwise`: where nothing has been touched. */
function useBefore() {
  const [before] = useState(() => choices.peek());
  const valueOf = (name: string) => before?.find((choice) => choice[0] === name)?.[1] ?? "";
  const has = (name: string, value: string, otherwise = false) =>
    before === null ? otherwise : before.some((choice) => choice[0] === name && choice[1] === value);
  return { has, valueOf };
}

export function Options({ prompts, several, mayCombine }: OptionsProps) {
  const { has, valueOf } = useBefore();
  const own = (prompt: Prompt) => (
    <option key={prompt.id} value={prompt.id} selected={has("user_prompt_id", prompt.id)}>
      {prompt.title}
    </option>
  );
  return (
    <>
      <fieldset>
        <legend>{t.new.prompts}</legend>
        <p class="help">{t.new.promptsHelp}</p>
        <div class="choices">
          {prompts.defaults.map((prompt) => (
            <label class="choice">
              <input type="checkbox" name="default_prompt_names" value={prompt.name} defaultChecked={has("default_prompt_names", prompt.name, prompt.name === FIRST)} />
              <span>
                <strong>{prompt.title}</strong>
                <small>{prompt.description}</small>
              </span>
            </label>
          ))}
        </div>
        {prompts.own.length > 0 && (
          <>
            <label for="own">{t.new.ownPrompt}</label>
            <select id="own" name="user_prompt_id">
              <option value="">{t.new.noOwnPrompt}</option>
              {bySection(prompts).map(([section, inside]) =>
                section === null ? inside.map(own) : <optgroup label={section.title}>{inside.map(own)}</optgroup>,
              )}
            </select>
          </>
        )}
      </fieldset>
      {several && mayCombine && (
        <fieldset>
          <legend>{t.new.mode}</legend>
          <div class="choices">
            {(["separate", "combine"] as const).map((each) => (
              <label class="choice">
                <input type="radio" name="mode" value={each} defaultChecked={has("mode", each, each === "separate")} />
                <span>
                  <strong>{t.new[each]}</strong>
                  <small>{each === "separate" ? t.new.separateHelp : t.new.combineHelp}</small>
                </span>
              </label>
            ))}
          </div>
        </fieldset>
      )}
      <details>
        <summary>{t.new.more}</summary>
        <label for="language">{t.new.language}</label>
        <select id="language" name="language">
          <option value="">{t.new.detect}</option>
          {languages.map(([code, name]) => (
            <option value={code} selected={has("language", code)}>
              {name}
            </option>
          ))}
        </select>
        <Hearing />
        <label for="vocabulary">{t.new.vocabulary}</label>
        <textarea id="vocabulary" name="vocabulary" dir="auto" rows={2} maxLength={2000} defaultValue={valueOf("vocabulary")} aria-describedby="vocabulary-help" />
        <p id="vocabulary-help" class="help">
          {t.new.vocabularyHelp}
        </p>
      </details>
    </>
  );
}

/** How recordings are heard, as far as this service can. Who speaks is told by voices or by channels, not by both. */
function Hearing() {
  const fields = session.value?.smelt_fields ?? [];
  const { has, valueOf } = useBefore();
  const [apart, setApart] = useState(has("speakers", "true"));
  const [channels, setChannels] = useState(has("channels", "separate"));
  return (
    <>
      {fields.includes("speakers") && (
        <label class="choice">
          <input type="checkbox" name="speakers" value="true" checked={apart} disabled={channels} onChange={(event) => setApart(event.currentTarget.checked)} />
          <span>
            <strong>{t.new.speakers}</strong>
            <small>{t.new.speakersHelp}</small>
          </span>
        </label>
      )}
      {apart && (
        <div class="pair">
          {(["min_speakers", "max_speakers"] as const).map((name) => (
            <label>
              {name === "min_speakers" ? t.new.fewest : t.new.most}
              <input type="number" name={name} min={1} max={20} defaultValue={valueOf(name)} />
            </label>
          ))}
        </div>
      )}
      {fields.includes("channels") && (
        <label class="choice">
          <input type="checkbox" name="channels" value="separate" checked={channels} disabled={apart} onChange={(event) => setChannels(event.currentTarget.checked)} />
          <span>
            <strong>{t.new.channels}</strong>
            <small>{t.new.channelsHelp}</small>
          </span>
        </label>
      )}
      {fields.includes("task") && (
        <label class="choice">
          <input type="checkbox" name="task" value="translate" defaultChecked={has("task", "translate")} />
          <strong>{t.new.translate}</strong>
        </label>
      )}
    </>
  );
}

const FIELDS =
  "default_prompt_names user_prompt_id mode language vocabulary speakers min_speakers max_speakers channels task".split(" ");

/** The fields to send: what isn't chosen isn't sent. */
export function chosen(form: FormData): Choice[] {
  return FIELDS.flatMap((name) =>
    form
      .getAll(name)
      .filter((value): value is string => typeof value === "string" && value.trim() !== "")
      .map((value): Choice => [name, value]),
  );
}
