// Where the reader is: the part of the address behind the #, so that the service may stand below any path.
import { signal } from "@preact/signals";

export type Route =
  | { at: "new" }
  | { at: "history" }
  | { at: "library" }
  | { at: "account" }
  | { at: "smelt"; id: string }
  | { at: "output"; id: string; output: string }
  | { at: "transcript"; id: string; file: string };

function parsed(hash: string): Route {
  const [first, id, kind, part] = hash.replace(/^#\/?/, "").split("/");
  if (first === "smelts" && id) {
    if (kind === "outputs" && part) return { at: "output", id, output: part };
    if (kind === "files" && part) return { at: "transcript", id, file: part };
    return { at: "smelt", id };
  }
  if (first === "smelts") return { at: "history" };
  if (first === "library" || first === "account") return { at: first };
  return { at: "new" };
}

export const route = signal<Route>(parsed(location.hash));
addEventListener("hashchange", () => {
  route.value = parsed(location.hash);
});

export const to = {
  new: () => "#/",
  history: () => "#/smelts",
  library: () => "#/library",
  account: () => "#/account",
  smelt: (id: string) => `#/smelts/${id}`,
  output: (id: string, output: string) => `#/smelts/${id}/outputs/${output}`,
  transcript: (id: string, file: string) => `#/smelts/${id}/files/${file}`,
};

export const go = (hash: string) => {
  location.hash = hash;
};
