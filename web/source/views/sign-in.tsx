// Signing in: by the sign-in service, or with a token.
import { useState } from "preact/hooks";
import { send } from "../api";
import { session, signInWith } from "../session";
import { t } from "../strings";
import { Failure, Title, useAction } from "../ui";

export function SignIn({ needed = false }: { needed?: boolean }) {
  const ways = session.value?.sign_in;
  const token = useAction();
  return (
    <section class="narrow">
      <Title text={t.signIn.title} />
      {needed && <p>{t.signIn.needed}</p>}
      {ways?.providers.map((provider) => (
        <p>
          <a class="button" href={authorizeUrl(ways.authorize_url ?? "", provider)}>
            {t.signIn.provider(provider)}
          </a>
        </p>
      ))}
      {ways?.email && <EmailLink />}
      {(ways?.email || (ways?.providers.length ?? 0) > 0) && <p class="or">{t.signIn.or}</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const field = new FormData(event.currentTarget).get("token");
          void token.act(() => signInWith(String(field).trim()));
        }}
      >
        <label for="token">{t.signIn.token}</label>
        <input
          id="token"
          name="token"
          type="password"
          required
          autocomplete="off"
          spellcheck={false}
          aria-describedby="token-help"
        />
        <p id="token-help" class="help">
          {t.signIn.tokenHelp}
        </p>
        <Failure error={token.error} />
        <button class="primary" disabled={token.busy}>
          {t.signIn.useToken}
        </button>
      </form>
    </section>
  );
}

function EmailLink() {
  const [sent, setSent] = useState(false);
  const link = useAction();
  if (sent) return <p role="status">{t.signIn.linkSent}</p>;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const email = String(new FormData(event.currentTarget).get("email"));
        void link.act(async () => {
          await send("POST", "v1/session/email", { email, back_to: pageUrl() });
          setSent(true);
        });
      }}
    >
      <label for="email">{t.signIn.email}</label>
      <input id="email" name="email" type="email" required autocomplete="email" />
      <Failure error={link.error} />
      <button class="primary" disabled={link.busy}>
        {t.signIn.sendLink}
      </button>
    </form>
  );
}

const pageUrl = () => `${location.origin}${location.pathname}`;

const authorizeUrl = (address: string, provider: string) =>
  `${address}?${new URLSearchParams({ provider, redirect_to: pageUrl() }).toString()}`;
