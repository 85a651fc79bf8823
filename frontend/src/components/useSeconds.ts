import { useEffect, useState } from "preact/hooks";

/** Draws again every second. */
export function useSeconds(wanted: boolean): void {
  const [, setCount] = useState(0);
  useEffect(() => {
    if (!wanted) return;
    const timer = setInterval(() => setCount((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, [wanted]);
}
