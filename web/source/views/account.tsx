// The account: what is left, the own key, tokens for programs, webhooks, and the user's data.
import { useState } from "preact/hooks";
import { get, send } from "../api";
import { moment } from "../format";
import { leave } from "../draft";
import { session } from "../session";
import { t } from "../strings";
import { CopyButton, Failure, Title, confirmed, saveFrom, useAction, useLoaded } from "../ui";
import { Webhooks } from "./webhooks";

interface Profile {
  tier: string;
  credits_remaining: number;
  weekly_credits_max: number;
  credits_reset_at: string;
  api_key_status: string;
}

interface Key {
  status: string;
  last_four: string | null;
  validated_at: string | null;
}

interface Token {
  id: string;
  name: string;
  last_four: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export function Account() {
  const profile = useLoaded((signal) => get<Profile>("v1/profile", signal), null);
  const machine = session.value?.kind === "machine";
  return (
    <div class="account">
      <Title text={t.account.title} />
      <section>
        <h2>{t.account.usage}</h2>
        <Failure error={profile.error} />
        {profile.value && <Credits profile={profile.value} />}
      </section>
      {machine ? (
        <p>{t.account.machine}</p>
      ) : (
        <>
          <OwnKey changed={profile.reload} />
          <Tokens />
        </>
      )}
      <Webhooks owner={!machine} />
      {!machine && <Data />}
    </div>
  );
}

function Credits({ profile }: { profile: Profile }) {
  const counted = profile.tier === "credits";
  return (
    <>
      <p>
        {t.account.tier}: {t.tiers[profile.tier] ?? profile.tier}
      </p>
      {counted ? (
        <p>
          {t.account.credits(profile.credits_remaining, profile.weekly_credits_max)},{" "}
          {t.account.resets(moment(profile.credits_reset_at))}
        </p>
      ) : (
        <p>{t.account.noCredits}</p>
      )}
    </>
  );
}

function OwnKey({ changed }: { changed: () => void }) {
  const key = useLoaded((signal) => get<Key>("v1/api-key", signal), null);
  const { busy, error, act } = useAction();
  const put = async (event: Event & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const form = event.currentTarget;
    const api_key = String(new FormData(form).get("api_key")).trim();
    const done = await act(async () => key.setValue(await send<Key>("PUT", "v1/api-key", { api_key })));
    if (done) form.reset();
    changed();
  };
  const remove = async () => {
    await act(() => send("DELETE", "v1/api-key"));
    key.reload();
    changed();
  };
  return (
    <section>
      <h2>{t.account.key}</h2>
      <p class="help">{t.account.keyHelp}</p>
      <Failure error={key.error ?? error} />
      {key.value && (
        <p>
          {t.account.keyState[key.value.status]} {key.value.last_four && t.account.keyEnds(key.value.last_four)}
        </p>
      )}
      <form class="inline" onSubmit={(event) => void put(event)}>
        <label for="api-key">{t.account.newKey}</label>
        <input id="api-key" name="api_key" type="password" autocomplete="off" required minLength={8} maxLength={512} />
        <button disabled={busy}>{t.account.saveKey}</button>
      </form>
      {key.value?.last_four && (
        <button type="button" class="danger" disabled={busy} onClick={() => void remove()}>
          {t.account.removeKey}
        </button>
      )}
    </section>
  );
}

function Tokens() {
  const tokens = useLoaded((signal) => get<{ items: Token[] }>("v1/tokens", signal), null);
  const [made, setMade] = useState<string | null>(null);
  const { busy, error, act } = useAction();
  const make = async (event: Event & { currentTarget: HTMLFormElement }) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    const day = String(fields.get("expires"));
    const expires_at = day ? new Date(`${day}T23:59`).toISOString() : null;
    const done = await act(async () => {
      setMade((await send<{ token: string }>("POST", "v1/tokens", { name: String(fields.get("name")), expires_at })).token);
    });
    if (done) form.reset();
    tokens.reload();
  };
  const revoke = async (token: Token) => {
    if (!(await confirmed(t.account.revokeAsk(token.name)))) return;
    await act(() => send("DELETE", `v1/tokens/${token.id}`));
    tokens.reload();
  };
  return (
    <section>
      <h2>{t.account.tokens}</h2>
      <p class="help">{t.account.tokensHelp}</p>
      <Failure error={tokens.error ?? error} />
      {made && (
        <div class="secret" role="status">
          <p>{t.account.once}</p>
          <code>{made}</code> <CopyButton text={made} />
        </div>
      )}
      <ul class="list">
        {tokens.value?.items.map((token) => (
          <li key={token.id}>
            <span>
              {token.name} <code>…{token.last_four}</code>
            </span>
            <span class="facts">
              {token.last_used_at ? t.account.lastUsed(moment(token.last_used_at)) : t.account.neverUsed},{" "}
              {token.expires_at ? t.account.until(moment(token.expires_at)) : t.account.never}
            </span>
            <button type="button" class="small danger" aria-label={t.account.revoke(token.name)} onClick={() => void revoke(token)}>
              ×
            </button>
          </li>
        ))}
      </ul>
      <form class="inline" onSubmit={(event) => void make(event)}>
        <label for="token-name">{t.account.tokenName}</label>
        <input id="token-name" name="name" required maxLength={100} />
        <label for="token-expires">{t.account.tokenExpires}</label>
        <input id="token-expires" name="expires" type="date" />
        <button disabled={busy}>{t.account.makeToken}</button>
      </form>
    </section>
  );
}

function Data() {
  const { busy, error, act } = useAction();
  const [word, setWord] = useState("");
  const [asking, setAsking] = useState(false);
  const remove = () =>
    act(async () => {
      await send("DELETE", "v1/account");
      await leave();
    });
  return (
    <section>
      <h2>{t.account.data}</h2>
      <Failure error={error} />
      <div class="buttons">
        <button type="button" disabled={busy} onClick={() => void act(() => saveFrom("v1/account/export", "application/json", "smelt-account.json"))}>
          {t.account.export}
        </button>
        <button type="button" class="danger" aria-expanded={asking} onClick={() => setAsking(!asking)}>
          {t.account.delete}
        </button>
      </div>
      {asking && (
        <form
          class="inline"
          onSubmit={(event) => {
            event.preventDefault();
            void remove();
          }}
        >
          <p>{t.account.deleteAsk}</p>
          <label for="sure">{t.account.deleteType}</label>
          <input id="sure" autocomplete="off" value={word} onInput={(event) => setWord(event.currentTarget.value)} />
          <button class="danger" disabled={busy || word !== "delete"}>
            {t.account.delete}
          </button>
        </form>
      )}
    </section>
  );
}
