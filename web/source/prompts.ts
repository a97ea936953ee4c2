// The prompts that there are: the service's own, and the user's.
import { get } from "./api";
import type { DefaultPrompt, Prompt, Section } from "./model";
import { isSignedIn } from "./session";

export interface Prompts {
  defaults: DefaultPrompt[];
  own: Prompt[];
  sections: Section[];
}

let defaults: Promise<DefaultPrompt[]> | null = null;

/** Asked for once: they change with the service alone. */
export function defaultPrompts(): Promise<DefaultPrompt[]> {
  defaults ??= get<{ items: DefaultPrompt[] }>("v1/default-prompts").then(
    (reply) => reply.items,
    (error: unknown) => {
      defaults = null;
      throw error;
    },
  );
  return defaults;
}

export async function allPrompts(): Promise<Prompts> {
  const [found, own, sections] = await Promise.all([
    defaultPrompts(),
    isSignedIn() ? get<{ items: Prompt[] }>("v1/prompts").then((reply) => reply.items) : [],
    isSignedIn() ? get<{ items: Section[] }>("v1/prompt-sections").then((reply) => reply.items) : [],
  ]);
  return { defaults: found, own, sections };
}

/** The prompts by section, in the user's order; those without one first. */
export function bySection({ own, sections }: Pick<Prompts, "own" | "sections">): [Section | null, Prompt[]][] {
  const inside = (id: string | null) =>
    own.filter((prompt) => prompt.section_id === id).sort((a, b) => a.position - b.position);
  const sorted = [...sections].sort((a, b) => a.position - b.position);
  return [[null, inside(null)], ...sorted.map((section): [Section, Prompt[]] => [section, inside(section.id)])];
}
