import { useEffect, useState } from "react";
import { Chooser } from "./chooser";
import { ask } from "./http";
import type { Language } from "./session";
import { developmentTokens, type Caller, type TokenSource } from "./tokens";

interface Consumer {
  id: string;
  name: Record<Language, string>;
}

interface Subject {
  id: string;
  name: string;
  actor?: { id: string; name: string };
}

interface Callers {
  consumers: Consumer[];
  subjects: Subject[];
}

/** What is chosen: a place in each list, so that no identity number is stored. */
interface Choice {
  consumer: number;
  subject: number;
}

const CHOICE_KEY = "playground:caller";

interface Props {
  language: Language;
  onChoose: (tokens: TokenSource) => void;
  onProblem: (problem: string) => void;
}

/** In `gateway dev`: who asks and for whom. Choosing gets a token from the development issuer. */
export function CallerChooser({ language, onChoose, onProblem }: Props) {
  const [callers, setCallers] = useState<Callers>();
  const [choice, setChoice] = useState<Choice>(storedChoice);

  function choose(from: Callers, chosen: Choice) {
    const consumer = from.consumers[chosen.consumer];
    const subject = from.subjects[chosen.subject];
    if (!consumer || !subject) return onProblem("The gateway knows no consumer or no subject to choose from.");
    sessionStorage.setItem(CHOICE_KEY, JSON.stringify(chosen));
    setChoice(chosen);
    const caller: Caller = { consumer: consumer.id, subject: subject.id };
    onChoose(developmentTokens(subject.actor ? { ...caller, actor: subject.actor.id } : caller));
  }

  useEffect(() => {
    ask<Callers>("/development/callers").then(
      (found) => {
        setCallers(found);
        const known = found.consumers[choice.consumer] && found.subjects[choice.subject];
        choose(found, known ? choice : { consumer: 0, subject: 0 });
      },
      (error: Error) => onProblem(`There are no callers to choose from. ${error.message}`),
    );
    // Once, when the page opens.
  }, []);

  return (
    <>
      <Chooser
        label="Consumer"
        options={callers?.consumers.map(({ name }) => name[language]) ?? []}
        chosen={choice.consumer}
        onChoose={(consumer) => callers && choose(callers, { ...choice, consumer })}
      />
      <Chooser
        label="Subject"
        options={callers?.subjects.map(({ name, actor }) => (actor ? `${name} (through ${actor.name})` : name)) ?? []}
        chosen={choice.subject}
        onChoose={(subject) => callers && choose(callers, { ...choice, subject })}
      />
    </>
  );
}

function storedChoice(): Choice {
  const stored: unknown = JSON.parse(sessionStorage.getItem(CHOICE_KEY) ?? "null");
  return { consumer: 0, subject: 0, ...(stored as Partial<Choice> | null) };
}
