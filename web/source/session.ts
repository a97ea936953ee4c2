// Who is signed in. The token itself is in a cookie that no script can read; this knows only whose it is.
import { computed, signal } from "@preact/signals";
import { Problem, get, onExpired, passesIn, said, send } from "./api";
import type { Session } from "./model";
import { t } from "./strings";

const NOBODY: Session = {
  kind: "none",
  email: null,
  smelt_id: null,
  expires_at: null,
  renewable: false,
  sign_in: { email: false, providers: [], authorize_url: null },
  smelt_fields: [],
};

/** null: not asked yet. */
export const session = signal<Session | null>(null);
export const notice = signal<string | null>(null);

/** Changes when somebody else is signed in, or nobody. */
export const identity = computed(() => `${session.value?.kind ?? ""} ${session.value?.email ?? ""}`);

export const isSignedIn = () => session.value?.kind === "user" || session.value?.kind === "machine";

/** Takes a ticket or tokens out of the address's fragment, which no browser sends, and the fragment out of history. */
export async function begin(): Promise<void> {
  const given = new URLSearchParams(location.hash.slice(1));
  const [ticket, token] = [given.get("ticket"), given.get("access_token")];
  const failure = given.get("error_description");
  if (ticket ?? token ?? failure) history.replaceState(null, "", `${location.pathname}${location.search}`);
  if (failure) notice.value = failure;
  try {
    if (ticket) session.value = await send<Session>("POST", "v1/session", { ticket });
    else if (token)
      session.value = await signInWith(token, given.get("refresh_token") ?? undefined);
  } catch (error) {
    notice.value = error instanceof Problem && error.code === "invalid_token" && ticket ? t.signIn.usedLink : said(error);
  }
  if (session.value === null || notice.value) await look();
  if (isSignedIn() && !failure) notice.value = null;
}

// A link that is opened in a tab where the page is already changes the fragment alone.
addEventListener("hashchange", () => {
  if (/^#(ticket|access_token|error)/.test(location.hash)) void begin();
});

/** Asks who is signed in, until there is an answer. */
export async function look(): Promise<void> {
  try {
    let found = await get<Session>("v1/session");
    if (notice.value === away) notice.value = null;
    if (found.kind === "none" && found.renewable && (await renew())) return;
    if (found.kind === "none" && found.renewable) found = { ...found, renewable: false };
    if (found.kind === "none" && isSignedIn()) notice.value = t.signIn.ended;
    session.value = found;
  } catch (error) {
    const seconds = passesIn(error);
    notice.value = said(error);
    if (seconds === null) session.value ??= NOBODY;
    else {
      away = notice.value;
      clearTimeout(again);
      again = setTimeout(() => void look(), 1000 * seconds);
    }
  }
}

/** What was told while the service was out of reach. */
let away: string | null = null;
let again: ReturnType<typeof setTimeout> | undefined;

/** Whether who was signed in still is: their cookie may have run out, or another tab have signed them out. */
export async function staysSignedIn(): Promise<boolean> {
  if (!isSignedIn()) return true;
  await look();
  return isSignedIn();
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && session.value) void look();
});

export async function signInWith(token: string, refresh_token?: string): Promise<Session> {
  session.value = await send<Session>("POST", "v1/session", refresh_token ? { token, refresh_token } : { token });
  notice.value = null;
  return session.value;
}

export async function signOut(): Promise<void> {
  await send("DELETE", "v1/session");
  session.value = nobody();
  notice.value = null;
  location.hash = "#/";
}

const nobody = (): Session => ({ ...(session.value ?? NOBODY), kind: "none", email: null, smelt_id: null, renewable: false });

/** One renewal at a time, over all tabs: the sign-in service takes a refresh token once. */
let renewing: Promise<boolean> | null = null;
function renew(): Promise<boolean> {
  renewing ??= renewOnce().finally(() => {
    renewing = null;
  });
  return renewing;
}

async function renewOnce(): Promise<boolean> {
  const ask = async () => {
    try {
      session.value = await send<Session>("PUT", "v1/session");
      return true;
    } catch {
      return false; // refused: the session has ended, which the caller tells
    }
  };
  return navigator.locks ? navigator.locks.request("smelt-session", ask) : ask();
}

onExpired(async () => {
  if (session.value?.renewable && (await renew())) return true;
  ending ??= end().finally(() => {
    ending = null;
  });
  return ending;
});

/** One at a time, and told at its end: who signs in again at once keeps the cookie that they get. */
let ending: Promise<boolean> | null = null;
async function end(): Promise<boolean> {
  const ended = session.value?.kind;
  if (!session.value || ended === "none") return false;
  try {
    await send("DELETE", "v1/session");
  } finally {
    if (ended !== "visitor") notice.value = t.signIn.ended;
    session.value = nobody();
  }
  return ended === "visitor"; // who goes on as one who hasn't sent anything
}
