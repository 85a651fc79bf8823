import { useEffect, useRef, useState } from "preact/hooks";

/**
 * What is typed, and what it is taken for once a person pauses. Follows the value where that is
 * changed by anything else.
 */
export function useTyped(
  value: string,
  take: (text: string) => void,
  pause = 250,
): [string, (text: string) => void, () => void] {
  const [text, setText] = useState(value);
  const timer = useRef(0);
  const taken = useRef(value);
  useEffect(() => {
    if (value !== taken.current) setText(value);
    taken.current = value;
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const finish = (typed: string) => {
    clearTimeout(timer.current);
    taken.current = typed;
    take(typed);
  };
  const type = (typed: string) => {
    setText(typed);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => finish(typed), pause) as unknown as number;
  };
  return [text, type, () => finish(text)];
}
