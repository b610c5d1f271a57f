import { useId } from "react";

interface Props {
  label: string;
  /** What can be chosen, in order; empty while it is not known yet. */
  options: string[];
  /** The place of the chosen one among the options. */
  chosen: number;
  onChoose: (place: number) => void;
}

/** A labelled list to choose one from. */
export function Chooser({ label, options, chosen, onChoose }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        value={chosen}
        disabled={options.length === 0}
        onChange={(event) => onChoose(Number(event.target.value))}
      >
        {options.map((option, place) => (
          <option key={place} value={place}>
            {option}
          </option>
        ))}
      </select>
    </div>
  );
}
