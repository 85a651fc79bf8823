import { useEffect, useState } from "preact/hooks";

import { ApiError } from "./client";

/** What was asked for, while and after it comes. The last value stays while another is fetched. */
export interface Loaded<T> {
  value: T | null;
  error: ApiError | null;
  loading: boolean;
  /** Asks again. */
  again: () => void;
}

/** Asks for something whenever `key` changes. */
export function useLoaded<T>(key: string, load: (abort: AbortSignal) => Promise<T>): Loaded<T> {
  const [count, setCount] = useState(0);
  const [state, setState] = useState<Omit<Loaded<T>, "again">>({
    value: null,
    error: null,
    loading: true,
  });
  useEffect(() => {
    const abort = new AbortController();
    setState((before) => ({ ...before, loading: true }));
    load(abort.signal).then(
      (value) => {
        if (!abort.signal.aborted) setState({ value, error: null, loading: false });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        const known = error instanceof ApiError ? error : new ApiError(0, String(error));
        setState((before) => ({ ...before, error: known, loading: false }));
      },
    );
    return () => abort.abort();
  }, [key, count]);
  return { ...state, again: () => setCount((before) => before + 1) };
}
