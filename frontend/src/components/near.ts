import { useEffect, useState } from "preact/hooks";

// Charts are made a little before they come into view.
const MARGIN = "300px";

/** Whether an element is in view, or will be soon. */
export function useIsNear(element: { current: Element | null }): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    if (!element.current) return;
    const observer = new IntersectionObserver(
      (entries) => setNear(entries.at(-1)?.isIntersecting ?? false),
      { rootMargin: MARGIN },
    );
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return near;
}
