import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** Milliseconds since 1970, as often as anything that is seen needs it. */
export const now = signal(Date.now());

/** Keeps the clock going while something is shown that depends on it. */
export function useClock(quick: boolean): void {
  useEffect(() => {
    now.value = Date.now();
    const timer = setInterval(() => (now.value = Date.now()), quick ? 1000 : 15_000);
    return () => clearInterval(timer);
  }, [quick]);
}
