// The frame around the views: who is signed in, where one may go, and what is being told.
import { useEffect, useState } from "preact/hooks";
import { said } from "./api";
import { accepted, failure, leave, progress } from "./draft";
import { unfollow } from "./follow";
import { percent } from "./format";
import { route, to } from "./route";
import { identity, isSignedIn, notice, session } from "./session";
import { t } from "./strings";
import { Name, Questions, announced } from "./ui";
import { Account } from "./views/account";
import { useDrop } from "./views/drop";
import { History } from "./views/history";
import { Library } from "./views/library";
import { New } from "./views/new";
import { Output } from "./views/output";
import { SignIn } from "./views/sign-in";
import { SmeltView } from "./views/smelt";
import { TranscriptView } from "./views/transcript";

export function App() {
  const [signing, setSigning] = useState(false);
  const here = route.value;
  const known = session.value;
  const signedIn = isSignedIn();
  const dropping = useDrop();
  useEffect(() => {
    if (!("id" in here)) unfollow();
    if ("id" in here && here.id === accepted.value?.id) accepted.value = null;
    setSigning(false);
  }, [here]);
  useEffect(() => {
    if (signedIn) setSigning(false);
  }, [signedIn]);
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        {t.skip}
      </a>
      <header>
        <a class="brand" href={to.new()}>
          {t.name}
        </a>
        <nav aria-label={t.nav.main}>
          <Link to={to.new()} here={here.at === "new"} text={t.nav.new} />
          {known?.kind === "visitor" && known.smelt_id && (
            <Link to={to.smelt(known.smelt_id)} here={"id" in here && here.id === known.smelt_id} text={t.nav.mine} />
          )}
          {signedIn && <Link to={to.history()} here={here.at === "history"} text={t.nav.history} />}
          {signedIn && <Link to={to.library()} here={here.at === "library"} text={t.nav.library} />}
          {signedIn && <Link to={to.account()} here={here.at === "account"} text={t.nav.account} />}
        </nav>
        <div class="who">
          {signedIn ? (
            <>
              <span class="email">{known?.email ?? t.signIn.machine}</span>
              <button type="button" onClick={() => void out()}>
                {t.signIn.out}
              </button>
            </>
          ) : (
            known && (
              <button type="button" onClick={() => setSigning(true)} aria-expanded={signing}>
                {t.signIn.in}
              </button>
            )
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {notice.value && (
          <p class="failure" role="alert">
            {notice.value}
          </p>
        )}
        {here.at !== "new" && <Sending />}
        {known === null ? <p role="status">{t.loading}</p> : signing ? <SignIn /> : <View key={JSON.stringify([here, identity.value])} />}
      </main>
      <footer>
        <a href="docs">{t.nav.api}</a>
      </footer>
      {dropping && <div class="dropping">{t.new.dropHere}</div>}
      <Questions />
      <div class="unseen" role="status" aria-live="polite">
        {announced.value}
      </div>
    </>
  );
}

async function out() {
  try {
    await leave();
  } catch (error) {
    notice.value = said(error);
  }
}

/** How far what is being sent is, for who looks elsewhere. */
function Sending() {
  const now = progress.value;
  const sent = accepted.value;
  return (
    <>
      {now && (
        <p class="help">
          <a href={to.new()}>
            {t.new.sending}, {percent(now.total ? now.sent / now.total : 0)}
          </a>
        </p>
      )}
      {failure.value !== null && (
        <p class="failure" role="alert">
          <a href={to.new()}>{t.new.notSent}</a> {said(failure.value)}
        </p>
      )}
      {sent && (
        <p class="receipt" role="status">
          {t.new.sent} <a href={to.smelt(sent.id)}><Name>{sent.name}</Name></a>
        </p>
      )}
    </>
  );
}

function View() {
  const here = route.value;
  switch (here.at) {
    case "new":
      return <New />;
    case "smelt":
      return <SmeltView id={here.id} />;
    case "output":
      return <Output id={here.id} output={here.output} />;
    case "transcript":
      return <TranscriptView id={here.id} file={here.file} />;
    default:
      if (!isSignedIn()) return <SignIn needed />;
      if (here.at === "history") return <History />;
      if (here.at === "library") return <Library />;
      return <Account />;
  }
}

function Link({ to: address, here, text }: { to: string; here: boolean; text: string }) {
  return (
    <a href={address} aria-current={here ? "page" : undefined}>
      {text}
    </a>
  );
}

/** Without the address's fragment, which says where the reader is. */
function skip(event: Event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}
