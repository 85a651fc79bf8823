import { useState } from "preact/hooks";

interface Props {
  tags: string[];
  editable: boolean;
  /** Changes those that there are by then: a person may be faster than what is shown. */
  save: (change: (tags: string[]) => string[]) => Promise<void>;
}

/** The tags of a run, each with a way to take it off, and a place for another. */
export function Tags({ tags, editable, save }: Props) {
  const [draft, setDraft] = useState("");
  const [error, setError] = useState("");
  const change = async (to: (tags: string[]) => string[]) => {
    setError("");
    try {
      await save(to);
    } catch (failure) {
      setError((failure as Error).message);
    }
  };
  const add = () => {
    const found = draft.split(",").map((word) => word.trim()).filter(Boolean);
    setDraft("");
    if (found.length) void change((now) => [...new Set([...now, ...found])]);
  };
  return (
    <div class="nbt-tags">
      {tags.map((tag) => (
        <span class="nbt-tag" key={tag}>
          <span class="nbt-cut" title={tag}>
            {tag}
          </span>
          {editable && (
            <button
              type="button"
              class="nbt-quiet"
              aria-label={`remove the tag ${tag}`}
              onClick={() => void change((now) => now.filter((one) => one !== tag))}
            >
              ×
            </button>
          )}
        </span>
      ))}
      {editable ? (
        <input
          class="nbt-tag-new"
          aria-label="add a tag"
          placeholder="+ tag"
          value={draft}
          onInput={({ currentTarget: { value } }) => setDraft(value)}
          onBlur={add}
          onKeyDown={(event) => {
            if (event.key === "Enter" || event.key === ",") {
              event.preventDefault();
              add();
            } else if (event.key === "Escape") setDraft("");
            else if (event.key === "Backspace" && !draft && tags.length) {
              void change((now) => now.slice(0, -1));
            }
          }}
        />
      ) : (
        !tags.length && <span class="nbt-muted">none</span>
      )}
      {error && (
        <p class="nbt-warn" role="alert">
          not saved: {error}
        </p>
      )}
    </div>
  );
}
