// The user's webhooks: the secret that signs them, and the log of what was sent.
import { useState } from "preact/hooks";
import { get, send } from "../api";
import { moment } from "../format";
import { to } from "../route";
import { t } from "../strings";
import { CopyButton, Failure, confirmed, useAction, useLoaded } from "../ui";

interface Delivery {
  id: string;
  smelt_id: string;
  event: string;
  status: keyof typeof t.status & string;
  attempt: number;
  response_status: number | null;
  created_at: string;
}

interface Page {
  items: Delivery[];
  next_cursor: string | null;
}

const address = (cursor: string | null) =>
  `v1/webhook-deliveries?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;

export function Webhooks({ owner }: { owner: boolean }) {
  const page = useLoaded((signal) => get<Page>(address(null), signal), null);
  const [secret, setSecret] = useState<string | null>(null);
  const { busy, error, act } = useAction();
  const make = async () => {
    if (!(await confirmed(t.account.makeSecretAsk))) return;
    await act(async () => setSecret((await send<{ secret: string }>("POST", "v1/webhook-secret")).secret));
  };
  const more = () =>
    act(async () => {
      const next = await get<Page>(address(page.value?.next_cursor ?? null));
      page.setValue((before) => ({ ...next, items: [...(before?.items ?? []), ...next.items] }));
    });
  const replay = async (id: string) => {
    await act(() => send("POST", `v1/webhook-deliveries/${id}/replay`));
    page.reload();
  };
  return (
    <section>
      <h2>{t.account.webhooks}</h2>
      <p class="help">{t.account.webhooksHelp}</p>
      <Failure error={page.error ?? error} />
      {owner && (
        <button type="button" disabled={busy} onClick={() => void make()}>
          {t.account.makeSecret}
        </button>
      )}
      {secret && (
        <div class="secret" role="status">
          <p>{t.account.once}</p>
          <code>{secret}</code> <CopyButton text={secret} />
        </div>
      )}
      <h3>{t.account.deliveries}</h3>
      {page.value?.items.length === 0 && <p>{t.account.noDeliveries}</p>}
      <ul class="list">
        {page.value?.items.map((delivery) => (
          <li key={delivery.id}>
            <a href={to.smelt(delivery.smelt_id)}>{delivery.event}</a>
            <span class="facts">
              {moment(delivery.created_at)}, {String(t.status[delivery.status])}
              {delivery.response_status !== null && ` (${delivery.response_status})`}
            </span>
            <button
              type="button"
              class="small"
              disabled={busy}
              aria-label={`${t.account.replay}: ${delivery.event}, ${moment(delivery.created_at)}`}
              onClick={() => void replay(delivery.id)}
            >
              {t.account.replay}
            </button>
          </li>
        ))}
      </ul>
      {page.value?.next_cursor && (
        <button type="button" disabled={busy} onClick={() => void more()}>
          {t.history.more}
        </button>
      )}
    </section>
  );
}
