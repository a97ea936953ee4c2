// One result, as it reads: rendered, copied, or saved.
import { useEffect, useRef } from "preact/hooks";
import { text } from "../api";
import { follow } from "../follow";
import { fileName } from "../format";
import { defaultPrompts } from "../prompts";
import { to } from "../route";
import { t } from "../strings";
import { CopyButton, Failure, Name, Title, save, useLoaded } from "../ui";
import { nameOf } from "./smelt";

export function Output({ id, output }: { id: string; output: string }) {
  const smelt = follow(id).smelt.value;
  const prompts = useLoaded(defaultPrompts, null);
  const markdown = useLoaded(() => text(`v1/smelts/${id}/outputs/${output}`, "text/markdown"), output);
  const found = smelt?.outputs.find((each) => each.id === output);
  const file = smelt?.files.find((each) => each.id === found?.file_id);
  const name = found ? nameOf(found, prompts.value ?? []) : "";
  const title = file ? `${name}: ${file.filename}` : name || t.loading;
  return (
    <article>
      <p>
        <a href={to.smelt(id)}>← {t.read.back}</a>
      </p>
      <Title text={title} key={title}>
        {file && (
          <>
            {name}: <Name>{file.filename}</Name>
          </>
        )}
      </Title>
      <Failure error={markdown.error} />
      {markdown.value !== null && (
        <>
          <div class="buttons">
            <CopyButton text={markdown.value} />
            <button type="button" onClick={() => save(markdown.value ?? "", `${fileName(title)}.md`)}>
              {t.read.download}
            </button>
          </div>
          <Rendered markdown={markdown.value} />
        </>
      )}
    </article>
  );
}

/** The renderer is fetched when it is first needed. */
export function Rendered({ markdown }: { markdown: string }) {
  const place = useRef<HTMLDivElement>(null);
  const renderer = useLoaded(() => import("../markdown"), null);
  useEffect(() => {
    if (renderer.value) place.current?.replaceChildren(renderer.value.rendered(markdown));
  }, [markdown, renderer.value]);
  return (
    <>
      <Failure error={renderer.error} />
      <div ref={place} class="markdown" dir="auto" />
    </>
  );
}
