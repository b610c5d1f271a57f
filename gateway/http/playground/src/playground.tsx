import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { GraphiQL } from "graphiql";
import { useEffect, useRef, useState } from "react";
import { CallerChooser } from "./caller-chooser";
import { Chooser } from "./chooser";
import { examples } from "./examples";
import { noSession, openSession, type Language, type Reception, type Session } from "./session";
import { TokenField } from "./token-field";
import type { TokenSource } from "./tokens";

const LANGUAGE_KEY = "playground:language";

const LANGUAGES: { tag: Language; name: string }[] = [
  { tag: "sv", name: "Svenska" },
  { tag: "en", name: "English" },
];

/** The whole page: the bar with the caller and the language, and GraphiQL below it. */
export function Playground({ development }: { development: boolean }) {
  const [session, setSession] = useState<Session>();
  const [reception, setReception] = useState<Reception>();
  const [language, setLanguage] = useState<Language>(sessionStorage.getItem(LANGUAGE_KEY) === "en" ? "en" : "sv");
  const [problem, setProblem] = useState<string>();
  const languageNow = useRef(language);
  const sessionNow = useRef<Session>(undefined);

  function speak(chosen: Language) {
    sessionStorage.setItem(LANGUAGE_KEY, chosen);
    languageNow.current = chosen;
    setLanguage(chosen);
  }

  function enter(tokens: TokenSource) {
    sessionNow.current?.close();
    const opened = openSession(tokens, () => languageNow.current, (told) => {
      if (sessionNow.current === opened) setReception(told);
    });
    sessionNow.current = opened;
    setReception(undefined);
    setSession(opened);
  }

  return (
    <>
      <header className="bar">
        <h1>Mina ärenden</h1>
        {development ? (
          <CallerChooser language={language} onChoose={enter} onProblem={setProblem} />
        ) : (
          <TokenField onEnter={enter} />
        )}
        <Chooser
          label="Language"
          options={LANGUAGES.map(({ name }) => name)}
          chosen={LANGUAGES.findIndex(({ tag }) => tag === language)}
          onChoose={(place) => speak(LANGUAGES[place]!.tag)}
        />
        <Notice problem={problem} waiting={!session} development={development} reception={reception} />
      </header>
      <main>
        <GraphiQL
          fetcher={session?.fetcher ?? noSession}
          // null keeps GraphiQL from asking for the schema while there is no token to ask with.
          schema={session ? undefined : null}
          defaultTabs={examples}
          defaultEditorToolsVisibility="variables"
          // Tabs and history may hold references to people's cases: they go with the browser tab.
          storage={sessionStorage}
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
          inputValueDeprecation
          schemaDescription
        >
          <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
          <ForgetResponses of={session} />
        </GraphiQL>
      </main>
    </>
  );
}

/** One line on the token: what is missing, that it works, or why it was refused. */
function Notice(props: { problem?: string; waiting: boolean; development: boolean; reception?: Reception }) {
  const { problem, waiting, development, reception } = props;
  const refused = problem ?? (reception?.accepted === false ? reception.reason : undefined);
  if (refused !== undefined) {
    return (
      <p className="notice refused" role="alert" title={refused}>
        {refused}
      </p>
    );
  }
  const state = reception ? "Token accepted" : waiting && !development ? "Paste an access token to begin" : "Getting a token…";
  return (
    <p className={reception ? "notice accepted" : "notice"} role="status">
      {state}
    </p>
  );
}

/** Empties every tab's response when the session changes: nothing of one caller is shown to the next. */
function ForgetResponses({ of: session }: { of: Session | undefined }) {
  const { stop, updateActiveTabValues } = useGraphiQLActions();
  const { tabs, responseEditor } = useGraphiQL(({ tabs, responseEditor }) => ({ tabs, responseEditor }));
  const before = useRef(session);

  useEffect(() => {
    if (before.current === session) return;
    before.current = session;
    stop();
    responseEditor?.setValue("");
    // GraphiQL has an action for the active tab only; the other tabs' answers are in these objects.
    for (const tab of tabs) tab.response = null;
    updateActiveTabValues({ response: null });
  }, [session, tabs, responseEditor, stop, updateActiveTabValues]);

  return null;
}
