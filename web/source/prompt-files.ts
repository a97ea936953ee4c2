// Prompts as Markdown files: one by itself, or a whole library in one, with a mark before each prompt.
import { Problem, ask, send } from "./api";
import type { Prompt, Section } from "./model";
import { type Prompts, bySection } from "./prompts";

const MARK = /^<!-- prompt(?:, section: (.*))? -->$/m;

/** Its title is the first heading, as it is when it is brought in. */
export const asMarkdown = (prompt: Prompt) =>
  prompt.body.startsWith(`# ${prompt.title}\n`) ? prompt.body : `# ${prompt.title}\n\n${prompt.body}\n`;

export const allAsMarkdown = (found: Prompts) =>
  bySection(found)
    .flatMap(([section, inside]) =>
      inside.map((prompt) => `<!-- prompt${section ? `, section: ${section.title}` : ""} -->\n\n${asMarkdown(prompt)}`),
    )
    .join("\n\n");

/** Makes the file's prompts, in the sections that it names: those that aren't there yet are made. Throws a Problem. */
export async function bringIn(file: File, sections: Section[]): Promise<void> {
  const [before, ...marked] = (await file.text()).split(MARK);
  if (marked.length === 0) return upload(file, file.name, null);
  if (before?.trim()) await upload(new Blob([before]), file.name, null);
  for (let at = 0; at < marked.length; at += 2) {
    const text = `${(marked[at + 1] ?? "").trim()}\n`;
    await upload(new Blob([text]), file.name, await sectionOf(marked[at], sections));
  }
}

async function sectionOf(title: string | undefined, sections: Section[]): Promise<string | null> {
  if (title === undefined) return null;
  let found = sections.find((section) => section.title === title);
  if (!found) {
    found = await send<Section>("POST", "v1/prompt-sections", { title });
    sections.push(found);
  }
  return found.id;
}

async function upload(content: Blob, name: string, section: string | null): Promise<void> {
  const body = new FormData();
  body.append("file", content, name);
  if (section) body.append("section_id", section);
  try {
    await ask("v1/prompts/upload", { method: "POST", body });
  } catch (error) {
    throw error instanceof Problem ? error.of(name) : error;
  }
}
