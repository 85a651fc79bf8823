import type { ApiError } from "./client";

/** Says what went wrong, and offers to try again. */
export function Problem({ error, again }: { error: ApiError; again?: () => void }) {
  return (
    <p class="nbt-problem" role="alert">
      {error.message}
      {again && (
        <button type="button" onClick={again}>
          try again
        </button>
      )}
    </p>
  );
}
